//! The frozen receiver's side of compression, computed once for each sample.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Context, Result};
use tch::{Kind, Tensor, no_grad};
use umwelt_language::{Head, Segment, information};

use crate::worlds::talk::stages::TrainedReceiver;
use crate::worlds::talk::stages::messages::Sample;

/// What the receiver makes of a sample with its full message, and without one.
pub struct Reference {
    /// The hidden states that predict the answer with the full message, `[N, d]`.
    pub full: Tensor,
    /// The entropy (nats) that the full message takes from each of them, `[N]`.
    pub information: Tensor,
    /// The full message's mean row, `[1, d]`.
    pub direction: Tensor,
}

impl Reference {
    fn bytes(&self) -> usize {
        let tensors = [&self.full, &self.information, &self.direction];
        tensors.iter().map(|tensor| tensor.numel() * tensor.kind().elt_size_in_bytes()).sum()
    }

    fn shallow_clone(&self) -> Self {
        Self {
            full: self.full.shallow_clone(),
            information: self.information.shallow_clone(),
            direction: self.direction.shallow_clone(),
        }
    }
}

/// References by the name of the sample and the most rows of its message, up to a number of bytes.
pub struct References {
    kept: RefCell<HashMap<(String, i64), Reference>>,
    /// The bytes that are left.
    budget: RefCell<usize>,
}

impl References {
    /// References within `budget` bytes.
    pub fn new(budget: usize) -> Self {
        Self { kept: RefCell::default(), budget: RefCell::new(budget) }
    }

    /// The references of samples with messages of at most `rows` rows, computed where they are not
    /// kept.
    ///
    /// # Errors
    /// When a text does not fit the receiver.
    pub fn of(&self, receiver: &TrainedReceiver, samples: &[Sample], rows: i64) -> Result<Vec<Reference>> {
        let mut kept = self.kept.borrow_mut();
        let key = |sample: &Sample| (sample.problem.id.clone(), rows);
        let missing: Vec<&Sample> =
            samples.iter().filter(|sample| !kept.contains_key(&key(sample))).collect();
        let mut made = no_grad(|| made(receiver, &missing, rows))?.into_iter();
        let reference = |sample: &Sample| {
            if let Some(reference) = kept.get(&key(sample)) {
                return Ok(reference.shallow_clone());
            }
            let reference = made.next().context("each missing reference was made")?;
            let mut budget = self.budget.borrow_mut();
            if let Some(left) = budget.checked_sub(reference.bytes()) {
                *budget = left;
                kept.insert(key(sample), reference.shallow_clone());
            }
            Ok(reference)
        };
        samples.iter().map(reference).collect()
    }
}

fn made(receiver: &TrainedReceiver, samples: &[&Sample], rows: i64) -> Result<Vec<Reference>> {
    if samples.is_empty() {
        return Ok(vec![]);
    }
    let cut = |sample: &&Sample| {
        let hidden = &sample.first().hidden;
        hidden.narrow(0, 0, hidden.size()[0].min(rows))
    };
    let hidden: Vec<Tensor> = samples.iter().map(cut).collect();
    let messages = receiver.adapter.adapted(0, &hidden, None)?;
    let inserted = messages.iter().map(|rows| Some(vec![Segment::Embeddings(rows.shallow_clone())]));
    let full = receiver.pass(samples.iter().copied(), inserted)?;
    let none = receiver.pass(samples.iter().copied(), samples.iter().map(|_| None))?;
    let information = information(&Head::of(&receiver.model.decoder), &full.rows, &none.rows);
    let counts = full.supervised.counts.as_slice();
    let split = |all: &Tensor| all.split_with_sizes(counts, 0);
    let pairs = split(&full.rows).into_iter().zip(split(&information)).zip(&messages);
    Ok(pairs
        .map(|((full, information), rows)| Reference {
            full: full.copy(),
            information: information.copy(),
            direction: rows.mean_dim(0, true, Kind::Float),
        })
        .collect())
}
