//! What a world model knows of its world: probes for the dot's position, beside baselines that know nothing of it.

mod adam;
mod baselines;
mod card;
mod dot_scores;
mod errors;
mod features;
mod health;
mod judge;
mod noise_probe;
mod planning;
mod probe;
mod settings;
mod table;

pub use baselines::{Baseline, baselines};
pub use dot_scores::DotScore;
pub use errors::Score;
pub use health::Health;
pub use judge::{Evaluation, Example, Judge, Shown};
pub use planning::{PlannerScore, Planning, ShownProblem, Trip};
pub use probe::{Probe, ProbeShape};
pub use settings::{ProbingSettings, Solver};
pub use table::table;
