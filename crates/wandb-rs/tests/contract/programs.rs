use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::server::{KEY, Server};
use crate::wheel::{core, example, read_log, success};

fn program(at: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(example());
    command.args(arguments).current_dir(at).env_clear().env("HOME", at).env("WANDB_RUN_ID", "one");
    command.env("WANDB_BASE_URL", url).env("WANDB_API_KEY", KEY).env("WANDB_CORE", core());
    command
}

fn rows(log: &Path) -> usize {
    read_log(log).iter().filter(|record| record["kind"] == "history").count()
}

#[test]
fn a_killed_program_leaves_whole_rows_and_no_process_and_goes_on_later() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let arguments = ["steps=100000", "pause_ms=5"];
    let mut child = program(at.path(), &server.url, &arguments).stdout(Stdio::null()).spawn().unwrap();
    server.wait("one", |run| !run["history"].as_array().unwrap().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let mut folders = std::fs::read_dir(at.path().join("wandb")).unwrap().flatten();
    let folder = folders.find(|folder| folder.path().join("run-one.wandb").is_file()).unwrap().path();
    let before = rows(&folder.join("run-one.wandb"));
    assert!(before > 10, "{before} rows");
    gone(&folder);

    let steps = format!("steps={}", before + 20);
    let told = success(&program(at.path(), &server.url, &[&steps]).output().unwrap());
    assert_eq!(told, format!("W&B: {}/me/sweeps/runs/one\n", server.url));
    let known = server.run("one").unwrap();
    let numbers: Vec<_> =
        known["history"].as_array().unwrap().iter().map(|row| row["_step"].clone()).collect();
    assert_eq!(numbers, (0..before + 20).map(|step| json!(step)).collect::<Vec<_>>());
    assert_eq!((&known["complete"], &known["exitcode"]), (&json!(true), &json!(0)));
}

/// Waits until no uploader works on the folder.
fn gone(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(15);
    let pattern = format!("wandb-core .*{}", folder.display());
    while !Command::new("pgrep").args(["-f", &pattern]).output().unwrap().stdout.is_empty() {
        assert!(Instant::now() < deadline, "the uploader outlived the program");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn without_an_uploader_one_line_tells_what_to_do() {
    let at = tempfile::tempdir().unwrap();
    let mut command = program(at.path(), "http://127.0.0.1:9", &[]);
    let output = command.env_remove("WANDB_CORE").env("PATH", "/nowhere").output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "warning: W&B runs offline: its uploader was not found; `pip install wandb` brings it, \
         WANDB_MODE=offline silences this\n"
    );
    assert!(
        String::from_utf8_lossy(&output.stdout).starts_with("W&B: kept on disk; to upload it: wandb sync /")
    );
}

#[test]
fn without_an_address_the_wheels_own_server_is_meant() {
    let at = tempfile::tempdir().unwrap();
    let mut command = program(at.path(), "", &[]);
    let output = command.env_remove("WANDB_API_KEY").env("HOME", at.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.starts_with("warning: W&B runs offline: there is no API key for https://api."), "{told}");
    assert_eq!(told.lines().count(), 1);
}

#[test]
fn offline_says_nothing_but_where_the_run_is() {
    let at = tempfile::tempdir().unwrap();
    let output = program(at.path(), "", &[]).env("WANDB_MODE", "offline").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
