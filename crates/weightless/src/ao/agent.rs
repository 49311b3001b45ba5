//! A state machine that learns pictures.

use umwelt_base::random::{Rng, Stream};

use super::connections::{Connections, Shape};
use super::control::{Control, Episode};
use super::machine::{Held, Machine, State};
use super::settings::{AoSettings, Past};
use crate::answer::{Answer, Distances};
use crate::bits::{BitSet, label_bits, label_outputs, label_value};

/// Examples of pictures, and the machine that answers with them.
#[derive(Clone, Debug)]
pub struct Ao {
    pub(crate) settings: AoSettings,
    pub(crate) classes: usize,
    pub(crate) seed: u64,
    pub(crate) machine: Machine,
    /// The state that the last example forced.
    pub(crate) last: State,
}

/// The state after each step of an answer.
#[derive(Clone, Debug)]
pub struct Recall {
    pub states: Vec<State>,
    /// The steps after which the state was at rest.
    pub settled: Option<usize>,
}

impl Ao {
    /// A machine of pictures of `bits` bits that has learnt nothing. Pictures of one bit a pixel
    /// are one channel; others have a channel for each pixel.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn new(
        settings: AoSettings,
        bits: usize,
        pixels: usize,
        classes: usize,
        seed: u64,
    ) -> Result<Self, String> {
        settings.check()?;
        let channels = if bits == pixels { 1 } else { pixels };
        let outputs = label_outputs(classes);
        let connections = Connections::new(&settings, Shape { inputs: bits, channels, outputs }, seed)?;
        let machine = Machine::new(connections, bits, outputs, settings.firing);
        let last = State { state: BitSet::new(bits), output: BitSet::new(outputs) };
        Ok(Self { settings, classes, seed, machine, last })
    }

    /// Stores a picture with its label: 197 bytes for 784 bits and ten classes.
    pub fn learn(&mut self, input: BitSet, label: u8) {
        let (inputs, outputs) = self.machine.neurons();
        let label: BitSet = label_bits(label, outputs).into_iter().collect();
        let before = match self.settings.past {
            Past::Icon => State { state: input.clone(), output: label.clone() },
            Past::Sequence => self.last.clone(),
            Past::Random => {
                let at = self.machine.examples().len() as u64;
                random_state(&mut Stream::new(self.seed, "past").at(&[at]), inputs, outputs)
            }
        };
        self.last = State { state: input.clone(), output: label.clone() };
        let episode = Episode { input, before, output: BitSet::new(outputs) };
        self.machine.learn(Control::Label(label).example(&episode));
    }

    /// Takes back the last example; its input and label.
    pub fn undo(&mut self) -> Option<(BitSet, u8)> {
        let example = self.machine.forget_last()?;
        let (inputs, outputs) = self.machine.neurons();
        let nothing = || State { state: BitSet::new(inputs), output: BitSet::new(outputs) };
        let forced = self.machine.examples().last();
        self.last = forced.map_or_else(nothing, |example| State {
            state: example.input.clone(),
            output: example.label.clone(),
        });
        Some((example.input, label_value(&example.label.iter().collect::<Vec<_>>()) as u8))
    }

    /// Takes back the newest example with this input and label; false where there is none.
    pub fn unlearn(&mut self, input: &BitSet, label: u8) -> bool {
        let label: BitSet = label_bits(label, self.machine.neurons().1).into_iter().collect();
        let is_it = |example: &super::Example| example.input == *input && example.label == label;
        let found = self.machine.examples().iter().rposition(is_it);
        if let Some(index) = found {
            self.machine.forget(index);
        }
        found.is_some()
    }

    /// Stores an example as it was stored before.
    pub fn restore(&mut self, example: super::Example) {
        self.last = State { state: example.input.clone(), output: example.label.clone() };
        self.machine.learn(example);
    }

    /// The machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The settings.
    pub fn settings(&self) -> &AoSettings {
        &self.settings
    }

    /// The bytes of the examples, bit by bit.
    pub fn example_bytes(&self) -> usize {
        let (inputs, outputs) = self.machine.neurons();
        self.machine.examples().len() * (2 * (inputs + outputs)).div_ceil(8)
    }

    /// The bytes of connections: a list of two bytes an input where neurons differ.
    pub fn connection_bytes(&self) -> usize {
        let connections = self.machine.connections();
        let lists = [
            &connections.q_input,
            &connections.q_neighbour,
            &connections.z_input,
            &connections.z_neighbour,
            &connections.z_direct,
        ];
        lists.iter().flat_map(|lists| lists.iter()).map(|list| 2 * list.len()).sum()
    }

    /// Steps with `input` held from a random state, until the state is at rest or the settings'
    /// steps are done. A function of the seed and `index`.
    pub fn recall(&self, input: &BitSet, index: u64) -> Recall {
        self.recall_held(&self.machine.held(input), index)
    }

    fn recall_held(&self, held: &Held, index: u64) -> Recall {
        let (inputs, outputs) = self.machine.neurons();
        let mut current = random_state(&mut Stream::new(self.seed, "reset").at(&[index]), inputs, outputs);
        let (stream, mut draws) = (Stream::new(self.seed, "draws"), vec![0.0; inputs + outputs]);
        let (mut states, mut settled) = (Vec::with_capacity(self.settings.steps), None);
        for step in 0..self.settings.steps {
            stream.at(&[index, step as u64]).fill_uniform(&mut draws, 0.0, 1.0);
            let before = current.clone();
            let votes = self.machine.step(held, &mut current, &draws);
            states.push(current.clone());
            if current == before && !votes.iter().any(|vote| vote.is_open()) {
                settled = Some(step);
                break;
            }
        }
        Recall { states, settled }
    }

    /// The answer to `input`, with the state after each step.
    pub fn answer(&self, input: &BitSet, index: u64) -> (Answer, Recall) {
        let held = self.machine.held(input);
        let recall = self.recall_held(&held, index);
        if self.machine.examples().is_empty() {
            let scores = vec![f32::NEG_INFINITY; self.classes];
            return (Answer { scores, ..Answer::default() }, recall);
        }
        let output = recall.states.last().map(|state| state.output.iter().collect::<Vec<_>>());
        let value = label_value(&output.unwrap_or_default());
        let nearest = self.nearest(&held);
        let others = nearest.iter().enumerate().filter(|(class, _)| *class != value);
        let other = others.filter_map(|(class, distance)| Some((class, (*distance)?))).min_by_key(|it| it.1);
        let distances = Distances { answered: nearest.get(value).copied().flatten(), other };
        let score = |distance: &Option<u32>| distance.map_or(f32::NEG_INFINITY, |bits| -(bits as f32));
        let answer = Answer {
            value: Some(value),
            confidence: margin(&distances),
            scores: nearest.iter().map(score).collect(),
            distances: Some(distances),
            settled: recall.settled,
        };
        (answer, recall)
    }

    /// The distance of the input to the nearest example of each class.
    fn nearest(&self, held: &Held) -> Vec<Option<u32>> {
        let mut nearest: Vec<Option<u32>> = vec![None; self.classes];
        for (index, example) in self.machine.examples().iter().enumerate() {
            let class = label_value(&example.label.iter().collect::<Vec<_>>());
            if let Some(known) = nearest.get_mut(class) {
                let distance = held.distance(index);
                *known = Some(known.map_or(distance, |least| least.min(distance)));
            }
        }
        nearest
    }
}

/// The lead of the answered class in bits, relative to the distance of the other; 1 where no other
/// class is known.
fn margin(distances: &Distances) -> f64 {
    match (distances.answered, distances.other) {
        (Some(answered), Some((_, other))) if other > answered => {
            f64::from(other - answered) / f64::from(other)
        }
        (Some(_), None) => 1.0,
        _ => 0.0,
    }
}

fn random_state(rng: &mut Rng, inputs: usize, outputs: usize) -> State {
    let mut bits = |count: usize| {
        let mut set = BitSet::new(count);
        set.words_mut().iter_mut().for_each(|word| *word = rng.bits());
        if !count.is_multiple_of(64) {
            set.words_mut()[count / 64] &= (1 << (count % 64)) - 1;
        }
        set
    };
    State { state: bits(inputs), output: bits(outputs) }
}
