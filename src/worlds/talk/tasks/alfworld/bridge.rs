//! A child process that plays a game, asked by JSON lines.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};

/// Lines of a child's error output that an error quotes.
const LAST_LINES: usize = 8;
/// The time in which a child that ended its output should end.
const ENDING: Duration = Duration::from_secs(2);

/// An answer of a bridge.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Observation {
    pub obs: String,
    #[serde(default)]
    pub won: bool,
    #[serde(default)]
    pub done: bool,
    /// The kind of the game, for reports.
    #[serde(default, rename = "type")]
    pub group: Option<String>,
}

/// A running bridge.
#[derive(Debug)]
pub struct Bridge {
    command: String,
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
    errors: Arc<Mutex<VecDeque<String>>>,
    /// Reads the error output into `errors`, to its end.
    reader: JoinHandle<()>,
    timeout: Duration,
}

impl Bridge {
    /// Starts a bridge by its command line.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(command: &str, timeout: Duration) -> Result<Self> {
        let words = shlex::split(command).context("talk.alfworld.bridge has a quote that is not closed")?;
        let (program, arguments) = words.split_first().context("talk.alfworld.bridge names no program")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("talk.alfworld.bridge: could not start `{command}`"))?;
        let (sender, answers) = channel();
        let output = child.stdout.take().expect("it is piped");
        thread::spawn(move || lines(output, |line| sender.send(line).is_ok()));
        let errors = Arc::new(Mutex::new(VecDeque::new()));
        let (kept, output) = (errors.clone(), child.stderr.take().expect("it is piped"));
        let reader = thread::spawn(move || lines(output, |line| keep(&kept, line)));
        let input = child.stdin.take().expect("it is piped");
        Ok(Self { command: command.to_owned(), child, input, answers, errors, reader, timeout })
    }

    /// Begins a game.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn reset(&mut self, split: &str, game: u64) -> Result<Observation> {
        self.ask(&json!({ "cmd": "reset", "split": split, "game": game }))
    }

    /// Acts in the game.
    ///
    /// # Errors
    /// When the bridge ends, does not answer in time, or answers something else; the error has its
    /// command, the request and the last lines of its error output.
    pub fn step(&mut self, action: &str) -> Result<Observation> {
        self.ask(&json!({ "cmd": "step", "action": action }))
    }

    fn ask(&mut self, request: &Value) -> Result<Observation> {
        let written = writeln!(self.input, "{request}").and_then(|()| self.input.flush());
        let answer = match written {
            Ok(()) => self.answers.recv_timeout(self.timeout),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        };
        match answer {
            Ok(answer) => observation(&answer).map_err(|reason| {
                self.failure(&format!("answered `{}` to {request}: {reason}", shortened(&answer)))
            }),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = self.timeout.as_secs_f64();
                Err(self.failure(&format!("did not answer {request} within {seconds} s")))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let ended = self.ended();
                Err(self.failure(&format!("{ended} before it answered {request}")))
            }
        }
    }

    /// The way in which a child without output ended, once all of its errors are read.
    fn ended(&mut self) -> String {
        let (step, mut status) = (Duration::from_millis(20), None);
        for _ in 0..ENDING.as_millis() / step.as_millis() {
            status = status.or_else(|| self.child.try_wait().ok().flatten());
            if status.is_some() && self.reader.is_finished() {
                break;
            }
            thread::sleep(step);
        }
        status.map_or("closed its output".to_owned(), |status| format!("ended ({status})"))
    }

    fn failure(&self, what: &str) -> anyhow::Error {
        let lines = self.errors.lock().map(|lines| lines.iter().cloned().collect::<Vec<_>>());
        let last = match lines.unwrap_or_default().as_slice() {
            [] => "it wrote no error".to_owned(),
            lines => format!("its last lines:\n  {}", lines.join("\n  ")),
        };
        anyhow!("the bridge `{}` {what}; {last}", self.command)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = writeln!(self.input, "{}", json!({ "cmd": "close" }));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn observation(answer: &str) -> Result<Observation> {
    let value: Value = serde_json::from_str(answer).map_err(|_| anyhow!("that is no JSON"))?;
    if let Some(error) = value.get("error").and_then(Value::as_str) {
        bail!("{error}");
    }
    serde_json::from_value(value).map_err(|error| anyhow!("{error}"))
}

/// Gives each line of an output to `take`, until it returns false.
fn lines(output: impl Read, mut take: impl FnMut(String) -> bool) {
    let mut output = BufReader::new(output);
    let mut line = vec![];
    while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        if !take(String::from_utf8_lossy(&line).trim_end().to_owned()) {
            return;
        }
        line.clear();
    }
}

fn keep(lines: &Mutex<VecDeque<String>>, line: String) -> bool {
    let Ok(mut lines) = lines.lock() else { return false };
    if lines.len() == LAST_LINES {
        lines.pop_front();
    }
    lines.push_back(line);
    true
}

fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    let start: String = text.chars().take(MOST).collect();
    if start.len() < text.len() { start + "..." } else { start }
}
