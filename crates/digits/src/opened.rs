//! An open agent behind its lock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::{Value, json};
use umwelt_serve::ApiError;
use umwelt_weightless::agent::{Agent, AgentError, Layer, Taught};
use umwelt_weightless::{Answer, Digit, Samples};

use crate::files::{Lesson, OpenFiles};
use crate::history::History;
use crate::jobs::{Job, TestResult};
use crate::sources::Drawn;

/// An agent that is open on the page.
pub struct Opened {
    pub id: u32,
    inner: Mutex<Inner>,
    /// The requests that wait for the lock, for which a job makes room.
    waiting: AtomicUsize,
    job: Mutex<Option<Arc<Job>>>,
    /// The agent as it was after a slice of a training whose slices are long.
    shown: Mutex<Option<Arc<Agent>>>,
}

/// What the lock protects.
pub struct Inner {
    pub agent: Agent,
    files: OpenFiles,
    /// True once the agent was closed and has no files any more.
    is_closed: bool,
    history: History,
}

impl Opened {
    pub fn new(agent: Agent, files: OpenFiles) -> Self {
        let id = files.id;
        let by_hand_only = agent.learnt().iter().sum::<u64>() == agent.journal().len() as u64;
        let unknown = || if by_hand_only { History::begin() } else { History::default() };
        let history = History::read(&files.history()).unwrap_or_else(unknown);
        let inner = Mutex::new(Inner { agent, files, is_closed: false, history });
        Self { id, inner, waiting: 0.into(), job: Mutex::default(), shown: Mutex::default() }
    }

    /// The agent for a request.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        inner
    }

    /// The answer to a picture with the agent's layers. While a long slice of a training holds the
    /// agent, it is that of the agent before the slice.
    pub fn look(&self, image: &Digit, index: u64) -> (Answer, Vec<Layer>) {
        let shown = self.locked_shown().clone();
        match (shown, self.inner.try_lock()) {
            (Some(shown), Err(TryLockError::WouldBlock)) => shown.look(image, index),
            (_, Ok(inner)) => inner.agent.look(image, index),
            (_, Err(_)) => self.lock().agent.look(image, index),
        }
    }

    /// Makes `agent` the one that answers while the lock is held; `None` makes answers wait.
    pub fn show(&self, agent: Option<Agent>) {
        *self.locked_shown() = agent.map(Arc::new);
    }

    fn locked_shown(&self) -> MutexGuard<'_, Option<Arc<Agent>>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
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
            "tests": inner.history.tests,
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
        self.history = History::begin();
        self.keep()?;
        Ok(self.keep_history()?)
    }

    /// The draws that the agent was trained on; `None` if they are not known.
    pub fn trained(&self) -> Option<&[Drawn]> {
        self.history.trained.as_deref()
    }

    /// Keeps a training on `drawn` that is finished, with the agent as it is now.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub fn keep_training(&mut self, drawn: &Drawn) -> Result<()> {
        if let Some(trained) = &mut self.history.trained {
            trained.push(drawn.clone());
        }
        self.keep()?;
        self.keep_history()
    }

    /// Keeps the result of a test.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub fn keep_test(&mut self, test: TestResult) -> Result<()> {
        self.history.add(test);
        self.keep_history()
    }

    fn keep_history(&self) -> Result<()> {
        if self.is_closed { Ok(()) } else { self.history.write(&self.files.history()) }
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

#[cfg(test)]
mod tests {
    use umwelt_weightless::PIXELS;
    use umwelt_weightless::agent::{AgentSettings, KindSettings};

    use super::*;

    #[test]
    fn an_agent_that_is_held_answers_as_it_was_shown() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = Samples::new(&[], &[]).unwrap();
        let settings = AgentSettings::new(KindSettings::Wisard(Default::default()), 0);
        let agent = Agent::new("shown", settings, &nothing).unwrap();
        let files = OpenFiles::create(folder.path(), 1, &agent).unwrap();
        let opened = Opened::new(agent, files);
        let image = std::array::from_fn(|at| if at < PIXELS / 3 { 255 } else { 0 });
        let label = || opened.look(&image, 0).0.label();
        opened.lock().teach(&image, 4).unwrap();
        opened.show(Some(opened.lock().agent.clone()));
        let mut slice = opened.lock();
        for _ in 0..3 {
            slice.undo().unwrap();
            slice.teach(&image, 7).unwrap();
        }
        assert_eq!(label(), Some(4));
        drop(slice);
        assert_eq!(label(), Some(7));
    }
}
