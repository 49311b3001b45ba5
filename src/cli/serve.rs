//! `umwelt serve`: the dashboard over run folders, in a browser.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::runs::Inputs;
use crate::schema::RunSettings;
use crate::settings;
use crate::training::{RunKeys, inputs};
use crate::worlds::{self, WorldSettings};
use umwelt_base::terminal;
use umwelt_serve::{DashboardOptions, ServeOptions, TokenChoice};

/// Serves a dashboard of the runs, to be opened in a browser
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt serve                                   http://127.0.0.1:7373
  umwelt serve --open --allow-actions            stop, resume, remove and note runs from the page
  umwelt serve --agents agent.safetensors        goes on with an agent at /digits
  umwelt serve --socket ~/umwelt.sock            for ssh -L 7373:umwelt.sock
  umwelt serve --host 0.0.0.0 --allow-host node7 for other machines, with a token in the link")]
pub struct ServeArguments {
    /// The folder of the runs, at any depth
    #[arg(default_value = "runs")]
    root: PathBuf,

    /// The port; a taken one is followed by the next free one, and 0 is any
    #[arg(long, default_value_t = 7373)]
    port: u16,

    /// The address to listen at; others than loopback need the token of the printed link
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,

    /// Listen at this socket file instead, which only you can open
    #[arg(long, value_name = "PATH", conflicts_with_all = ["port", "host"])]
    socket: Option<PathBuf>,

    /// Open the page in a browser
    #[arg(long)]
    open: bool,

    /// Ask for a token, a random one or this one [default: only where other people could reach it]
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "")]
    token: Option<String>,

    /// Another name by which browsers may call the server
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// The path below which a proxy passes the pages on, such as /umwelt
    #[arg(long, value_name = "PATH", default_value = "")]
    base_path: String,

    /// Open this file of a weightless agent on the page /digits
    #[arg(long, value_name = "FILE")]
    agents: Vec<PathBuf>,

    /// Let pages stop, resume, remove and note runs
    #[arg(long)]
    allow_actions: bool,

    /// The runs that may be resumed from pages at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    max_started: usize,

    /// The time between two looks at files that may change
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    poll: Duration,

    /// The memory for logged numbers
    #[arg(long, value_name = "BYTES", default_value = "512M", value_parser = bytes)]
    memory: usize,
}

/// Serves until Ctrl-C.
///
/// # Errors
/// An address that cannot be bound.
pub fn serve(arguments: &ServeArguments) -> Result<()> {
    let open = arguments.open && arguments.socket.is_none();
    let announce = |address: &str| {
        terminal::note(format!("serving {} at {address}", arguments.root.display()));
        if open {
            open_in_browser(address);
        }
    };
    let rooms = |dashboard: &_| worlds::rooms(&arguments.agents, load, dashboard);
    umwelt_serve::serve::<RunSettings>(&arguments.root, arguments.options(), rooms, announce)
}

/// The settings of the run in a folder, and the results of the runs that it builds on. The
/// checkpoint that its training started from is not needed.
fn load(run: &Path) -> Result<(WorldSettings, RunKeys, Inputs)> {
    let settings = settings::load::<RunSettings>(&[run.join("settings.yaml")], &[])?.settings;
    let run = RunKeys { load_checkpoint_path: None, ..settings.run };
    let settings = RunSettings { run, ..settings };
    let inputs = inputs(&settings)?;
    Ok((settings.world, settings.run, inputs))
}

impl ServeArguments {
    fn options(&self) -> ServeOptions {
        let token = match self.token.as_deref() {
            None => TokenChoice::WhereNeeded,
            Some("") => TokenChoice::Random,
            Some(text) => TokenChoice::Text(text.to_owned()),
        };
        let (path, content_type) = umwelt_digits::UPLOAD;
        let (actions, poll, memory) = (self.allow_actions, self.poll, self.memory);
        ServeOptions {
            host: self.host.clone(),
            port: self.port,
            socket: self.socket.clone(),
            token,
            allow_hosts: self.allow_host.clone(),
            base_path: self.base_path.clone(),
            dashboard: DashboardOptions { actions, poll, memory, max_started: self.max_started },
            bodies: vec![(path.into(), content_type.into())],
        }
    }
}

/// Asks the desktop to open `address`. Without a desktop the printed address remains.
fn open_in_browser(address: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let _ = Command::new(program).arg(address).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

/// A time such as `2s` or `500ms`.
fn duration(typed: &str) -> Result<Duration, String> {
    let units = [("ms", 1e-3), ("s", 1.0), ("min", 60.0)];
    let seconds = units.iter().find_map(|(unit, length)| Some(length * number(typed, unit)?));
    let seconds = seconds.filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "write a time from 100ms to 60min, such as 2s".into())
}

/// A number of bytes such as `512M` or `2G`.
fn bytes(typed: &str) -> Result<usize, String> {
    let units = [("K", 1 << 10), ("M", 1 << 20), ("G", 1_usize << 30)];
    let bytes = units.iter().find_map(|(unit, length)| Some(*length as f64 * number(typed, unit)?));
    bytes.map(|bytes| bytes as usize).ok_or_else(|| "write a number of bytes such as 512M or 2G".into())
}

/// The number before a unit.
fn number(typed: &str, unit: &str) -> Option<f64> {
    typed.strip_suffix(unit)?.parse().ok().filter(|number: &f64| *number >= 0.0 && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_bytes_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2min"), Ok(Duration::from_secs(120)));
        assert_eq!((bytes("1.5M"), bytes("2G")), (Ok(3 << 19), Ok(2 << 30)));
        assert!(["2", "-1s", "10ms", "NaNs", ""].iter().all(|wrong| duration(wrong).is_err()));
        assert!(["512", "-1M", "infM"].iter().all(|wrong| bytes(wrong).is_err()));
    }
}
