//! What senders and students write for a split.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use anyhow::{Context, Result};
use tch::{Device, no_grad};
use umwelt_language::{Fuser, LanguageModel, Student};

use super::checkpoints::{Checkpoints, training_run};
use super::settings::receiver_of;
use crate::runs::Inputs;
use crate::worlds::talk::models::{file, folder, fuser, load, restore};
use crate::worlds::talk::play::{Plan, Planning, plans};
use crate::worlds::talk::settings::{FUSED, SENDER, TRAINED, TalkSettings, student_of};
use crate::worlds::talk::stages::{OWN, TrainedReceiver};
use crate::worlds::talk::tasks::{Problem, Split, Task};
use crate::worlds::talk::text::Renderer;

/// The problems of a split with the sender's plans.
pub struct Sent {
    pub problems: Vec<Problem>,
    pub plans: Vec<Plan>,
}

/// The models of an evaluation.
pub struct Sources {
    pub talk: TalkSettings,
    pub task: Task,
    pub seed: u64,
    pub sender: LanguageModel,
    pub renderer: Renderer,
    pub students: BTreeMap<usize, Student>,
    pub fuser: Option<Fuser>,
    receivers: BTreeMap<&'static str, TrainedReceiver>,
    sent: [OnceCell<Sent>; 2],
}

impl Sources {
    /// # Errors
    /// When a model cannot be read.
    pub fn load(talk: &TalkSettings, seed: u64, device: Device, inputs: &Inputs) -> Result<Self> {
        let task = Task::new(talk, seed)?;
        let sender = load(inputs, SENDER, seed, device, talk.dtype)?;
        let renderer = Renderer::new(&sender, &talk.text, task.texts()).context(SENDER)?;
        let width = sender.decoder.config().hidden;
        let mut students = BTreeMap::new();
        for k in talk.compress.k.iter().filter(|k| inputs.checkpoint(&student_of(**k)).is_some()) {
            let key = student_of(*k);
            let student = Student::new(load(inputs, &key, seed, device, talk.dtype)?.decoder, seed);
            restore(student.parameters(), &folder(file(inputs, &key)?).join(OWN)).context(key)?;
            students.insert(*k, student);
        }
        let mut receivers = BTreeMap::new();
        for channel in
            [super::channel::Channel::Full, super::channel::Channel::CotFull, super::channel::Channel::NoCot]
        {
            let key = receiver_of(channel);
            if inputs.checkpoint(key).is_some() {
                receivers
                    .insert(key, TrainedReceiver::load(talk, &task, seed, (inputs, key), width, device)?);
            }
        }
        let fuser = match inputs.checkpoint(FUSED) {
            Some(file) => {
                let receiver = receivers.get(TRAINED).context("there is a trained receiver")?;
                let fuser = fuser(&sender, &receiver.model, talk, seed);
                restore(fuser.parameters(), file).context(FUSED)?;
                Some(fuser)
            }
            None => None,
        };
        if talk.evaluate.checkpoints == Checkpoints::Best {
            let run = training_run(inputs)?;
            let receiver = receivers.get(TRAINED).context("there is a trained receiver")?;
            receiver.take_best(&run).context("talk.evaluate.checkpoints")?;
        }
        let sent = [OnceCell::new(), OnceCell::new()];
        Ok(Self { talk: talk.clone(), task, seed, sender, renderer, students, fuser, receivers, sent })
    }

    /// The receiver of a channel.
    pub fn receiver(&self, channel: super::channel::Channel) -> Result<&TrainedReceiver> {
        let key = receiver_of(channel);
        self.receivers.get(key).with_context(|| format!("{key} names no run"))
    }

    /// The problems that are worked on at once.
    pub fn at_once(&self) -> usize {
        self.talk.evaluate.batch_size.min(self.task.most_at_once())
    }

    /// The splits that have problems.
    pub fn splits(&self) -> Vec<Split> {
        let has_problems = |split: &Split| self.task.count(*split, self.talk.eval_tasks) > 0;
        Split::EVALUATED.into_iter().filter(has_problems).collect()
    }

    /// What the sender writes for a split, written once.
    pub fn sent(&self, split: Split) -> Result<&Sent> {
        let cell = &self.sent[usize::from(split == Split::Unseen)];
        if let Some(sent) = cell.get() {
            return Ok(sent);
        }
        let problem = |number| self.task.problem(split, number as u64, self.task.levels());
        let count = self.task.count(split, self.talk.eval_tasks);
        let problems: Vec<Problem> = (0..count).map(problem).collect::<Result<_>>()?;
        let mut all = vec![];
        for some in problems.chunks(self.talk.evaluate.batch_size) {
            all.extend(no_grad(|| self.write(some))?);
        }
        Ok(cell.get_or_init(|| Sent { problems, plans: all }))
    }

    /// The sender's plans for problems.
    pub fn write(&self, problems: &[Problem]) -> Result<Vec<Plan>> {
        let planning = Planning::of(&self.talk.collect, &self.task, self.seed);
        plans(&self.sender.decoder, &self.renderer, problems, planning)
    }
}
