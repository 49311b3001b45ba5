//! Wires that a gate chooses among candidates while it is trained.
//!
//! Fojcik et al., *LILogicNet* (arXiv 2511.12340): each input of a gate reads a mixture of K
//! candidate wires, whose scores are trained with the gates; the likeliest stays.

use umwelt_base::random::Stream;

use super::gates::Row;
use crate::trained::BATCH;
use crate::vectorised::vectorised;
use crate::wisard::{best, softmax};

/// The score of an input's first candidate at the start; the others have 0.
const START: f32 = 2.0;

/// The candidates of every input of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// K.
    pub candidates: usize,
    /// The candidates of each input, `[2 G, K]`.
    pub wires: Vec<u32>,
    /// Their scores, `[2 G, K]`.
    pub scores: Vec<f32>,
}

impl Choices {
    /// For each input its wire `first` `[2 G]` and random others of `width` wires below, which may
    /// repeat. A function of the stream and `layer`.
    pub fn new(first: &[u32], candidates: usize, width: usize, stream: &Stream, layer: u64) -> Self {
        let mut wires = Vec::with_capacity(first.len() * candidates);
        for (input, &wire) in first.iter().enumerate() {
            let mut rng = stream.at(&[layer, input as u64]);
            wires.push(wire);
            wires.extend((1..candidates).map(|_| rng.below(width) as u32));
        }
        let score = |at: usize| if at.is_multiple_of(candidates) { START } else { 0.0 };
        Self { candidates, scores: (0..wires.len()).map(score).collect(), wires }
    }

    fn of(&self, input: usize) -> (&[u32], &[f32]) {
        let range = input * self.candidates..(input + 1) * self.candidates;
        (&self.wires[range.clone()], &self.scores[range])
    }

    /// The value of an input: its candidates, mixed by the softmax of their scores.
    pub fn value(&self, input: usize, below: &[Row]) -> Row {
        let (wires, scores) = self.of(input);
        let mut value = [0.0; BATCH];
        for (wire, share) in wires.iter().zip(softmax(scores)) {
            add_scaled(share, &below[*wire as usize], &mut value);
        }
        value
    }

    /// The gradients of an input's scores `[K]`, from that of its value; those of the wires below
    /// are added to `inputs`.
    pub fn backward(
        &self,
        input: usize,
        below: &[Row],
        value: &Row,
        inputs: &mut [Row],
        gradients: &mut [f32],
    ) {
        let (wires, scores) = self.of(input);
        let shares = softmax(scores);
        for ((wire, share), gradient) in wires.iter().zip(&shares).zip(&mut *gradients) {
            *gradient = product(value, &below[*wire as usize]);
            add_scaled(*share, value, &mut inputs[*wire as usize]);
        }
        let mean: f32 = gradients.iter().zip(&shares).map(|(gradient, share)| gradient * share).sum();
        gradients.iter_mut().zip(shares).for_each(|(gradient, share)| *gradient = share * (*gradient - mean));
    }

    /// The likeliest wire of each input `[2 G]`, the first of equal ones.
    pub fn likeliest(&self) -> Vec<u32> {
        let inputs = self.wires.chunks(self.candidates).zip(self.scores.chunks(self.candidates));
        inputs.map(|(wires, scores)| wires[best(scores, |_| true).unwrap_or_default()]).collect()
    }
}

vectorised! {
    fn add_scaled(factor: f32, row: &[f32; 128], sums: &mut [f32; 128]) {
        for at in 0..128 {
            sums[at] += factor * row[at];
        }
    }
}

vectorised! {
    fn product(a: &[f32; 128], b: &[f32; 128]) -> f32 {
        let mut sums = [0.0; 16];
        for from in (0..128).step_by(16) {
            for lane in 0..16 {
                sums[lane] += a[from + lane] * b[from + lane];
            }
        }
        sums.iter().sum()
    }
}
