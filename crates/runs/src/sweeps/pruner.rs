//! Early stopping within a run, by the sweep's rule in the run's folder and the results at rungs
//! that all runs of the sweep share.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::folder::{RUNGS, SweepFolder};
use super::rungs::decide_at_rung;
use super::{Asha, Trial, Verdict};
use crate::{EARLY_STOPPING, Record};
use umwelt_base::atomic;

/// The early-stopping rule of a sweep, as written in a run's folder.
#[derive(Serialize, Deserialize)]
struct Rule {
    metric: String,
    rule: Asha,
}

/// The early stopping of one run.
pub struct Pruner {
    rule: Rule,
    /// The name of the run's folder.
    run: String,
    /// The log of results at rungs of the sweep.
    rungs: PathBuf,
}

/// Writes the sweep's rule into the folder of `trial`, or removes an outdated one.
///
/// # Errors
/// A file that cannot be written or removed.
pub fn write_rule(folder: &SweepFolder, trial: &Trial) -> Result<()> {
    let path = folder.run_path(trial).join(EARLY_STOPPING);
    let written = match &folder.file.early_stopping {
        Some(stopping) => {
            let rule = Rule { metric: stopping.metric.name.clone(), rule: stopping.rule };
            atomic::replace(&path, (serde_json::to_string_pretty(&rule)? + "\n").as_bytes())
        }
        None => fs::remove_file(&path).or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        }),
    };
    written.with_context(|| format!("could not write {}", path.display()))
}

impl Pruner {
    /// The pruner of the run in the folder `run`, if its sweep stops runs early.
    ///
    /// # Errors
    /// A rule that cannot be read.
    pub fn of(run: &Path) -> Result<Option<Self>> {
        let path = run.join(EARLY_STOPPING);
        let text = match fs::read(&path) {
            Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("could not read {}", path.display()))?,
        };
        let rule = serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?;
        let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sweep = run.parent().unwrap_or(Path::new("."));
        Ok(Some(Self { rule, run: name, rungs: sweep.join(RUNGS) }))
    }

    /// The reason to stop the run after the line `record` of its metrics, or `None` to continue.
    ///
    /// # Errors
    /// A log of results that cannot be read or written.
    pub fn should_stop(&self, epoch: f64, record: &Record) -> Result<Option<String>> {
        let Rule { metric, rule } = &self.rule;
        let Some(value) = record.get(metric) else { return Ok(None) };
        // The metrics hold null for a value that is not finite; it ranks last.
        let value = value.as_f64().unwrap_or(f64::NAN);
        Ok(match decide_at_rung(&self.rungs, &self.run, epoch, value, rule)? {
            Verdict::Continue => None,
            Verdict::Stop { rung, rank, of } => {
                let epochs = rule.epochs(rung);
                Some(format!("{metric} {value:.4} was rank {rank} of {of} at epoch {epochs}"))
            }
        })
    }
}
