//! The loopback server and its data.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use wandb_rs::Settings;

use crate::wheel;

/// An API key: any 40 characters are valid.
pub const KEY: &str = "0123456789012345678901234567890123456789";

pub struct Server {
    child: Child,
    folder: PathBuf,
    pub url: String,
}

impl Server {
    /// Starts a server that keeps its files under `at`. `mode` is an argument of
    /// loopback_server.py.
    pub fn start(at: &Path, mode: &str) -> Self {
        let folder = at.join("server");
        let mut command = Command::new(wheel::python());
        command.arg(wheel::script("loopback_server.py")).arg(&folder).arg(mode);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, folder, url: format!("http://127.0.0.1:{}", port.trim()) }
    }

    /// Makes a silent server answer again.
    pub fn revive(&mut self) {
        writeln!(self.child.stdin.as_ref().unwrap(), "live").unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }

    /// The server's data of a run.
    pub fn run(&self, id: &str) -> Option<Value> {
        let text = std::fs::read(self.folder.join(format!("{id}.json"))).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// Waits until the server has `enough` data of a run.
    pub fn wait(&self, id: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let run = self.run(id);
            match &run {
                Some(known) if enough(known) => return known.clone(),
                _ if Instant::now() > deadline => panic!("not enough after 30 seconds: {run:?}"),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    pub fn uploaded(&self, id: &str, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.join("files").join(id).join(name)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Settings of a user whose home and working folder are `at`.
pub fn settings(at: &Path, url: &str) -> Settings {
    let text = |value: &Path| value.to_str().unwrap().to_owned();
    let vars = [("HOME", text(at)), ("WANDB_BASE_URL", url.into()), ("WANDB_API_KEY", KEY.into())];
    let settings = Settings::from_vars(vars.map(|(name, value)| (name.to_owned(), value)));
    settings.dir(at).core(wheel::core()).project("dots").finish_timeout(Duration::from_secs(20))
}

/// The steps in a server's data, after a check that each has the value of [`loss`].
pub fn steps(run: &Value) -> Vec<u64> {
    let step = |row: &Value| {
        let step = row["_step"].as_u64().unwrap_or_else(|| panic!("a gap among the rows: {run}"));
        assert_eq!(row["loss"].as_f64().unwrap(), loss(step), "{row}");
        step
    };
    run["history"].as_array().unwrap().iter().map(step).collect()
}

pub fn loss(step: u64) -> f64 {
    1.0 / (step + 1) as f64
}
