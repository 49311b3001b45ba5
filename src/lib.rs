//! umwelt trains and evaluates small learned worlds.
//!
//! The code that worlds share is in crates of its own, which are re-exported here under short
//! names. Each world is one folder of [`worlds`].

pub use umwelt_charts as charts;
pub use umwelt_runs as runs;
pub use umwelt_runs::{registry, sweeps};
pub use umwelt_settings as settings;
pub use umwelt_torch::{checkpoints, diagnostics, native, nn, objectives, optim, threads};

pub mod cli;
pub mod datasets;
pub mod schema;
pub mod training;
pub mod worlds;
