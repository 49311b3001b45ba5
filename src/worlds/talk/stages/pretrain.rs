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
use crate::worlds::talk::settings::{PretrainSettings, TalkSettings};
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
    settings: PretrainSettings,
    run: RunKeys,
    task: tasks::Task,
    model: LanguageModel,
    renderer: Arc<Renderer>,
    descent: GradientDescent,
    accumulate: usize,
    /// The number of senders that a receiver reads.
    senders: usize,
    /// The score that the gate counts: lossy plans solve nothing as text.
    gate_score: &'static str,
}

impl PretrainTask {
    fn new(talk: &TalkSettings, run: &RunKeys, device: Device) -> Result<Self> {
        let task = tasks::Task::new(talk, run.seed)?;
        let model = initial(&talk.lm, tokenizer(task.words())?, run.seed, device)?;
        let model = trained_in(model, talk);
        let settings = talk.pretrain.clone();
        let rate = Rate {
            steps: settings.steps,
            lr: settings.lr,
            rise: settings.warmup as f64 / settings.steps as f64,
            beta2: 0.95,
            weight_decay: settings.weight_decay,
            clip: 1.0,
        };
        Ok(Self {
            renderer: Arc::new(Renderer::new(&model, &talk.text, task.texts())?),
            descent: GradientDescent::new(model.decoder.parameters(), &recipe(&rate), settings.batch_size, 1),
            settings,
            run: run.clone(),
            task,
            model,
            accumulate: talk.accumulate,
            senders: talk.sender_count(),
            gate_score: if talk.has_lossy_plans() { PLAN_RIGHT } else { TEXT_RIGHT },
        })
    }

    /// Plans that the model writes greedily, and what it makes of them as text.
    fn test(&self, count: u64) -> Result<(f64, f64)> {
        let problem = |number| self.task.problem(Split::Seen, number, self.task.levels());
        let problems: Vec<Problem> = (0..count).map(problem).collect::<Result<_>>()?;
        let (decoder, renderer) = (&self.model.decoder, &*self.renderer);
        let planning = Planning {
            sampling: Sampling::GREEDY,
            seed: self.run.seed,
            who: 0,
            most: self.task.texts().plan_tokens,
            keep_end: false,
        };
        let mut messages: Vec<Vec<Vec<Segment>>> = problems.iter().map(|_| vec![]).collect();
        let mut right = vec![true; problems.len()];
        for who in 0..self.senders {
            let read: Vec<Problem> = problems.iter().map(|problem| problem.read_by(who)).collect();
            for (at, plan) in plans(decoder, renderer, &read, planning)?.into_iter().enumerate() {
                right[at] &= self.task.is_right(&read[at], &plan.text) == Some(true);
                messages[at].push(vec![Segment::Ids(plan.ids)]);
            }
        }
        let right = right.into_iter().filter(|right| *right).count();
        let messages = messages.into_iter().map(|plans| Some(renderer.joined(plans)));
        let messages = problems.iter().zip(messages).collect();
        let played = Player::greedy(decoder, renderer, &self.task).play(messages)?.all()?;
        let solved = played.iter().filter(|played| played.success).count();
        Ok((right as f64 / count as f64, solved as f64 / count as f64))
    }
}

/// The text of one sample: what a sender writes, what a receiver does with the plan, or without.
fn sample(
    (settings, senders): (&PretrainSettings, usize),
    task: &tasks::Task,
    renderer: &Renderer,
    seed: u64,
    [step, row]: [u64; 2],
) -> Result<Inserted> {
    let mut rng = Stream::new(seed, "pretraining samples").at(&[step, row]);
    let most = task.levels() as f64;
    let grown = 1.0 + (most - 1.0) * step as f64 / settings.level_warmup.max(1) as f64;
    let level = grown.min(most) as usize;
    let problem = task.problem(Split::Pretraining, step * settings.batch_size as u64 + row, level)?;
    let kind = rng.uniform();
    if kind < settings.mixture[0] {
        let read = problem.read_by(rng.below(problem.shares.len().max(1)));
        return Ok(plain(renderer.sender(&read, Some(&read.plan))?));
    }
    let reads = kind < settings.mixture[0] + settings.mixture[1];
    let message = reads.then(|| {
        let plan = |who| Ok(vec![Segment::Ids(renderer.plan(&problem.read_by(who).plan)?)]);
        Ok::<_, anyhow::Error>(renderer.joined((0..senders).map(plan).collect::<Result<_>>()?))
    });
    renderer.conversation(&problem, message.transpose()?)
}

impl Task for PretrainTask {
    type Batch = Result<Vec<Inserted>>;

    fn plan(&self) -> Plan {
        plan(&self.run, self.settings.steps)
    }

    fn title(&self) -> String {
        let config = self.model.decoder.config();
        format!("language model of {} layers and {} features", config.layers, config.hidden)
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Self::Batch> {
        let (settings, task) = (self.settings.clone(), self.task.clone());
        let (renderer, seed, senders) = (self.renderer.clone(), self.run.seed, self.senders);
        Prefetch::new(steps, move |step| {
            let row = |row| sample((&settings, senders), &task, &renderer, seed, [step, row]);
            (0..settings.batch_size as u64).map(row).collect()
        })
    }

    fn batch_size(&self) -> usize {
        self.settings.batch_size
    }

    fn step(&mut self, step: u64, texts: Self::Batch, _observe: bool) -> Result<Step> {
        let (decoder, texts) = (&self.model.decoder, texts?);
        let all = labels(&texts);
        let parts = parts(texts.len(), self.accumulate).into_iter().map(|part| {
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
