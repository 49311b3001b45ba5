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

fn write_moments(of: &str, moments: &Moments, writer: &mut Writer) {
    writer.add(&format!("optimiser.{of}.first"), &moments.first);
    writer.add(&format!("optimiser.{of}.second"), &moments.second);
}

fn read_moments(of: &str, count: usize, reader: &mut Reader) -> Result<Moments> {
    let mut part = |name: &str| reader.take(&format!("optimiser.{of}.{name}"), &[count]);
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
        let luts = optimiser.luts.iter().enumerate();
        luts.for_each(|(at, moments)| write_moments(&at.to_string(), moments, writer));
    }
    write_common(dwn, dwn.optimiser().map(|optimiser| optimiser.step), writer)
}

pub fn write_logic(logic: &Logic, writer: &mut Writer) -> State {
    for (at, layer) in logic.model().layers.iter().enumerate() {
        writer.add_rows(&format!("layers.{at}.wires"), &as_u16(&layer.wires), &[layer.count(), 2]);
        writer.add_rows(&format!("layers.{at}.logits"), &layer.logits, &[layer.count(), FUNCTIONS]);
        if let Some(choices) = &layer.choices {
            let shape = [layer.wires.len(), choices.candidates];
            writer.add_rows(&format!("layers.{at}.candidates"), &as_u16(&choices.wires), &shape);
            writer.add_rows(&format!("layers.{at}.scores"), &choices.scores, &shape);
        }
    }
    if let Some(optimiser) = logic.optimiser() {
        for (at, layer) in logic.model().layers.iter().enumerate() {
            write_moments(&at.to_string(), &optimiser.logits[at], writer);
            if layer.choices.is_some() {
                write_moments(&format!("{at}.scores"), &optimiser.scores[at], writer);
            }
        }
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
            .map(|(at, layer)| read_moments(&at.to_string(), layer.luts.len(), reader))
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
        let choices = read_choices(own, at, width, reader)?;
        layers.push(logic::Gates { wires: wires.into_iter().map(u32::from).collect(), logits, choices });
        width = gates;
    }
    let optimiser = step.map(|step| read_gates_optimiser(&layers, step, reader)).transpose()?;
    let reservoir = read_reservoir(own.replay, classes, offered, reader)?;
    let circuit = Circuit { layers, classes, tau: own.tau };
    let logic = Logic::new(own.plan(), circuit, varying, classes, seed);
    Ok(Form::Logic(Box::new(logic.restore(optimiser, reservoir, lessons))))
}

/// The candidates of a layer's wires, which a file holds until the first course has ended.
fn read_choices(
    own: &LogicSettings,
    layer: usize,
    width: usize,
    reader: &mut Reader,
) -> Result<Option<logic::Choices>> {
    let (name, scores) = (format!("layers.{layer}.candidates"), format!("layers.{layer}.scores"));
    if own.wires != logic::Wires::TopK || !reader.has(&name) {
        return Ok(None);
    }
    let (candidates, shape) = (own.candidates, [2 * own.gates[layer], own.candidates]);
    let wires = reader.take_below::<u16>(&name, &shape, width)?.into_iter().map(u32::from).collect();
    Ok(Some(logic::Choices { candidates, wires, scores: reader.take(&scores, &shape)? }))
}

fn read_gates_optimiser(layers: &[logic::Gates], step: u64, reader: &mut Reader) -> Result<logic::Optimiser> {
    let (mut logits, mut scores) = (vec![], vec![]);
    for (at, layer) in layers.iter().enumerate() {
        logits.push(read_moments(&at.to_string(), layer.logits.len(), reader)?);
        scores.push(match &layer.choices {
            Some(choices) => read_moments(&format!("{at}.scores"), choices.scores.len(), reader)?,
            None => Moments::default(),
        });
    }
    Ok(logic::Optimiser { step, logits, scores })
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
