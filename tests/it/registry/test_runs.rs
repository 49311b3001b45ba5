//! Run folders like those that runs leave.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use umwelt::runs::unix_seconds;
use umwelt::schema::RunSettings;
use umwelt::settings;

/// A folder that contains a folder `runs`.
pub struct TestRuns {
    folder: tempfile::TempDir,
}

impl TestRuns {
    pub fn nothing() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Four runs, the newest first: `noise/b` (failed), `noise/a`, `still`, `rssm`.
    pub fn four() -> Self {
        let made = Self::nothing();
        let group = "run_group=noise";
        made.run("noise/a", "finished", 2, json!({"score": 1.5, "prediction.rmse_px": 1.5}), &[group]);
        made.run("noise/b", "failed", 1, json!({}), &[group, "vicreg.base_lr=1e-3", "dataset_noise=1"]);
        made.run("still", "finished", 3, json!({"score": 0.75, "prediction.rmse_px": 0.75}), &["seed=7"]);
        made.run(
            "rssm",
            "finished",
            25,
            json!({"score": 10.25, "prediction.rmse_px": 10.25}),
            &["model_type=RSSM"],
        );
        made
    }

    /// Writes a run whose last status is `hours` hours old.
    pub fn run(&self, name: &str, state: &str, hours: u32, scores: Value, values: &[&str]) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(folder.join("checkpoints")).unwrap();
        let values: Vec<String> =
            ["model_type=VICReg"].iter().chain(values).map(ToString::to_string).collect();
        let loaded = settings::load::<RunSettings>(&[], &values).unwrap().settings;
        fs::write(folder.join("settings.yaml"), settings::to_yaml(&loaded)).unwrap();
        let heartbeat = unix_seconds() - f64::from(hours) * 3600.0 - 60.0;
        let environment = json!({
            "umwelt": "0.1.0", "libtorch": "2.13.0", "git_commit": null,
            "command": ["train", "--configs", "a b.yaml", "--values", format!("output_path=runs/{name}")],
            "host": "vm", "operating_system": "linux x86_64", "processor": null, "device": "Cpu", "threads": 2,
            "started_at": heartbeat - 115.0,
        });
        fs::write(folder.join("environment.json"), environment.to_string()).unwrap();
        fs::write(folder.join("run.lock"), "").unwrap();
        let step = if state == "finished" { 468 } else { 174 };
        write_status(
            &folder,
            &json!({
                "state": state, "step": step, "steps": 468, "phase": "training", "training_seconds": 115.0,
                "evaluating_seconds": 6.1, "sequences_per_second": 521.0, "message": null, "pid": 1,
                "heartbeat": heartbeat, "scores": &scores,
            }),
        );
        write_card(&folder, &scores);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("runs").join(name)
    }

    /// The output of `umwelt runs ...` in this folder.
    pub fn umwelt(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_umwelt"));
        command.current_dir(self.folder.path()).arg("runs").args(arguments).output().unwrap()
    }

    /// The output of a command that succeeds, warnings included.
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.umwelt(arguments);
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {printed}");
        printed
    }

    /// The error of a command that ends with code 2, for mistakes of the user.
    pub fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.umwelt(arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{arguments:?}");
        text(&output.stderr).trim_end().strip_prefix("error: ").unwrap().to_owned()
    }

    /// The names that `umwelt runs ls ...` lists, in its order.
    pub fn names(&self, arguments: &[&str]) -> Vec<String> {
        let csv = [&["ls", "--format", "csv", "--columns", "name"], arguments].concat();
        self.says(&csv).lines().skip(1).map(ToOwned::to_owned).collect()
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes the score card of a world model that has these scores.
fn write_card(folder: &Path, scores: &Value) {
    let value = &scores["prediction.rmse_px"];
    if value.is_number() {
        let score = json!({"name": "prediction.rmse_px", "value": value, "unit": "px", "goal": "minimize",
                           "title": "prediction RMSE"});
        let card = json!({"scores": [score], "baselines": [], "headline": ["prediction.rmse_px"]});
        fs::write(folder.join("evaluation.json"), card.to_string()).unwrap();
    }
}

/// Replaces the status as a run does.
pub fn write_status(folder: &Path, status: &Value) {
    let new = folder.join(".writing-status");
    fs::write(&new, status.to_string()).unwrap();
    fs::rename(new, folder.join("status.json")).unwrap();
}

/// Holds the lock of a run as its process does.
pub fn hold(folder: &Path) -> File {
    let lock = File::create(folder.join("run.lock")).unwrap();
    lock.try_lock().unwrap();
    lock
}
