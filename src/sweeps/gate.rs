//! A sweep's early stopping, as a run obeys it: by a file that all runs of the sweep share.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::folder::SweepFolder;
use super::{Asha, Trial, Verdict, arrive};
use crate::runs::Record;
use crate::training::Gate;

/// By this environment variable a scheduler tells a run of the rule.
const VARIABLE: &str = "UMWELT_EARLY_STOPPING";

/// The rule, and where a run's fellows have been.
#[derive(Serialize, Deserialize)]
struct Rungs {
    file: PathBuf,
    run: String,
    metric: String,
    rule: Asha,
}

/// The variable that makes the run of `trial` obey its sweep's rule, if there is one.
pub fn variable(folder: &SweepFolder, trial: &Trial) -> Result<Option<(&'static str, String)>> {
    let Some(wanted) = &folder.file.early_stopping else { return Ok(None) };
    let file = folder.rungs();
    let (metric, rule) = (wanted.metric.name.clone(), wanted.rule);
    let rungs = Rungs { file, run: trial.name.clone(), metric, rule };
    Ok(Some((VARIABLE, serde_json::to_string(&rungs)?)))
}

/// The gate of this process, if a scheduler told it of one.
pub fn gate() -> Result<Option<Box<dyn Gate>>> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(None) };
    let rungs: Rungs = serde_json::from_str(&text).with_context(|| format!("{VARIABLE} is damaged"))?;
    Ok(Some(Box::new(rungs)))
}

impl Gate for Rungs {
    fn ends(&self, epoch: f64, record: &Record) -> Result<Option<String>> {
        let Some(value) = record.get(&self.metric) else { return Ok(None) };
        // What is not finite stands as null in a line, and is the worst there is.
        let value = value.as_f64().unwrap_or(f64::NAN);
        Ok(match arrive(&self.file, &self.run, epoch, value, &self.rule)? {
            Verdict::GoOn => None,
            Verdict::Stop { rung, rank, of } => Some(format!(
                "{} {value:.4} was rank {rank} of {of} at epoch {}",
                self.metric,
                self.rule.epochs(rung)
            )),
        })
    }
}
