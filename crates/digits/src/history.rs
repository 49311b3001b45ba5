//! What an agent was trained on and how it was tested, kept beside its file.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_base::atomic;

use crate::jobs::TestResult;
use crate::sources::Drawn;

/// The most tests that are kept, the newest.
const TESTS: usize = 50;

/// The past of an open agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The tests since the agent was opened, oldest first.
    pub tests: Vec<TestResult>,
    /// The draws that it was trained on besides its journal; `None` if they are not known.
    pub trained: Option<Vec<Drawn>>,
}

impl History {
    /// The past of an agent that has learnt nothing but what its journal holds.
    pub fn begin() -> Self {
        Self { tests: vec![], trained: Some(vec![]) }
    }

    /// The past in a file; none if it is missing or was written by another version.
    pub fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// Writes the past.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        atomic::write(file, &serde_json::to_vec(self)?)
    }

    /// Adds a test, and drops the oldest above fifty.
    pub fn add(&mut self, test: TestResult) {
        self.tests.push(test);
        let above = self.tests.len().saturating_sub(TESTS);
        self.tests.drain(..above);
    }
}
