//! How far a sweep is, in a line.

use super::{Outcome, Study};
use umwelt_charts::format::count;

/// The states in the order they are told, each in a word.
pub const STATES: [&str; 6] = ["finished", "stopped early", "running", "waiting", "interrupted", "failed"];

impl Outcome {
    /// The outcome in a word or two.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Finished => STATES[0],
            Self::Stopped(_) => STATES[1],
            Self::Running(_) => STATES[2],
            Self::Waiting => STATES[3],
            Self::Interrupted => STATES[4],
            Self::Failed(_) => STATES[5],
        }
    }

    /// Why it was stopped or failed, or how far it is; empty otherwise.
    pub fn detail(&self) -> &str {
        match self {
            Self::Stopped(detail) | Self::Running(detail) | Self::Failed(detail) => detail,
            Self::Finished | Self::Waiting | Self::Interrupted => "",
        }
    }
}

impl Study {
    /// `12 runs: 7 finished, 2 running, 2 waiting, 1 failed`.
    pub fn states(&self) -> String {
        let number = |state: &str| self.runs.iter().filter(|run| run.outcome.state() == state).count();
        let told: Vec<String> = STATES
            .iter()
            .filter(|state| number(state) > 0)
            .map(|state| format!("{} {state}", number(state)))
            .collect();
        let runs = count(self.runs.len(), "run");
        if told.is_empty() { runs } else { format!("{runs}: {}", told.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{run, study};
    use super::*;

    #[test]
    fn states_are_counted_in_a_fixed_order() {
        let outcomes = [
            Outcome::Failed("why".into()),
            Outcome::Waiting,
            Outcome::Finished,
            Outcome::Running("epoch 3".into()),
            Outcome::Waiting,
        ];
        let runs = outcomes.into_iter().map(|outcome| {
            let mut run = run("r", &[], None, &[]);
            run.outcome = outcome;
            run
        });
        let told = study(runs.collect()).states();
        assert_eq!(told, "5 runs: 1 finished, 1 running, 2 waiting, 1 failed");
        assert_eq!(study(vec![]).states(), "0 runs");
    }
}
