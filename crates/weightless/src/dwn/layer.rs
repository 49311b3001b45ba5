//! A layer of lookup tables.

use umwelt_base::random::Rng;

use super::difference::Kernel;
use crate::trained::{BATCH, Plane, bit};
use crate::vectorised::vectorised;

/// L tables of n inputs with real entries; a table's output is 1 where its entry is above 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    pub inputs: usize,
    /// The bit that each input reads, `[L, n]`.
    pub mapping: Vec<u32>,
    /// Entries in [-1, 1], `[L, 2^n]`; address = sum over j of `input_j << j`.
    pub luts: Vec<f32>,
}

/// The values of one pass over a batch that the way back needs.
#[derive(Clone, Debug, Default)]
pub struct Passed {
    /// `[L, BATCH]`
    pub addresses: Vec<u8>,
    /// `[L]`
    pub outputs: Vec<Plane>,
}

/// Gradients of one layer.
#[derive(Clone, Debug, Default)]
pub struct LayerGradients {
    /// `[L, 2^n]`
    pub luts: Vec<f32>,
    /// Of the inputs: `[L * n, BATCH]`
    pub inputs: Vec<[f32; BATCH]>,
}

impl Layer {
    /// Tables with entries uniform in [-1, 1).
    pub fn random(inputs: usize, mapping: Vec<u32>, rng: &mut Rng) -> Self {
        let mut luts = vec![0.0; (mapping.len() / inputs) << inputs];
        rng.fill_uniform(&mut luts, -1.0, 1.0);
        Self { inputs, mapping, luts }
    }

    /// The number of tables, L.
    pub fn tables(&self) -> usize {
        self.mapping.len() / self.inputs
    }

    /// The outputs for the bits `planes`.
    pub fn forward(&self, planes: &[Plane], passed: &mut Passed) {
        passed.addresses.resize(self.tables() * BATCH, 0);
        passed.outputs.resize(self.tables(), Plane::default());
        let addresses = passed.addresses.as_chunks_mut::<BATCH>().0;
        let tables = self.mapping.chunks(self.inputs).zip(self.luts.chunks(1 << self.inputs));
        for (((mapping, lut), addresses), output) in tables.zip(addresses).zip(&mut passed.outputs) {
            addresses.fill(0);
            for (j, &input) in mapping.iter().enumerate() {
                add_input(&planes[input as usize], j as u32, addresses);
            }
            *output = Plane::default();
            for (at, &address) in addresses.iter().enumerate() {
                output[at / 64] |= u64::from(lut[usize::from(address)] > 0.0) << (at % 64);
            }
        }
    }

    /// The gradients, from those of the outputs `[L, BATCH]`. The gradient of an entry is the sum
    /// of the output's where it was addressed; that of an input the output's times the finite
    /// difference.
    pub fn backward(
        &self,
        passed: &Passed,
        outputs: &[[f32; BATCH]],
        kernel: &Kernel,
        gradients: &mut LayerGradients,
    ) {
        let (n, places) = (self.inputs, 1 << self.inputs);
        gradients.luts.clear();
        gradients.luts.resize(self.luts.len(), 0.0);
        gradients.inputs.resize(self.mapping.len(), [0.0; BATCH]);
        let mut differences = vec![0.0; kernel.columns()];
        let addresses = passed.addresses.as_chunks::<BATCH>().0;
        for (table, (addresses, output)) in addresses.iter().zip(outputs).enumerate() {
            let sums = &mut gradients.luts[table * places..][..places];
            for (&address, gradient) in addresses.iter().zip(output) {
                sums[usize::from(address)] += gradient;
            }
            kernel.apply(&self.luts[table * places..][..places], &mut differences);
            for (j, inputs) in gradients.inputs[table * n..][..n].iter_mut().enumerate() {
                for ((input, &address), output) in inputs.iter_mut().zip(addresses).zip(output) {
                    *input = output * differences[usize::from(address) * n + j];
                }
            }
        }
    }

    /// Adds the gradients of the inputs to those of the bits that they read, `[bits, BATCH]`.
    pub fn scatter(&self, inputs: &[[f32; BATCH]], bits: &mut [[f32; BATCH]]) {
        for (&bit, gradients) in self.mapping.iter().zip(inputs) {
            bits[bit as usize].iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum += gradient);
        }
    }

    /// Brings all entries into [-1, 1].
    pub fn clamp(&mut self) {
        self.luts.iter_mut().for_each(|entry| *entry = entry.clamp(-1.0, 1.0));
    }
}

vectorised! {
    fn add_input(plane: &[u64; 2], j: u32, addresses: &mut [u8; 128]) {
        for (at, address) in addresses.iter_mut().enumerate() {
            *address |= (bit(plane, at) << j) as u8;
        }
    }
}
