//! The single child process of an upload. The thread that finishes the run can end it at any time.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::warnings::lock;

#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    child: Option<Child>,
    /// Set once no more children may start.
    closed: bool,
}

impl Slot {
    /// Starts a child in a process group of its own, so that Ctrl-C in a terminal does not reach
    /// it.
    pub fn start(&self, command: &mut Command) -> io::Result<()> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(io::Error::other("the run is over"));
        }
        state.child = Some(command.stdin(Stdio::null()).process_group(0).spawn()?);
        Ok(())
    }

    /// Runs a child to its end and returns its standard output.
    pub fn output(&self, command: &mut Command) -> io::Result<String> {
        self.start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let printed = lock(&self.state).child.as_mut().and_then(|child| child.stdout.take());
        let mut text = String::new();
        printed.map(|mut printed| printed.read_to_string(&mut text)).transpose()?;
        self.end(Duration::from_secs(1));
        Ok(text)
    }

    /// The exit status of the child, once it has ended.
    pub fn ended(&self) -> Option<ExitStatus> {
        lock(&self.state).child.as_mut()?.try_wait().ok()?
    }

    /// Waits for the child to end by itself, then kills it.
    pub fn end(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.runs() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        if let Some(mut child) = lock(&self.state).child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Kills the child and prevents any other from starting.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.end(Duration::ZERO);
    }

    /// True once the slot is closed. The end of a child is then expected.
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    fn runs(&self) -> bool {
        lock(&self.state).child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_what_a_child_prints() {
        let slot = Slot::default();
        assert_eq!(slot.output(Command::new("echo").arg("here")).unwrap(), "here\n");
        assert!(slot.output(&mut Command::new("/no/such/program")).is_err());
    }

    #[test]
    fn closing_ends_a_child_at_once_and_lets_no_other_start() {
        let slot = Slot::default();
        slot.start(Command::new("sleep").arg("30")).unwrap();
        let begun = Instant::now();
        slot.close();
        assert!(begun.elapsed() < Duration::from_secs(20) && !slot.runs());
        assert!(slot.start(&mut Command::new("true")).is_err());
    }
}
