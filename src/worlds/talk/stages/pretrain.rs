//! The stage `pretrain`: one model learns to write plans, to follow them, and to go without.

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tch::{Device, no_grad};
use umwelt_base::random::Stream;
use umwelt_language::{Inserted, LanguageModel, Sampling, Segment};

use super::messages::{Pass, labels};
use super::parts::parts;
use super::recipe::{Rate, plan, recipe};
use crate::charts::{Align, Table};
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::runs::{Inputs, Progress, Score, ScoreCard};
use crate::training::{
    Evaluated, GradientDescent, Job, Plan, Prefetch, RunKeys, Session, Step, Task, Training,
};
use crate::worlds::talk::models::{initial, trained_in};
use crate::worlds::talk::play::{Planning, Player, plans};
use crate::worlds::talk::settings::TalkSettings;
use crate::worlds::talk::speaker::prompts;
use crate::worlds::talk::tasks::{self, Problem, Split, tokenizer};
use crate::worlds::talk::text::{Renderer, plain};

/// Problems that the gate counts.
const GATE_PROBLEMS: u64 = 200;
/// Thirds of the steps that may be added until the gate opens.
const EXTENSIONS: u64 = 3;
/// The score of problems that are solved by plans as text.
const TEXT_RIGHT: &str = "text.right";
/// The score of right plans.
const PLAN_RIGHT: &str = "plan.right";
/// The folder of the model in the run folder.
const MODEL: &str = "model";

/// The run of the stage: training, then the model as a folder.
pub struct Pretraining {
    training: Training<PretrainTask>,
    gate: f64,
}

impl Pretraining {
    /// # Errors
    /// When the settings make no model.
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device) -> Result<Self> {
        let task = PretrainTask::new(talk, run, device)?;
        // A single step learns nothing that a gate could count.
        let gate = if run.quick_debug { 0.0 } else { talk.pretrain.gate };
        Ok(Self { training: Training::new(task, &Inputs::default()), gate })
    }
}

impl Job for Pretraining {
    fn title(&self) -> String {
        self.training.title()
    }

    /// Trains for the steps of the settings, and for more thirds of them while the gate is closed.
    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let (steps, score) = (self.training.task().plan().steps, self.training.task().gate_score);
        for extension in 0..=EXTENSIONS {
            self.training.end_after(steps + extension * (steps / 3));
            let ended = self.training.run(session)?;
            let right = ScoreCard::read(session.run.path()).and_then(|card| Some(card.score(score)?.value));
            let right = right.with_context(|| format!("the evaluation has no score {score}"))?;
            if ended.is_some() || right >= self.gate {
                self.training.task().model.save(&session.run.path().join(MODEL))?;
                return Ok(ended);
            }
            let share = 100.0 * right;
            session.console.say(&format!("{score} is {share:.1} %, below talk.pretrain.gate; more steps"));
        }
        bail!(
            "the task is not learnt: {score} stays below talk.pretrain.gate; train longer with \
             talk.pretrain.steps, or lower the gate"
        )
    }
}

/// The training of the model.
pub struct PretrainTask {
    talk: TalkSettings,
    run: RunKeys,
    task: tasks::Task,
    model: LanguageModel,
    renderers: Arc<Renderers>,
    descent: GradientDescent,
    /// The score that the gate counts: lossy plans solve nothing as text.
    gate_score: &'static str,
}

impl PretrainTask {
    fn new(talk: &TalkSettings, run: &RunKeys, device: Device) -> Result<Self> {
        let task = tasks::Task::new(talk, run.seed)?;
        let model = initial(&talk.lm, tokenizer(task.words())?, run.seed, device)?;
        let model = trained_in(model, talk);
        let settings = &talk.pretrain;
        let rate = Rate {
            steps: settings.steps,
            lr: settings.lr,
            rise: settings.warmup as f64 / settings.steps as f64,
            beta2: 0.95,
            weight_decay: settings.weight_decay,
            clip: 1.0,
        };
        let renderer = || Renderer::new(&model, &talk.text, task.texts());
        Ok(Self {
            renderers: Arc::new(Renderers { receiver: renderer()?, relay: renderer()?.asking_for_plans() }),
            descent: GradientDescent::new(model.decoder.parameters(), &recipe(&rate), settings.batch_size, 1),
            talk: talk.clone(),
            run: run.clone(),
            task,
            model,
            gate_score: if talk.has_lossy_plans() { PLAN_RIGHT } else { TEXT_RIGHT },
        })
    }

    /// Plans that the model writes greedily, and what it makes of them as text.
    fn test(&self, count: u64) -> Result<(f64, f64)> {
        let problem = |number| self.task.problem(Split::Seen, number, self.task.levels());
        let problems: Vec<Problem> = (0..count).map(problem).collect::<Result<_>>()?;
        let (decoder, Renderers { receiver, relay }) = (&self.model.decoder, &*self.renderers);
        let planning = Planning {
            sampling: Sampling::GREEDY,
            seed: self.run.seed,
            most: self.task.texts().plan_tokens,
            keep_end: false,
        };
        let mut written: Vec<Vec<Vec<i64>>> = vec![];
        let mut right = vec![true; problems.len()];
        for who in 0..self.talk.sender_count() {
            let is_relay = self.talk.reads_another(who);
            let before = written.last().filter(|_| is_relay).into_iter().flatten();
            let before = before.map(|plan| vec![Segment::Ids(plan.clone())]).collect();
            let renderer = if is_relay { relay } else { receiver };
            let plans = plans(decoder, renderer, prompts(renderer, &problems, who, before)?, planning)?;
            for ((right, problem), plan) in right.iter_mut().zip(&problems).zip(&plans) {
                *right &= self.task.is_right(&problem.read_by(who), &plan.text) == Some(true);
            }
            written.push(plans.into_iter().map(|plan| plan.ids).collect());
        }
        let right = right.into_iter().filter(|right| *right).count();
        let message = |at: usize| {
            let plans = self.talk.read_by(None).map(|who| vec![Segment::Ids(written[who][at].clone())]);
            Some(receiver.joined(plans.collect()))
        };
        let messages = problems.iter().enumerate().map(|(at, problem)| (problem, message(at))).collect();
        let played = Player::greedy(decoder, receiver, &self.task).play(messages)?.all()?;
        let solved = played.iter().filter(|played| played.success).count();
        Ok((right as f64 / count as f64, solved as f64 / count as f64))
    }
}

/// The texts of the two kinds of readers.
struct Renderers {
    receiver: Renderer,
    /// Senders that read the one before them.
    relay: Renderer,
}

/// The text of one sample: what a sender writes, what a receiver does with the plan, or without.
fn sample(
    talk: &TalkSettings,
    task: &tasks::Task,
    renderers: &Renderers,
    seed: u64,
    [step, row]: [u64; 2],
) -> Result<Inserted> {
    let settings = &talk.pretrain;
    let mut rng = Stream::new(seed, "pretraining samples").at(&[step, row]);
    let most = task.levels() as f64;
    let grown = 1.0 + (most - 1.0) * step as f64 / settings.level_warmup.max(1) as f64;
    let level = grown.min(most) as usize;
    let problem = task.problem(Split::Pretraining, step * settings.batch_size as u64 + row, level)?;
    let kind = rng.uniform();
    let text = |who: usize| Ok(vec![Segment::Ids(renderers.receiver.plan(&problem.read_by(who).plan)?)]);
    if kind < settings.mixture[0] {
        let who = rng.below(talk.sender_count());
        let read = problem.read_by(who);
        return match talk.reads_another(who) {
            true => renderers.relay.conversation(&read.as_relayed(), Some(text(who - 1)?)),
            false => Ok(plain(renderers.receiver.sender(&read, Some(&read.plan))?)),
        };
    }
    let reads = kind < settings.mixture[0] + settings.mixture[1];
    let message = reads.then(|| {
        let all: Result<Vec<_>> = talk.read_by(None).map(text).collect();
        all.map(|all| renderers.receiver.joined(all))
    });
    renderers.receiver.conversation(&problem, message.transpose()?)
}

impl Task for PretrainTask {
    type Batch = Result<Vec<Inserted>>;

    fn plan(&self) -> Plan {
        plan(&self.run, self.talk.pretrain.steps)
    }

    fn title(&self) -> String {
        let config = self.model.decoder.config();
        format!("language model of {} layers and {} features", config.layers, config.hidden)
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Self::Batch> {
        let (talk, task) = (self.talk.clone(), self.task.clone());
        let (renderers, seed) = (self.renderers.clone(), self.run.seed);
        Prefetch::new(steps, move |step| {
            let row = |row| sample(&talk, &task, &renderers, seed, [step, row]);
            (0..talk.pretrain.batch_size as u64).map(row).collect()
        })
    }

    fn batch_size(&self) -> usize {
        self.talk.pretrain.batch_size
    }

    fn step(&mut self, step: u64, texts: Self::Batch, _observe: bool) -> Result<Step> {
        let (decoder, texts) = (&self.model.decoder, texts?);
        let all = labels(&texts);
        let parts = parts(texts.len(), self.talk.accumulate).into_iter().map(|part| {
            let loss = Pass::of(decoder, &texts[part])?.cross_entropy(all);
            Ok(LossReport::weighted(vec![("cross_entropy", 1.0, loss)]))
        });
        self.descent.descend_in_parts(step, parts)
    }

    fn parameters(&self) -> &Parameters {
        self.model.decoder.parameters()
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, _epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        progress.update("problems", 0, GATE_PROBLEMS)?;
        let count = if self.run.quick_debug { 4 } else { GATE_PROBLEMS };
        let (plan, text) = no_grad(|| self.test(count))?;
        let scores = vec![
            Score::higher(TEXT_RIGHT, text, "", "share solved by plans as text"),
            Score::higher(PLAN_RIGHT, plan, "", "share of right plans"),
        ];
        let table = Table::new([(self.title().as_str(), Align::Left), ("right", Align::Right)])
            .row(["plans, written greedily".to_owned(), format!("{:.1} %", 100.0 * plan)])
            .row(["problems, with these plans as text".to_owned(), format!("{:.1} %", 100.0 * text)]);
        Ok(Evaluated::of_scores(scores, self.gate_score, &table))
    }
}
