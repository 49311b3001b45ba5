//! Layers of tables with the way back.
//!
//! The mapping of the first layer is learnt with the tables in the first course.

use umwelt_base::random::Stream;

use super::difference::Kernel;
use super::layer::{Layer, LayerGradients, Passed};
use super::mapping::Scores;
use super::settings::{DwnSettings, Reduction, Wiring};
use super::spectrum::add_penalty_gradient;
use crate::trained::{
    BATCH, Batch, BitTables, Extent, Factors, Finished, Loss, Model, Moments, Plane, Varying, bit,
    cross_entropy, permutations,
};

/// Tables in layers; the outputs of the last one are summed by class.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub layers: Vec<Layer>,
    /// Scores of the first layer's mapping while it is learnt.
    pub scores: Option<Scores>,
    pub classes: usize,
    pub tau: f32,
    pub kernel: Kernel,
    /// The weight of the penalty of rough tables.
    pub spectral: f32,
}

/// Gradients of a batch.
#[derive(Debug)]
pub struct Gradients {
    pub loss: Loss,
    /// One for each layer.
    pub layers: Vec<LayerGradients>,
    /// What each layer computed.
    pub passed: Vec<Passed>,
}

/// The state of Adam for all tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimiser {
    pub step: u64,
    pub luts: Vec<Moments>,
}

impl Network {
    /// Random tables that read `bits` bits. A function of the seed.
    pub fn random(settings: &DwnSettings, bits: usize, classes: usize, seed: u64) -> Self {
        let stream = Stream::new(seed, "mapping");
        let mut rng = Stream::new(seed, "tables").at(&[]);
        let (n, first) = (settings.inputs, settings.tables[0]);
        let is_learnt = settings.mapping == Wiring::Learnable;
        let scores = is_learnt.then(|| Scores::random(bits, first * n, &mut stream.at(&[0])));
        let mut layers = Vec::<Layer>::new();
        for (at, &count) in settings.tables.iter().enumerate() {
            let width = layers.last().map_or(bits, Layer::tables);
            let mapping = match (&scores, settings.mapping) {
                (Some(scores), _) if at == 0 => scores.best(),
                (_, Wiring::Arange) => (0..count * n).map(|input| (input % width) as u32).collect(),
                _ => permutations(count * n, width, &stream, at as u64),
            };
            layers.push(Layer::random(n, mapping, &mut rng));
        }
        for _ in settings.tables.len()..Self::shape(settings, classes).len() {
            let width = layers.last().map_or(0, Layer::tables);
            layers.push(Layer::random(n, pyramid(width / classes, n, classes), &mut rng));
        }
        Self::from_layers(settings, layers, scores, classes)
    }

    /// From layers, whose tables are in numbers those of [`Self::shape`].
    pub fn from_layers(
        settings: &DwnSettings,
        layers: Vec<Layer>,
        scores: Option<Scores>,
        classes: usize,
    ) -> Self {
        let kernel = Kernel::new(settings.inputs, settings.finite_difference);
        Self { layers, scores, classes, tau: settings.tau, kernel, spectral: settings.spectral }
    }

    /// The number of tables of each layer.
    pub fn shape(settings: &DwnSettings, classes: usize) -> Vec<usize> {
        let mut shape = settings.tables.clone();
        let mut width = shape.last().copied().unwrap_or_default();
        while settings.reduction == Reduction::Learnable && width > classes {
            width = (width / classes).div_ceil(settings.inputs) * classes;
            shape.push(width);
        }
        shape
    }

    /// The outputs of every layer for the bits of a batch.
    pub fn forward(&self, planes: &[Plane]) -> Vec<Passed> {
        let mut all: Vec<Passed> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let mut passed = Passed::default();
            layer.forward(all.last().map_or(planes, |last| &last.outputs), &mut passed);
            all.push(passed);
        }
        all
    }

    /// The number of ones among the outputs of each class, `[classes, BATCH]`.
    pub fn sums(&self, outputs: &[Plane]) -> Vec<[f32; BATCH]> {
        let mut sums = vec![[0.0; BATCH]; self.classes];
        for (sums, outputs) in sums.iter_mut().zip(outputs.chunks(outputs.len() / self.classes)) {
            for output in outputs {
                sums.iter_mut().enumerate().for_each(|(at, sum)| *sum += bit(output, at) as f32);
            }
        }
        sums
    }

    /// Loss and gradients of a batch with these labels.
    pub fn gradients(&self, planes: &[Plane], labels: &[u8]) -> Gradients {
        let passed = self.forward(planes);
        let outputs = passed.last().map_or(&[][..], |last| &last.outputs);
        let loss = cross_entropy(&self.sums(outputs), labels, self.tau);
        let group = outputs.len() / self.classes;
        let mut outputs: Vec<[f32; BATCH]> =
            loss.sums.iter().flat_map(|class| std::iter::repeat_n(*class, group)).collect();
        let mut layers = vec![LayerGradients::default(); self.layers.len()];
        for at in (0..self.layers.len()).rev() {
            self.layers[at].backward(&passed[at], &outputs, &self.kernel, &mut layers[at]);
            if at > 0 {
                outputs = vec![[0.0; BATCH]; self.layers[at - 1].tables()];
                self.layers[at].scatter(&layers[at].inputs, &mut outputs);
            }
        }
        Gradients { loss, layers, passed }
    }
}

/// The mapping of a layer that shrinks `group` outputs of each class by a factor of `n`:
/// consecutive outputs, and from the first on again where they do not suffice.
fn pyramid(group: usize, n: usize, classes: usize) -> Vec<u32> {
    let inputs = group.div_ceil(n) * n;
    let input = |at: usize| (at / inputs * group + at % inputs % group) as u32;
    (0..classes * inputs).map(input).collect()
}

impl Model for Network {
    type Optimiser = Optimiser;

    fn optimiser(&self) -> Optimiser {
        Optimiser { step: 0, luts: self.layers.iter().map(|layer| Moments::new(layer.luts.len())).collect() }
    }

    /// Entries are clamped, then all tables move, and the mapping with them while it is learnt.
    fn step(&mut self, batch: Batch, optimiser: &mut Optimiser, rate: f32, extent: Extent) -> Loss {
        self.layers.iter_mut().for_each(Layer::clamp);
        let mut gradients = self.gradients(batch.0, batch.1);
        optimiser.step += 1;
        let factors = Factors::new(rate, optimiser.step);
        if let (Some(scores), Extent::Course { threads }) = (&mut self.scores, extent) {
            let inputs = &gradients.layers[0].inputs;
            self.layers[0].mapping = scores.step(batch.0, inputs, factors, threads);
        }
        let layers = self.layers.iter_mut().zip(&mut gradients.layers);
        for ((layer, own), moments) in layers.zip(&mut optimiser.luts) {
            if self.spectral > 0.0 {
                let places = 1 << layer.inputs;
                let tables = layer.luts.chunks(places).zip(own.luts.chunks_mut(places));
                tables.for_each(|(table, sums)| add_penalty_gradient(table, self.spectral, sums));
            }
            moments.apply(factors, &mut layer.luts, &own.luts);
        }
        gradients.loss
    }

    /// The mapping stays from now on.
    fn settle(&mut self) {
        self.scores = None;
        self.layers.iter_mut().for_each(Layer::clamp);
    }

    fn values(&self) -> Vec<Vec<f32>> {
        self.layers.iter().map(|layer| layer.luts.clone()).collect()
    }

    fn set_values(&mut self, values: Vec<Vec<f32>>) {
        self.layers.iter_mut().zip(values).for_each(|(layer, luts)| layer.luts = luts);
    }

    fn finished(&self, varying: &Varying) -> Finished {
        let layer = |(at, layer): (usize, &Layer)| {
            let input = |&input: &u32| if at == 0 { varying.kept()[input as usize] } else { input } as u16;
            BitTables::new(layer.inputs, layer.mapping.iter().map(input).collect(), &layer.luts)
        };
        Finished { layers: self.layers.iter().enumerate().map(layer).collect(), classes: self.classes }
    }

    fn bytes(&self) -> usize {
        let layer = |layer: &Layer| size_of_val(&*layer.luts) + layer.mapping.len() * 2;
        self.layers.iter().map(layer).sum::<usize>() + self.scores.as_ref().map_or(0, Scores::bytes)
    }
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::super::settings::FiniteDifference;
    use super::*;

    #[test]
    fn all_at_once_equals_one_by_one_and_the_network() {
        let mut rng = Stream::new(2, "t").at(&[]);
        for inputs in [1, 2, 6, 8] {
            let mut mapping =
                |tables: usize, bits: u64| (0..tables * inputs).map(|_| (rng.bits() % bits) as u32).collect();
            let (first, second) = (mapping(30, 20), mapping(12, 30));
            let mut rng = Stream::new(3, "t").at(&[]);
            let layers =
                vec![Layer::random(inputs, first, &mut rng), Layer::random(inputs, second, &mut rng)];
            let kernel = Kernel::new(inputs, FiniteDifference::Harmonic);
            let network = Network { layers, scores: None, classes: 3, tau: 1.0, kernel, spectral: 0.0 };
            let varying = Varying::new((0..40).step_by(2).collect(), 40);
            let finished = network.finished(&varying);
            let planes: Vec<Plane> = (0..40).map(|_| [rng.bits(), rng.bits()]).collect();
            let kept: Vec<Plane> = planes.iter().copied().step_by(2).collect();
            let passed = network.forward(&kept);
            let sums = network.sums(&passed[1].outputs);
            let at_once = finished.sums_at_once(&planes);
            for at in 0..128 {
                let outputs = finished.outputs(|input| bit(&planes[input], at) == 1);
                let one = finished.sums(&outputs[1]);
                for class in 0..3 {
                    assert_eq!(one[class], sums[class][at] as u32, "{inputs} {at}");
                    assert_eq!(one[class], at_once[class][at], "{inputs} {at}");
                }
            }
            let bits = 1usize << inputs;
            assert_eq!(finished.bytes(), 42 * inputs * 2 + (30 * bits).div_ceil(8) + (12 * bits).div_ceil(8));
        }
    }
}
