//! A running wandb-core process and the exchange of messages with it.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use prost::Message;

use super::cause::Cause;
use super::child::Slot;
use super::protocol::{
    Answer, Ask, CoreSettings, InitSync, Notice, Operation, Request, Response, Sync, Teardown,
};

/// The time limit for core's start and for answers that core can give at once.
const PATIENCE: Duration = Duration::from_secs(30);
/// The interval between requests for core's status.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// The first byte of every message, before the length.
const MAGIC: u8 = b'W';

pub(crate) struct Core<'a> {
    slot: &'a Slot,
    socket: PathBuf,
    stream: UnixStream,
    received: Vec<u8>,
    asked: u64,
}

impl<'a> Core<'a> {
    /// Starts core. Its output goes to a file in `logs`.
    pub fn start(program: &Path, logs: &Path, slot: &'a Slot) -> Result<Self, Cause> {
        let failed = |said: std::io::Error| Cause::NoStart(said.to_string());
        let port_file = logs.join("port.txt");
        let printed = fs::File::create(logs.join("wandb-core.log")).map_err(failed)?;
        let mut command = Command::new(program);
        command.args(["--no-observability", "--port-filename"]).arg(&port_file);
        command.args(["--pid", &std::process::id().to_string()]);
        slot.start(command.stdout(Stdio::null()).stderr(printed)).map_err(failed)?;
        let socket = wait_for_socket(&port_file, slot)?;
        let _ = fs::remove_file(&port_file);
        let stream = UnixStream::connect(&socket).map_err(failed)?;
        stream.set_read_timeout(Some(Duration::from_millis(200))).map_err(failed)?;
        Ok(Self { slot, socket, stream, received: vec![], asked: 0 })
    }

    /// Uploads a log, and follows it until its exit record if `live`. Passes core's messages to
    /// `told`.
    pub fn sync(
        &mut self,
        log: &Path,
        settings: CoreSettings,
        live: bool,
        mut told: impl FnMut(Notice),
    ) -> Result<(), Cause> {
        let path = vec![log.to_string_lossy().into_owned()];
        self.ask(Ask::InitSync(InitSync { path, settings: Some(settings), live }))?;
        let Answer::InitSync(operation) = self.answer()? else {
            return Err(Cause::CoreLeft("it answered something else".into()));
        };
        self.ask(Ask::Sync(Sync { id: operation.id.clone(), parallelism: 1 }))?;
        let mut asked = Instant::now();
        loop {
            match self.receive()? {
                Some(Answer::Sync(end)) => {
                    end.messages.into_iter().for_each(told);
                    return Ok(());
                }
                Some(Answer::Status(status)) => status.new_messages.into_iter().for_each(&mut told),
                Some(_) => {}
                None if asked.elapsed() >= STATUS_INTERVAL => {
                    self.ask(Ask::Status(Operation { id: operation.id.clone() }))?;
                    asked = Instant::now();
                }
                None => {}
            }
        }
    }

    fn ask(&mut self, ask: Ask) -> Result<(), Cause> {
        self.asked += 1;
        let message = Request { request_id: self.asked.to_string(), ask: Some(ask) }.encode_to_vec();
        let mut frame = vec![MAGIC];
        frame.extend((message.len() as u32).to_le_bytes());
        frame.extend(message);
        self.stream.write_all(&frame).map_err(|said| self.left(&said.to_string()))
    }

    /// The next answer. Fails if none comes within `PATIENCE`.
    fn answer(&mut self) -> Result<Answer, Cause> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(answer) = self.receive()? {
                return Ok(answer);
            }
        }
        Err(Cause::CoreLeft("it did not answer".into()))
    }

    /// The next answer, if one comes within the socket's read timeout.
    fn receive(&mut self) -> Result<Option<Answer>, Cause> {
        let mut bytes = [0; 8192];
        loop {
            if let Some(message) = whole_message(&mut self.received) {
                let response = Response::decode(&message[..]).map_err(|said| self.left(&said.to_string()))?;
                return match response.answer {
                    Some(Answer::Refused(refused)) => Err(Cause::Refused(refused.message)),
                    answer => Ok(answer),
                };
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(self.left("it closed its socket")),
                Ok(count) => self.received.extend(&bytes[..count]),
                Err(said) if matches!(said.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(said) if said.kind() == ErrorKind::Interrupted => {}
                Err(said) => return Err(self.left(&said.to_string())),
            }
        }
    }

    fn left(&self, said: &str) -> Cause {
        Cause::CoreLeft(self.slot.ended().map_or(said.to_owned(), |status| status.to_string()))
    }
}

impl Drop for Core<'_> {
    fn drop(&mut self) {
        if self.ask(Ask::Teardown(Teardown {})).is_ok() {
            self.slot.end(Duration::from_secs(2));
        }
        self.slot.end(Duration::ZERO);
        // Core removes its socket itself unless it was killed.
        let _ = fs::remove_file(&self.socket);
    }
}

/// Removes and returns the first message, once it has arrived completely.
fn whole_message(received: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = received.get(1..5)?;
    let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
    if received.len() < 5 + length {
        return None;
    }
    let rest = received.split_off(5 + length);
    let message = std::mem::replace(received, rest);
    Some(message[5..].to_vec())
}

/// Core writes the port file elsewhere and renames it, so its content is complete once it exists.
fn wait_for_socket(port_file: &Path, slot: &Slot) -> Result<PathBuf, Cause> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok(text) = fs::read_to_string(port_file) {
            let socket = text.lines().find_map(|line| line.strip_prefix("unix="));
            return socket.map(PathBuf::from).ok_or(Cause::NoStart("it named no socket".into()));
        }
        if let Some(status) = slot.ended() {
            return Err(Cause::NoStart(status.to_string()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Cause::NoStart(format!("it named no socket within {} seconds", PATIENCE.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_off_once_it_is_whole() {
        let mut received = b"W\x03\0\0\0abcW\x01\0\0".to_vec();
        assert_eq!(whole_message(&mut received).unwrap(), b"abc");
        assert_eq!(whole_message(&mut received), None);
        received.extend(b"\0d");
        assert_eq!(whole_message(&mut received).unwrap(), b"d");
        assert!(received.is_empty());
    }
}
