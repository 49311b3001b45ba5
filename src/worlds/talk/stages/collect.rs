//! The stage `collect`: the sender's plans with its hidden states, as Parquet files.

use std::cell::RefCell;

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_messages::{Cache, Collection, Folder, Row};

use super::finish;
use super::messages::{cached, opened};
use crate::charts::{Align, Table};
use crate::runs::{Inputs, Progress as _, ProgressReporter, Score};
use crate::training::{Evaluated, Job, RunKeys, Session};
use crate::worlds::talk::play::{Plan, Planning};
use crate::worlds::talk::settings::{Filter, TalkSettings};
use crate::worlds::talk::speaker::Speaker;
use crate::worlds::talk::tasks::{Problem, Split, Task};

/// The folder of the files in the run folder.
const MESSAGES: &str = "messages";

/// The run of the stage.
pub struct Collecting {
    talk: TalkSettings,
    seed: u64,
    task: Task,
    sender: Speaker,
    /// The messages of the sender before it in a chain, and the number of features of their hidden
    /// states.
    before: Option<(RefCell<Cache>, i64)>,
    sha256: String,
}

impl Collecting {
    /// # Errors
    /// When the sender cannot be read.
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let task = Task::new(talk, run.seed)?;
        let who = talk.collect.sender;
        let before = talk.reads_another(who).then(|| {
            let (cache, width) = cached(opened(inputs, &talk.collected_key(who - 1))?, talk.cache_mb << 20)?;
            Ok::<_, anyhow::Error>((RefCell::new(cache), width))
        });
        let before = before.transpose()?;
        let width = before.as_ref().map_or(0, |(_, width)| *width);
        Ok(Self {
            sha256: inputs.sha256(&Speaker::key(talk, who)).unwrap_or_default().to_owned(),
            sender: Speaker::load(talk, &task, run.seed, (inputs, who), width, device)?,
            before,
            talk: talk.clone(),
            seed: run.seed,
            task,
        })
    }

    fn metadata(&self) -> Vec<(String, String)> {
        let collect = &self.talk.collect;
        let sampling = format!(
            "temperature {}, top_p {}, top_k {}, repetition_penalty {}",
            collect.temperature, collect.top_p, collect.top_k, collect.repetition_penalty
        );
        let entries = [
            ("sender", self.sha256.clone()),
            ("layer", "last_post_norm".to_owned()),
            ("sampling", sampling),
            ("seed", self.seed.to_string()),
        ];
        entries.map(|(key, value)| (key.to_owned(), value)).to_vec()
    }

    /// The rows of the problems with these numbers. Empty plans are left out.
    fn rows(&self, numbers: std::ops::Range<usize>) -> Result<Vec<Row>> {
        let problem = |number| self.task.problem(Split::Training, number as u64, self.task.levels());
        let problems: Vec<Problem> = numbers.map(problem).collect::<Result<_>>()?;
        let before = self.before(&problems)?;
        let planning = Planning::of(&self.talk.collect, &self.task, self.seed);
        let plans = self.sender.plans(&problems, &before, planning)?;
        let problems: Vec<Problem> = problems.into_iter().map(|problem| self.read(problem)).collect();
        let is_kept = |problem: &Problem, plan: &Plan| {
            let right = || self.task.is_right(problem, &plan.text) == Some(true);
            !plan.ids.is_empty() && (self.talk.collect.filter == Filter::None || right())
        };
        let pairs = problems.iter().zip(plans).filter(|(problem, plan)| is_kept(problem, plan));
        pairs.map(|(problem, plan)| row(problem, plan)).collect()
    }

    /// The hidden states that the sender before this one wrote for each problem, without rows where it
    /// wrote nothing; none for the first sender.
    fn before(&self, problems: &[Problem]) -> Result<Vec<Tensor>> {
        let Some((cache, width)) = &self.before else { return Ok(vec![]) };
        let (mut cache, device) = (cache.borrow_mut(), self.sender.model.decoder.device());
        let of = |problem: &Problem| match cache.folder().place(&problem.id) {
            Some(_) => Ok(hidden(&cache.row(&problem.id)?, self.talk.actor.max_message, device)),
            None => Ok(Tensor::zeros([0, *width], (Kind::Float, device))),
        };
        problems.iter().map(of).collect()
    }

    /// The problem as the sender reads it.
    fn read(&self, problem: Problem) -> Problem {
        problem.read_by(self.talk.collect.sender)
    }

    /// The number of problems.
    fn count(&self) -> usize {
        self.task.count(Split::Training, self.talk.train_tasks)
    }

    fn evaluated(&self, folder: &Folder) -> Result<Evaluated> {
        let (mut right, mut tested, mut lengths) = (0usize, 0usize, 0usize);
        for key in folder.keys() {
            let (file, group, at) = folder.place(key).context("a key has a place")?;
            if at > 0 {
                continue;
            }
            for row in folder.rows(file, group)? {
                let found = self.task.is_right(&self.read(self.task.by_id(&row.task_id)?), &row.plan);
                tested += usize::from(found.is_some());
                right += usize::from(found == Some(true));
                lengths += row.length();
            }
        }
        let count = folder.keys().len();
        ensure!(count > 0, "no plan was kept: there is no problem, the sender writes none, or none is right");
        let (right, length) = (right as f64 / tested.max(1) as f64, lengths as f64 / count as f64);
        let mut scores = vec![
            Score::higher("plans", count as f64, "", "plans"),
            Score::lower("rows.mean", length, "", "rows of a message"),
        ];
        let mut table = Table::new([(self.title().as_str(), Align::Left), ("", Align::Right)])
            .row(["plans".to_owned(), count.to_string()])
            .row(["rows of a message, mean".to_owned(), format!("{length:.1}")]);
        let is_tested = tested > 0;
        if is_tested {
            scores.push(Score::higher("plan.right", right, "", "share of right plans"));
            table = table.row(["right".to_owned(), format!("{:.1} %", 100.0 * right)]);
        }
        let headline = if is_tested { "plan.right" } else { "plans" };
        Ok(Evaluated::of_scores(scores, headline, &table))
    }
}

fn row(problem: &Problem, plan: Plan) -> Result<Row> {
    let (_, width) = plan.hidden.size2()?;
    Ok(Row {
        task_id: problem.id.clone(),
        task: problem.sender.clone(),
        plan: plan.text,
        plan_ids: plan.ids.iter().map(|id| *id as i32).collect(),
        hidden_state: Vec::try_from(&plan.hidden.to_kind(Kind::Float).to_device(Device::Cpu).flatten(0, -1))?,
        width: width as usize,
        task_type: Some(problem.subject.as_ref().unwrap_or(&problem.group).clone()),
        task_level: problem.subject.as_ref().map(|_| problem.group.clone()),
        answer: problem.turns.last().map(|(_, answer)| answer.clone()),
    })
}

/// The hidden states of a row, `[L, d_s]`.
pub fn hidden(row: &Row, most: usize, device: Device) -> Tensor {
    let rows = Tensor::from_slice(&row.hidden_state).view([-1, row.width as i64]);
    rows.narrow(0, 0, rows.size()[0].min(most as i64)).to_device(device)
}

impl Job for Collecting {
    fn title(&self) -> String {
        format!("plans and hidden states of {} problems", self.count())
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let folder = session.run.path().join(MESSAGES);
        let mut collection = Collection::open(&folder, self.talk.collect.dtype, self.metadata())?;
        let (all, size) = (self.count(), self.talk.collect.batch_size);
        let parts = all.div_ceil(size);
        session.run.resume_at(collection.manifest().batches() as u64)?;
        session.run.update(|status| status.steps = parts as u64)?;
        for part in collection.manifest().batches()..parts {
            let progress = ProgressReporter::new(&mut session.run, session.console, session.stop);
            progress.update("problems", (part * size) as u64, all as u64)?;
            collection.add(&self.rows(part * size..all.min((part + 1) * size))?)?;
            session.run.at_step(part as u64 + 1);
        }
        if !session.is_evaluated(parts as u64)? {
            let evaluated = self.evaluated(&Folder::open(&folder)?)?;
            finish(session, parts as u64, evaluated)?;
        }
        Ok(None)
    }
}
