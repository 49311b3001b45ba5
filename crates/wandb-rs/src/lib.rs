//! A client for [Weights & Biases](https://wandb.ai): metrics, figures, tables and settings of
//! experiments.
//!
//! A run is a log on disk in W&B's own format. Every call appends to it before it returns. For an
//! online run, `wandb-core`, the uploader of the Python package `wandb`, follows the log in a
//! process of its own. A program never waits for the network and never fails with it: a failed
//! upload adds one line to [`Run::messages`], and the run stays on disk for `wandb sync`.
//!
//! ```
//! use serde_json::json;
//! use wandb_rs::{Aggregate, Ending, Goal, Histogram, Metric, Mode, Settings, Table, Value};
//!
//! # fn main() -> Result<(), wandb_rs::Error> {
//! # let here = tempfile::tempdir().unwrap();
//! let run = Settings::from_env()
//!     .mode(Mode::Offline) // as WANDB_MODE=offline; online is the default
//!     .dir(here.path()) // or WANDB_DIR; the current folder is the default
//!     .project("dots")
//!     .tags(["noise"])
//!     .config(json!({"learning_rate": 0.1, "model": {"width": 16}}))
//!     .start()?;
//! run.define_metric(Metric::new("loss").summary(Aggregate::Min).goal(Goal::Minimize))?;
//! for step in 0..10 {
//!     run.log(step, [("loss", 1.0 / (step + 1) as f64)])?;
//! }
//! let weights = [0.1, 0.2, 0.4];
//! run.log(
//!     10,
//!     [
//!         ("loss", Value::from(0.05)),
//!         ("weights", Histogram::of(&weights, 16).into()),
//!         ("scores", Table::new(["name", "score"]).row([json!("one dot"), json!(0.9)]).into()),
//!     ],
//! )?;
//! run.summary([("best", 0.05)])?;
//!
//! let ending = run.finish(0);
//! run.messages().iter().for_each(|warning| eprintln!("{warning}"));
//! println!("{ending}"); // W&B: kept on disk; to upload it: wandb sync /...
//! assert!(matches!(ending, Ending::Offline { .. }));
//! # Ok(())
//! # }
//! ```
//!
//! Images are PNG files, see [`Image`]. Names, modes and keys come from the environment and W&B's
//! settings files, see [`Settings`]. The crate works on Unix only: it talks to wandb-core over a
//! Unix socket.

mod clock;
mod definitions;
mod ending;
mod environment;
mod error;
mod folder;
mod histogram;
mod image;
mod journal;
mod log;
mod media;
mod messages;
mod metric;
mod resume;
mod run;
mod settings;
#[cfg_attr(not(feature = "stats"), path = "no_stats.rs")]
mod stats;
mod summary;
mod table;
mod upload;
mod value;
mod warnings;

pub use ending::Ending;
pub use error::Error;
pub use folder::latest_run_id;
pub use histogram::Histogram;
pub use image::Image;
pub use metric::{Aggregate, Goal, Metric};
pub use run::Run;
pub use settings::{Mode, Settings};
pub use table::Table;
pub use value::Value;
