//! `environment.json`: the versions, command and machine of a run.

use std::process::Command;

use serde::Serialize;

use crate::Inputs;

/// Versions, command and machine.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    pub umwelt: &'static str,
    pub libtorch: String,
    pub git_commit: Option<String>,
    /// The words of the command. Bytes that are not UTF-8 become a replacement character.
    pub command: Vec<String>,
    pub host: Option<String>,
    pub operating_system: String,
    pub processor: Option<String>,
    pub device: String,
    pub threads: usize,
    pub started_at: f64,
    /// The checkpoints of other runs that the run uses.
    #[serde(skip_serializing_if = "Inputs::is_empty")]
    pub inputs: Inputs,
}

impl Environment {
    /// The environment of this process, which computes on `device` with `threads` threads and uses
    /// `inputs`.
    pub fn of_this_process(libtorch: String, device: String, threads: usize, inputs: Inputs) -> Self {
        Self {
            umwelt: env!("CARGO_PKG_VERSION"),
            libtorch,
            git_commit: output("git", &["describe", "--always", "--dirty", "--abbrev=40"]),
            command: std::env::args_os().map(|word| word.display().to_string()).collect(),
            host: host(),
            operating_system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor(),
            device,
            threads,
            started_at: super::status::unix_seconds(),
            inputs,
        }
    }
}

/// The name of this machine.
pub fn host() -> Option<String> {
    output("hostname", &[])
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let answer =
        Command::new(program).args(arguments).output().ok().filter(|answer| answer.status.success())?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The name of the processor, from Linux's `/proc/cpuinfo`.
pub fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split(':').nth(1)?.trim().to_owned())
}
