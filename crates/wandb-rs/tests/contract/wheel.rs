//! The installed wheel: its Python, its command line and its reader.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::server::{KEY, Server};

pub fn python() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("WANDB_TEST_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| here.join("../../.venv-test/bin/python"));
    assert!(
        python.is_file(),
        "{} is not there: `make test` installs the Python packages that the tests need, or WANDB_TEST_PYTHON names \
         a Python with wandb 0.31",
        python.display()
    );
    python
}

pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

pub fn core() -> PathBuf {
    let lib = python().parent().unwrap().join("../lib");
    let mut folders = std::fs::read_dir(lib).unwrap().flatten();
    let found = folders.find_map(|folder| {
        let core = folder.path().join("site-packages/wandb/bin/wandb-core");
        core.is_file().then_some(core)
    });
    found.expect("the wheel wandb is installed: `make test` installs it")
}

/// Every record of a log, as W&B's own classes read it.
pub fn read_log(log: &Path) -> Vec<Value> {
    let output = Command::new(python()).arg(script("read_log.py")).arg(log).output().unwrap();
    let text = success(&output);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs `wandb` with these arguments, as a user with the home folder `at` and this server.
pub fn wandb(at: &Path, server: &Server, arguments: &[&str]) -> String {
    let mut command = Command::new(python());
    command.args(["-m", "wandb"]).args(arguments).current_dir(at).env_clear();
    let path = format!("{}:/usr/bin:/bin", python().parent().unwrap().display());
    command.env("PATH", path).env("HOME", at).env("WANDB_ERROR_REPORTING", "false");
    success(&command.env("WANDB_BASE_URL", &server.url).env("WANDB_API_KEY", KEY).output().unwrap())
}

/// Runs `wandb sync` on `folders`.
pub fn sync(at: &Path, server: &Server, folders: &[PathBuf]) {
    let folders = folders.iter().map(|folder| folder.to_str().unwrap());
    let told = wandb(at, server, &["sync"].into_iter().chain(folders).collect::<Vec<_>>());
    assert!(told.contains("Finished syncing"), "{told}");
}

pub fn success(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    told.into_owned()
}

/// The example `sweep`, built with the tests.
pub fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.parent().unwrap().parent().unwrap().join("examples/sweep");
    assert!(example.is_file(), "run all tests, or `cargo build --examples` first");
    example
}
