//! Sweeps, many runs from one file: search spaces, samplers, early stopping, and schedulers for
//! this machine and for Slurm.

mod asha;
mod command;
mod condition;
mod distribution;
mod domain;
mod early_stopping;
mod file;
mod folder;
pub mod gauss;
mod groups;
mod metric;
mod numbers;
mod parameters;
mod plain;
mod plan;
mod point;
mod pool;
mod progress_table;
mod pruner;
mod reading;
mod retries;
mod rungs;
pub mod samplers;
pub(crate) mod scalar;
mod setting;
pub mod slurm;
mod space;
mod trial;
mod trial_status;
mod weights;
mod worker;

#[cfg(test)]
mod tests;

pub use asha::{Asha, Verdict};
pub use condition::Condition;
pub use domain::{Choice, Domain};
pub use early_stopping::EarlyStopping;
pub use file::SweepFile;
pub use folder::{Failure, RUNGS, SWEEP_LOCK, SweepFolder, failures_in};
pub use metric::Metric;
pub use numbers::{Lattice, Numbers, Prior};
pub use plain::{Method, ReportOptions};
pub use plan::{PlannedRun, SweepPlan};
pub use point::{Outcome, Point, PointHistory, TrialResult};
pub use pool::{Capacity, Pool};
pub use progress_table::{ProgressTable, headline, progress, table};
pub use pruner::Pruner;
pub use setting::Setting;
pub use space::{Dimension, Kind, Member, Space};
pub use trial::Trial;
pub use trial_status::{TrialState, TrialStatus};
