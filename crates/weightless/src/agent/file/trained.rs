//! Trained tables and gates in a file.

use super::super::{AgentSettings, Form};
use super::examples::{read_reservoir, write_reservoir};
use super::header::State;
use super::read::Reader;
use super::write::Writer;
use super::{Refused, Result};
use crate::bits::Encoder;
use crate::dwn::{self, Dwn, DwnSettings, Network, Scores};
use crate::logic::{self, Circuit, FUNCTIONS, Logic, LogicSettings};
use crate::trained::{BitTables, Finished, Model, Moments, Trained, Varying};

const VARYING: &str = "varying";
const SCORES: &str = "scores";

fn write_common<M: Model>(trained: &Trained<M>, step: Option<u64>, writer: &mut Writer) -> State {
    let kept: Vec<u16> = trained.varying().kept().iter().map(|bit| *bit as u16).collect();
    writer.add(VARYING, &kept);
    write_reservoir(trained.reservoir(), writer);
    State::Trained { lessons: trained.lessons(), offered: trained.reservoir().offered().to_vec(), step }
}

fn write_moments(layer: usize, moments: &Moments, writer: &mut Writer) {
    writer.add(&format!("optimiser.{layer}.first"), &moments.first);
    writer.add(&format!("optimiser.{layer}.second"), &moments.second);
}

fn read_moments(layer: usize, count: usize, reader: &mut Reader) -> Result<Moments> {
    let mut part = |name: &str| reader.take(&format!("optimiser.{layer}.{name}"), &[count]);
    Ok(Moments { first: part("first")?, second: part("second")? })
}

fn as_u16(indices: &[u32]) -> Vec<u16> {
    indices.iter().map(|index| *index as u16).collect()
}

pub fn write_dwn(dwn: &Dwn, writer: &mut Writer) -> State {
    for (at, layer) in dwn.model().layers.iter().enumerate() {
        let shape = [layer.tables(), layer.inputs];
        writer.add_rows(&format!("layers.{at}.mapping"), &as_u16(&layer.mapping), &shape);
        writer.add_rows(&format!("layers.{at}.luts"), &layer.luts, &[layer.tables(), 1 << layer.inputs]);
    }
    if let Some(scores) = &dwn.model().scores {
        scores.parts().into_iter().for_each(|(name, part)| writer.add(&format!("{SCORES}.{name}"), &part));
    }
    if let Some(optimiser) = dwn.optimiser() {
        optimiser.luts.iter().enumerate().for_each(|(at, moments)| write_moments(at, moments, writer));
    }
    write_common(dwn, dwn.optimiser().map(|optimiser| optimiser.step), writer)
}

pub fn write_logic(logic: &Logic, writer: &mut Writer) -> State {
    for (at, layer) in logic.model().layers.iter().enumerate() {
        writer.add_rows(&format!("layers.{at}.wires"), &as_u16(&layer.wires), &[layer.count(), 2]);
        writer.add_rows(&format!("layers.{at}.logits"), &layer.logits, &[layer.count(), FUNCTIONS]);
    }
    if let Some(optimiser) = logic.optimiser() {
        optimiser.logits.iter().enumerate().for_each(|(at, moments)| write_moments(at, moments, writer));
    }
    write_common(logic, logic.optimiser().map(|optimiser| optimiser.step), writer)
}

/// The varying bits, of which there is at least one, in ascending order.
fn read_varying(encoder: &Encoder, reader: &mut Reader) -> Result<Varying> {
    let count = reader.rows(VARYING, 1)?;
    let kept = reader.take_below::<u16>(VARYING, &[count], encoder.bits())?;
    match !kept.is_empty() && kept.is_sorted_by(|a, b| a < b) {
        true => Ok(Varying::new(kept.into_iter().map(u32::from).collect(), encoder.bits())),
        false => Err(Refused::tensor(VARYING, "is empty or not in ascending order")),
    }
}

fn trained_state(state: &State) -> Result<(u64, &[u64], Option<u64>)> {
    match state {
        State::Trained { lessons, offered, step } => Ok((*lessons, offered, *step)),
        _ => Err(Refused::new("its state is none of a trained agent")),
    }
}

pub fn read_dwn(
    own: &DwnSettings,
    settings: &AgentSettings,
    encoder: &Encoder,
    state: &State,
    reader: &mut Reader,
) -> Result<Form> {
    let (classes, seed) = (settings.classes, settings.seed);
    let (lessons, offered, step) = trained_state(state)?;
    let varying = read_varying(encoder, reader)?;
    let shape = Network::shape(own, classes);
    let (mut read, mut width) = (vec![], varying.kept().len());
    for (at, &tables) in shape.iter().enumerate() {
        let inputs = own.inputs;
        let mapping = reader.take_below::<u16>(&format!("layers.{at}.mapping"), &[tables, inputs], width)?;
        let luts = reader.take(&format!("layers.{at}.luts"), &[tables, 1 << inputs])?;
        read.push(dwn::Layer { inputs, mapping: mapping.into_iter().map(u32::from).collect(), luts });
        width = tables;
    }
    let has_scores = reader.has(&format!("{SCORES}.values"));
    let scores = has_scores.then(|| read_scores(own, varying.kept().len(), reader)).transpose()?;
    let network = Network::from_layers(own, read, scores, classes);
    let moments = |reader: &mut Reader| -> Result<Vec<Moments>> {
        network
            .layers
            .iter()
            .enumerate()
            .map(|(at, layer)| read_moments(at, layer.luts.len(), reader))
            .collect()
    };
    let optimiser = match step {
        Some(step) => Some(dwn::Optimiser { step, luts: moments(reader)? }),
        None => None,
    };
    let reservoir = read_reservoir(own.replay, classes, offered, reader)?;
    let dwn = Dwn::new(own.plan(), network, varying, classes, seed);
    Ok(Form::Dwn(Box::new(dwn.restore(optimiser, reservoir, lessons))))
}

fn read_scores(own: &DwnSettings, bits: usize, reader: &mut Reader) -> Result<Scores> {
    let inputs = own.tables[0] * own.inputs;
    let count = Scores::numbers(bits, inputs);
    let mut part = |name: &str| reader.take(&format!("{SCORES}.{name}"), &[count]);
    Ok(Scores::from_parts(bits, inputs, [&part("values")?, &part("first")?, &part("second")?]))
}

pub fn read_logic(
    own: &LogicSettings,
    settings: &AgentSettings,
    encoder: &Encoder,
    state: &State,
    reader: &mut Reader,
) -> Result<Form> {
    let (classes, seed) = (settings.classes, settings.seed);
    let (lessons, offered, step) = trained_state(state)?;
    let varying = read_varying(encoder, reader)?;
    let (mut layers, mut width) = (vec![], varying.kept().len());
    for (at, &gates) in own.gates.iter().enumerate() {
        let wires = reader.take_below::<u16>(&format!("layers.{at}.wires"), &[gates, 2], width)?;
        let logits = reader.take(&format!("layers.{at}.logits"), &[gates, FUNCTIONS])?;
        layers.push(logic::Gates { wires: wires.into_iter().map(u32::from).collect(), logits });
        width = gates;
    }
    let moments = |reader: &mut Reader| -> Result<Vec<Moments>> {
        layers.iter().enumerate().map(|(at, layer)| read_moments(at, layer.logits.len(), reader)).collect()
    };
    let optimiser = match step {
        Some(step) => Some(logic::Optimiser { step, logits: moments(reader)? }),
        None => None,
    };
    let reservoir = read_reservoir(own.replay, classes, offered, reader)?;
    let circuit = Circuit { layers, classes, tau: own.tau };
    let logic = Logic::new(own.plan(), circuit, varying, classes, seed);
    Ok(Form::Logic(Box::new(logic.restore(optimiser, reservoir, lessons))))
}

/// Bytes of a table of `inputs` inputs.
fn table_bytes(inputs: usize) -> usize {
    (1usize << inputs).div_ceil(8)
}

pub fn write_finished(finished: &Finished, writer: &mut Writer) -> State {
    for (at, layer) in finished.layers.iter().enumerate() {
        let (inputs, count) = (layer.inputs, layer.mapping.len() / layer.inputs);
        writer.add_rows(&format!("layers.{at}.mapping"), &layer.mapping, &[count, inputs]);
        let (words, bytes) = (BitTables::words(inputs), table_bytes(inputs));
        let table =
            |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).take(bytes).collect::<Vec<u8>>();
        let tables: Vec<u8> = layer.tables.chunks(words).flat_map(table).collect();
        writer.add_rows(&format!("layers.{at}.tables"), &tables, &[count, bytes]);
    }
    State::Finished { inputs: finished.layers.iter().map(|layer| layer.inputs).collect() }
}

pub fn read_finished(
    inputs: &[usize],
    tau: f32,
    settings: &AgentSettings,
    reader: &mut Reader,
) -> Result<Form> {
    if inputs.is_empty() || !inputs.iter().all(|inputs| (1..=8).contains(inputs)) {
        return Err(Refused::new("its layers have tables of other than 1 to 8 inputs"));
    }
    let (mut layers, mut width) = (vec![], settings.bits());
    for (at, &inputs) in inputs.iter().enumerate() {
        let (name, tables) = (format!("layers.{at}.mapping"), format!("layers.{at}.tables"));
        let count = reader.rows(&name, 2)?;
        let mapping = reader.take_below::<u16>(&name, &[count, inputs], width)?;
        let bytes = table_bytes(inputs);
        let tables = reader.take::<u8>(&tables, &[count, bytes])?;
        let words = |table: &[u8]| table.chunks(8).map(word).collect::<Vec<u64>>();
        layers.push(BitTables { inputs, mapping, tables: tables.chunks(bytes).flat_map(words).collect() });
        width = count;
    }
    let classes = settings.classes;
    match width > 0 && width.is_multiple_of(classes) {
        true => Ok(Form::Finished(Box::new(Finished { layers, classes }), tau)),
        false => {
            let last = format!("layers.{}.mapping", inputs.len() - 1);
            Err(Refused::tensor(&last, format!("has {width} tables, no multiple of the {classes} classes")))
        }
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}
