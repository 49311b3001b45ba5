//! The sources of a decoder's tensors.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_base::random::Stream;
use umwelt_torch::nn::{Linear, Parameters};

/// A source of tensors by name.
pub trait Weights {
    /// The tensor `name` of this shape.
    ///
    /// # Errors
    /// When the source cannot provide it; the error names it.
    fn take(&mut self, name: &str, shape: &[i64]) -> Result<Tensor>;
}

/// Initial values: weights are normal, norms 1 and biases 0. A function of (seed, name).
pub struct InitialWeights {
    pub seed: u64,
    /// The standard deviation of weights.
    pub range: f64,
}

impl Weights for InitialWeights {
    fn take(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        let constant = |value| Tensor::full(shape, value, (Kind::Float, Device::Cpu));
        Ok(match (shape.len(), name.ends_with(".bias")) {
            (1, true) => constant(0.0),
            (1, false) => constant(1.0),
            _ => normal_rows(self.seed, name, 0, shape, self.range),
        })
    }
}

/// Rows `first..first + shape[0]` of a normal table; each row is a function of (seed, name, row).
pub fn normal_rows(seed: u64, name: &str, first: i64, shape: &[i64], deviation: f64) -> Tensor {
    let stream = Stream::new(seed, &format!("initialisation of {name}"));
    let width: i64 = shape[1..].iter().product();
    let rows = first..first + shape[0];
    let values: Vec<f32> = rows
        .flat_map(|row| {
            let mut rng = stream.at(&[row as u64]);
            (0..width).map(move |_| (deviation * rng.normal()) as f32)
        })
        .collect();
    Tensor::from_slice(&values).view(shape)
}

/// Registers the tensors of a source as parameters, and makes layers of them.
pub struct Builder<'a> {
    pub parameters: &'a Parameters,
    pub weights: &'a mut dyn Weights,
    pub shapes: HashMap<String, Vec<i64>>,
    /// The number format of all parameters.
    pub kind: Kind,
}

impl Builder<'_> {
    /// The parameter `name`.
    ///
    /// # Errors
    /// When the source cannot provide it.
    pub fn tensor(&mut self, name: &str) -> Result<Tensor> {
        let shape = self.shapes.get(name).with_context(|| format!("the decoder has no tensor {name}"))?;
        let value = self.weights.take(name, shape)?.to_device(self.parameters.device());
        ensure!(value.size() == *shape, "tensor {name} should be {shape:?}, it is {:?}", value.size());
        // A copy, so that training never writes into the tensors of the source.
        let value = tch::no_grad(|| value.totype(self.kind).copy());
        Ok(self.parameters.root().given(name, value))
    }

    /// The layer `name`, with a bias if the configuration has one.
    ///
    /// # Errors
    /// When the source cannot provide a tensor of it.
    pub fn linear(&mut self, name: &str) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        let bias = format!("{name}.bias");
        let bias = self.shapes.contains_key(&bias).then(|| self.tensor(&bias)).transpose()?;
        Ok(Linear::from_tensors(weight, bias))
    }
}
