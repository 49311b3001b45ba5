//! Run folders, and the parts that write and read them: the console, trackers, the registry, sweeps
//! and their reports.

mod checkpoints;
mod console;
mod environment;
mod folder;
mod inputs;
mod lock;
mod metrics;
mod name;
mod notes;
mod progress;
pub mod registry;
mod scores;
mod status;
mod stop_file;
pub mod study;
mod summary;
pub mod sweeps;
mod tensorboard;
mod tracker;

pub use checkpoints::{
    best_checkpoint_path, checkpoint_path, checkpoint_step, numbered_checkpoints, preferred_checkpoint,
    prune_checkpoints,
};
pub use console::{Console, StepProgress};
pub use environment::{Environment, host, processor};
pub use folder::{
    AlreadyRunning, EARLY_STOPPING, EVALUATION, FinishedRun, METRICS, OUTPUT, Opened, RunFolder, is_running,
};
pub use inputs::{Input, Inputs, sha256_of};
pub use metrics::{Record, SCORE, read_json, read_records, step_of};
pub use name::{by_identity, default_folder, run_name, safe};
pub use notes::{NOTES, write_notes};
pub use progress::{Progress, ProgressReporter};
pub use scores::{Baseline, Goal, Score, ScoreCard};
pub use status::{State, Status, unix_seconds};
pub use stop_file::{STOP, clear_stop, is_stop_requested, request_stop};
pub use summary::{Headline, RunState, RunSummary};
pub use tracker::{TensorBoard, Tracker, Wandb};
