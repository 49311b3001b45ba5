//! The metadata entry of an agent's file.

use serde::{Deserialize, Serialize};

use super::super::{Agent, AgentSettings, Form, KindSettings, check_name};
use super::read::Reader;
use super::{Refused, Result, ao, trained, wisard};
use crate::bits::Encoder;
use crate::course::Course;

/// The key of the entry.
pub const ENTRY: &str = "umwelt.agent";
/// The version that is written and read.
const VERSION: u32 = 1;

/// The largest count of samples, trainings and steps.
const MOST: u64 = u32::MAX as u64;

/// The entry, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    version: u32,
    pub name: String,
    #[serde(rename = "agent")]
    pub settings: AgentSettings,
    /// Samples learnt of each class.
    pub learnt: Vec<u64>,
    /// Trainings that were begun.
    pub courses: u64,
    pub course: Option<Course>,
    /// SHA-256 of the file that the agent was read from.
    pub parent: Option<String>,
    created_by: String,
    state: State,
}

/// The form of the agent with its small numbers.
#[derive(Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case", deny_unknown_fields)]
pub enum State {
    Ao,
    Wisard {
        /// Pictures counted of each class.
        seen: Vec<u32>,
        /// Copies of each sample, once one is learnt.
        shifts: Option<usize>,
        /// The strength of their warps.
        #[serde(default)]
        warp: f32,
        bleaching: u16,
        lessons: u64,
        /// Samples of each class that were offered to the reservoir.
        offered: Vec<u64>,
    },
    CompactWisard {
        seen: Vec<u32>,
    },
    Trained {
        lessons: u64,
        offered: Vec<u64>,
        /// Steps of the optimiser in the middle of a course.
        step: Option<u64>,
    },
    Finished {
        /// Inputs of the tables of each layer.
        inputs: Vec<usize>,
    },
}

impl State {
    /// The numbers of lessons and of steps of the optimiser.
    fn steps(&self) -> [u64; 2] {
        match self {
            Self::Wisard { lessons, .. } => [*lessons, 0],
            Self::Trained { lessons, step, .. } => [*lessons, step.unwrap_or(0)],
            _ => [0, 0],
        }
    }
}

impl Header {
    /// The header of an agent.
    pub fn of(agent: &Agent, state: State) -> Self {
        Self {
            version: VERSION,
            name: agent.name.clone(),
            settings: agent.settings.clone(),
            learnt: agent.learnt.clone(),
            courses: agent.courses,
            course: agent.course.clone(),
            parent: agent.origin.clone(),
            created_by: format!("umwelt {}", env!("CARGO_PKG_VERSION")),
            state,
        }
    }

    /// Reads and checks the header.
    ///
    /// # Errors
    /// When it is of another version, or a setting is out of range.
    pub fn read(reader: &Reader) -> Result<Self> {
        let wrong = |error: serde_json::Error| Refused::new(format!("its entry `{ENTRY}` is wrong: {error}"));
        let version: Version = serde_json::from_str(reader.json()).map_err(wrong)?;
        if version.version != VERSION {
            return Err(Refused::new(format!(
                "is an agent of version {}, and this program reads version {VERSION}",
                version.version
            )));
        }
        let header: Self = serde_json::from_str(reader.json()).map_err(wrong)?;
        check_name(&header.name).and_then(|()| header.settings.check()).map_err(Refused::new)?;
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<()> {
        check_length("learnt", self.learnt.len(), self.settings.classes)?;
        let most = self.learnt.iter().try_fold(0u64, |sum, count| sum.checked_add(*count));
        if most.is_none_or(|most| most > MOST) {
            return Err(Refused::new("its samples learnt are more than an agent can learn"));
        }
        let is_hash = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !self.parent.as_ref().is_none_or(is_hash) {
            return Err(Refused::new("its parent is no SHA-256"));
        }
        match &self.course {
            Some(course)
                if !(1..=MOST as usize).contains(&course.samples)
                    || course.is_done()
                    || course.number >= self.courses =>
            {
                Err(Refused::new("its training is none that could go on"))
            }
            _ if self.courses > MOST || self.state.steps().iter().any(|count| *count > MOST) => {
                Err(Refused::new("it was trained more often than an agent can be"))
            }
            _ => Ok(()),
        }
    }

    /// The form of the agent, from the tensors of its kind.
    pub fn read_form(&self, reader: &mut Reader, encoder: &Encoder) -> Result<Form> {
        let settings = &self.settings;
        match (&self.state, &settings.kind) {
            (State::Ao, KindSettings::Ao(own)) => ao::read(own, settings, reader),
            (State::Wisard { .. }, KindSettings::Wisard(own)) => {
                wisard::read(own, settings, &self.state, reader)
            }
            (State::CompactWisard { seen }, KindSettings::Wisard(own)) => {
                wisard::read_compact(own, settings, seen, reader)
            }
            (State::Trained { .. }, KindSettings::Dwn(own)) => {
                trained::read_dwn(own, settings, encoder, &self.state, reader)
            }
            (State::Trained { .. }, KindSettings::Logic(own)) => {
                trained::read_logic(own, settings, encoder, &self.state, reader)
            }
            (State::Finished { inputs }, KindSettings::Dwn(own)) => {
                trained::read_finished(inputs, own.tau, settings, reader)
            }
            (State::Finished { inputs }, KindSettings::Logic(own)) => {
                trained::read_finished(inputs, own.tau, settings, reader)
            }
            _ => Err(Refused::new(format!("its state is none of a {} agent", settings.kind.name()))),
        }
    }
}

/// The version alone, so that a file of another version is refused for that.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Checks the length of a list of the header.
pub fn check_length(name: &str, found: usize, expected: usize) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Refused::new(format!("its list `{name}` has {found} numbers, not {expected}"))),
    }
}
