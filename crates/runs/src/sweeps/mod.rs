//! Many runs from one file: search spaces and samplers, when a run without prospects ends, and schedulers for this
//! machine and for Slurm.

mod asha;
mod board;
mod command;
mod condition;
mod distribution;
mod domain;
mod early_stopping;
mod file;
mod folder;
mod gauss;
mod groups;
mod mishaps;
mod numbers;
mod parameters;
mod plain;
mod point;
mod pool;
mod pruner;
mod reading;
mod rungs;
pub mod samplers;
mod setting;
pub mod slurm;
mod space;
mod standing;
mod trial;
mod worker;

#[cfg(test)]
mod tests;

pub use asha::{Asha, Verdict};
pub use board::{Board, headline, progress, table};
pub use condition::Condition;
pub use domain::{Choice, Domain};
pub use early_stopping::EarlyStopping;
pub use file::SweepFile;
pub use folder::SweepFolder;
pub use numbers::{Lattice, Numbers, Prior};
pub use plain::{Method, Metric, ReportWishes};
pub use point::{Observed, Outcome, Point, Told};
pub use pool::{Capacity, Pool};
pub use pruner::Pruner;
pub use rungs::arrive;
pub use setting::Setting;
pub use space::{Dimension, Kind, Member, Space};
pub use standing::{Standing, TrialState};
pub use trial::Trial;
