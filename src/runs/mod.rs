//! The run folder, which is the truth about a run, and the console that mirrors it.

mod atomic;
mod checkpoints;
mod console;
mod environment;
mod floors;
mod folder;
mod metrics;
mod name;
mod status;
mod summary;
mod tensorboard;
mod tracker;

pub use checkpoints::{Checkpoint, load_model_tensors};
pub use console::{Console, Progress};
pub use environment::{Environment, processor};
pub use floors::floors;
pub use folder::{OUTPUT, Opened, RunFolder, is_held, is_running};
pub use metrics::{Record, SCORE, read_json, read_records, step_of};
pub use name::{by_identity, default_folder, run_name, safe};
pub use status::{State, Status, unix_seconds};
pub use summary::{RunState, RunSummary};
pub use tracker::{TensorBoard, Tracker, Wandb};
