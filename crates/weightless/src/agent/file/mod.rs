//! Agents as files: one safetensors file, which executes nothing when it is read.
//!
//! The metadata entry `umwelt.agent` is JSON with version, kind, settings, name and small numbers;
//! everything else is tensors. Everything is checked before memory is taken for it: the size of the
//! file, the settings, every type and shape against the settings, indices, labels and finite
//! numbers.

mod ao;
mod examples;
mod header;
mod read;
mod rows;
mod trained;
mod wisard;
mod write;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use self::examples::{read_journal, write_journal};
use self::header::Header;
use self::read::Reader;
use self::write::Writer;
use super::{Agent, Form};
use crate::PIXELS;
use crate::bits::Encoder;

/// The most bytes of a file.
pub const MOST_BYTES: u64 = 256 << 20;
/// The tensor of the encoding's thresholds.
const THRESHOLDS: &str = "encoding.lowest";

/// Why a file is refused: it names the tensor, where one is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl Refused {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    fn tensor(name: &str, reason: impl std::fmt::Display) -> Self {
        Self(format!("tensor `{name}` {reason}"))
    }
}

type Result<T> = std::result::Result<T, Refused>;

impl Agent {
    /// The bytes of a file with everything that the agent needs to go on learning, but not what it
    /// needs to undo.
    ///
    /// # Errors
    /// When they are more than 256 MiB.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut writer = Writer::default();
        writer.add(THRESHOLDS, &self.encoder.lowest());
        write_journal(self.journal(), &mut writer);
        let state = match &self.form {
            Form::Ao(ao) => ao::write(ao, &mut writer),
            Form::Wisard(wisard) => wisard::write(wisard, &mut writer),
            Form::CompactWisard(compact) => wisard::write_compact(compact, &mut writer),
            Form::Dwn(dwn) => trained::write_dwn(dwn, &mut writer),
            Form::Logic(logic) => trained::write_logic(logic, &mut writer),
            Form::Finished(finished, _) => trained::write_finished(finished, &mut writer),
        };
        let bytes = writer.finish(&Header::of(self, state))?;
        match bytes.len() as u64 > MOST_BYTES {
            true => Err(Refused::new(format!(
                "the agent takes {} MB as a file, more than {} MB",
                bytes.len() >> 20,
                MOST_BYTES >> 20
            ))),
            false => Ok(bytes),
        }
    }

    /// Writes the agent to a file, atomically.
    ///
    /// # Errors
    /// When the file cannot be written or is too large. The old file at `path` stays then.
    pub fn save(&self, path: &Path) -> Result<()> {
        let failed = |error: String| Refused::new(format!("could not write {}: {error}", path.display()));
        let bytes = self.to_bytes().map_err(|reason| failed(reason.to_string()))?;
        umwelt_base::atomic::replace(path, &bytes).map_err(|error| failed(error.to_string()))
    }

    /// Reads an agent from a file.
    ///
    /// # Errors
    /// When the file cannot be read, or anything in it is not what this version writes.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |error: String| Refused::new(format!("{}: {error}", path.display()));
        let bytes = read_file(path).map_err(|error| failed(error.to_string()))?;
        Self::from_bytes(&bytes).map_err(|reason| failed(reason.to_string()))
    }

    /// Reads an agent from the bytes of a file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes)?;
        let header = Header::read(&reader)?;
        let settings = header.settings.clone();
        let lowest = reader.any(THRESHOLDS)?;
        let encoder = Encoder::restore(settings.encoding, &lowest, PIXELS)
            .map_err(|reason| Refused::tensor(THRESHOLDS, format!("is wrong: {reason}")))?;
        let journal = read_journal(&mut reader, settings.classes)?;
        let form = header.read_form(&mut reader, &encoder)?;
        reader.finish()?;
        let agent = Self {
            name: header.name,
            settings,
            encoder,
            form,
            learnt: header.learnt,
            courses: header.courses,
            course: header.course,
            journal,
            origin: Some(sha256(bytes)),
            parent: header.parent,
        };
        match agent.course().is_none_or(|course| agent.units(course.samples) == Some(course.total)) {
            true => Ok(agent),
            false => Err(Refused::new("its training has another number of steps than its settings ask for")),
        }
    }
}

/// The content of a file that is small enough.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    if length <= MOST_BYTES {
        (&mut file).take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    }
    match length.max(bytes.len() as u64) > MOST_BYTES {
        true => Err(std::io::Error::other(format!("has more than {} MB", MOST_BYTES >> 20))),
        false => Ok(bytes),
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
