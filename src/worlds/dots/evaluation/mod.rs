//! The evaluation of world models: probes for the positions of dots, baselines, diagnostics and
//! planning.

mod adam;
mod baselines;
mod card;
mod content;
mod diagnostics;
mod dot_scores;
mod errors;
mod evaluator;
mod example;
mod features;
mod parts;
mod planning;
mod probe;
mod read_out;
mod ridge;
mod settings;
mod table;

pub use baselines::{Baseline, baselines};
pub use diagnostics::RepresentationDiagnostics;
pub use dot_scores::DotScore;
pub use errors::Score;
pub use evaluator::{Evaluation, EvaluationExamples, Evaluator};
pub use example::Example;
pub use planning::{
    Imagination, Planner, PlannerScore, Planning, Problems, ShownProblem, Solution, Trip, solve,
};
pub use probe::{Probe, ProbeShape};
pub use ridge::prediction_probe;
pub use settings::{ProbingSettings, Solver};
pub use table::table;
