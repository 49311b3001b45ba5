//! The progress display of a run: a bar on a terminal, plain lines elsewhere, none with `--quiet`.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use umwelt_base::terminal;

/// The least time between two plain lines within an epoch.
const PLAIN_INTERVAL: Duration = Duration::from_secs(30);

/// The progress of training.
#[derive(Clone, Copy, Debug)]
pub struct StepProgress {
    pub step: u64,
    pub steps: u64,
    pub steps_per_epoch: u64,
    pub loss: Option<f64>,
    pub sequences_per_second: f64,
    pub left: Duration,
}

/// The display of progress and notices on standard error, so that results can be piped.
pub struct Console {
    view: View,
}

enum View {
    Quiet,
    Plain { last: Option<Instant> },
    Bar(ProgressBar),
}

impl Console {
    pub fn new(quiet: bool) -> Self {
        let view = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => View::Quiet,
            (false, false) => View::Plain { last: None },
            (false, true) => View::Bar(bar()),
        };
        Self { view }
    }

    /// Shows a notice, unless quiet.
    pub fn say(&self, notice: &str) {
        match &self.view {
            View::Quiet => {}
            View::Plain { .. } => terminal::note(notice),
            View::Bar(bar) => bar.suspend(|| terminal::note(notice)),
        }
    }

    /// Shows a warning, even if quiet.
    pub fn warn(&self, warning: &str) {
        match &self.view {
            View::Bar(bar) => bar.suspend(|| terminal::note(format!("warning: {warning}"))),
            View::Quiet | View::Plain { .. } => terminal::note(format!("warning: {warning}")),
        }
    }

    /// Shows the progress of training.
    pub fn progress(&mut self, progress: StepProgress) {
        match &mut self.view {
            View::Quiet => {}
            View::Bar(bar) => show(bar, progress),
            View::Plain { last } => {
                let epoch_ends = progress.step.is_multiple_of(progress.steps_per_epoch);
                if epoch_ends || last.is_none_or(|shown| shown.elapsed() > PLAIN_INTERVAL) {
                    terminal::note(line(progress, &format!("  step {}/{}", progress.step, progress.steps)));
                    *last = Some(Instant::now());
                }
            }
        }
    }

    /// Shows the progress of another phase: `done` of `of` parts.
    pub fn phase(&mut self, what: &str, done: u64, of: u64) {
        match &mut self.view {
            View::Quiet => {}
            View::Plain { last } => {
                if done == 0 || last.is_none_or(|shown| shown.elapsed() > PLAIN_INTERVAL) {
                    let part = if done == 0 { String::new() } else { format!("  {done}/{of}") };
                    terminal::note(format!("{what}{part}"));
                    *last = Some(Instant::now());
                }
            }
            View::Bar(bar) => {
                bar.set_length(of);
                bar.set_position(done);
                bar.set_message(what.to_owned());
            }
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20} {wide_msg}").expect("the template is valid");
    let bar = ProgressBar::new(0).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn show(bar: &ProgressBar, progress: StepProgress) {
    bar.set_length(progress.steps);
    bar.set_position(progress.step);
    bar.set_message(line(progress, ""));
}

/// The text of both views. `steps_taken` follows the epoch; it is empty for the bar.
fn line(progress: StepProgress, steps_taken: &str) -> String {
    let StepProgress { step, steps, steps_per_epoch, loss, sequences_per_second, left } = progress;
    let epoch = step.div_ceil(steps_per_epoch).max(1);
    let loss = loss.map_or(String::new(), |loss| format!("  loss {loss:.4}"));
    format!(
        "epoch {epoch}/{}{steps_taken}{loss}  {sequences_per_second:.0} sequences/s  {} left",
        steps.div_ceil(steps_per_epoch),
        HumanDuration(left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_epoch_step_loss_speed_and_time_left() {
        let progress = StepProgress {
            step: 79,
            steps: 1560,
            steps_per_epoch: 78,
            loss: Some(3.25),
            sequences_per_second: 512.4,
            left: Duration::from_secs(371),
        };
        let expected = "epoch 2/20, loss 3.2500, 512 sequences/s, 6 minutes left".replace(", ", "  ");
        assert_eq!(line(progress, ""), expected);
        assert!(line(progress, "  step 79/1560").starts_with("epoch 2/20  step 79/1560  loss"));
    }
}
