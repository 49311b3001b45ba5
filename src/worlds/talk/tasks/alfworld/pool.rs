//! Bridges that wait for their next game.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};

use super::bridge::Bridge;
use super::settings::AlfWorldSettings;

/// Bridges that are started when they are needed, and used again.
#[derive(Debug)]
pub struct Pool {
    command: Option<String>,
    timeout: Duration,
    idle: Mutex<Vec<Bridge>>,
}

impl Pool {
    pub fn new(settings: &AlfWorldSettings) -> Self {
        let timeout = Duration::from_secs_f64(settings.timeout);
        Self { command: settings.bridge.clone(), timeout, idle: Mutex::default() }
    }

    /// A bridge that waits, or a new one.
    ///
    /// # Errors
    /// When no command is known, or it cannot be started.
    pub fn take(&self) -> Result<Bridge> {
        let waiting = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        if let Some(bridge) = waiting {
            return Ok(bridge);
        }
        let command = self.command.as_deref();
        let command = command.context(
            "talk.alfworld.bridge is not set; games are played by a program such as \
             `python3 scripts/alfworld_bridge.py DATA`",
        )?;
        Bridge::start(command, self.timeout)
    }

    /// Takes back a bridge that works.
    pub fn give(&self, bridge: Bridge) {
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(bridge);
        }
    }
}
