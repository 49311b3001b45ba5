//! The operations of a chain.

use umwelt_base::random::Rng;

use super::pick;

/// The names of the steps.
pub const ORDINALS: [&str; super::LEVELS] = ["first", "second", "third", "fourth", "fifth"];
/// The probability of a multiplication.
const MULTIPLICATIONS: f64 = 0.25;
/// The largest number that is added or subtracted.
const LARGEST: usize = 9;

/// An operation on the number in the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Add(usize),
    Subtract(usize),
    Times(usize),
}

impl Operation {
    /// Every operation: nine additions, nine subtractions, and two multiplications.
    pub fn all() -> Vec<Self> {
        let numbers = 1..=LARGEST;
        let additions = numbers.clone().map(Self::Add);
        additions.chain(numbers.map(Self::Subtract)).chain([2, 3].map(Self::Times)).collect()
    }

    pub fn draw(rng: &mut Rng) -> Self {
        if rng.uniform() < MULTIPLICATIONS {
            return Self::Times(pick(rng, &[2, 3]));
        }
        let number = 1 + rng.below(2 * LARGEST);
        if number <= LARGEST { Self::Add(number) } else { Self::Subtract(number - LARGEST) }
    }

    /// The number after the operation on `value`, counted modulo `modulus`.
    pub fn apply(self, value: usize, modulus: usize) -> usize {
        match self {
            Self::Add(number) => (value + number) % modulus,
            Self::Subtract(number) => (value + modulus * LARGEST - number) % modulus,
            Self::Times(number) => value * number % modulus,
        }
    }

    /// The operation as the sender reads it.
    pub fn sentence(&self) -> String {
        match self {
            Self::Add(number) => format!("the box gets {number} more ."),
            Self::Subtract(number) => format!("the box loses {number} ."),
            Self::Times(2) => "the box is doubled .".into(),
            Self::Times(_) => "the box is tripled .".into(),
        }
    }

    /// The operation without its number.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Subtract(_) => "subtract",
            Self::Times(_) => "times",
        }
    }

    pub fn number(&self) -> usize {
        let (Self::Add(number) | Self::Subtract(number) | Self::Times(number)) = self;
        *number
    }

    /// The operation as a plan states it.
    pub fn order(&self) -> String {
        format!("{} {}", self.verb(), self.number())
    }

    /// The operation as an answer states it.
    pub fn symbols(&self) -> String {
        let sign = match self {
            Self::Add(_) => '+',
            Self::Subtract(_) => '-',
            Self::Times(_) => '*',
        };
        format!("{sign} {}", self.number())
    }
}
