//! Trackers of runs, checked with the installed Python packages and a server on 127.0.0.1.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::{SMALL, hold, json, output, signal, succeeds, text, train, umwelt};
use serde_json::{Value, json};

const KEY: &str = "0123456789012345678901234567890123456789";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Python that has the packages of tests/requirements.txt.
fn python() -> PathBuf {
    let installed = root().join(".venv-test/bin/python");
    let python = std::env::var_os("UMWELT_TEST_PYTHON").map_or(installed, PathBuf::from);
    assert!(python.exists(), "{} is missing; `make .venv-test/ready` installs it", python.display());
    python
}

/// The lines of JSON that a script prints.
fn lines(script: &str, arguments: &[&Path]) -> Vec<Value> {
    let printed = succeeds({
        let mut command = Command::new(python());
        command.arg("-c").arg(script).args(arguments);
        command
    });
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The server of the tests of `wandb-rs`.
struct Server {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Server {
    fn start(at: &Path, mode: &str) -> Self {
        let folder = at.join("server");
        let mut command = Command::new(python());
        command.arg(root().join("crates/wandb-rs/tests/loopback_server.py")).arg(&folder).arg(mode);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, folder, url: format!("http://127.0.0.1:{}", port.trim()) }
    }

    fn run(&self, id: &str) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.folder.join(format!("{id}.json"))).ok()?).ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The environment of a user whose W&B server is at `url`.
fn as_user(command: &mut Command, at: &Path, url: &str) {
    let bin = python().parent().unwrap().display().to_string();
    let own = Path::new(env!("CARGO_BIN_EXE_train")).parent().unwrap().display().to_string();
    command.env("PATH", format!("{bin}:{own}:/usr/bin:/bin")).env("HOME", at);
    command.env("WANDB_BASE_URL", url).env("WANDB_API_KEY", KEY).env("WANDB_ERROR_REPORTING", "false");
    command.env("WANDB_ENTITY", "me");
}

fn tracked(at: &Path, url: &str, values: &[&str]) -> Command {
    let mut command = train(at, &[&["wandb=true"], values].concat());
    as_user(&mut command, at, url);
    command
}

/// The only log of a run.
fn log(run: &Path) -> PathBuf {
    let mut folders = fs::read_dir(run.join("wandb")).unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.find(|path| path.display().to_string().contains("offline-run-")).unwrap();
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "wandb")).unwrap()
}

fn warnings(output: &Output) -> usize {
    text(&output.stderr).lines().filter(|line| line.starts_with("warning: ")).count()
}

#[test]
fn tensorboard_reads_the_metrics_figures_and_scores_of_a_run() {
    let at = tempfile::tempdir().unwrap();
    succeeds(train(at.path(), &["output_path=run", "tensorboard=true"]));
    let script = r#"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
tags = events.Tags()
print(json.dumps({"loss": [[e.step, e.value] for e in events.Scalars("training/loss")],
                  "score": events.Scalars("evaluation/prediction.rmse_px")[-1].value,
                  "images": sorted(tags["images"]), "text": tags["tensors"]}))
"#;
    let read = &lines(script, &[&at.path().join("run/tensorboard")])[0];
    let metrics = fs::read_to_string(at.path().join("run/metrics.jsonl")).unwrap();
    let records: Vec<Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let losses = records.iter().filter(|record| record["loss"].is_number());
    let losses: Vec<Value> =
        losses.map(|r| json!([r["step"], f64::from(r["loss"].as_f64().unwrap() as f32)])).collect();
    assert_eq!(read["loss"], Value::Array(losses));
    let score = records.last().unwrap()["prediction.rmse_px"].as_f64().unwrap();
    assert_eq!(read["score"], f64::from(score as f32));
    assert_eq!(read["images"], json!(["diagnostics", "frames", "loss_terms", "rmse_per_step"]));
    assert_eq!(read["text"], json!(["scores"]));
}

#[test]
fn a_live_run_shows_at_the_server_while_it_trains() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let values = ["output_path=run", "vicreg.epochs=200", "safe_every_n_epochs=200", "run_group=tried"];
    let mut command = tracked(at.path(), &server.url, &values);
    command.env("WANDB_RUN_ID", "live1").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let rows = || server.run("live1").map_or(0, |run| run["history"].as_array().unwrap().len());
    let started = Instant::now();
    let metrics = || fs::read_to_string(at.path().join("run/metrics.jsonl")).unwrap_or_default();
    while metrics().lines().count() < 20 {
        assert!(started.elapsed() < Duration::from_secs(180), "{}", metrics());
        std::thread::sleep(Duration::from_millis(5));
    }
    // The uploader is a process of its own: it continues while the run is paused.
    assert!(hold(child.id()));
    while rows() == 0 {
        assert!(started.elapsed() < Duration::from_secs(180), "nothing has arrived");
        std::thread::sleep(Duration::from_millis(50));
    }
    let status = fs::read_to_string(at.path().join("run/status.json")).unwrap();
    assert!(status.contains(r#""state": "running""#), "{status}");
    assert!(signal(child.id(), "-CONT"));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && warnings(&output) == 0, "{}", text(&output.stderr));
    let run = server.run("live1").unwrap();
    let metrics = fs::read_to_string(at.path().join("run/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    assert_eq!(run["history"].as_array().unwrap().len() + 1, metrics.lines().count(), "one row a step");
    assert_eq!(run["summary"]["prediction.rmse_px"], last["prediction.rmse_px"]);
    assert_eq!((&run["complete"], &run["exitcode"]), (&json!(true), &json!(0)));
    assert_eq!((&run["asked"]["project"], &run["asked"]["groupName"]), (&json!("umwelt"), &json!("tried")));
    let config = run["asked"]["config"].as_str().unwrap();
    assert!(config.contains("\"vicreg\"") && config.contains("\"embedding_size\":16"), "{config}");
    let files = run["files"].to_string();
    assert!(
        files.contains("media/images/figures/frames_") && files.contains("media/table/scores_"),
        "{files}"
    );
}

#[test]
fn an_evaluation_is_a_run_of_its_own_at_the_server() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    succeeds(train(at.path(), &["output_path=runs/first"]));
    let mut command = umwelt(at.path(), &["evaluate", "first", "--values", "wandb=true"]);
    as_user(&mut command, at.path(), &server.url);
    command.env("WANDB_RUN_ID", "again1");
    let printed = output(command);
    assert!(printed.status.success() && warnings(&printed) == 0, "{}", text(&printed.stderr));
    let run = server.run("again1").unwrap();
    let scores = json(&at.path().join("runs/first/evaluation.json"))["scores"].clone();
    assert_eq!(run["summary"]["prediction.rmse_px"], scores[0]["value"]);
    assert_eq!(run["asked"]["displayName"], "first-evaluation");
}

#[test]
fn offline_the_stock_tools_read_and_upload_the_log() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let mut command = tracked(at.path(), &server.url, &["output_path=run"]);
    command.env("WANDB_MODE", "offline");
    let printed = output(command);
    assert!(printed.status.success() && warnings(&printed) == 0, "{}", text(&printed.stderr));
    assert!(text(&printed.stderr).contains("wandb sync "), "{}", text(&printed.stderr));
    let log = log(&at.path().join("run"));
    let script = fs::read_to_string(root().join("crates/wandb-rs/tests/read_log.py")).unwrap();
    let records = lines(&script, &[&log]);
    let kinds: Vec<String> =
        records.iter().map(|record| record["kind"].as_str().unwrap().to_owned()).collect();
    for kind in ["run", "history", "summary", "files", "environment", "exit"] {
        assert!(kinds.iter().any(|known| known == kind), "no {kind} in {kinds:?}");
    }
    let score = |record: &&Value| record["content"]["name"] == "prediction.rmse_px";
    let metric = records.iter().filter(|record| record["kind"] == "metric").find(score);
    assert_eq!(metric.expect("the score is defined")["content"]["goal"], "GOAL_MINIMIZE", "{metric:?}");
    let mut sync = Command::new(python());
    sync.args(["-m", "wandb", "sync"]).arg(log.parent().unwrap()).current_dir(at.path());
    as_user(&mut sync, at.path(), &server.url);
    succeeds(sync);
    let id = log.file_stem().unwrap().to_string_lossy().trim_start_matches("run-").to_owned();
    assert_eq!(server.run(&id).unwrap()["history"].as_array().unwrap().len(), 4);
}

#[test]
fn no_server_costs_one_warning_and_no_run() {
    let at = tempfile::tempdir().unwrap();
    let refusing = Server::start(at.path(), "refuse");
    for (name, url) in [("nobody", "http://127.0.0.1:9"), ("refused", refusing.url.as_str())] {
        let printed = output(tracked(at.path(), url, &[&format!("output_path={name}")]));
        assert!(printed.status.success(), "{}", text(&printed.stderr));
        assert_eq!(warnings(&printed), 1, "{}", text(&printed.stderr));
        assert!(text(&printed.stderr).contains("wandb sync "), "{}", text(&printed.stderr));
        assert!(text(&printed.stdout).contains("prediction (5 frames)"));
    }
}

#[test]
fn a_resumed_run_goes_on_under_its_id() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let values = ["output_path=run", "vicreg.epochs=300", "safe_every_n_epochs=300"];
    let start = || {
        let mut command = tracked(at.path(), &server.url, &values);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let first = start().spawn().unwrap();
    let metrics = || fs::read_to_string(at.path().join("run/metrics.jsonl")).unwrap_or_default();
    let started = Instant::now();
    while metrics().lines().count() < 20 {
        assert!(started.elapsed() < Duration::from_secs(180), "{}", metrics());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(signal(first.id(), "-TERM"));
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(130));
    succeeds(start());
    let known = fs::read_dir(at.path().join("server")).unwrap().map(|entry| entry.unwrap().path());
    let runs: Vec<PathBuf> = known.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    assert_eq!(runs.len(), 1, "one run, not two: {runs:?}");
    let run: Value = serde_json::from_slice(&fs::read(&runs[0]).unwrap()).unwrap();
    let steps: Vec<u64> =
        run["history"].as_array().unwrap().iter().map(|row| row["_step"].as_u64().unwrap()).collect();
    assert!(steps.is_sorted() && steps.last() == Some(&1200), "{steps:?}");
    assert_eq!((&run["resumed"], &run["exitcode"]), (&json!(true), &json!(0)));
}

#[test]
fn tensorboard_shows_each_step_of_a_killed_run_once() {
    let at = tempfile::tempdir().unwrap();
    let values =
        ["output_path=run", "tensorboard=true", "vicreg.epochs=40", "log_every=1", "safe_every_n_epochs=4"];
    let metrics = || fs::read_to_string(at.path().join("run/metrics.jsonl")).unwrap_or_default();
    let mut first = train(at.path(), &values).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while metrics().lines().count() < 25 {
        assert!(started.elapsed() < Duration::from_secs(180), "{}", metrics());
        std::thread::sleep(Duration::from_millis(2));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let before = metrics().lines().count();
    succeeds(train(at.path(), &values));
    let script = "import json, sys\n\
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n\
        events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})\n\
        events.Reload()\n\
        print(json.dumps([e.step for e in events.Scalars('training/loss')]))";
    let steps = &lines(script, &[&at.path().join("run/tensorboard")])[0];
    assert_eq!(*steps, json!((1..=160).collect::<Vec<u64>>()), "killed after {before} lines");
}

#[test]
fn a_stock_wandb_agent_drives_train() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let settings: String = SMALL.iter().map(|value| value.replacen('=', ": ", 1) + "\n").collect();
    let (nested, flat): (Vec<&str>, Vec<&str>) = settings.lines().partition(|line| line.contains('.'));
    fs::write(at.path().join("small.yaml"), flat.join("\n")).unwrap();
    let nested: Vec<String> = nested.iter().map(|line| line.replacen(": ", "=", 1)).collect();
    let command = [
        &["${env}", "train", "--configs", "small.yaml", "--values", "wandb=true"][..],
        &nested.iter().map(String::as_str).collect::<Vec<_>>(),
        &["${args_no_hyphens}"],
    ];
    let parameters =
        json!({"vicreg.base_lr": {"values": [0.1, 0.2]}, "dataset_normalize": {"values": [true]}});
    let sweep = json!({"method": "grid", "parameters": parameters, "command": command.concat()});
    fs::write(at.path().join("sweep.yaml"), sweep.to_string()).unwrap();
    let wandb = |arguments: &[&str]| {
        let mut command = Command::new(python());
        command.args(["-m", "wandb"]).args(arguments).current_dir(at.path());
        as_user(&mut command, at.path(), &server.url);
        succeeds(command)
    };
    wandb(&["sweep", "--project", "dots", "--entity", "me", "sweep.yaml"]);
    wandb(&["agent", "me/dots/sweep1"]);
    for (trial, rate) in [("trial1", 0.1), ("trial2", 0.2)] {
        let run = server.run(trial).unwrap_or_else(|| panic!("the server does not know {trial}"));
        assert_eq!((&run["asked"]["sweep"], &run["exitcode"]), (&json!("sweep1"), &json!(0)));
        let config = run["asked"]["config"].as_str().unwrap();
        assert!(config.contains(&format!("\"base_lr\":{rate}")), "{config}");
        assert!(run["summary"]["prediction.rmse_px"].is_number());
    }
}
