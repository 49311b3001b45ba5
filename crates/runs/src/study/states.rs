//! The progress of a sweep in one line.

use super::Study;
use super::run::STATES;
use umwelt_charts::format::count;

impl Study {
    /// `12 runs: 7 finished, 2 running, 2 waiting, 1 failed`.
    pub fn states(&self) -> String {
        let number = |state: &str| self.each_run().filter(|run| run.outcome.state() == state).count();
        let counts: Vec<String> = STATES
            .iter()
            .filter(|state| number(state) > 0)
            .map(|state| format!("{} {state}", number(state)))
            .collect();
        let runs = count(self.each_run().count(), "run");
        if counts.is_empty() { runs } else { format!("{runs}: {}", counts.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Study;
    use super::super::examples::run;
    use super::super::run::Outcome;

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
        let states = Study::example(runs.collect()).states();
        assert_eq!(states, "5 runs: 1 finished, 1 running, 2 waiting, 1 failed");
        assert_eq!(Study::example(vec![]).states(), "0 runs");
    }
}
