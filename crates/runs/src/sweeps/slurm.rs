//! A sweep on a Slurm cluster: a job array whose tasks run trials one after another.

mod script;
mod task;

pub use script::{SlurmOptions, positive, script};
pub use task::run_task;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Trial;
use super::folder::{Source, SweepFolder};
use crate::unix_seconds;
use umwelt_base::atomic;

/// The time that cancelled runs have to write their checkpoints.
const PATIENCE: Duration = Duration::from_secs(60);
/// Slurm's default for a cluster that configures none.
const MAX_ARRAY_SIZE: usize = 1001;

/// The work of one job array: the file that all its tasks read.
#[derive(Serialize, Deserialize)]
pub struct Submission {
    pub sweep: Source,
    /// The number of the submission within its sweep, from 1.
    pub number: usize,
    /// The planned trials of each task; empty for an adaptive sweep.
    pub tasks: Vec<Vec<Trial>>,
    /// The number of trials that each task asks the sampler for.
    pub asks: Vec<usize>,
    /// The job id of the array, after its submission.
    pub job: Option<String>,
    /// Unix seconds.
    pub at: f64,
}

impl Submission {
    /// Distributes `trials`, and those that an adaptive sweep has yet to ask for, over at most
    /// `limit` tasks of about `runs_per_task` trials.
    pub fn plan(
        folder: &SweepFolder,
        trials: Vec<Trial>,
        (runs_per_task, limit): (usize, usize),
    ) -> Result<Self> {
        let all = trials.len() + folder.unasked()?;
        let count = all.div_ceil(runs_per_task.max(1)).min(limit).max(1);
        let mut tasks = vec![vec![]; count];
        let mut asks = vec![0; count];
        for index in 0..all {
            asks[index % count] += usize::from(index >= trials.len());
        }
        for (index, trial) in trials.into_iter().enumerate() {
            tasks[index % count].push(trial);
        }
        let number = earlier(folder.path()).len() + 1;
        let sweep = folder.source().clone();
        Ok(Self { sweep, number, tasks, asks, job: None, at: unix_seconds() })
    }

    pub fn path(&self, folder: &SweepFolder) -> PathBuf {
        folder.path().join("slurm").join(format!("submission-{}.json", self.number))
    }

    /// Writes the script and the submission's file, submits them, and returns the job id.
    pub fn submit(
        &mut self,
        folder: &SweepFolder,
        options: &SlurmOptions,
        jobs: Option<usize>,
    ) -> Result<String> {
        let path = self.path(folder);
        fs::create_dir_all(folder.path().join("slurm"))?;
        let text = script(folder, self, options, jobs)?;
        let script_path = path.with_extension("sh");
        put(&script_path, text.as_bytes())?;
        self.write(&path)?;
        let answer = slurm(Command::new("sbatch").arg("--parsable").arg(&script_path))?;
        let job = answer.split(';').next().unwrap_or_default().trim().to_owned();
        self.job = Some(job.clone());
        self.write(&path)?;
        Ok(job)
    }

    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not a submission file", path.display()))
    }

    fn write(&self, path: &Path) -> Result<()> {
        put(path, (serde_json::to_string_pretty(self)? + "\n").as_bytes())
    }
}

/// Writes a file atomically: a task may read it as soon as the array is submitted.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic::replace(path, bytes).with_context(|| format!("could not write {}", path.display()))
}

/// The submissions of a sweep so far, oldest first.
pub fn earlier(folder: &Path) -> Vec<Submission> {
    let path = |number| folder.join("slurm").join(format!("submission-{number}.json"));
    (1..).map_while(|number| Submission::read(&path(number)).ok()).collect()
}

/// The most tasks of a job array on this cluster.
pub fn array_limit() -> usize {
    let config = slurm(Command::new("scontrol").args(["show", "config"])).unwrap_or_default();
    let line = config.lines().find_map(|line| line.strip_prefix("MaxArraySize"));
    let limit = line.and_then(|rest| rest.trim_start_matches([' ', '=']).trim().parse::<usize>().ok());
    limit.unwrap_or(MAX_ARRAY_SIZE).saturating_sub(1).max(1)
}

/// The number of a sweep's tasks in each state of Slurm's queue, with the reasons for waiting.
/// `None` without a task or without Slurm.
pub fn queue(folder: &Path) -> Option<String> {
    let jobs: Vec<String> = earlier(folder).into_iter().filter_map(|submission| submission.job).collect();
    if jobs.is_empty() {
        return None;
    }
    // -r lists each task of an array. squeue fails for a job that Slurm has forgotten: it is over.
    let tasks =
        slurm(Command::new("squeue").args(["-h", "-r", "-o", "%T %r", "-j", &jobs.join(",")])).ok()?;
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    tasks.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(line, count)| {
            let (state, reason) = line.split_once(' ').unwrap_or((line, "None"));
            let reason = if reason == "None" { String::new() } else { format!(" ({reason})") };
            format!("{count} {}{reason}", state.to_lowercase())
        })
        .collect();
    (!counts.is_empty()).then(|| format!("Slurm: {}", counts.join(", ")))
}

/// Cancels all jobs of a sweep: first the pending tasks, then the running ones, with time for their
/// checkpoints. Returns the number of jobs.
pub fn cancel(folder: &Path) -> Result<usize> {
    let jobs: Vec<String> = earlier(folder).into_iter().filter_map(|submission| submission.job).collect();
    if queue(folder).is_none() {
        return Ok(0);
    }
    slurm(Command::new("scancel").arg("--state=PENDING").args(&jobs))?;
    // A job that has just ended cannot be signalled.
    let _ = slurm(Command::new("scancel").args(["--batch", "--signal=TERM"]).args(&jobs));
    let signalled = Instant::now();
    while queue(folder).is_some() && signalled.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
    }
    slurm(Command::new("scancel").args(&jobs))?;
    Ok(jobs.len())
}

/// Runs one of Slurm's commands and returns its standard output.
fn slurm(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("{name} is not found; --slurm needs a machine that submits to a Slurm cluster")
        }
        Err(error) => return Err(error).with_context(|| format!("could not run {name}")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !output.status.success() {
        bail!("{name}: {}", text(&output.stderr).trim_start_matches(&format!("{name}: error: ")));
    }
    Ok(text(&output.stdout))
}

#[cfg(test)]
mod tests {
    use super::*;
    use umwelt_settings::example::RunSettings;

    #[test]
    fn a_task_that_starts_at_once_reads_a_whole_submission() {
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("sweep.yaml");
        let seeds = "values: {model_type: VICReg}\nseeds: 500\n";
        fs::write(&file, seeds).unwrap();
        let folder = SweepFolder::open::<RunSettings>(&file, &[], Some(at.path()), None).unwrap();
        let mut submission = Submission::plan(&folder, folder.trials().unwrap(), (1, 1000)).unwrap();
        let path = at.path().join("submission-1.json");
        submission.write(&path).unwrap();
        std::thread::scope(|scope| {
            let reader =
                scope.spawn(|| (0..60).map(|_| Submission::read(&path).unwrap().tasks.len()).sum::<usize>());
            let mut written = 0;
            while !reader.is_finished() {
                submission.job = Some(format!("{written}"));
                submission.write(&path).unwrap();
                written += 1;
            }
            assert_eq!(reader.join().unwrap(), 60 * 500);
            assert!(written > 0);
        });
        assert_eq!(fs::read_dir(at.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
