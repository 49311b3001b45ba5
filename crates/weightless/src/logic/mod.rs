//! `kind: logic`: gates of two inputs whose functions are trained.
//!
//! The authors of the first such networks (Petersen et al. 2022) state that a patent is pending.
//! This kind is off unless a setting names it; `dwn` with two inputs a table covers the same
//! ground.

mod choices;
mod gates;
mod settings;

pub use choices::Choices;
pub use gates::{FUNCTIONS, Gates, Gradients, Row};
pub use settings::{LogicSettings, Wires};

use umwelt_base::random::Stream;

use crate::Digit;
use crate::bits::Encoder;
use crate::trained::{
    BATCH, Batch, BitTables, Extent, Factors, Finished, Loss, Model, Moments, Plane, Trained, Varying, bit,
    cross_entropy, permutations,
};

/// Layers of gates; the outputs of the last one are summed by class.
#[derive(Clone, Debug, PartialEq)]
pub struct Circuit {
    pub layers: Vec<Gates>,
    pub classes: usize,
    pub tau: f32,
}

/// The state of Adam for all gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimiser {
    pub step: u64,
    pub logits: Vec<Moments>,
    /// Those of each layer's choices, empty where it has none.
    pub scores: Vec<Moments>,
}

/// Trained gates that go on learning.
pub type Logic = Trained<Circuit>;

impl Logic {
    /// Gates that pass on random wires. `images` are the training pictures: bits that hardly vary
    /// among them are not read.
    ///
    /// # Errors
    /// When a setting is out of range, or no bit varies.
    pub fn random(
        settings: &LogicSettings,
        encoder: &Encoder,
        images: &[Digit],
        classes: usize,
        seed: u64,
    ) -> Result<Self, String> {
        settings.check(classes)?;
        let varying = Varying::of(encoder, images)?;
        let circuit = Circuit::random(settings, varying.kept().len(), classes, seed);
        Ok(Self::new(settings.plan(), circuit, varying, classes, seed))
    }
}

impl Circuit {
    /// Gates with random wires that read `bits` bits. A function of the seed.
    pub fn random(settings: &LogicSettings, bits: usize, classes: usize, seed: u64) -> Self {
        let (stream, others) = (Stream::new(seed, "mapping"), Stream::new(seed, "candidates"));
        let mut layers = Vec::<Gates>::new();
        for (at, &count) in settings.gates.iter().enumerate() {
            let width = layers.last().map_or(bits, Gates::count);
            let wires = permutations(2 * count, width, &stream, at as u64);
            let choices = (settings.wires == Wires::TopK)
                .then(|| Choices::new(&wires, settings.candidates, width, &others, at as u64));
            layers.push(Gates { choices, ..Gates::new(wires) });
        }
        Self { layers, classes, tau: settings.tau }
    }

    /// The values of every layer, the bits of the batch first.
    fn forward(&self, planes: &[Plane]) -> Vec<Vec<Row>> {
        let row = |plane: &Plane| std::array::from_fn(|at| bit(plane, at) as f32);
        let mut values: Vec<Vec<Row>> = vec![planes.iter().map(row).collect()];
        for (at, layer) in self.layers.iter().enumerate() {
            values.push(layer.forward(&values[at]));
        }
        values
    }

    /// The loss of a batch, and the gradients of each layer.
    fn gradients(&self, (planes, labels): Batch) -> (Loss, Vec<Gradients>) {
        let values = self.forward(planes);
        let outputs = values.last().map_or(&[][..], Vec::as_slice);
        let group = outputs.len() / self.classes;
        let sum = |class: &[Row]| std::array::from_fn(|at| class.iter().map(|row| row[at]).sum());
        let sums: Vec<Row> = outputs.chunks(group).map(sum).collect();
        let loss = cross_entropy(&sums, labels, self.tau);
        let mut outputs: Vec<Row> =
            loss.sums.iter().flat_map(|class| std::iter::repeat_n(*class, group)).collect();
        let mut gradients = vec![Gradients::default(); self.layers.len()];
        for at in (0..self.layers.len()).rev() {
            let mut inputs = vec![[0.0; BATCH]; values[at].len()];
            gradients[at] = self.layers[at].backward(&values[at], &outputs, &mut inputs);
            outputs = inputs;
        }
        (loss, gradients)
    }
}

impl Model for Circuit {
    type Optimiser = Optimiser;

    fn optimiser(&self) -> Optimiser {
        let scores = |layer: &Gates| Moments::new(layer.choices.as_ref().map_or(0, |c| c.scores.len()));
        Optimiser {
            step: 0,
            logits: self.layers.iter().map(|layer| Moments::new(layer.logits.len())).collect(),
            scores: self.layers.iter().map(scores).collect(),
        }
    }

    fn step(&mut self, batch: Batch, optimiser: &mut Optimiser, rate: f32, extent: Extent) -> Loss {
        let (loss, gradients) = self.gradients(batch);
        optimiser.step += 1;
        let factors = Factors::new(rate, optimiser.step);
        for (at, (layer, own)) in self.layers.iter_mut().zip(&gradients).enumerate() {
            optimiser.logits[at].apply(factors, &mut layer.logits, &own.logits);
            if let Some(choices) = &mut layer.choices
                && extent != Extent::Lesson
            {
                optimiser.scores[at].apply(factors, &mut choices.scores, &own.scores);
            }
        }
        loss
    }

    fn settle(&mut self) {
        self.layers.iter_mut().for_each(Gates::settle);
    }

    fn values(&self) -> Vec<Vec<f32>> {
        self.layers.iter().map(|layer| layer.logits.clone()).collect()
    }

    fn set_values(&mut self, values: Vec<Vec<f32>>) {
        self.layers.iter_mut().zip(values).for_each(|(layer, logits)| layer.logits = logits);
    }

    /// Each gate becomes a table of two inputs: its likeliest function.
    fn finished(&self, varying: &Varying) -> Finished {
        let layer = |(at, layer): (usize, &Gates)| {
            let wire = |&wire: &u32| if at == 0 { varying.kept()[wire as usize] } else { wire } as u16;
            BitTables {
                inputs: 2,
                mapping: layer.likeliest_wires().iter().map(wire).collect(),
                tables: layer.functions().map(|function| function as u64).collect(),
            }
        };
        Finished { layers: self.layers.iter().enumerate().map(layer).collect(), classes: self.classes }
    }

    fn bytes(&self) -> usize {
        let choices = |choices: &Choices| size_of_val(&*choices.scores) + choices.wires.len() * 2;
        let layer = |layer: &Gates| {
            size_of_val(&*layer.logits) + layer.wires.len() * 2 + layer.choices.as_ref().map_or(0, choices)
        };
        self.layers.iter().map(layer).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_find_the_wires_that_matter_and_keep_them() {
        // The label is bit 0 and bit 1; 38 other bits are noise.
        let batch = |step: u64| -> (Vec<Plane>, Vec<u8>) {
            let mut rng = Stream::new(4, "t").at(&[step]);
            let planes: Vec<Plane> = (0..40).map(|_| [rng.bits(), rng.bits()]).collect();
            let labels = (0..BATCH).map(|at| (bit(&planes[0], at) & bit(&planes[1], at)) as u8).collect();
            (planes, labels)
        };
        let right = |wires| {
            let settings =
                LogicSettings { gates: vec![20], tau: 2.0, wires, candidates: 32, ..Default::default() };
            let mut circuit = Circuit::random(&settings, 40, 2, 3);
            let mut optimiser = circuit.optimiser();
            for step in 0..300 {
                let (planes, labels) = batch(step);
                circuit.step((&planes, &labels), &mut optimiser, 0.05, Extent::Course { threads: 1 });
            }
            let varying = Varying::new((0..40).collect(), 40);
            let before = circuit.finished(&varying);
            circuit.settle();
            assert!(circuit.finished(&varying) == before && circuit.layers[0].choices.is_none());
            let (planes, labels) = batch(1000);
            let sums = before.sums_at_once(&planes);
            (0..BATCH).filter(|&at| (sums[1][at] > sums[0][at]) == (labels[at] == 1)).count()
        };
        let (random, chosen) = (right(Wires::Random), right(Wires::TopK));
        assert!(chosen >= 126 && random < 110, "{random} and {chosen} of 128");
    }

    #[test]
    fn a_lesson_leaves_the_choice_of_wires() {
        let settings = LogicSettings { gates: vec![20], wires: Wires::TopK, ..Default::default() };
        let mut circuit = Circuit::random(&settings, 40, 2, 3);
        let (before, mut optimiser) = (circuit.clone(), circuit.optimiser());
        let planes: Vec<Plane> = (0..40).map(|at| [at * 77, !at]).collect();
        circuit.step((&planes, &[1; BATCH]), &mut optimiser, 0.05, Extent::Lesson);
        assert_eq!(circuit.layers[0].choices, before.layers[0].choices);
        assert_ne!(circuit.layers[0].logits, before.layers[0].logits);
    }

    #[test]
    fn a_circuit_learns_exclusive_or_and_its_finished_form_computes_it() {
        // The label is bit 0 xor bit 1; bit 2 is noise.
        let settings = LogicSettings { gates: vec![60, 40], tau: 5.0, ..Default::default() };
        let mut circuit = Circuit::random(&settings, 3, 2, 3);
        let mut optimiser = circuit.optimiser();
        let batch = |step: u64| {
            let mut rng = Stream::new(4, "t").at(&[step]);
            let planes: Vec<Plane> = (0..3).map(|_| [rng.bits(), rng.bits()]).collect();
            let labels = (0..BATCH).map(|at| (bit(&planes[0], at) ^ bit(&planes[1], at)) as u8).collect();
            (planes, labels)
        };
        let mut losses = vec![];
        for step in 0..400 {
            let (planes, labels): (Vec<Plane>, Vec<u8>) = batch(step);
            losses.push(circuit.step((&planes, &labels), &mut optimiser, 0.05, Extent::Lesson).mean);
        }
        assert!((losses[0] - 0.69).abs() < 0.15 && losses[399] < 0.2, "{} {}", losses[0], losses[399]);
        let finished = circuit.finished(&Varying::new((0..3).collect(), 3));
        let (planes, labels) = batch(1000);
        let sums = finished.sums_at_once(&planes);
        let right = (0..BATCH).filter(|&at| (sums[1][at] > sums[0][at]) == (labels[at] == 1)).count();
        assert!(right >= 126, "{right} of 128");
        assert_eq!(finished.bytes(), 100 * 4 + 50);
    }
}
