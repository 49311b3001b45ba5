//! A study as text: heading, table and notes.

use super::Study;
use umwelt_charts::format;
use umwelt_charts::text_table::Table;

impl Study {
    /// The study for a terminal.
    pub fn text(&self) -> String {
        let title = format!("{}\n{}\n", self.title, "=".repeat(self.title.chars().count()));
        let heading = self.heading().join("\n");
        let grids: String = self.grid_sections(|name, grid| format!("{name}\n\n{grid}\n"));
        let notes: String = self.notes().iter().map(|note| format!("  {note}\n")).collect();
        let notes = under("\nNot in the means:", &notes);
        let factors: String = self.factors().iter().map(|factor| format!("  {factor}\n")).collect();
        let factors = under("\nAt the same score:", &factors);
        format!("{title}{heading}\n\n{grids}{}\n{}{factors}{notes}", self.table(), self.key())
    }

    /// The study as a Markdown section.
    pub fn markdown(&self) -> String {
        let heading = self.heading().join("  \n");
        let grids = self.grid_sections(|name, grid| format!("### {name}\n\n{}\n", grid.to_markdown()));
        let key = self.key().replace('*', "\\*");
        let notes: String = self.notes().iter().map(|note| format!("* {note}\n")).collect();
        let notes = under("\nNot in the means:\n", &notes);
        let factors: String = self.factors().iter().map(|factor| format!("* {factor}\n")).collect();
        let factors = under("\nAt the same score:\n", &factors);
        let table = self.table().to_markdown();
        format!("## {}\n\n{heading}\n\n{grids}{table}\n{key}{factors}{notes}", self.title)
    }

    /// The grids, each with the score and its condition as its name.
    fn grid_sections(&self, section: impl Fn(&str, &Table) -> String) -> String {
        let score = &self.first_score().heading;
        let name = |condition: String| match condition.is_empty() {
            true => score.clone(),
            false => format!("{score}, {condition}"),
        };
        self.grids().into_iter().map(|(condition, grid)| section(&name(condition), &grid)).collect()
    }

    /// The progress of the sweep, and the settings that all its runs share.
    fn heading(&self) -> Vec<String> {
        let fixed = self.fixed();
        let fixed = (!fixed.is_empty()).then(|| format!("Everywhere: {}.", fixed.join(", ")));
        std::iter::once(format!("{}.", self.states())).chain(fixed).collect()
    }

    /// The keys with only one value, with that value.
    pub(super) fn fixed(&self) -> Vec<String> {
        let fixed = self.keys.iter().filter(|key| !key.varies());
        fixed.map(|key| format!("{}={}", key.name, format::setting(&key.values[0]))).collect()
    }

    /// The meaning of the table's numbers and marks.
    fn key(&self) -> String {
        let several = self.points.iter().any(|point| point.planned > 1);
        let means = several.then(|| "Mean ± standard deviation (n − 1) over seeds".to_owned());
        let meanings: Vec<String> = means.into_iter().chain(self.best_of()).collect();
        if meanings.is_empty() { String::new() } else { format!("{}.\n", meanings.join("; ")) }
    }
}

/// `lines` below a heading; nothing without lines.
fn under(heading: &str, lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("{heading}\n{lines}") }
}

#[cfg(test)]
mod tests {
    use super::super::examples::noise_sweep;
    use super::super::{Outcome, Study};

    #[test]
    fn markdown_holds_states_grid_table_key_and_notes() {
        let mut runs = noise_sweep();
        runs[0].outcome = Outcome::Failed("out of memory".into());
        runs.iter_mut().for_each(|run| run.varied.push(("epochs".into(), "100".into())));
        let markdown = Study::example(runs).markdown();
        let parts = [
            "## A study\n\n18 runs: 17 finished, 1 failed.  \nEverywhere: epochs=100.\n\n",
            "### prediction RMSE (px)\n\n| model_type |",
            "|     |             0 | VICReg           |          1.05 ± 0.07 |",
            "\n\nMean ± standard deviation (n − 1) over seeds; \\* best prediction RMSE (px) of each dataset_noise.\n",
            "\nNot in the means:\n\n* failed: VICReg-n0-s0 (out of memory)\n",
        ];
        let places: Vec<_> = parts.iter().map(|part| markdown.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in\n{markdown}");
        assert!(markdown.ends_with(parts[4]));
    }

    #[test]
    fn text_is_under_its_title() {
        let text = Study::example(noise_sweep()).text();
        assert!(
            text.starts_with("A study\n=======\n18 runs: 18 finished.\n\nprediction RMSE (px)\n\n"),
            "{text}"
        );
        assert!(text.ends_with("of each dataset_noise.\n"));
    }
}
