//! The folder of a sweep: its trials, failures and reports, in files that many processes share.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{SweepFile, SweepPlan, Trial, TrialResult, TrialStatus, rungs};
use crate::folder::refuse_differences;
use crate::name::settings_in;
use crate::{by_identity, lock, read_records, unix_seconds};
use umwelt_base::{atomic, jsonl};
use umwelt_settings::{Schema, SettingsError, identity};

/// The log of results at the rungs of early stopping, in the sweep's folder.
pub const RUNGS: &str = "rungs.jsonl";
/// The log of the trials that an adaptive sweep has asked for, in the sweep's folder.
const TRIALS: &str = "trials.jsonl";
/// The lock of the scheduler.
pub const SWEEP_LOCK: &str = "sweep.lock";

/// A sweep on disk: its file and the folder of its runs.
pub struct SweepFolder {
    pub file: SweepFile,
    path: PathBuf,
    source: Source,
    schema: SchemaFunctions,
    /// The trials of a sweep that is planned ahead, cached because every status line needs them.
    planned: OnceLock<Vec<Trial>>,
    /// The number of lines read from `trials.jsonl`, and the valid trials among them.
    asked: RefCell<(usize, Vec<AskedTrial>)>,
}

/// The operations that need the schema of the settings.
#[derive(Clone, Copy)]
struct SchemaFunctions {
    name: fn(Trial) -> Result<Trial, SettingsError>,
    runs: fn(&Path, &HashSet<&str>) -> HashMap<String, PathBuf>,
    check_run: fn(&Path, &Trial) -> Result<()>,
}

impl SchemaFunctions {
    fn of<T: Schema>() -> Self {
        Self {
            name: Trial::named::<T>,
            runs: |folder, known| by_identity::<T>(folder, |name| !known.contains(name)),
            check_run: check_run::<T>,
        }
    }
}

/// Refuses a run in `path` whose settings are not those of `trial`, though its name is: a default
/// has changed since.
fn check_run<T: Schema>(path: &Path, trial: &Trial) -> Result<()> {
    let Some(before) = settings_in::<T>(path) else { return Ok(()) };
    if identity(&before) == trial.identity {
        return Ok(());
    }
    refuse_differences(path, &before, &trial.check::<T>()?.settings)
}

/// The arguments of [`SweepFolder::open`], from which another process opens the same sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    file: PathBuf,
    values: Vec<String>,
    folder: Option<PathBuf>,
    /// The number of runs, if fewer than the sweep has.
    limit: Option<usize>,
}

/// A trial that an adaptive sweep has asked its sampler for: a line of `trials.jsonl`.
#[derive(Clone, Serialize, Deserialize)]
struct AskedTrial {
    /// The scheduler or Slurm task that runs it; a requeued task finds its trials by this name.
    owner: String,
    trial: Trial,
}

/// A failed start of a run: a line of `failures.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    pub run: String,
    /// Unix seconds.
    pub at: f64,
    pub error: String,
}

impl SweepFolder {
    /// Reads a sweep file of settings `T`, overridden by `values`. The default of `folder` is the
    /// one that the file names.
    ///
    /// # Errors
    /// A mistake in the file, with line and key.
    pub fn open<T: Schema>(
        file: &Path,
        values: &[String],
        folder: Option<&Path>,
        limit: Option<usize>,
    ) -> Result<Self> {
        let (file, values, folder) = (file.to_owned(), values.to_vec(), folder.map(Path::to_owned));
        Self::from_source::<T>(Source { file, values, folder, limit })
    }

    /// Opens the sweep that another process opened.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn from_source<T: Schema>(source: Source) -> Result<Self> {
        let file = SweepFile::read::<T>(&source.file, &source.values)?;
        let path = source.folder.clone().unwrap_or_else(|| file.output_path.clone());
        let schema = SchemaFunctions::of::<T>();
        Ok(Self { file, path, source, schema, planned: OnceLock::new(), asked: RefCell::default() })
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of runs, including those that the sampler has yet to choose.
    pub fn len(&self) -> usize {
        self.source.limit.unwrap_or(usize::MAX).min(self.file.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The folder of the run of `trial`.
    pub fn run_path(&self, trial: &Trial) -> PathBuf {
        self.path.join(&trial.name)
    }

    /// The trials: all of a sweep that is planned ahead, those so far of an adaptive one.
    ///
    /// # Errors
    /// Settings that cannot be loaded, with their place in the sweep file, and a run of other settings
    /// under the name of a trial.
    pub fn trials(&self) -> Result<Vec<Trial>> {
        if self.file.is_adaptive() {
            return Ok(self.asked_trials()?.into_iter().map(|asked| asked.trial).collect());
        }
        if let Some(planned) = self.planned.get() {
            return Ok(planned.clone());
        }
        let named = |index| (self.schema.name)(self.file.trial(index, &[]));
        let trials = (0..self.len()).map(named).collect::<Result<Vec<_>, _>>()?;
        let trials = self.keep_names(trials);
        trials.iter().try_for_each(|trial| self.check_run(trial))?;
        Ok(self.planned.get_or_init(|| trials).clone())
    }

    /// Gives trials with a run in the folder that run's name, which another spelling or an earlier
    /// version may have formed.
    fn keep_names(&self, mut trials: Vec<Trial>) -> Vec<Trial> {
        let mut others = self.stray_names(&trials);
        for trial in trials.iter_mut().filter(|trial| !self.run_path(trial).exists()) {
            trial.name = others.remove(&trial.identity).unwrap_or(std::mem::take(&mut trial.name));
        }
        trials
    }

    fn check_run(&self, trial: &Trial) -> Result<()> {
        (self.schema.check_run)(&self.run_path(trial), trial)
    }

    /// The runs in the folder that belong to none of `trials`: names by identity.
    fn stray_names(&self, trials: &[Trial]) -> HashMap<String, String> {
        let names: HashSet<&str> = trials.iter().map(|trial| trial.name.as_str()).collect();
        let runs = (self.schema.runs)(&self.path, &names).into_iter();
        let name = |run: PathBuf| Some(run.file_name()?.to_string_lossy().into_owned());
        runs.filter_map(|(identity, run)| Some((identity, name(run)?))).collect()
    }

    /// The names of runs in the folder that the current sweep file does not define.
    ///
    /// # Errors
    /// As for [`Self::trials`].
    pub fn stray_runs(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = self.stray_names(&self.trials()?).into_values().collect();
        names.sort();
        Ok(names)
    }

    /// Checks that the settings of `trial` still have its identity.
    ///
    /// # Errors
    /// Settings that have changed since `trial` was planned.
    pub fn check_unchanged(&self, trial: &Trial) -> Result<()> {
        let now = (self.schema.name)(trial.clone())?;
        if now.identity != trial.identity {
            bail!("its settings were changed after it was planned; repeat the command to plan it anew");
        }
        Ok(())
    }

    /// Checks that the settings of the first `count` trials can be loaded.
    ///
    /// # Errors
    /// As for [`Self::trials`].
    pub fn check_ahead(&self, count: usize) -> Result<()> {
        (0..count.min(self.len()))
            .try_for_each(|index| Ok((self.schema.name)(self.file.trial(index, &[])).map(drop)?))
    }

    /// Checks that the finished run of `trial` logged the metrics of the sampler and of early
    /// stopping.
    ///
    /// # Errors
    /// A metric that is missing.
    pub fn check_steered(&self, trial: &Trial) -> Result<()> {
        let stopping = self.file.early_stopping.as_ref().map(|stopping| stopping.metric.name.as_str());
        let sought = self.file.is_adaptive().then_some(self.file.metric.name.as_str());
        let records = read_records(&self.run_path(trial).join("metrics.jsonl"))?;
        for name in stopping.into_iter().chain(sought) {
            if !records.iter().any(|record| record.contains_key(name)) {
                let known: BTreeSet<&str> =
                    records.iter().flat_map(|record| record.keys().map(String::as_str)).collect();
                let known = known.into_iter().collect::<Vec<_>>().join(", ");
                bail!("{} ended without `{name}`, by which the sweep is steered; it has {known}", trial.name);
            }
        }
        Ok(())
    }

    /// The number of trials that an adaptive sweep has yet to ask its sampler for.
    pub fn unasked(&self) -> Result<usize> {
        Ok(if self.file.is_adaptive() { self.len().saturating_sub(self.asked_trials()?.len()) } else { 0 })
    }

    /// The next trial of an adaptive sweep, recorded for `owner` before it starts; `None` after the
    /// last.
    pub fn ask(&self, owner: &str) -> Result<Option<Trial>> {
        let _lock = self.lock_file("trials.lock")?;
        let asked: HashSet<usize> = self.asked_trials()?.iter().map(|asked| asked.trial.index).collect();
        let Some(index) = (0..self.len()).find(|index| !asked.contains(index)) else { return Ok(None) };
        let results: Vec<TrialResult> = self.statuses()?.iter().map(TrialStatus::result).collect();
        let trial = (self.schema.name)(self.file.trial(index, &results))?;
        self.append(TRIALS, &AskedTrial { owner: owner.into(), trial: trial.clone() })?;
        Ok(Some(trial))
    }

    /// The trials of `owner`, oldest first.
    pub fn asked_by(&self, owner: &str) -> Result<Vec<Trial>> {
        Ok(self
            .asked_trials()?
            .into_iter()
            .filter(|asked| asked.owner == owner)
            .map(|asked| asked.trial)
            .collect())
    }

    /// The lines of `trials.jsonl` that still have the settings with which they were written.
    fn asked_trials(&self) -> Result<Vec<AskedTrial>> {
        let lines: Vec<AskedTrial> = self.lines(TRIALS)?;
        let (read, asked) = &mut *self.asked.borrow_mut();
        for line in lines.into_iter().skip(*read) {
            let current = self.with_current_settings(line);
            current.iter().try_for_each(|current| self.check_run(&current.trial))?;
            *read += 1;
            asked.extend(current);
        }
        Ok(asked.clone())
    }

    fn with_current_settings(&self, AskedTrial { owner, trial: written }: AskedTrial) -> Option<AskedTrial> {
        let mut trial = (self.schema.name)(self.file.trial_at(written.index, written.point.clone())).ok()?;
        if written.identity == trial.identity {
            trial.name = written.name;
        } else {
            // An earlier version wrote no identity, or another one for the same settings. A run
            // that has started is found by its settings.
            trial = self.keep_names(vec![trial]).remove(0);
            if !written.identity.is_empty() && trial.name != written.name {
                return None;
            }
        }
        Some(AskedTrial { owner, trial })
    }

    /// The path of the log of results at rungs.
    pub fn rungs(&self) -> PathBuf {
        self.path.join(RUNGS)
    }

    /// Removes the results of runs outside the sweep from the log of results at rungs.
    ///
    /// # Errors
    /// As for [`Self::trials`], and a log that cannot be read or written.
    pub fn drop_stray_results(&self) -> Result<()> {
        let trials = self.trials()?;
        let names: HashSet<&str> = trials.iter().map(|trial| trial.name.as_str()).collect();
        rungs::keep(&self.rungs(), |run| names.contains(run))
    }

    /// Writes the plan of the sweep, for those who read its folder without the sweep file.
    ///
    /// # Errors
    /// As for [`Self::trials`], and a folder that cannot be written.
    pub fn write_plan(&self) -> Result<()> {
        self.make()?;
        let plan = SweepPlan::of(&self.file, self.trials()?);
        plan.write(&self.path).with_context(|| format!("could not write the plan in {}", self.path.display()))
    }

    /// Records the error of a failed start of `trial`.
    pub fn note_failure(&self, trial: &Trial, error: String) -> Result<()> {
        self.append("failures.jsonl", &Failure { run: trial.name.clone(), at: unix_seconds(), error })
    }

    /// The last failure of each run.
    pub fn failures(&self) -> Result<HashMap<String, Failure>> {
        failures_in(&self.path)
    }

    /// Writes a file of the sweep's report atomically.
    ///
    /// # Errors
    /// A file that cannot be written; the previous one stays.
    pub fn write_report(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.path.join("report");
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
        let path = folder.join(name);
        atomic::replace(&path, bytes).with_context(|| format!("could not write {}", path.display()))
    }

    /// Creates the folder and locks it for one scheduler.
    ///
    /// # Errors
    /// A lock that another scheduler holds.
    pub fn hold(&self) -> Result<File> {
        self.make()?;
        let path = self.path.join(SWEEP_LOCK);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        if !lock::take(&file) {
            bail!(
                "another scheduler works on {}; see how it goes with --status, end it with --cancel",
                self.path.display()
            );
        }
        file.set_len(0)?;
        write!(file, "{}", std::process::id())?;
        Ok(file)
    }

    /// The process id of the scheduler that holds the lock, if any.
    pub fn holder(&self) -> Option<i32> {
        let path = self.path.join(SWEEP_LOCK);
        lock::is_held(&path).then(|| fs::read_to_string(path).ok()?.parse().ok()).flatten()
    }

    fn make(&self) -> Result<()> {
        fs::create_dir_all(&self.path)
            .with_context(|| format!("could not make the folder {}", self.path.display()))
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        self.make()?;
        let path = self.path.join(name);
        let lock = File::create(&path).with_context(|| format!("could not write {}", path.display()))?;
        lock.lock()?;
        Ok(lock)
    }

    fn append(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.path.join(name);
        jsonl::append(&path, value).with_context(|| format!("could not write {}", path.display()))
    }

    fn lines<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>> {
        lines_in(&self.path, name)
    }
}

/// The last failure of each run of the sweep in `folder`, by the name of the run's folder.
///
/// # Errors
/// A log that cannot be read.
pub fn failures_in(folder: &Path) -> Result<HashMap<String, Failure>> {
    let failures = lines_in::<Failure>(folder, "failures.jsonl")?;
    Ok(failures.into_iter().map(|failure| (failure.run.clone(), failure)).collect())
}

/// The trials that the adaptive sweep in `folder` has asked for, as they were written.
pub(super) fn asked_in(folder: &Path) -> Result<Vec<Trial>> {
    Ok(lines_in::<AskedTrial>(folder, TRIALS)?.into_iter().map(|asked| asked.trial).collect())
}

fn lines_in<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>> {
    let path = folder.join(name);
    jsonl::read(&path).with_context(|| format!("could not read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use umwelt_settings::example::RunSettings;

    #[test]
    fn a_report_is_replaced_whole_and_not_written_over() {
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("a.yaml");
        fs::write(&file, "values: {model_type: VICReg}\nparameters: {seed: [1, 2]}").unwrap();
        let folder =
            SweepFolder::open::<RunSettings>(&file, &[], Some(&at.path().join("sweep")), None).unwrap();
        let (report, reader) = (at.path().join("sweep/report"), at.path().join("opened before"));
        folder.write_report("table.csv", b"old").unwrap();
        fs::hard_link(report.join("table.csv"), &reader).unwrap();
        folder.write_report("table.csv", b"new").unwrap();
        assert_eq!(fs::read(report.join("table.csv")).unwrap(), b"new");
        assert_eq!(fs::read(reader).unwrap(), b"old", "who reads the old one reads all of it");
        assert_eq!(fs::read_dir(report).unwrap().count(), 1);
    }
}
