//! Agents of every kind behind one interface.

mod answers;
mod file;
mod layers;
mod settings;
mod size;
mod training;

pub use answers::answer_in_parallel;
pub use file::{MOST_BYTES, Refused};
pub use layers::Layer;
pub use settings::{AgentSettings, KindSettings};
pub use size::Size;
pub use training::{Outcome, Progress};

use crate::ao::Ao;
use crate::bits::Encoder;
use crate::course::Course;
use crate::dwn::Dwn;
use crate::logic::Logic;
use crate::trained::Finished;
use crate::wisard::{CompactWisard, NotCounted, Wisard};
use crate::{Digit, PIXELS, Samples};

/// The form of an agent.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Ao(Box<Ao>),
    Wisard(Box<Wisard>),
    Dwn(Box<Dwn>),
    Logic(Box<Logic>),
    /// A bleached WiSARD that learns no more.
    CompactWisard(Box<CompactWisard>),
    /// Trained tables or gates that learn no more, with the divisor of their sums.
    Finished(Box<Finished>, f32),
}

/// A picture that somebody has taught, with its label and the time in seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    pub image: Digit,
    pub label: u8,
    pub time: u64,
}

/// An agent that learns pictures and answers with their class.
#[derive(Clone, Debug)]
pub struct Agent {
    name: String,
    settings: AgentSettings,
    encoder: Encoder,
    form: Form,
    /// Samples learnt of each class.
    learnt: Vec<u64>,
    /// Trainings that were begun.
    courses: u64,
    /// The training that is not at its end.
    course: Option<Course>,
    journal: Vec<Taught>,
    /// SHA-256 of the file that the agent was read from.
    origin: Option<String>,
    /// SHA-256 of the file that the agent of that file was read from.
    parent: Option<String>,
}

/// Why an agent does not do what it was asked to.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AgentError {
    #[error("{0}")]
    Settings(String),
    #[error("the label {label} is not below the number of classes, {classes}")]
    Label { label: u8, classes: usize },
    #[error("this agent is in its finished form and learns no more: use the one that it was made of")]
    Finished,
    #[error("{0}")]
    NotCounted(#[from] NotCounted),
    #[error("a {0} agent cannot take back single samples of a training")]
    NoUnlearning(&'static str),
    #[error(
        "the agent is in the middle of a training on {expected} samples, but {found} are given: give the same"
    )]
    OtherSamples { expected: usize, found: usize },
    #[error("there are no samples to train on")]
    NoSamples,
}

impl Agent {
    /// An agent that has learnt nothing. `training` are the samples that it may see: encodings that
    /// are fitted, and the bits that trained kinds read, look at them.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn new(name: &str, settings: AgentSettings, training: &Samples) -> Result<Self, AgentError> {
        check_name(name).and_then(|()| settings.check()).map_err(AgentError::Settings)?;
        let images = training.images();
        let encoder = Encoder::fit(settings.encoding, images.as_flattened(), PIXELS);
        let encoder = encoder.map_err(AgentError::Settings)?;
        let form = form(&settings, &encoder, images).map_err(AgentError::Settings)?;
        Ok(Self {
            name: name.to_owned(),
            learnt: vec![0; settings.classes],
            settings,
            encoder,
            form,
            courses: 0,
            course: None,
            journal: vec![],
            origin: None,
            parent: None,
        })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives another name.
    ///
    /// # Errors
    /// When it has other characters than letters, digits, spaces, dots, underscores and dashes.
    pub fn rename(&mut self, name: &str) -> Result<(), AgentError> {
        check_name(name).map_err(AgentError::Settings)?;
        name.clone_into(&mut self.name);
        Ok(())
    }

    /// The settings.
    pub fn settings(&self) -> &AgentSettings {
        &self.settings
    }

    /// The encoding of pictures as bits.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Samples learnt of each class.
    pub fn learnt(&self) -> &[u64] {
        &self.learnt
    }

    /// The training that is not at its end.
    pub fn course(&self) -> Option<&Course> {
        self.course.as_ref()
    }

    /// What was taught by hand, oldest first.
    pub fn journal(&self) -> &[Taught] {
        &self.journal
    }

    /// SHA-256 of the file that the agent was read from, and of the parent that this file names.
    pub fn origin(&self) -> (Option<&str>, Option<&str>) {
        (self.origin.as_deref(), self.parent.as_deref())
    }

    /// Takes the agent for one that was read from no file: a copy that a training goes on from is no
    /// parent.
    pub fn forget_origin(&mut self) {
        (self.origin, self.parent) = (None, None);
    }

    /// Whether the agent is in a form that learns no more.
    pub fn is_finished(&self) -> bool {
        matches!(self.form, Form::CompactWisard(_) | Form::Finished(..))
    }

    /// The WiSARD, if the agent is one that learns.
    pub fn as_wisard(&self) -> Option<&Wisard> {
        if let Form::Wisard(wisard) = &self.form { Some(wisard) } else { None }
    }

    /// The state machine, if the agent is one.
    pub fn as_ao(&self) -> Option<&Ao> {
        if let Form::Ao(ao) = &self.form { Some(ao) } else { None }
    }

    /// The finished tables of a trained agent.
    pub fn as_finished(&self) -> Option<&Finished> {
        match &self.form {
            Form::Dwn(dwn) => Some(dwn.finished()),
            Form::Logic(logic) => Some(logic.finished()),
            Form::Finished(finished, _) => Some(finished),
            _ => None,
        }
    }

    /// The finished form of a trained agent as C; `None` for the other kinds.
    pub fn c_code(&self) -> Option<String> {
        self.as_finished().map(|finished| finished.c_code(&self.encoder, &self.name))
    }

    fn check_label(&self, label: u8) -> Result<(), AgentError> {
        let classes = self.settings.classes;
        match usize::from(label) < classes {
            true => Ok(()),
            false => Err(AgentError::Label { label, classes }),
        }
    }

    /// Learns one sample. [`Self::undo`] takes it back.
    ///
    /// # Errors
    /// When the label is no class, or the agent learns no more.
    pub fn learn(&mut self, image: &Digit, label: u8) -> Result<(), AgentError> {
        self.check_label(label)?;
        match &mut self.form {
            Form::Ao(ao) => ao.learn(self.encoder.encode(image), label),
            Form::Wisard(wisard) => wisard.learn(&self.encoder, image, label),
            Form::Dwn(dwn) => dwn.learn(&self.encoder, image, label),
            Form::Logic(logic) => logic.learn(&self.encoder, image, label),
            Form::CompactWisard(_) | Form::Finished(..) => return Err(AgentError::Finished),
        }
        self.learnt[usize::from(label)] += 1;
        Ok(())
    }

    /// Learns one sample that somebody teaches, and keeps it in the journal.
    ///
    /// # Errors
    /// As [`Self::learn`].
    pub fn teach(&mut self, taught: Taught) -> Result<(), AgentError> {
        self.learn(&taught.image, taught.label)?;
        self.journal.push(taught);
        Ok(())
    }

    /// Takes back the last sample that was learnt alone, exactly, and removes it from the journal.
    /// Returns its label; `None` where there is none to take back. An agent that was trained or
    /// read from a file since has none, but an `ao` agent can always take back its last example.
    ///
    /// # Errors
    /// When the agent learns no more, or counts cannot be taken back.
    pub fn undo(&mut self) -> Result<Option<u8>, AgentError> {
        let label = match &mut self.form {
            Form::Ao(ao) => ao.undo().map(|(_, label)| label),
            Form::Wisard(wisard) => wisard.undo(&self.encoder)?.map(|(_, label)| label),
            Form::Dwn(dwn) => dwn.undo().map(|(_, label)| label),
            Form::Logic(logic) => logic.undo().map(|(_, label)| label),
            Form::CompactWisard(_) | Form::Finished(..) => return Err(AgentError::Finished),
        };
        if let Some(label) = label {
            self.learnt[usize::from(label)] = self.learnt[usize::from(label)].saturating_sub(1);
            let was_taught = self.journal.last().is_some_and(|taught| taught.label == label);
            self.journal.pop_if(|_| was_taught);
        }
        Ok(label)
    }

    /// The samples that can be taken back one after another.
    pub fn undos(&self) -> usize {
        match &self.form {
            Form::Ao(ao) => ao.machine().examples().len(),
            Form::Wisard(wisard) => wisard.undos(),
            Form::Dwn(dwn) => dwn.undos(),
            Form::Logic(logic) => logic.undos(),
            Form::CompactWisard(_) | Form::Finished(..) => 0,
        }
    }

    /// Takes a sample off, whenever it was learnt: counts and examples are as if it had never been.
    ///
    /// # Errors
    /// When the agent never learnt it, learns no more, or is of a trained kind.
    pub fn unlearn(&mut self, image: &Digit, label: u8) -> Result<(), AgentError> {
        self.check_label(label)?;
        match &mut self.form {
            Form::Ao(ao) => match ao.unlearn(&self.encoder.encode(image), label) {
                true => {}
                false => return Err(NotCounted::Never.into()),
            },
            Form::Wisard(wisard) => wisard.unlearn(&self.encoder, image, label)?,
            Form::Dwn(_) | Form::Logic(_) => return Err(AgentError::NoUnlearning(self.settings.kind.name())),
            Form::CompactWisard(_) | Form::Finished(..) => return Err(AgentError::Finished),
        }
        self.learnt[usize::from(label)] = self.learnt[usize::from(label)].saturating_sub(1);
        Ok(())
    }

    /// The finished form: the same answers in less memory, and no more learning.
    ///
    /// # Errors
    /// When the agent has none: an `ao` agent is its examples, and only `seen` and `bleached`
    /// decisions of a WiSARD need one bit a place.
    pub fn compact(&self) -> Result<Self, AgentError> {
        let form = match &self.form {
            Form::Wisard(wisard) => {
                Form::CompactWisard(Box::new(wisard.compact().map_err(AgentError::Settings)?))
            }
            Form::Dwn(dwn) => Form::Finished(Box::new(dwn.finished().clone()), self.tau()),
            Form::Logic(logic) => Form::Finished(Box::new(logic.finished().clone()), self.tau()),
            Form::Ao(_) => {
                let reason = "an ao agent is its examples: there is no smaller form with the same answers";
                return Err(AgentError::Settings(reason.into()));
            }
            Form::CompactWisard(_) | Form::Finished(..) => return Err(AgentError::Finished),
        };
        Ok(Self { form, course: None, ..self.clone() })
    }

    /// The divisor of a class's sum of a trained kind.
    fn tau(&self) -> f32 {
        match &self.settings.kind {
            KindSettings::Dwn(settings) => settings.tau,
            KindSettings::Logic(settings) => settings.tau,
            KindSettings::Ao(_) | KindSettings::Wisard(_) => 1.0,
        }
    }
}

/// A form that has learnt nothing.
fn form(settings: &AgentSettings, encoder: &Encoder, images: &[Digit]) -> Result<Form, String> {
    let (classes, seed, bits) = (settings.classes, settings.seed, encoder.bits());
    Ok(match &settings.kind {
        KindSettings::Ao(own) => Form::Ao(Box::new(Ao::new(own.clone(), bits, PIXELS, classes, seed)?)),
        KindSettings::Wisard(own) => Form::Wisard(Box::new(Wisard::new(own.clone(), bits, classes, seed))),
        KindSettings::Dwn(own) => Form::Dwn(Box::new(Dwn::random(own, encoder, images, classes, seed)?)),
        KindSettings::Logic(own) => {
            Form::Logic(Box::new(Logic::random(own, encoder, images, classes, seed)?))
        }
    })
}

/// Checks a name: up to 64 letters, digits, spaces, dots, underscores and dashes, the first of them
/// a letter or digit, without two dots in a row.
fn check_name(name: &str) -> Result<(), String> {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || " ._-".contains(c);
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    match starts_well && name.len() <= 64 && name.chars().all(is_inner) && !name.contains("..") {
        true => Ok(()),
        false => Err(format!(
            "the name {name:?} must have up to 64 letters, digits, spaces, dots, underscores and dashes"
        )),
    }
}
