//! What senders and students write for a split.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result};
use tch::{Device, no_grad};
use umwelt_language::{Fuser, LanguageModel, Student};

use super::checkpoints::{Checkpoints, training_run};
use super::settings::{EvaluateSettings, receiver_of};
use crate::runs::Inputs;
use crate::worlds::talk::models::{file, folder, fuser, load, restore};
use crate::worlds::talk::play::{Plan, Planning, plans};
use crate::worlds::talk::settings::{FUSED, SENDER, StageName, TRAINED, TalkSettings, sender_of, student_of};
use crate::worlds::talk::stages::{OWN, TrainedReceiver};
use crate::worlds::talk::tasks::{Problem, Split, Task};
use crate::worlds::talk::text::Renderer;

/// The problems of a split with the plans of each sender.
pub struct Sent {
    pub problems: Vec<Problem>,
    pub plans: Vec<Vec<Plan>>,
    /// The problems that are tested; the messages of the others are sent for them by some channels.
    pub tested: Range<usize>,
}

impl Sent {
    /// The keys of the problems that are tested.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.problems[self.tested.clone()].iter().map(|problem| problem.id.as_str())
    }

    /// The plans of the first sender, which is the only one for all but the channels of several.
    pub fn first(&self) -> &[Plan] {
        &self.plans[0]
    }

    /// The plans of all senders for a problem, a line each.
    pub fn said(&self, at: usize) -> String {
        self.plans.iter().map(|plans| plans[at].text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// A model that writes plans.
pub struct Speaker {
    pub model: LanguageModel,
    pub renderer: Renderer,
}

/// The models of an evaluation.
pub struct Sources {
    pub talk: TalkSettings,
    pub task: Task,
    pub seed: u64,
    /// One at least.
    pub senders: Vec<Speaker>,
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
        let keys = match talk.senders.len() {
            0 => vec![SENDER.to_owned()],
            count => (0..count).map(sender_of).collect(),
        };
        let speaker = |key: String| {
            let model = load(inputs, &key, seed, device, talk.dtype)?;
            Ok(Speaker { renderer: Renderer::new(&model, &talk.text, task.texts()).context(key)?, model })
        };
        let senders: Vec<Speaker> = keys.into_iter().map(speaker).collect::<Result<_>>()?;
        let widths: Vec<i64> = senders.iter().map(|sender| sender.model.decoder.config().hidden).collect();
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
                    .insert(key, TrainedReceiver::load(talk, &task, seed, (inputs, key), &widths, device)?);
            }
        }
        let fuser = match inputs.checkpoint(FUSED) {
            Some(file) => {
                let receiver = receivers.get(TRAINED).context("there is a trained receiver")?;
                let fuser = fuser(&senders[0].model, &receiver.model, talk, seed);
                restore(fuser.parameters(), file).context(FUSED)?;
                Some(fuser)
            }
            None => None,
        };
        if talk.evaluate.checkpoints == Checkpoints::Best {
            let run = training_run(inputs)?;
            let receiver = receivers.get(TRAINED).context("there is a trained receiver")?;
            receiver.take_best(&run, &talk.actor).context("talk.evaluate.checkpoints")?;
        }
        let sent = [OnceCell::new(), OnceCell::new()];
        Ok(Self { talk: talk.clone(), task, seed, senders, students, fuser, receivers, sent })
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

    /// What the senders write for a split, written once.
    pub fn sent(&self, split: Split) -> Result<&Sent> {
        let cell = &self.sent[usize::from(split == Split::Unseen)];
        if let Some(sent) = cell.get() {
            return Ok(sent);
        }
        let (numbers, tested) = self.numbers(split);
        let problem = |number: usize| self.task.problem(split, number as u64, self.task.levels());
        let problems: Vec<Problem> = numbers.into_iter().map(problem).collect::<Result<_>>()?;
        let mut all: Vec<Vec<Plan>> = self.senders.iter().map(|_| vec![]).collect();
        for some in problems.chunks(self.talk.evaluate.batch_size) {
            let written = no_grad(|| self.write(some))?;
            all.iter_mut().zip(written).for_each(|(plans, written)| plans.extend(written));
        }
        Ok(cell.get_or_init(|| Sent { problems, plans: all, tested }))
    }

    /// All problems of a split.
    ///
    /// # Errors
    /// When a world fails.
    pub fn problems(&self, split: Split) -> Result<Vec<Problem>> {
        let count = self.task.count(split, self.talk.eval_tasks) as u64;
        (0..count).map(|number| self.task.problem(split, number, self.task.levels())).collect()
    }

    /// The numbers of a split's problems whose plans are needed, and the places of those that are
    /// tested: all, or those of a part.
    fn numbers(&self, split: Split) -> (Vec<usize>, Range<usize>) {
        let (count, EvaluateSettings { parts, part, .. }) =
            (self.task.count(split, self.talk.eval_tasks), &self.talk.evaluate);
        if self.talk.stage != StageName::Part {
            return ((0..count).collect(), 0..count);
        }
        let own = count * part / parts..count * (part + 1) / parts;
        if self.talk.evaluate.looks_for_groups(self.talk.counts()) {
            return ((0..count).collect(), own);
        }
        // Some channels send the message of the problem behind.
        let tested = 0..own.len();
        (own.clone().chain([own.end % count]).collect(), tested)
    }

    /// Each sender's plans for problems.
    pub fn write(&self, problems: &[Problem]) -> Result<Vec<Vec<Plan>>> {
        let planning = Planning::of(&self.talk.collect, &self.task, self.seed);
        let write = |(who, Speaker { model, renderer }): (usize, &Speaker)| {
            let read: Vec<Problem> = problems.iter().map(|problem| problem.read_by(who)).collect();
            plans(&model.decoder, renderer, &read, planning.by(who))
        };
        self.senders.iter().enumerate().map(write).collect()
    }

    /// The first sender, which is the only one for all but the channels of several.
    pub fn sender(&self) -> &Speaker {
        &self.senders[0]
    }
}
