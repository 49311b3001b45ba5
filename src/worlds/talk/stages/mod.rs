//! The stages that make models and messages. Each is a run of its own.

mod actor;
mod collect;
mod compress;
mod convert;
mod messages;
mod pretrain;
mod recipe;

pub use actor::Actor;
pub use collect::Collecting;
pub use compress::{Compressing, OWN, TrainedReceiver};
pub use convert::Converting;
pub use messages::{Pass, adapted};
pub use pretrain::Pretraining;

use anyhow::{Context, Result};

use crate::training::Evaluated;
use crate::training::Session;

/// Writes the evaluation of a job without gradient descent, which ends its run.
pub fn finish(session: &mut Session, step: u64, evaluated: Evaluated) -> Result<()> {
    let mut record =
        crate::runs::Record::from_iter([("step".into(), step.into()), ("epoch".into(), 1.0.into())]);
    let scores = evaluated.scores().context("the evaluation has no score")?;
    record.extend(scores.clone());
    session.write_evaluation(evaluated, &[])?;
    session.run.update(|status| status.scores = scores)?;
    session.run.append(record)
}
