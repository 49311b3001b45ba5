//! ChainMath: a chain of operations, of which only the last digit is kept. The sender knows the
//! operations, the receiver the start.

mod operation;
mod pairs;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use umwelt_base::random::{Rng, Stream};

use self::operation::{ORDINALS, Operation};
use self::pairs::HeldOut;
use super::math::Equality;
use super::{Problem, Share, Split, Texts};

/// The most operations of a chain.
pub const LEVELS: usize = 5;
/// The plan of a sender that reads no operation.
const NO_OPERATION: &str = ".";
pub const TEXTS: Texts = Texts {
    system: "",
    plan_request: "write a plan .",
    bridge: "follow the plan :",
    plan_tokens: 96,
    turn_tokens: 56,
};

/// The settings of ChainMath.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChainMathSettings {
    /// The form of plans.
    pub plan: PlanForm,
    /// The number at which counting starts again with 0.
    pub modulus: usize,
}

impl Default for ChainMathSettings {
    fn default() -> Self {
        Self { plan: PlanForm::Short, modulus: 10 }
    }
}

/// A form of plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanForm {
    /// `first times 2 , second subtract 7 .`
    #[default]
    Short,
    /// `first : the box is doubled , so times 2 .`
    Long,
    /// `first times , second subtract .`
    Lossy,
}

/// The problems of a seed.
#[derive(Clone, Debug)]
pub struct ChainMath {
    settings: ChainMathSettings,
    /// When an answer is right.
    pub equality: Equality,
    held_out: HeldOut,
    seed: u64,
    /// The number of senders, among which the operations are dealt out.
    senders: usize,
    /// Each sender repeats the plan of the one before it.
    repeats: bool,
}

/// A start and a chain of operations.
struct Chain {
    start: usize,
    operations: Vec<Operation>,
}

impl ChainMath {
    pub fn new(settings: ChainMathSettings, equality: Equality, seed: u64) -> Self {
        Self { settings, equality, held_out: HeldOut::new(), seed, senders: 1, repeats: false }
    }

    /// Deals the operations out among a number of senders: the first one reads the first, the second
    /// one the second, and so on in turns. In a `chain` the plan of each has the operations of those
    /// before it, too.
    pub fn shared_by(self, senders: usize, chain: bool) -> Self {
        Self { senders, repeats: chain, ..self }
    }

    /// Problem `number` of a split with at most `level` operations.
    pub fn problem(&self, split: Split, number: u64, level: usize) -> Problem {
        let chain = self.chain(split, number, level);
        Problem {
            id: format!("chainmath/{}/{number}", split.name()),
            group: format!("level {}", chain.operations.len()),
            sender: chain.operations.iter().map(Operation::sentence).collect::<Vec<_>>().join(" "),
            subject: None,
            plan: self.plan(numbered(&chain.operations)),
            shares: self.shares(&chain.operations),
            turns: vec![(format!("start {} .", chain.start), self.answer(&chain))],
        }
    }

    /// The operation and the number of each step.
    pub fn facts(&self, split: Split, number: u64) -> Vec<(String, String)> {
        let chain = self.chain(split, number, LEVELS);
        let of = |(ordinal, operation): (&&str, &Operation)| {
            let (verb, number) = (operation.verb().to_owned(), operation.number().to_string());
            [(format!("{ordinal} operation"), verb), (format!("{ordinal} number"), number)]
        };
        ORDINALS.iter().zip(&chain.operations).flat_map(of).collect()
    }

    fn chain(&self, split: Split, number: u64, level: usize) -> Chain {
        let mut rng = Stream::new(self.seed, &format!("chainmath {}", split.name())).at(&[number]);
        let start = rng.below(10);
        // An unseen problem has a pair of operations, so two at least.
        let least = if split == Split::Unseen { 2 } else { 1 };
        let count = least + rng.below(level.max(least) - least + 1);
        loop {
            let operations: Vec<Operation> = (0..count).map(|_| Operation::draw(&mut rng)).collect();
            if self.held_out.occurs(&operations) == (split == Split::Unseen) {
                return Chain { start, operations };
            }
        }
    }

    /// A sender of a part is told which operations its own are.
    fn shares(&self, operations: &[Operation]) -> Vec<Share> {
        if self.senders < 2 {
            return vec![];
        }
        let share = |who: usize| {
            let own = || numbered(operations).skip(who).step_by(self.senders);
            let says = own().map(|(ordinal, operation)| format!("{ordinal} : {}", operation.sentence()));
            let least = if self.repeats { 0 } else { who };
            let told = numbered(operations).enumerate();
            let told = told.filter(|(at, _)| (least..=who).contains(&(at % self.senders)));
            let is_told = least < operations.len();
            let plan = is_told.then(|| self.plan(told.map(|(_, operation)| operation)));
            let plan = plan.unwrap_or_else(|| NO_OPERATION.to_owned());
            Share { reads: says.collect::<Vec<_>>().join(" "), plan }
        };
        (0..self.senders).map(share).collect()
    }

    fn plan<'a>(&self, named: impl Iterator<Item = (&'static str, &'a Operation)>) -> String {
        match self.settings.plan {
            PlanForm::Short => joined(named.map(|(ordinal, op)| format!("{ordinal} {}", op.order()))),
            PlanForm::Lossy => joined(named.map(|(ordinal, op)| format!("{ordinal} {}", op.verb()))),
            PlanForm::Long => {
                let step = |(ordinal, op): (&str, &Operation)| {
                    format!("{ordinal} : {} , so {} .", op.sentence().trim_end_matches(" ."), op.order())
                };
                named.map(step).collect::<Vec<_>>().join(" ")
            }
        }
    }

    fn answer(&self, chain: &Chain) -> String {
        let (mut value, mut text) = (chain.start, String::new());
        for (ordinal, operation) in ORDINALS.iter().zip(&chain.operations) {
            let next = operation.apply(value, self.settings.modulus);
            text += &format!("{ordinal} {value} {} = {next} ; ", operation.symbols());
            value = next;
        }
        format!("{text}answer \\boxed {{ {value} }}")
    }

    /// True if the plan is the reference plan.
    pub fn is_right(&self, problem: &Problem, plan: &str) -> bool {
        problem.plan == plan.trim()
    }

    /// Every word of the task's texts.
    pub fn words(&self) -> Vec<String> {
        let texts = "the box gets more . loses is doubled tripled write a plan start follow : first second \
                     third fourth fifth add subtract times , ; so + - * = answer \\boxed { }";
        let numbers = (0..self.settings.modulus.max(10)).map(|number| number.to_string());
        texts.split_whitespace().map(str::to_owned).chain(numbers).collect()
    }

    /// The mean, over starts and levels of seen problems, of the probability of the most likely
    /// result.
    pub fn best_guess(&self) -> f64 {
        const DRAWS: u64 = 40_000;
        let mut counts = vec![vec![0u64; self.settings.modulus]; 10];
        for number in 0..DRAWS {
            let chain = self.chain(Split::Seen, (1 << 40) + number, LEVELS);
            let result =
                chain.operations.iter().fold(chain.start, |value, op| op.apply(value, self.settings.modulus));
            counts[chain.start][result] += 1;
        }
        let most: u64 = counts.iter().filter_map(|results| results.iter().max()).sum();
        most as f64 / DRAWS as f64
    }
}

/// Operations with their ordinals.
fn numbered(operations: &[Operation]) -> impl Iterator<Item = (&'static str, &Operation)> {
    ORDINALS.into_iter().zip(operations)
}

fn joined(steps: impl Iterator<Item = String>) -> String {
    steps.collect::<Vec<_>>().join(" , ") + " ."
}

/// A draw of one of several.
fn pick<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.below(choices.len())]
}
