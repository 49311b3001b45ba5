//! Programs that fetch and unpack files.

use std::io::ErrorKind;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A program with arguments that hold no spaces.
pub fn command(program: &str, arguments: &str) -> Command {
    let mut command = Command::new(program);
    command.args(arguments.split(' '));
    command
}

/// Runs a program to its end and discards its output.
///
/// # Errors
/// The program is not installed or fails; the line of its output that says why.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{program} is not installed"),
        output => output.with_context(|| format!("{program} cannot be started"))?,
    };
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    // npm and pip print warnings before the error and advice after it.
    let is_error =
        |line: &&str| ["error", "ERROR"].iter().any(|word| line.contains(word)) || line.starts_with("curl:");
    match stderr.lines().find(is_error) {
        Some(line) => bail!("{}", line.trim()),
        None => bail!("{program} failed: {}", output.status),
    }
}
