//! What senders and students write for a split.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result};
use tch::{Device, Tensor, no_grad};
use umwelt_language::{Fuser, Student};

use super::checkpoints::{Checkpoints, training_run};
use super::settings::{EvaluateSettings, receiver_of};
use crate::runs::Inputs;
use crate::worlds::talk::models::{file, folder, fuser, load, restore};
use crate::worlds::talk::play::{Plan, Planning};
use crate::worlds::talk::settings::{FUSED, StageName, TRAINED, TalkSettings, student_of};
use crate::worlds::talk::speaker::Speaker;
use crate::worlds::talk::stages::{OWN, TrainedReceiver};
use crate::worlds::talk::tasks::{Problem, Split, Task};

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

/// The models of an evaluation.
pub struct Sources {
    pub talk: TalkSettings,
    pub task: Task,
    pub seed: u64,
    /// The senders that the receiver reads, one at least.
    pub senders: Vec<Speaker>,
    /// Those before them in a chain.
    before: Vec<Speaker>,
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
        let mut all: Vec<Speaker> = vec![];
        for who in 0..talk.sender_count() {
            let before = all.last().map_or(0, Speaker::width);
            all.push(Speaker::load(talk, &task, seed, (inputs, who), before, device)?);
        }
        let senders = all.split_off(talk.read_by(None).start);
        let widths: Vec<i64> = senders.iter().map(Speaker::width).collect();
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
                let receiver = TrainedReceiver::load(talk, &task, seed, (inputs, key), &widths, device)?;
                if talk.evaluate.checkpoints == Checkpoints::Last {
                    let taken = receiver.take_last(&training_run(inputs, key)?, &talk.actor);
                    taken.context("talk.evaluate.checkpoints")?;
                }
                receivers.insert(key, receiver);
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
        let sent = [OnceCell::new(), OnceCell::new()];
        Ok(Self { talk: talk.clone(), task, seed, senders, before: all, students, fuser, receivers, sent })
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

    /// The plans for problems of each sender that the receiver reads.
    pub fn write(&self, problems: &[Problem]) -> Result<Vec<Vec<Plan>>> {
        let planning = Planning::of(&self.talk.collect, &self.task, self.seed);
        let mut hidden: Vec<Tensor> = vec![];
        for sender in &self.before {
            let plans = sender.plans(problems, &hidden, planning)?;
            hidden = plans.into_iter().map(|plan| plan.hidden).collect();
        }
        self.senders.iter().map(|sender| sender.plans(problems, &hidden, planning)).collect()
    }

    /// The first sender, which is the only one for all but the channels of several.
    pub fn sender(&self) -> &Speaker {
        &self.senders[0]
    }
}
