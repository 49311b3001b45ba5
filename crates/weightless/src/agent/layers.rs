//! Layers of an agent as pictures of bits.

use super::{Agent, Form};
use crate::answer::Answer;
use crate::bits::BitSet;
use crate::{Digit, SIDE};

/// One layer while the agent looks at a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// `input`, `state 1` to `state n` and `output` of `ao`; `input`, `RAMs` and `output` of a
    /// WiSARD; `input`, `layer 1` to `layer n` and `output` of trained kinds.
    pub name: String,
    pub bits: BitSet,
    /// Bits in a row of the picture.
    pub width: usize,
}

impl Layer {
    fn new(name: impl Into<String>, bits: BitSet, width: usize) -> Self {
        Self { name: name.into(), bits, width }
    }

    /// As one line: the bits of a picture are the rows of its levels.
    fn square(name: impl Into<String>, bits: BitSet) -> Self {
        let width = bits.len().isqrt().max(1);
        Self::new(name, bits, width)
    }
}

impl Agent {
    /// The answer to a picture, and the agent's layers while it looks at it. `index` chooses the
    /// random numbers of an `ao` agent.
    pub fn look(&self, image: &Digit, index: u64) -> (Answer, Vec<Layer>) {
        let input = self.encoder.encode(image);
        let mut layers = vec![Layer::new("input", input.clone(), SIDE)];
        let answer = match &self.form {
            Form::Ao(ao) => {
                let (answer, recall) = ao.answer(&input, index);
                for (step, state) in recall.states.iter().enumerate() {
                    layers.push(Layer::new(format!("state {}", step + 1), state.state.clone(), SIDE));
                }
                let output = recall.states.last().map(|state| state.output.clone()).unwrap_or_default();
                let width = output.len().max(1);
                layers.push(Layer::new("output", output, width));
                return (answer, layers);
            }
            Form::Wisard(wisard) => {
                let answer = wisard.answer(&self.encoder, image);
                let class = answer.label().unwrap_or(0);
                layers.push(Layer::square("RAMs", wisard.responding(&self.encoder, image, class)));
                answer
            }
            Form::CompactWisard(compact) => {
                let answer = compact.answer(&self.encoder, image);
                let class = answer.label().unwrap_or(0);
                layers.push(Layer::square("RAMs", compact.responding(&self.encoder, image, class)));
                answer
            }
            Form::Dwn(_) | Form::Logic(_) | Form::Finished(..) => {
                let all = self.as_finished().map(|finished| finished.outputs(|at| input.get(at)));
                for (at, outputs) in all.unwrap_or_default().into_iter().enumerate() {
                    layers.push(Layer::square(format!("layer {}", at + 1), outputs.into_iter().collect()));
                }
                self.answer(image, index)
            }
        };
        let classes = self.settings.classes;
        let output = (0..classes).map(|class| answer.label() == Some(class)).collect();
        layers.push(Layer::new("output", output, classes));
        (answer, layers)
    }
}
