//! Bytes of agents.

use super::{Agent, Form};

/// The bytes of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Of all that it needs to learn and to answer.
    pub learning: usize,
    /// Of its finished form, where it has one.
    pub finished: Option<usize>,
    /// Of the samples that it has learnt, a bit a pixel: what the nearest neighbour keeps.
    pub samples: usize,
}

/// Bytes of a sample at a bit a pixel.
const SAMPLE: usize = crate::PIXELS.div_ceil(8);

impl Agent {
    /// The bytes of the agent.
    pub fn size(&self) -> Size {
        let samples = self.learnt.iter().sum::<u64>() as usize * SAMPLE;
        let of = |learning, finished| Size { learning, finished, samples };
        match &self.form {
            Form::Ao(ao) => of(ao.example_bytes() + ao.connection_bytes(), None),
            Form::Wisard(wisard) => {
                let reservoir = wisard.reservoir().samples().len() * (crate::PIXELS + 1);
                let mapping = wisard.rams().mapping().inputs().len() * 2;
                let finished = wisard.compact().ok().map(|compact| compact.bytes() + mapping);
                of(wisard.rams().bytes() + mapping + reservoir, finished)
            }
            Form::Dwn(dwn) => of(dwn.bytes(), Some(dwn.finished().bytes())),
            Form::Logic(logic) => of(logic.bytes(), Some(logic.finished().bytes())),
            Form::CompactWisard(compact) => {
                let bytes = compact.bytes() + compact.rams().mapping().inputs().len() * 2;
                of(bytes, Some(bytes))
            }
            Form::Finished(finished, _) => of(finished.bytes(), Some(finished.bytes())),
        }
    }
}
