//! Layers of tables with the way back.

use super::difference::Kernel;
use super::layer::{Layer, LayerGradients, Passed};
use super::mapping::Scores;
use super::settings::DwnSettings;
use super::spectrum::add_penalty_gradient;
use crate::adam::{Factors, Moments};
use crate::cross_entropy::{Loss, cross_entropy};
use crate::planes::{BATCH, Plane, bit};

/// Tables in layers; the outputs of the last one are summed by class.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub layers: Vec<Layer>,
    /// Scores of the first layer's mapping while it is learnt.
    pub scores: Option<Scores>,
    pub classes: usize,
    pub tau: f32,
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

impl Optimiser {
    /// The state before the first step.
    pub fn new(network: &Network) -> Self {
        Self { step: 0, luts: network.layers.iter().map(|layer| Moments::new(layer.luts.len())).collect() }
    }
}

impl Network {
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
    pub fn gradients(&self, planes: &[Plane], labels: &[u8], kernel: &Kernel) -> Gradients {
        let passed = self.forward(planes);
        let outputs = passed.last().map_or(&[][..], |last| &last.outputs);
        let loss = cross_entropy(&self.sums(outputs), labels, self.tau);
        let group = outputs.len() / self.classes;
        let mut outputs: Vec<[f32; BATCH]> =
            loss.sums.iter().flat_map(|class| std::iter::repeat_n(*class, group)).collect();
        let mut layers = vec![LayerGradients::default(); self.layers.len()];
        for at in (0..self.layers.len()).rev() {
            self.layers[at].backward(&passed[at], &outputs, kernel, &mut layers[at]);
            if at > 0 {
                outputs = vec![[0.0; BATCH]; self.layers[at - 1].tables()];
                self.layers[at].scatter(&layers[at].inputs, &mut outputs);
            }
        }
        Gradients { loss, layers, passed }
    }

    /// One step of Adam on a batch: entries are clamped, then all tables move, and the mapping with
    /// them while it is learnt. Returns the loss before the step.
    pub fn step(
        &mut self,
        batch: (&[Plane], &[u8]),
        optimiser: &mut Optimiser,
        rule: &Rule,
        rate: f32,
        threads: usize,
    ) -> Loss {
        self.layers.iter_mut().for_each(Layer::clamp);
        let mut gradients = self.gradients(batch.0, batch.1, &rule.kernel);
        optimiser.step += 1;
        let factors = Factors::new(rate, optimiser.step);
        if let Some(scores) = &mut self.scores {
            let inputs = &gradients.layers[0].inputs;
            self.layers[0].mapping = scores.step(batch.0, inputs, factors, threads);
        }
        for ((layer, own), moments) in
            self.layers.iter_mut().zip(&mut gradients.layers).zip(&mut optimiser.luts)
        {
            if rule.spectral > 0.0 {
                let places = 1 << layer.inputs;
                let tables = layer.luts.chunks(places).zip(own.luts.chunks_mut(places));
                tables.for_each(|(table, sums)| add_penalty_gradient(table, rule.spectral, sums));
            }
            moments.apply(factors, &mut layer.luts, &own.luts);
        }
        gradients.loss
    }
}

/// The constants of a step.
#[derive(Clone, Debug)]
pub struct Rule {
    kernel: Kernel,
    spectral: f32,
}

impl Rule {
    /// Those of the settings.
    pub fn new(settings: &DwnSettings) -> Self {
        Self { kernel: Kernel::new(settings.inputs, settings.finite_difference), spectral: settings.spectral }
    }
}
