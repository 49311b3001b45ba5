//! The stages that make models and messages. Each is a run of its own.

mod actor;
mod collect;
mod compress;
mod convert;
mod fuse;
mod learning;
mod messages;
mod parts;
mod pretrain;
mod receiver;
mod recipe;

pub use collect::Collecting;
pub use compress::OWN;
pub use convert::Converting;
pub use fuse::Contexts;
pub use messages::Pass;
pub use pretrain::Pretraining;
pub use receiver::TrainedReceiver;

/// The run of the stage `actor`.
pub type Actor = learning::Learning<actor::ActorTask>;
/// The run of the stage `fuse`.
pub type Fusing = learning::Learning<fuse::FuseTask>;
/// The run of the stage `compress`.
pub type Compressing = learning::Learning<compress::CompressTask>;

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

#[cfg(test)]
mod tests;
