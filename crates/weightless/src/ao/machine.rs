//! A state machine of neurons that answer with the nearest stored example over their connections.
//!
//! Aleksander, Clarke and Braga, *Binary neural systems* (1994): iconic training of generalising
//! memories. The engine whose public settings this kind takes over is not public.

use super::connections::{Connections, Lists};
use super::examples::{BLOCK, Columns, add_distances, count_nearest, least};
use super::settings::Firing;
use crate::bits::BitSet;

/// A stored example: neurons answer with the bit that it forces, where they read it and the state
/// before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// I, which Q becomes.
    pub input: BitSet,
    /// Q a step before.
    pub past_state: BitSet,
    /// The label, which Z becomes.
    pub label: BitSet,
    /// Z a step before.
    pub past_output: BitSet,
}

/// The state between two steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Q
    pub state: BitSet,
    /// Z
    pub output: BitSet,
}

/// The examples nearest to a neuron's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Vote {
    /// Differing bits over the neuron's connections.
    pub distance: u16,
    /// The number of examples at this distance.
    pub nearest: u32,
    /// Those of them that answer 1.
    pub ones: u32,
}

impl Vote {
    /// Whether a draw decides.
    pub fn is_open(&self) -> bool {
        self.nearest == 0 || (self.ones > 0 && self.ones < self.nearest)
    }

    /// The neuron's bit: 1 with the probability of the ones among the nearest examples; `draw` is
    /// uniform in [0, 1).
    pub fn fires(&self, draw: f32) -> bool {
        match self.nearest {
            0 => draw < 0.5,
            nearest => draw * (nearest as f32) < self.ones as f32,
        }
    }
}

/// Masks of the neurons of one layer over another layer.
#[derive(Clone, Debug, Default)]
struct Masks {
    words: usize,
    /// `[neurons, words]`
    masks: Vec<u64>,
}

impl Masks {
    fn new(lists: &Lists, bits: usize) -> Self {
        let mask = |list: &Vec<u32>| {
            let mut mask = BitSet::new(bits);
            list.iter().for_each(|&at| mask.set(at as usize, true));
            mask.words().to_vec()
        };
        Self { words: crate::bits::words_for(bits), masks: lists.iter().flat_map(mask).collect() }
    }

    fn of(&self, neuron: usize) -> &[u64] {
        &self.masks[neuron * self.words..][..self.words]
    }
}

/// A machine with its examples.
#[derive(Clone, Debug)]
pub struct Machine {
    connections: Connections,
    firing: Firing,
    inputs: usize,
    outputs: usize,
    q_input: Masks,
    q_neighbour: Masks,
    z_input: Masks,
    z_neighbour: Masks,
    z_direct: Option<Masks>,
    examples: Vec<Example>,
    input: Columns,
    past_state: Columns,
    past_output: Columns,
    /// Bits of the examples for each neuron, Q then Z: `[neurons][examples]` in words.
    dominant: Vec<Vec<u64>>,
}

/// Distances of one layer that a step reads: bits that differ from each example, and the masks.
type Part<'a> = (&'a [[u64; BLOCK]], &'a Masks);

impl Machine {
    /// A machine of `inputs` I and Q and `outputs` Z without examples.
    pub fn new(connections: Connections, inputs: usize, outputs: usize, firing: Firing) -> Self {
        let has_direct = connections.z_direct.iter().any(|list| !list.is_empty());
        Self {
            q_input: Masks::new(&connections.q_input, inputs),
            q_neighbour: Masks::new(&connections.q_neighbour, inputs),
            z_input: Masks::new(&connections.z_input, inputs),
            z_neighbour: Masks::new(&connections.z_neighbour, outputs),
            z_direct: has_direct.then(|| Masks::new(&connections.z_direct, inputs)),
            connections,
            firing,
            inputs,
            outputs,
            examples: vec![],
            input: Columns::new(inputs),
            past_state: Columns::new(inputs),
            past_output: Columns::new(outputs),
            dominant: vec![vec![]; inputs + outputs],
        }
    }

    /// Stores an example.
    pub fn learn(&mut self, example: Example) {
        self.input.push(&example.input);
        self.past_state.push(&example.past_state);
        self.past_output.push(&example.past_output);
        let (word, bit) = (self.examples.len() / 64, self.examples.len() % 64);
        let bits = example.input.iter().chain(example.label.iter());
        for (dominant, answer) in self.dominant.iter_mut().zip(bits) {
            dominant.resize(word + 1, 0);
            dominant[word] |= u64::from(answer) << bit;
        }
        self.examples.push(example);
    }

    /// Removes the last example.
    pub fn forget_last(&mut self) -> Option<Example> {
        let example = self.examples.pop()?;
        self.input.pop();
        self.past_state.pop();
        self.past_output.pop();
        let (word, bit) = (self.examples.len() / 64, self.examples.len() % 64);
        for dominant in &mut self.dominant {
            dominant[word] &= !(1 << bit);
            dominant.truncate(self.examples.len().div_ceil(64));
        }
        Some(example)
    }

    /// Removes example `index`.
    pub fn forget(&mut self, index: usize) {
        let kept = self.examples.len() - index - 1;
        let mut later: Vec<Example> = (0..kept).filter_map(|_| self.forget_last()).collect();
        self.forget_last();
        while let Some(example) = later.pop() {
            self.learn(example);
        }
    }

    /// The examples in the order in which they were learnt.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// The connections.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// The number of I and of Q, and that of Z.
    pub fn neurons(&self) -> (usize, usize) {
        (self.inputs, self.outputs)
    }

    /// Distances of the input half of every Q to every example, which do not change while the input
    /// is held: `[Q][examples]`.
    pub fn held(&self, input: &BitSet) -> Held {
        let (mut differing, width) = (vec![], self.examples.len().div_ceil(BLOCK));
        self.input.differences(input, &mut differing);
        let mut distances = vec![[0; BLOCK]; self.inputs * width];
        for neuron in 0..if width > 0 { self.inputs } else { 0 } {
            let own = neuron * width..(neuron + 1) * width;
            match neuron > 0 && self.q_input.of(neuron) == self.q_input.of(neuron - 1) {
                true => distances.copy_within(own.start - width..own.start, own.start),
                false => add_distances(&differing, self.q_input.of(neuron), &mut distances[own]),
            }
        }
        Held { distances, width, differing }
    }

    /// One step with the input held: all Q, then all Z. `draws` are uniform in [0, 1), one for each
    /// neuron, Q then Z. Returns the votes in this order.
    pub fn step(&self, held: &Held, current: &mut State, draws: &[f32]) -> Vec<Vote> {
        let (mut state_differs, mut output_differs) = (vec![], vec![]);
        self.past_state.differences(&current.state, &mut state_differs);
        let mut distances = vec![[0; BLOCK]; held.width];
        let mut votes = Vec::with_capacity(self.inputs + self.outputs);
        for neuron in 0..self.inputs {
            if neuron == 0 || !self.reads_as_before(neuron) {
                distances.copy_from_slice(held.of(neuron));
                add_distances(&state_differs, self.q_neighbour.of(neuron), &mut distances);
            }
            votes.push(self.vote(&distances, neuron));
        }
        current.state = votes.iter().zip(draws).map(|(vote, draw)| vote.fires(*draw)).collect();
        self.input.differences(&current.state, &mut state_differs);
        self.past_output.differences(&current.output, &mut output_differs);
        for neuron in 0..self.outputs {
            distances.fill([0; BLOCK]);
            let parts: [Part; 2] = [(&state_differs, &self.z_input), (&output_differs, &self.z_neighbour)];
            let direct = self.z_direct.as_ref().map(|masks| (&*held.differing, masks));
            for (differing, masks) in parts.into_iter().chain(direct) {
                add_distances(differing, masks.of(neuron), &mut distances);
            }
            votes.push(self.vote(&distances, self.inputs + neuron));
        }
        let outputs = votes[self.inputs..].iter().zip(&draws[self.inputs..]);
        current.output = outputs.map(|(vote, draw)| vote.fires(*draw)).collect();
        votes
    }

    /// Whether a Q reads the neurons that the one before it reads: then it sees the same distances.
    fn reads_as_before(&self, neuron: usize) -> bool {
        let same = |masks: &Masks| masks.of(neuron) == masks.of(neuron - 1);
        same(&self.q_neighbour) && same(&self.q_input)
    }

    fn vote(&self, distances: &[[u16; BLOCK]], neuron: usize) -> Vote {
        let distances = &distances.as_flattened()[..self.examples.len()];
        if distances.is_empty() {
            return Vote::default();
        }
        let distance = least(distances);
        if self.firing == Firing::Exact && distance > 0 {
            return Vote { distance, ..Vote::default() };
        }
        let (nearest, ones) = count_nearest(distances, distance, &self.dominant[neuron]);
        Vote { distance, nearest, ones }
    }
}

/// What stays the same while an input is held.
pub struct Held {
    /// `[Q, width]`
    distances: Vec<[u16; BLOCK]>,
    width: usize,
    /// The bits in which the input differs from that of each example.
    differing: Vec<[u64; BLOCK]>,
}

impl Held {
    fn of(&self, neuron: usize) -> &[[u16; BLOCK]] {
        &self.distances[neuron * self.width..][..self.width]
    }

    /// The number of bits in which the input differs from that of example `index`.
    pub fn distance(&self, index: usize) -> u32 {
        let words = self.differing.len() / self.width;
        let block = &self.differing[index / BLOCK * words..][..words];
        block.iter().map(|words| words[index % BLOCK].count_ones()).sum()
    }
}
