//! RAMs in a file: mapping, counts, learnt numbers and reservoir.

use super::super::{AgentSettings, Form};
use super::examples::{read_reservoir, write_reservoir};
use super::header::{State, check_length};
use super::read::Reader;
use super::rows::{Rows, write_rows};
use super::write::Writer;
use super::{Refused, Result};
use crate::bits::{Copies, STRONGEST, Shifts};
use crate::wisard::{
    CompactWisard, Decision, Mapping, Places, Rams, Store, Wisard, WisardSettings, WisardState,
};

const MAPPING: &str = "mapping";
const HASHES: &str = "hashes";
const PLACES: &str = "places";
const COUNTS: &str = "counts";
const TABLES: &str = "tables";
const MASKS: &str = "masks";

pub fn write(wisard: &Wisard, writer: &mut Writer) -> State {
    let rams = wisard.rams();
    write_places(rams, writer);
    let (classes, stride) = (rams.classes(), rams.blocks());
    let counts: Vec<u16> = rams
        .counts()
        .chunks(stride)
        .flat_map(|row| row.iter().flat_map(|block| block.0).take(classes))
        .collect();
    write_rows(COUNTS, &counts, classes, writer);
    if rams.is_learnt() {
        let tables: Vec<f32> = rams
            .tables()
            .chunks(stride)
            .flat_map(|row| row.iter().flat_map(|block| block.0).take(classes))
            .collect();
        write_rows(TABLES, &tables, classes, writer);
    }
    write_reservoir(wisard.reservoir(), writer);
    State::Wisard {
        seen: rams.seen().to_vec(),
        shifts: wisard.copies().map(|copies| copies.shifts().count()),
        warp: wisard.copies().map_or(0.0, Copies::warp),
        bleaching: wisard.bleaching(),
        lessons: wisard.lessons(),
        offered: wisard.reservoir().offered().to_vec(),
    }
}

pub fn write_compact(compact: &CompactWisard, writer: &mut Writer) -> State {
    write_places(compact.rams(), writer);
    write_rows(MASKS, compact.masks(), compact.rams().blocks(), writer);
    State::CompactWisard { seen: compact.rams().seen().to_vec() }
}

fn write_places(rams: &Rams, writer: &mut Writer) {
    let mapping = rams.mapping();
    let inputs: Vec<u16> = mapping.inputs().iter().map(|input| *input as u16).collect();
    writer.add_rows(MAPPING, &inputs, &[mapping.rams(), mapping.tuple()]);
    match rams.places() {
        Places::Dense { .. } => {}
        places @ Places::Map { .. } => {
            let seen: Vec<u32> =
                places.seen().into_iter().flat_map(|(ram, address)| [ram, address]).collect();
            writer.add_rows(PLACES, &seen, &[seen.len() / 2, 2]);
        }
        Places::Bloom { constants, tuple, .. } => {
            writer.add_rows(HASHES, constants, &[constants.len() / tuple, *tuple]);
        }
    }
}

pub fn read(
    own: &WisardSettings,
    settings: &AgentSettings,
    state: &State,
    reader: &mut Reader,
) -> Result<Form> {
    let State::Wisard { seen, shifts, warp, bleaching, lessons, offered } = state else {
        return Err(Refused::new("its state is none of a WiSARD"));
    };
    let classes = settings.classes;
    check_length("seen", seen.len(), classes)?;
    let known = |count: usize| {
        let shifts = Shifts::of(count).ok_or_else(|| Refused::new("its shifts are not 1, 5 or 9"))?;
        let reason = || Refused::new(format!("its warp {warp} is not from 0 to {STRONGEST}"));
        Copies::new(shifts, *warp).ok_or_else(reason)
    };
    let copies = shifts.map(known).transpose()?;
    if *bleaching == 0 {
        return Err(Refused::new("its bleaching is 0, and must be at least 1"));
    }
    let (mapping, places) = read_places(own, settings, reader)?;
    let rows = places.rows(mapping.rams());
    let counts = Rows::<u16>::read(COUNTS, rows, classes, reader)?;
    let is_learnt = own.decision == Decision::Learnt;
    let tables = is_learnt.then(|| Rows::<f32>::read(TABLES, rows, classes, reader)).transpose()?;
    let reservoir = read_reservoir(own.replay, classes, offered, reader)?;
    let mut rams = Rams::new(mapping, places, classes, is_learnt);
    counts.iter().for_each(|(row, counts)| rams.set_counts(row, counts));
    tables.iter().flat_map(Rows::iter).for_each(|(row, numbers)| rams.set_tables(row, numbers));
    rams.set_seen(seen.clone());
    let state = WisardState { rams, copies, bleaching: *bleaching, reservoir, lessons: *lessons };
    Ok(Form::Wisard(Box::new(Wisard::restore(own.clone(), settings.seed, state))))
}

pub fn read_compact(
    own: &WisardSettings,
    settings: &AgentSettings,
    seen: &[u32],
    reader: &mut Reader,
) -> Result<Form> {
    check_length("seen", seen.len(), settings.classes)?;
    let (mapping, places) = read_places(own, settings, reader)?;
    let (rows, width) = (places.rows(mapping.rams()), settings.classes.div_ceil(16));
    let read = Rows::<u16>::read(MASKS, rows, width, reader)?;
    let mut masks = vec![0; rows * width];
    read.iter().for_each(|(row, values)| masks[row * width..][..width].copy_from_slice(values));
    let mut rams = Rams::without_counts(mapping, places, settings.classes);
    rams.set_seen(seen.to_vec());
    Ok(Form::CompactWisard(Box::new(CompactWisard::new(rams, masks))))
}

fn read_places(
    own: &WisardSettings,
    settings: &AgentSettings,
    reader: &mut Reader,
) -> Result<(Mapping, Places)> {
    let (bits, tuple) = (settings.bits(), own.tuple);
    let rams = (bits * own.coverage).div_ceil(tuple);
    let inputs = reader.take_below::<u16>(MAPPING, &[rams, tuple], bits)?;
    let mapping = Mapping::new(bits, tuple, inputs.into_iter().map(u32::from).collect());
    let places = match own.store {
        Store::Dense => Places::Dense { tuple },
        Store::Map => read_map(rams, tuple, reader)?,
        Store::Bloom => {
            let entries = 1 << own.bloom_index_bits;
            let constants = reader.take_below::<u32>(HASHES, &[own.bloom_hashes, tuple], entries)?;
            Places::Bloom { index_bits: own.bloom_index_bits, tuple, constants }
        }
    };
    Ok((mapping, places))
}

/// A map whose places have the rows in which the file lists them.
fn read_map(rams: usize, tuple: usize, reader: &mut Reader) -> Result<Places> {
    let count = reader.rows(PLACES, 2)?;
    let seen = reader.take::<u32>(PLACES, &[count, 2])?;
    let mut places = Places::map();
    for &[ram, address] in seen.as_chunks::<2>().0 {
        if ram as usize >= rams || u64::from(address) >> tuple != 0 {
            return Err(Refused::tensor(
                PLACES,
                format!("has the place {address} of RAM {ram}, which does not exist"),
            ));
        }
        if !places.add(ram as usize, address) {
            return Err(Refused::tensor(PLACES, format!("has the place {address} of RAM {ram} twice")));
        }
    }
    Ok(places)
}
