//! Sweeps on a real Slurm cluster: munged, slurmctld and slurmd, which the tests start and end.
//!
//! These tests need Debian's Slurm packages and root. `make test-slurm` runs them; `cargo test`
//! ignores them.

#[path = "slurm/cluster.rs"]
mod cluster;
#[path = "it/common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cluster::Cluster;
use common::{ENDLESS, fails, succeeds, sweep_file};
use serde_json::Value;

fn umwelt(at: &Path, cluster: &Cluster, arguments: &[&str]) -> Command {
    let mut command = common::umwelt(at, arguments);
    command.envs(cluster.environment());
    command
}

/// Waits until `done` returns true. A machine with other work may take several times as long as a
/// quiet one: the limit only ends a test that hangs.
fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(900), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn runs(sweep: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(sweep).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut runs: Vec<_> = entries.filter(|path| path.join("settings.yaml").exists()).collect();
    runs.sort();
    runs
}

fn status(run: &Path) -> Value {
    serde_json::from_slice(&fs::read(run.join("status.json")).unwrap_or_default()).unwrap_or(Value::Null)
}

fn in_state(sweep: &Path, state: &str) -> Vec<PathBuf> {
    runs(sweep).into_iter().filter(|run| status(run)["state"] == state).collect()
}

#[test]
#[ignore = "needs Slurm and root: make test-slurm"]
fn twelve_runs_pass_through_one_array_and_a_requeued_one_ends_as_if_it_had_never_stopped() {
    // An array of at most eight tasks: twelve runs have to share them.
    let (at, cluster) = (tempfile::tempdir().unwrap(), Cluster::start(8));
    let lines = "parameters:\n  vicreg.epochs: [500, 2, 3, 4, 5, 6]\n  dataset_noise: [0.5, 1]\n";
    sweep_file(at.path(), "grid", &["safe_every_n_epochs=1000"], lines);
    let sweep = at.path().join("runs/grid");
    let script = succeeds(umwelt(
        at.path(),
        &cluster,
        &["sweep", "grid.yaml", "--slurm", "--partition", "ci", "--jobs", "2", "--dry-run"],
    ));
    for line in
        ["#SBATCH --array=0-7%2", "#SBATCH --partition=ci", "--signal=B:USR1@120", "12 runs: 12 waiting"]
    {
        assert!(script.contains(line), "{line} is not in\n{script}");
    }
    assert!(!sweep.exists(), "a dry run leaves nothing");

    let arguments = ["sweep", "grid.yaml", "--slurm", "--partition", "ci", "--jobs", "2"];
    let printed = succeeds(umwelt(at.path(), &cluster, &arguments));
    assert!(printed.contains("8 tasks"), "{printed}");
    let long_run = || {
        let running = in_state(&sweep, "running").into_iter();
        running.filter(|run| run.display().to_string().contains("epochs=500")).find(|run| trains(run))
    };
    wait_for("a long run that trains", || long_run().is_some());
    let twice = fails(umwelt(at.path(), &cluster, &arguments), 1);
    assert!(twice.contains("has jobs in Slurm's queue; --status shows them"), "{twice}");

    // Slurm's warning before the time limit, sent by hand. A job that requeues itself at once makes
    // scancel try again for a minute and a half although its first signal arrived.
    let warned = long_run().unwrap();
    for task in cluster.run("squeue", &["-h", "-r", "-t", "RUNNING", "-o", "%i"]).lines() {
        cluster.try_run("timeout", &["5", "scancel", "--signal=USR1", "--batch", task]);
    }
    wait_for("the checkpoint", || status(&warned)["state"] == "interrupted");
    assert_eq!(status(&warned)["message"], "SIGTERM");
    assert!(status(&warned)["step"].as_u64().unwrap() > 0);
    wait_for("the queue", || {
        hurry(&cluster);
        in_state(&sweep, "finished").len() == 12
    });
    assert!(fs::read_to_string(warned.join("output.log")).unwrap().contains("going on from step"));

    wait_for("an empty queue", || cluster.run("squeue", &["-h"]).trim().is_empty());
    let printed = succeeds(umwelt(at.path(), &cluster, &["sweep", "grid.yaml", "--status"]));
    assert!(printed.contains("12 runs: 12 finished"), "{printed}");
    let printed = succeeds(umwelt(at.path(), &cluster, &["sweep", "grid.yaml", "--slurm"]));
    assert!(printed.contains("grid has nothing left to submit"), "{printed}");

    let mut again = Command::new(env!("CARGO_BIN_EXE_train"));
    again.current_dir(at.path()).env("OMP_NUM_THREADS", "1");
    again.arg("--configs").arg(warned.join("settings.yaml")).args(["--values", "output_path=again"]);
    succeeds(again);
    for file in ["metrics.jsonl", "evaluation.json"] {
        let both = [&warned, &at.path().join("again")].map(|run| fs::read(run.join(file)).unwrap());
        assert!(both[0] == both[1], "{file} differs");
    }
}

/// A requeued job waits for two minutes; an administrator may end the wait.
fn hurry(cluster: &Cluster) {
    for task in cluster.run("squeue", &["-h", "-r", "-t", "PENDING", "-o", "%i"]).lines() {
        cluster.try_run("scontrol", &["update", &format!("JobId={task}"), "StartTime=now"]);
    }
}

fn trains(run: &Path) -> bool {
    fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default().lines().count() > 1
}

#[test]
#[ignore = "needs Slurm and root: make test-slurm"]
fn an_adaptive_sweep_chooses_trials_as_its_tasks_start_and_can_be_cancelled() {
    let (at, cluster) = (tempfile::tempdir().unwrap(), Cluster::start(100));
    let lines = "parameters:\n  vicreg.base_lr: {min: 0.01, max: 1, log: true}\nmethod: tpe\nbudget: 4\n";
    sweep_file(at.path(), "learn", &["vicreg.epochs=1"], lines);
    let sweep = at.path().join("runs/learn");
    succeeds(umwelt(at.path(), &cluster, &["sweep", "learn.yaml", "--slurm", "--jobs", "2"]));
    wait_for("four runs", || in_state(&sweep, "finished").len() == 4);
    let asked = fs::read_to_string(sweep.join("trials.jsonl")).unwrap();
    assert_eq!(asked.lines().count(), 4, "{asked}");

    let lines = "parameters:\n  seed: [1, 2, 3]\n";
    sweep_file(at.path(), "long", &[ENDLESS], lines);
    let sweep = at.path().join("runs/long");
    succeeds(umwelt(at.path(), &cluster, &["sweep", "long.yaml", "--slurm", "--jobs", "1"]));
    wait_for("a run that trains", || in_state(&sweep, "running").iter().any(|run| trains(run)));
    let printed = succeeds(umwelt(at.path(), &cluster, &["sweep", "long.yaml", "--status"]));
    assert!(
        printed.contains("1 running") && printed.contains("Slurm: 2 pending (JobArrayTaskLimit)"),
        "{printed}"
    );
    succeeds(umwelt(at.path(), &cluster, &["sweep", "long.yaml", "--cancel"]));
    assert_eq!(in_state(&sweep, "interrupted").len(), 1);
    assert_eq!(runs(&sweep).len(), 1, "those that waited never started");
}

#[test]
#[ignore = "needs Slurm and root: make test-slurm"]
fn a_requeued_run_leaves_a_checkpoint_and_is_resumed() {
    let (at, cluster) = (tempfile::tempdir().unwrap(), Cluster::start(100));
    sweep_file(at.path(), "low", &[ENDLESS, "safe_every_n_epochs=10000000"], "seeds: [1]\n");
    let sweep = at.path().join("runs/low");
    succeeds(umwelt(at.path(), &cluster, &["sweep", "low.yaml", "--slurm", "--partition", "ci"]));
    wait_for("a run that trains", || in_state(&sweep, "running").iter().any(|run| trains(run)));
    // Slurm does this to a job that is preempted with PreemptMode=REQUEUE.
    cluster.run("scontrol", &["requeue", "1_0"]);
    wait_for("the checkpoint", || in_state(&sweep, "interrupted").len() == 1);
    let run = runs(&sweep).remove(0);
    let step = |run: &Path| status(run)["step"].as_u64().unwrap_or_default();
    let interrupted = step(&run);
    wait_for("the resumed run", || {
        hurry(&cluster);
        in_state(&sweep, "running").len() == 1 && step(&run) > interrupted
    });
    let output = fs::read_to_string(run.join("output.log")).unwrap();
    let resumed = format!("going on from step {interrupted}");
    assert!(output.contains("stopped by SIGTERM") && output.contains(&resumed), "{output}");
    succeeds(umwelt(at.path(), &cluster, &["sweep", "low.yaml", "--cancel"]));
    assert_eq!(in_state(&sweep, "interrupted").len(), 1);
}

#[test]
#[ignore = "needs Slurm and root: make test-slurm"]
fn a_refused_submission_and_a_failed_run_are_reported() {
    let (at, cluster) = (tempfile::tempdir().unwrap(), Cluster::start(100));
    let lines = "parameters:\n  vicreg.base_lr: [0.1, 1e30]\n";
    sweep_file(at.path(), "fails", &["vicreg.epochs=3"], lines);
    let arguments = ["sweep", "fails.yaml", "--slurm", "--partition", "none"];
    let printed = fails(umwelt(at.path(), &cluster, &arguments), 1);
    assert!(printed.contains("sbatch: ") && printed.contains("invalid partition"), "{printed}");
    succeeds(umwelt(at.path(), &cluster, &["sweep", "fails.yaml", "--slurm"]));
    wait_for("the end", || cluster.run("squeue", &["-h"]).trim().is_empty());
    let printed = succeeds(umwelt(at.path(), &cluster, &["sweep", "fails.yaml", "--status"]));
    assert!(printed.contains("1 finished, 1 failed") && printed.contains("loss term"), "{printed}");
}
