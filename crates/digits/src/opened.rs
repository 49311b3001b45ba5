//! An open agent behind its lock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::{Value, json};
use umwelt_serve::ApiError;
use umwelt_weightless::agent::{Agent, AgentError, Taught};
use umwelt_weightless::{Digit, Samples};

use crate::files::{Lesson, OpenFiles};
use crate::jobs::{Job, TestResult};

/// An agent that is open on the page.
pub struct Opened {
    pub id: u32,
    inner: Mutex<Inner>,
    /// The requests that wait for the lock, for which a job makes room.
    waiting: AtomicUsize,
    job: Mutex<Option<Arc<Job>>>,
}

/// What the lock protects.
pub struct Inner {
    pub agent: Agent,
    files: OpenFiles,
    /// True once the agent was closed and has no files any more.
    is_closed: bool,
    /// The tests since the agent was opened, oldest first.
    pub tests: Vec<TestResult>,
}

impl Opened {
    pub fn new(agent: Agent, files: OpenFiles) -> Self {
        let id = files.id;
        let inner = Mutex::new(Inner { agent, files, is_closed: false, tests: vec![] });
        Self { id, inner, waiting: 0.into(), job: Mutex::default() }
    }

    /// The agent for a request.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        inner
    }

    /// The agent for a slice of a job, once no request waits for it.
    pub fn lock_for_job(&self) -> MutexGuard<'_, Inner> {
        while self.waiting.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_micros(200));
        }
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job that is at work.
    pub fn job(&self) -> Option<Arc<Job>> {
        self.locked_job().clone().filter(|job| !job.is_done())
    }

    /// Makes `job` the one at work.
    ///
    /// # Errors
    /// Another one is.
    pub fn begin(&self, job: Arc<Job>) -> Result<(), ApiError> {
        let mut current = self.locked_job();
        if current.as_ref().is_some_and(|job| !job.is_done()) {
            return Err(ApiError::bad("the agent is at work already", "wait for its end, or stop it"));
        }
        *current = Some(job);
        Ok(())
    }

    fn locked_job(&self) -> MutexGuard<'_, Option<Arc<Job>>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agent in the list of the page.
    pub fn described(&self) -> Value {
        let job = self.job();
        let inner = self.lock();
        let agent = &inner.agent;
        json!({
            "id": self.id,
            "name": agent.name(),
            "kind": agent.settings().kind.name(),
            "learnt": agent.learnt(),
            "taught": agent.journal().len(),
            "undos": agent.undos(),
            "finished": agent.is_finished(),
            "bytes": agent.size().learning,
            "job": job.map(|job| job.described()),
            "tests": inner.tests,
        })
    }
}

impl Inner {
    /// Learns a picture, and has it on the disk before it answers.
    ///
    /// # Errors
    /// A label that is no class, an agent that learns no more, or a disk that cannot be written.
    pub fn teach(&mut self, image: &Digit, label: u8) -> Result<(), ApiError> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let taught = Taught { image: *image, label, time };
        let lesson = Lesson::of(&taught);
        self.agent.teach(taught).map_err(refused)?;
        let written = self.files.add(&lesson);
        if written.is_err() {
            self.agent.undo().map_err(refused)?;
        }
        Ok(written?)
    }

    /// Takes back the last picture that was taught; `None` if there is none.
    ///
    /// # Errors
    /// As [`Self::teach`].
    pub fn undo(&mut self) -> Result<Option<u8>, ApiError> {
        if self.agent.journal().is_empty() {
            return Ok(None);
        }
        let undone = self.agent.undo().map_err(refused)?;
        if undone.is_some() {
            self.files.add(&Lesson::Undone)?;
        }
        Ok(undone)
    }

    /// Makes the agent one that has learnt nothing.
    ///
    /// # Errors
    /// An encoding that is fitted to pictures, or a disk that cannot be written.
    pub fn reset(&mut self) -> Result<(), ApiError> {
        let nothing = Samples::new(&[], &[]).map_err(anyhow::Error::from)?;
        let settings = self.agent.settings().clone();
        self.agent = Agent::new(self.agent.name(), settings, &nothing).map_err(refused)?;
        self.tests.clear();
        Ok(self.keep()?)
    }

    /// Writes the agent's whole state as it is now.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub fn keep(&mut self) -> Result<()> {
        if self.is_closed { Ok(()) } else { self.files.renew(&self.agent) }
    }

    /// Goes back to the last state on the disk and the lessons since.
    ///
    /// # Errors
    /// A disk that cannot be read.
    pub fn go_back(&mut self) -> Result<()> {
        self.agent = self.files.read()?;
        Ok(())
    }

    /// Removes the files of an agent that is closed.
    pub fn remove_files(&mut self) {
        self.is_closed = true;
        self.files.remove();
    }
}

/// A refusal of an agent as an answer.
pub fn refused(error: AgentError) -> ApiError {
    let (text, hint) = match &error {
        AgentError::Finished => {
            ("this agent is finished and learns no more".to_owned(), "open the one it was made of")
        }
        error => (error.to_string(), ""),
    };
    ApiError::bad(text, hint)
}
