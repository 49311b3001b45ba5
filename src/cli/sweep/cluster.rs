//! A sweep on a Slurm cluster.

use anyhow::{Result, bail};

use super::SweepArguments;
use crate::sweeps::slurm::{self, Submission};
use crate::sweeps::{SweepFolder, Trial, TrialState};
use umwelt_base::terminal::print_line;

/// Submits the remaining trials of the sweep to Slurm.
pub fn submit(folder: &SweepFolder, arguments: &SweepArguments) -> Result<()> {
    let Some(mut submission) = plan(folder, arguments)? else {
        return print_line(format!("{} has nothing left to submit; see --status", folder.file.name));
    };
    folder.write_plan()?;
    folder.drop_stray_results()?;
    let job = submission.submit(folder, &arguments.slurm, arguments.jobs)?;
    let tasks = submission.tasks.len();
    print_line(format!("submitted job {job}: {tasks} tasks; --status shows their progress"))
}

/// The trials that are left to run.
fn to_submit(folder: &SweepFolder, retry_failed: bool) -> Result<Vec<Trial>> {
    if slurm::queue(folder.path()).is_some() {
        let path = folder.path().display();
        bail!("{path} has jobs in Slurm's queue; --status shows them, --cancel removes them");
    }
    let wanted = |state: &TrialState| match state {
        TrialState::Waiting | TrialState::Interrupted => true,
        TrialState::Failed(_) => retry_failed,
        TrialState::Running | TrialState::Stopped(_) | TrialState::Finished => false,
    };
    let statuses = folder.statuses()?.into_iter();
    Ok(statuses.filter(|status| wanted(&status.state)).map(|status| status.trial).collect())
}

/// The next submission; `None` if no trial is left.
pub fn plan(folder: &SweepFolder, arguments: &SweepArguments) -> Result<Option<Submission>> {
    let trials = to_submit(folder, arguments.retry.is_some())?;
    if trials.is_empty() && folder.unasked()? == 0 {
        return Ok(None);
    }
    Ok(Some(Submission::plan(folder, trials, (arguments.slurm.runs_per_task, slurm::array_limit()))?))
}
