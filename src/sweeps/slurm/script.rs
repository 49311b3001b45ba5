//! The batch script of a job array.

use anyhow::Result;
use clap::Args;

use super::Submission;
use crate::registry::quoted;
use crate::sweeps::folder::SweepFolder;

/// What Slurm is asked for; each goes to `sbatch` as it is.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Slurm")]
pub struct SlurmOptions {
    /// Submit the runs to Slurm as one job array instead of running them here
    #[arg(long)]
    pub slurm: bool,
    /// Partition of the cluster
    #[arg(long, requires = "slurm")]
    pub partition: Option<String>,
    /// Generic resources of each task, such as gpu:1
    #[arg(long, requires = "slurm")]
    pub gres: Option<String>,
    /// Time limit of a task; before it ends the run leaves a checkpoint and is queued again
    #[arg(long, requires = "slurm")]
    pub time: Option<String>,
    /// CPU cores of each task
    #[arg(long, requires = "slurm", value_name = "N")]
    pub cpus_per_task: Option<usize>,
    /// Memory of each task, such as 8G
    #[arg(long, requires = "slurm")]
    pub mem: Option<String>,
    /// Account to charge
    #[arg(long, requires = "slurm")]
    pub account: Option<String>,
    /// Quality of service
    #[arg(long, requires = "slurm")]
    pub qos: Option<String>,
    /// Seconds before the time limit at which the run is warned
    #[arg(long, requires = "slurm", value_name = "SECONDS", default_value_t = 120)]
    pub grace: u32,
    /// Anything else for sbatch, such as --slurm-option=--constraint=a100
    #[arg(long, requires = "slurm", value_name = "OPTION", allow_hyphen_values = true)]
    pub slurm_option: Vec<String>,
    /// Runs of each task, one after another; more where the cluster's array limit demands it
    #[arg(long, requires = "slurm", value_name = "N", default_value_t = 1)]
    pub runs_per_task: usize,
}

/// The script for `sbatch`: an array with a task for each list of trials, at most `jobs` at a time.
///
/// The shell gives way to `umwelt` (`exec`), so that Slurm's warning reaches it.
pub fn script(
    folder: &SweepFolder,
    submission: &Submission,
    options: &SlurmOptions,
    jobs: Option<usize>,
) -> Result<String> {
    let plan = std::path::absolute(submission.path(folder))?;
    let logs = plan.with_file_name("%A_%a.log");
    let throttle = jobs.map_or(String::new(), |jobs| format!("%{jobs}"));
    let last = submission.tasks.len() - 1;
    let mut lines = vec![
        format!("--job-name={}", folder.file.name),
        format!("--array=0-{last}{throttle}"),
        format!("--output={}", logs.display()),
        "--open-mode=append".into(),
        "--requeue".into(),
        format!("--signal=B:USR1@{}", options.grace),
        format!("--chdir={}", std::env::current_dir()?.display()),
        format!("--cpus-per-task={}", options.cpus_per_task.unwrap_or(1)),
    ];
    let wanted = [
        ("partition", &options.partition),
        ("gres", &options.gres),
        ("time", &options.time),
        ("mem", &options.mem),
        ("account", &options.account),
        ("qos", &options.qos),
    ];
    lines.extend(wanted.iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?))));
    lines.extend(options.slurm_option.iter().cloned());
    let header: String = lines.iter().map(|line| format!("#SBATCH {}\n", directive(line))).collect();
    let program = std::env::current_exe()?.display().to_string();
    let command = quoted(&[program, "sweep".into(), "--task".into(), plan.display().to_string()]);
    Ok(format!(
        "#!/bin/bash\n{header}\nexport OMP_NUM_THREADS=\"${{SLURM_CPUS_PER_TASK:-1}}\"\nexec {command}\n"
    ))
}

/// sbatch splits a directive at spaces unless they are quoted.
fn directive(line: &str) -> String {
    match line.split_once('=') {
        Some((name, value)) if value.contains(' ') => format!("{name}=\"{value}\""),
        _ => line.to_owned(),
    }
}
