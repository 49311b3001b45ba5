//! State machines in a file: their examples. Connections are a function of settings and seed.

use super::super::{AgentSettings, Form};
use super::examples::{read_bits, write_bits};
use super::header::State;
use super::read::Reader;
use super::write::Writer;
use super::{Refused, Result};
use crate::PIXELS;
use crate::ao::{Ao, AoSettings, Example};
use crate::bits::{BitSet, label_value};

/// One layer of an example.
type Part = fn(&Example) -> &BitSet;

/// The most examples of an agent.
const MOST_EXAMPLES: usize = 100_000;
const INPUT: &str = "examples.input";
const LABEL: &str = "examples.label";
const PAST_STATE: &str = "examples.past_state";
const PAST_OUTPUT: &str = "examples.past_output";

pub fn write(ao: &Ao, writer: &mut Writer) -> State {
    let (inputs, outputs) = ao.machine().neurons();
    let parts: [(&str, Part, usize); 4] = [
        (INPUT, |example| &example.input, inputs),
        (PAST_STATE, |example| &example.past_state, inputs),
        (LABEL, |example| &example.label, outputs),
        (PAST_OUTPUT, |example| &example.past_output, outputs),
    ];
    for (name, part, bits) in parts {
        write_bits(name, ao.machine().examples().iter().map(part), bits, writer);
    }
    State::Ao
}

pub fn read(own: &AoSettings, settings: &AgentSettings, reader: &mut Reader) -> Result<Form> {
    let count = reader.rows(INPUT, 2)?;
    if count > MOST_EXAMPLES {
        return Err(Refused::tensor(INPUT, format!("has {count} examples, more than {MOST_EXAMPLES}")));
    }
    let (bits, classes) = (settings.bits(), settings.classes);
    let outputs = crate::bits::label_outputs(classes);
    let input = read_bits(INPUT, count, bits, reader)?;
    let past_state = read_bits(PAST_STATE, count, bits, reader)?;
    let label = read_bits(LABEL, count, outputs, reader)?;
    let past_output = read_bits(PAST_OUTPUT, count, outputs, reader)?;
    let is_class = |label: &BitSet| label_value(&label.iter().collect::<Vec<_>>()) < classes;
    if !label.iter().all(is_class) {
        return Err(Refused::tensor(LABEL, "has a label that is no class"));
    }
    let mut ao = Ao::new(own.clone(), bits, PIXELS, classes, settings.seed).map_err(Refused::new)?;
    let states = input.into_iter().zip(past_state);
    for ((input, past_state), (label, past_output)) in states.zip(label.into_iter().zip(past_output)) {
        ao.restore(Example { input, past_state, label, past_output });
    }
    Ok(Form::Ao(Box::new(ao)))
}
