//! Sweeps on this machine: no run is repeated, no result is lost, and every failure is reported.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::{ENDLESS, fails, hold, signal, succeeds, sweep_file, umwelt, wait_for};
use serde_json::Value;
use umwelt::sweeps::SweepPlan;

fn start(at: &Path, arguments: &[&str]) -> Child {
    umwelt(at, arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The runs of a sweep by name, each with its status.
fn runs(sweep: &Path) -> BTreeMap<String, Value> {
    let entries = fs::read_dir(sweep).into_iter().flatten().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let status = fs::read(path.join("status.json")).ok()?;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        Some((name, serde_json::from_slice(&status).unwrap_or(Value::Null)))
    };
    entries.filter_map(read).collect()
}

fn in_state(sweep: &Path, state: &str) -> Vec<String> {
    runs(sweep).into_iter().filter(|(_, status)| status["state"] == state).map(|(name, _)| name).collect()
}

fn pid(sweep: &Path, run: &str) -> u32 {
    runs(sweep)[run]["pid"].as_u64().unwrap() as u32
}

/// The parent of a process, or 0 if the process has ended.
fn parent(pid: u32) -> u32 {
    let output = Command::new("ps").args(["-o", "ppid=", "-p", &pid.to_string()]).output().unwrap();
    crate::common::text(&output.stdout).trim().parse().unwrap_or(0)
}

/// Halts the process of a run. If the run is over, returns false and lets the process continue.
fn hold_run(sweep: &Path, run: &str) -> bool {
    let pid = pid(sweep, run);
    let held = hold(pid) && runs(sweep)[run]["state"] == "running";
    if !held {
        signal(pid, "-CONT");
    }
    held
}

fn trains(sweep: &Path, run: &str) -> bool {
    let metrics = fs::read_to_string(sweep.join(run).join("metrics.jsonl")).unwrap_or_default();
    metrics.lines().count() > 1
}

const TWELVE: &str = "parameters:\n  vicreg.base_lr: [0.1, 0.2, 0.4]\n  dataset_noise: [0.5, 1]\nseeds: 2\n";

#[test]
fn a_dry_run_lists_the_runs_and_starts_none() {
    let at = tempfile::tempdir().unwrap();
    sweep_file(at.path(), "noise", &[], TWELVE);
    let printed = succeeds(umwelt(at.path(), &["sweep", "noise.yaml", "--dry-run"]));
    assert!(printed.contains("12 runs: 12 waiting"), "{printed}");
    assert_eq!(
        printed.lines().filter(|line| line.contains("waiting") && !line.contains("runs:")).count(),
        12
    );
    assert!(!at.path().join("runs").exists());
}

#[test]
fn twelve_runs_survive_the_death_of_the_scheduler_and_of_one_run() {
    let at = tempfile::tempdir().unwrap();
    sweep_file(at.path(), "noise", &["vicreg.epochs=10", "safe_every_n_epochs=2"], TWELVE);
    let (sweep, arguments) = (at.path().join("runs/noise"), ["sweep", "noise.yaml", "--jobs", "2"]);

    let mut scheduler = start(at.path(), &arguments);
    wait_for("two finished runs", || in_state(&sweep, "finished").len() >= 2);
    scheduler.kill().unwrap();
    scheduler.wait().unwrap();
    let before: Vec<(String, Value)> =
        runs(&sweep).into_iter().filter(|(_, status)| status["state"] == "finished").collect();

    let scheduler = start(at.path(), &arguments);
    let mut victim = None;
    wait_for("a run that trains", || {
        // The second scheduler does not wait for runs that the first one had started.
        let own = |run: &String| parent(pid(&sweep, run)) == scheduler.id() && trains(&sweep, run);
        victim = in_state(&sweep, "running").into_iter().filter(own).find(|run| hold_run(&sweep, run));
        victim.is_some()
    });
    let victim = victim.unwrap();
    assert!(signal(pid(&sweep, &victim), "-KILL"));
    let output = scheduler.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
    assert_eq!(in_state(&sweep, "finished").len(), 12);
    let after = runs(&sweep);
    for (name, status) in &before {
        assert_eq!(&after[name], status, "{name} was run twice");
    }
    let steps = |name: &str| {
        let metrics = fs::read_to_string(sweep.join(name).join("metrics.jsonl")).unwrap();
        metrics
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(steps(&victim), steps(&before[0].0), "lost or doubled lines");
    let failures = fs::read_to_string(sweep.join("failures.jsonl")).unwrap();
    assert!(failures.contains(&victim) && failures.contains("killed by SIGKILL"), "{failures}");
    let printed = succeeds(umwelt(at.path(), &["sweep", "noise.yaml", "--status"]));
    assert!(printed.contains("12 runs: 12 finished"), "{printed}");
}

#[test]
fn a_stopped_sweep_leaves_checkpoints_and_can_be_resumed() {
    let at = tempfile::tempdir().unwrap();
    let lines = "parameters: {dataset_noise: [0.5, 1]}\n";
    sweep_file(at.path(), "long", &[ENDLESS, "safe_every_n_epochs=1000000000"], lines);
    let sweep = at.path().join("runs/long");
    let scheduler = start(at.path(), &["sweep", "long.yaml", "--jobs", "1"]);
    wait_for("a run that trains", || in_state(&sweep, "running").iter().any(|run| trains(&sweep, run)));
    let refused = fails(umwelt(at.path(), &["sweep", "long.yaml"]), 1);
    assert!(
        refused.contains("another scheduler works on runs/long; see how it goes with --status"),
        "{refused}"
    );
    let printed = succeeds(umwelt(at.path(), &["sweep", "long.yaml", "--status"]));
    assert!(
        printed.contains("2 runs: 1 running, 1 waiting") && printed.contains("a scheduler works on it"),
        "{printed}"
    );
    let printed = succeeds(umwelt(at.path(), &["sweep", "long.yaml", "--cancel"]));
    assert!(printed.contains("the same command resumes it"), "{printed}");
    let output = scheduler.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let stopped = in_state(&sweep, "interrupted");
    assert_eq!(stopped.len(), 1);
    assert_eq!(fs::read_dir(sweep.join(&stopped[0]).join("checkpoints")).unwrap().count(), 1);

    let scheduler = start(at.path(), &["sweep", "long.yaml", "--resume", "--jobs", "1"]);
    let output = || fs::read_to_string(sweep.join(&stopped[0]).join("output.log")).unwrap();
    wait_for("the run to go on", || output().contains("going on from step"));
    assert!(signal(scheduler.id(), "-HUP"));
    assert_eq!(scheduler.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn a_failed_run_is_reported_and_retried_while_the_others_continue() {
    let at = tempfile::tempdir().unwrap();
    let lines = "parameters: {vicreg.base_lr: [0.1, 1e30]}\nretries: 1\n";
    sweep_file(at.path(), "fails", &["log_every=1"], lines);
    let printed = fails(umwelt(at.path(), &["sweep", "fails.yaml", "--jobs", "2"]), 1);
    assert!(printed.contains("1 of 2 runs failed"), "{printed}");
    let sweep = at.path().join("runs/fails");
    assert_eq!((in_state(&sweep, "finished").len(), in_state(&sweep, "failed").len()), (1, 1));
    let failures = || fs::read_to_string(sweep.join("failures.jsonl")).unwrap().lines().count();
    assert_eq!(failures(), 2, "one retry");
    let printed = succeeds(umwelt(at.path(), &["sweep", "fails.yaml", "--status"]));
    assert!(printed.contains("1 finished, 1 failed") && printed.contains("became"), "{printed}");
    fails(umwelt(at.path(), &["sweep", "fails.yaml"]), 1);
    assert_eq!(failures(), 2, "failed runs are left alone");
    fails(umwelt(at.path(), &["sweep", "fails.yaml", "--retry", "failed"]), 1);
    assert_eq!(failures(), 4, "started again, and once more");
}

#[test]
fn early_stopping_ends_the_worse_runs() {
    let at = tempfile::tempdir().unwrap();
    let lines = "parameters: {vicreg.base_lr: [0.4, 0.2, 1e-9, 1e-10, 1e-11]}\n\
                 early_stopping: {metric: loss, min_epochs: 2, eta: 2}\n";
    sweep_file(at.path(), "early", &["vicreg.epochs=8", "log_every=1"], lines);
    let printed = succeeds(umwelt(at.path(), &["sweep", "early.yaml", "--jobs", "1"]));
    let sweep = at.path().join("runs/early");
    let stopped = in_state(&sweep, "stopped");
    assert!((2..=4).contains(&stopped.len()) && printed.contains("stopped early"), "{printed}");
    for run in &stopped {
        let status = &runs(&sweep)[run];
        assert!(status["step"].as_u64().unwrap() < 32, "{status}");
        assert!(status["message"].as_str().unwrap().contains("at epoch"), "{status}");
    }
    let finished = in_state(&sweep, "finished").join(" ");
    assert!(finished.contains("base_lr=0.4"), "{finished}");
    assert!(succeeds(umwelt(at.path(), &["sweep", "early.yaml"])).contains("stopped early"), "and stay so");
}

#[test]
fn an_adaptive_sweep_runs_its_budget_and_no_more() {
    let at = tempfile::tempdir().unwrap();
    let lines = "parameters:\n  vicreg.base_lr: {min: 0.01, max: 1, log: true}\n  \
                 vicreg.rnn_layers: {min: 1, max: 2, int: true}\nmethod: tpe\nbudget: 4\n";
    sweep_file(at.path(), "learn", &["vicreg.epochs=1"], lines);
    let printed = succeeds(umwelt(at.path(), &["sweep", "learn.yaml", "--jobs", "2"]));
    assert!(printed.contains("4 runs: 4 finished"), "{printed}");
    assert_eq!(runs(&at.path().join("runs/learn")).len(), 4);
    let printed = succeeds(umwelt(at.path(), &["sweep", "learn.yaml", "--status"]));
    assert!(printed.contains("4 runs: 4 finished"), "{printed}");
}

#[test]
fn a_report_shows_means_baselines_and_missing_runs() {
    let at = tempfile::tempdir().unwrap();
    let lines = "parameters: {vicreg.base_lr: [0.1, 0.2, 1e30], dataset_noise: [0.5, 1]}\nseeds: 2\n\
                 exclude: [{vicreg.base_lr: 1e30, dataset_noise: 1}]\nreport: {x: dataset_noise}\n";
    sweep_file(at.path(), "noise", &["vicreg.epochs=1", "log_every=1"], lines);
    let early = fails(umwelt(at.path(), &["report", "noise.yaml"]), 2);
    assert!(
        early.contains("there are no runs in runs/noise; start the sweep with `umwelt sweep noise.yaml`"),
        "{early}"
    );

    let mut watching = umwelt(at.path(), &["report", "noise.yaml", "--watch"]);
    fs::create_dir_all(at.path().join("runs/noise")).unwrap();
    let watching = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fails(umwelt(at.path(), &["sweep", "noise.yaml", "--jobs", "2"]), 1);
    let watched = watching.wait_with_output().unwrap();
    let watched = String::from_utf8_lossy(&watched.stdout).into_owned();
    assert!(watched.starts_with("10 runs: ") && watched.contains("waiting"), "{watched}");
    assert!(watched.contains("10 runs: 8 finished, 2 failed"), "{watched}");

    let printed = succeeds(umwelt(at.path(), &["report", "noise.yaml"]));
    let failed = printed.lines().filter(|line| line.contains("became")).count();
    assert!(
        failed > 0 && printed.contains("baseline: centre") && printed.contains("0 of 2 seeds"),
        "{printed}"
    );
    let report = at.path().join("runs/noise/report");
    let csv = fs::read_to_string(report.join("table.csv")).unwrap();
    assert_eq!(csv.lines().count(), 11, "{csv}");
    let columns = csv.lines().next().unwrap();
    for column in [
        "vicreg.base_lr",
        "seed",
        "prediction.rmse_px",
        "prediction.rmse_px baseline: centre",
        "encoding.rmse_px baseline: centre",
    ] {
        assert!(columns.contains(column), "{columns}");
    }
    assert!(fs::read_to_string(report.join("table.md")).unwrap().contains("baseline: centre"));
    assert!(fs::read_to_string(report.join("figure.svg")).unwrap().starts_with("<svg"));
    assert!(fs::read(report.join("figure.png")).unwrap().starts_with(b"\x89PNG"));

    let listed = succeeds(umwelt(
        at.path(),
        &["runs", "ls", "--group", "noise", "--state", "finished", "--format", "csv"],
    ));
    assert_eq!(listed.lines().count(), 9, "{listed}");
    let best = succeeds(umwelt(at.path(), &["runs", "best", "run_group=noise"]));
    assert!(best.contains("prediction.rmse_px"), "{best}");
}

/// Writes `base.yaml` and a sweep over it, runs the sweep and returns its standard output.
fn sweep_over_base(at: &Path, base: &[&str], lines: &str) -> String {
    let values: String = base.iter().map(|value| value.replacen('=', ": ", 1) + "\n").collect();
    fs::write(at.join("base.yaml"), nested(&values)).unwrap();
    fs::write(at.join("s.yaml"), format!("configs: [base.yaml]\n{lines}")).unwrap();
    succeeds(umwelt(at, &["sweep", "s.yaml", "--jobs", "2"]))
}

/// `a.b: c` as a mapping below `a`.
fn nested(lines: &str) -> String {
    let mut sections = BTreeMap::<&str, String>::new();
    for line in lines.lines() {
        let (section, rest) =
            line.split_once('.').filter(|(name, _)| !name.contains(':')).unwrap_or(("", line));
        *sections.entry(section).or_default() +=
            &format!("{}{rest}\n", if section.is_empty() { "" } else { "  " });
    }
    sections
        .iter()
        .map(|(name, rest)| if name.is_empty() { rest.clone() } else { format!("{name}:\n{rest}") })
        .collect()
}

fn with<'a>(values: &[&'a str]) -> Vec<&'a str> {
    let key = |value: &'a str| value.split('=').next();
    let mut all: Vec<&str> = crate::common::SMALL.to_vec();
    all.retain(|known| !values.iter().any(|value| key(value) == key(known)));
    [&all, values].concat()
}

#[test]
fn a_sweep_over_an_edited_config_makes_other_runs_and_names_the_old_ones() {
    let at = tempfile::tempdir().unwrap();
    let sweep = at.path().join("runs/s");
    sweep_over_base(at.path(), &with(&["vicreg.epochs=1"]), "parameters: {dataset_noise: [0.5, 1]}\n");
    let old = runs(&sweep);
    let printed = sweep_over_base(
        at.path(),
        &with(&["vicreg.epochs=1", "vicreg.base_lr=0.4"]),
        "parameters: {dataset_noise: [0.5, 1, 2]}\n",
    );
    let new: Vec<String> = runs(&sweep).into_keys().filter(|name| !old.contains_key(name)).collect();
    assert_eq!((old.len(), new.len()), (2, 3));
    for name in &new {
        let settings = fs::read_to_string(sweep.join(name).join("settings.yaml")).unwrap();
        assert!(settings.contains("base_lr: 0.4\n"), "{settings}");
    }
    let first = old.keys().next().unwrap();
    assert!(
        printed.contains(&format!("not part of the present sweep file: {first} and 1 more")),
        "{printed}"
    );
    let report = succeeds(umwelt(at.path(), &["report", "s.yaml"]));
    assert!(
        report.contains("not part of the present sweep file")
            && report.contains("\n                        0.5                 "),
        "{report}"
    );
}

#[test]
fn a_sweep_that_is_written_otherwise_is_the_same_sweep() {
    let at = tempfile::tempdir().unwrap();
    let base = with(&["vicreg.epochs=1"]);
    sweep_over_base(at.path(), &base, "parameters: {dataset_noise: [0.5, 1]}\n");
    for lines in [
        "parameters: {dataset_noise: [5e-1, 1.0]}\n",
        "values: {seed: 42, wandb: false}\nparameters: {dataset_noise: [1, 0.5]}\n",
        "groups: {noise: {low: {dataset_noise: 0.5}, high: {dataset_noise: 1}}}\n",
    ] {
        fs::write(at.path().join("s.yaml"), format!("configs: [./base.yaml]\n{lines}")).unwrap();
        let printed = succeeds(umwelt(at.path(), &["sweep", "s.yaml", "--status"]));
        assert!(printed.ends_with("2 runs: 2 finished\n"), "{lines}{printed}");
    }
}

#[test]
fn the_folder_of_a_sweep_says_what_the_runs_vary() {
    let at = tempfile::tempdir().unwrap();
    let lines =
        "groups: {noise: {low: {dataset_noise: 0.5}, high: {dataset_noise: 1}}}\nreport: {line: noise}\n";
    sweep_over_base(at.path(), &with(&["vicreg.epochs=1"]), lines);
    let sweep = at.path().join("runs/s");
    let plan = SweepPlan::read(&sweep).unwrap();
    assert_eq!((plan.varied(), plan.report.line.as_deref()), (vec!["noise".to_owned()], Some("noise")));
    assert!(
        runs(&sweep).keys().all(|run| plan.runs.iter().any(|planned| planned.name == *run)),
        "{:?}",
        plan.runs
    );
    let values: Vec<&str> = plan.runs.iter().map(|run| run.varied[0].1.as_str()).collect();
    assert_eq!(values, ["low", "high"]);
}

#[test]
fn runs_under_names_of_an_earlier_version_are_found() {
    let at = tempfile::tempdir().unwrap();
    let sweep = at.path().join("runs/s");
    sweep_over_base(at.path(), &with(&["vicreg.epochs=1"]), "parameters: {dataset_noise: [0.5, 1]}\n");
    for (number, name) in (0..).zip(runs(&sweep).keys()) {
        fs::rename(sweep.join(name), sweep.join(format!("dataset_noise=x-0123456{number}"))).unwrap();
    }
    let printed = succeeds(umwelt(at.path(), &["sweep", "s.yaml"]));
    assert!(printed.contains("2 runs: 2 finished\n") && runs(&sweep).len() == 2, "{printed}");
}

#[test]
fn a_run_that_was_made_before_a_default_changed_is_not_taken_for_one_of_now() {
    let at = tempfile::tempdir().unwrap();
    let grid = "parameters: {dataset_noise: [0.5]}\n";
    let learns = "method: tpe\nbudget: 1\nparameters: {vicreg.base_lr: {min: 0.1, max: 0.5}}\n";
    for lines in [grid, learns] {
        let finished = sweep_over_base(at.path(), &with(&["vicreg.epochs=1"]), lines);
        let folder = at.path().join("runs/s");
        let settings = folder.join(runs(&folder).into_keys().next().unwrap()).join("settings.yaml");
        let now = fs::read_to_string(&settings).unwrap();
        let before = now.replace("eval_every_n_epochs: 20", "eval_every_n_epochs: 19");
        assert_ne!(before, now);
        fs::write(&settings, before).unwrap();
        for command in [&["sweep", "s.yaml"][..], &["sweep", "s.yaml", "--status"], &["report", "s.yaml"]] {
            let error = fails(umwelt(at.path(), command), 1);
            let named = "holds a run of other settings:\n  eval_every_n_epochs: 19 there, 20 now\n";
            assert!(error.contains(named), "{error}");
        }
        if lines == grid {
            let value = ["--values", "eval_every_n_epochs=19"];
            let same = succeeds(umwelt(at.path(), &[&["sweep", "s.yaml"][..], &value].concat()));
            assert!(same.contains("1 runs: 1 finished") && runs(&folder).len() == 1, "{same}");
        }
        fs::write(&settings, now).unwrap();
        assert_eq!(succeeds(umwelt(at.path(), &["sweep", "s.yaml"])), finished);
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_sweep_that_learns_forgets_what_other_settings_found() {
    let at = tempfile::tempdir().unwrap();
    let lines = "method: tpe\nbudget: 2\nparameters: {vicreg.base_lr: {min: 0.1, max: 0.5}}\n";
    sweep_over_base(at.path(), &with(&["vicreg.epochs=1"]), lines);
    let sweep = at.path().join("runs/s");
    let asked = fs::read_to_string(sweep.join("trials.jsonl")).unwrap();
    fs::write(sweep.join("trials.jsonl"), format!("{asked}{{\"owner\":\"local\",\"tr")).unwrap();
    let printed = sweep_over_base(at.path(), &with(&["vicreg.epochs=2"]), lines);
    assert!(printed.contains("2 runs: 2 finished") && printed.contains("and 1 more"), "{printed}");
    assert_eq!(runs(&sweep).len(), 4);
    let plan = SweepPlan::read(&sweep).unwrap();
    assert!(
        runs(&sweep).keys().all(|run| plan.runs.iter().any(|planned| planned.name == *run)),
        "{:?}",
        plan.runs
    );
    let printed = succeeds(umwelt(at.path(), &["sweep", "s.yaml", "--status"]));
    assert!(printed.contains("2 runs: 2 finished"), "{printed}");
}

#[test]
fn a_finished_sweep_is_shown_without_a_write_to_its_folder() {
    let at = tempfile::tempdir().unwrap();
    let printed =
        sweep_over_base(at.path(), &with(&["vicreg.epochs=1"]), "parameters: {dataset_noise: [0.5]}\n");
    let sweep = at.path().join("runs/s");
    fs::remove_file(sweep.join("sweep.lock")).unwrap();
    fs::create_dir(sweep.join("sweep.lock")).unwrap();
    assert_eq!(succeeds(umwelt(at.path(), &["sweep", "s.yaml"])), printed);
    fs::write(sweep.join("report"), "no folder").unwrap();
    let output = crate::common::output(umwelt(at.path(), &["report", "s.yaml"]));
    let (table, warning) = (crate::common::text(&output.stdout), crate::common::text(&output.stderr));
    assert!(output.status.success() && table.contains("1 run: 1 finished"), "{table}{warning}");
    assert!(warning.starts_with("warning: could not make the folder runs/s/report"), "{warning}");
    assert!(!table.contains("runs/s/report"), "{table}");
}

#[test]
fn early_stopping_judges_no_run_by_one_of_other_settings() {
    let at = tempfile::tempdir().unwrap();
    let sweep = at.path().join("runs/early");
    fs::create_dir_all(&sweep).unwrap();
    // The best result of all, from a run that the sweep file does not describe.
    fs::write(sweep.join("rungs.jsonl"), "{\"run\":\"old-01234567\",\"rung\":0,\"value\":-1e9}\n").unwrap();
    let lines = "parameters: {dataset_noise: [0.5]}\nearly_stopping: {metric: loss, min_epochs: 1, eta: 3}\n";
    sweep_file(at.path(), "early", &["vicreg.epochs=2", "log_every=1"], lines);
    let printed = succeeds(umwelt(at.path(), &["sweep", "early.yaml", "--jobs", "1"]));
    assert!(printed.contains("1 runs: 1 finished"), "{printed}");
    let rungs = fs::read_to_string(sweep.join("rungs.jsonl")).unwrap();
    assert!(!rungs.contains("old-01234567") && rungs.contains("\"rung\":0"), "{rungs}");
}

#[test]
fn a_metric_that_no_run_logs_is_refused_before_the_start() {
    let at = tempfile::tempdir().unwrap();
    let space = "parameters: {vicreg.base_lr: {min: 0.1, max: 0.5}}\nmethod: tpe\nbudget: 2\n";
    for (name, lines, expected) in [
        (
            "m",
            "metric: {name: prediction.rmse}\n",
            "metric.name: no run of m has `prediction.rmse`; did you mean prediction.rmse_px?",
        ),
        (
            "e",
            "early_stopping: {metric: lss}\n",
            "early_stopping.metric: no run of e has `lss`; did you mean loss?",
        ),
        ("w", "metric: {name: mse}\n", "metric.name: no run of w has `mse`"),
    ] {
        sweep_file(at.path(), name, &["vicreg.epochs=1"], &format!("{space}{lines}"));
        let printed = fails(umwelt(at.path(), &["sweep", &format!("{name}.yaml")]), 2);
        assert!(printed.contains(expected), "{printed}");
        assert!(!at.path().join("runs").exists());
    }
}

#[test]
fn a_sweep_whose_first_run_lacks_its_metric_goes_no_further() {
    let at = tempfile::tempdir().unwrap();
    let lines = "parameters: {vicreg.base_lr: {min: 0.1, max: 0.5}}\nmethod: tpe\nbudget: 3\n\
                 metric: {name: planning.cem.rmse_px}\n";
    sweep_file(at.path(), "plan", &["vicreg.epochs=1"], lines);
    let printed = fails(umwelt(at.path(), &["sweep", "plan.yaml", "--jobs", "1"]), 1);
    assert!(
        printed.contains("ended without `planning.cem.rmse_px`, by which the sweep is steered"),
        "{printed}"
    );
    assert_eq!(runs(&at.path().join("runs/plan")).len(), 1);
}

#[test]
fn counts_on_the_command_line_have_bounds() {
    let at = tempfile::tempdir().unwrap();
    sweep_file(at.path(), "grid", &[], "parameters: {dataset_noise: [0.5, 1]}\n");
    for (option, count) in [("--jobs", "99999"), ("--threads", "99999")] {
        let refused = fails(umwelt(at.path(), &["sweep", "grid.yaml", option, count]), 2);
        assert!(refused.contains(&format!("error: {option} must be from 1 to ")), "{refused}");
    }
    for option in ["--jobs", "--threads"] {
        let refused = fails(umwelt(at.path(), &["sweep", "grid.yaml", option, "0"]), 2);
        assert!(refused.contains("must be 1 or more"), "{refused}");
    }
    let line = ["sweep", "grid.yaml", "--slurm", "--dry-run", "--slurm-option=--x=1\necho"];
    assert!(fails(umwelt(at.path(), &line), 2).contains("--slurm-option: "));
    assert!(!at.path().join("runs").exists(), "a mistake must leave no folder behind");
}

#[test]
fn errors_of_sweep_files_name_line_and_key() {
    let at = tempfile::tempdir().unwrap();
    let cases = [
        ("unknown", "parameters: {vicreg.base_lrr: [1, 2]}\n"),
        ("type", "parameters: {vicreg.epochs: [1, many]}\n"),
        ("value", "values: {dataset_dot_std: 0}\nparameters: {seed: [1, 2]}\n"),
        ("key", "parametres: {seed: [1, 2]}\n"),
        ("range", "parameters: {vicreg.base_lr: {min: 1, max: 0.1}}\nbudget: 3\n"),
        ("budget", "parameters: {vicreg.base_lr: {min: 0.1, max: 1}}\n"),
        ("empty", "parameters: {seed: []}\n"),
        ("label", "configs: [\"{level}.yaml\"]\n"),
    ];
    let mut answers = String::new();
    for (name, lines) in cases {
        let text = format!(
            "{}{lines}",
            if lines.starts_with("values") { "" } else { "values: {model_type: VICReg}\n" }
        );
        let text = text.replace("values: {dataset", "values: {model_type: VICReg, dataset");
        fs::write(at.path().join(format!("{name}.yaml")), text).unwrap();
        let printed = fails(umwelt(at.path(), &["sweep", &format!("{name}.yaml"), "--dry-run"]), 2);
        answers += &format!("$ umwelt sweep {name}.yaml\n{printed}\n");
    }
    answers += &fails(umwelt(at.path(), &["sweep", "missing.yaml"]), 2);
    sweep_file(at.path(), "noise", &[], TWELVE);
    answers += &fails(umwelt(at.path(), &["sweep", "noise.yaml", "--resume"]), 2);
    answers += &fails(umwelt(at.path(), &["sweep", "noise.yaml", "--values", "dataset_noise=3"]), 2);
    let mut without_slurm = umwelt(at.path(), &["sweep", "noise.yaml", "--slurm"]);
    without_slurm.env("PATH", at.path());
    answers += &fails(without_slurm, 1);
    let here = at.path().canonicalize().unwrap();
    insta::assert_snapshot!(answers.replace(&*here.to_string_lossy(), "[here]"));
}
