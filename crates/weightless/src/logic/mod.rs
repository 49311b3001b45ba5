//! `kind: logic`: gates of two inputs whose functions are trained.
//!
//! The authors of the first such networks (Petersen et al. 2022) state that a patent is pending.
//! This kind is off unless a setting names it; `dwn` with two inputs a table covers the same
//! ground.

mod gates;
mod settings;

pub use gates::{FUNCTIONS, Gates, Row};
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
        let Wires::Random = settings.wires;
        let stream = Stream::new(seed, "mapping");
        let mut layers = Vec::<Gates>::new();
        for (at, &count) in settings.gates.iter().enumerate() {
            let width = layers.last().map_or(bits, Gates::count);
            layers.push(Gates::new(permutations(2 * count, width, &stream, at as u64)));
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

    /// The loss of a batch, and the gradients of the logits of each layer.
    fn gradients(&self, (planes, labels): Batch) -> (Loss, Vec<Vec<f32>>) {
        let values = self.forward(planes);
        let outputs = values.last().map_or(&[][..], Vec::as_slice);
        let group = outputs.len() / self.classes;
        let sum = |class: &[Row]| std::array::from_fn(|at| class.iter().map(|row| row[at]).sum());
        let sums: Vec<Row> = outputs.chunks(group).map(sum).collect();
        let loss = cross_entropy(&sums, labels, self.tau);
        let mut outputs: Vec<Row> =
            loss.sums.iter().flat_map(|class| std::iter::repeat_n(*class, group)).collect();
        let mut gradients = vec![vec![]; self.layers.len()];
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
        Optimiser {
            step: 0,
            logits: self.layers.iter().map(|layer| Moments::new(layer.logits.len())).collect(),
        }
    }

    fn step(&mut self, batch: Batch, optimiser: &mut Optimiser, rate: f32, _: Extent) -> Loss {
        let (loss, gradients) = self.gradients(batch);
        optimiser.step += 1;
        let factors = Factors::new(rate, optimiser.step);
        let layers = self.layers.iter_mut().zip(&gradients).zip(&mut optimiser.logits);
        layers.for_each(|((layer, own), moments)| moments.apply(factors, &mut layer.logits, own));
        loss
    }

    fn settle(&mut self) {}

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
                mapping: layer.wires.iter().map(wire).collect(),
                tables: layer.functions().map(|function| function as u64).collect(),
            }
        };
        Finished { layers: self.layers.iter().enumerate().map(layer).collect(), classes: self.classes }
    }

    fn bytes(&self) -> usize {
        let layer = |layer: &Gates| size_of_val(&*layer.logits) + layer.wires.len() * 2;
        self.layers.iter().map(layer).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
