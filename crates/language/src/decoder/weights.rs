//! The sources of a decoder's tensors.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind, Tensor, no_grad};
use umwelt_base::random::Stream;
use umwelt_torch::nn::Parameters;

use super::projection::Projection;

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
        let value = self.value(name)?;
        // A copy, so that training never writes into the tensors of the source.
        Ok(self.parameters.root().given(name, no_grad(|| value.copy())))
    }

    fn value(&mut self, name: &str) -> Result<Tensor> {
        let shape = self.shapes.get(name).with_context(|| format!("the decoder has no tensor {name}"))?;
        let value = self.weights.take(name, shape)?.to_device(self.parameters.device());
        ensure!(value.size() == *shape, "tensor {name} should be {shape:?}, it is {:?}", value.size());
        Ok(no_grad(|| value.totype(self.kind)))
    }

    /// Layers on the same inputs, whose weights and biases lie one after the other in memory, and
    /// the layer of all their outputs. A change of a layer changes that one too.
    ///
    /// # Errors
    /// When the source cannot provide a tensor of them.
    pub fn side_by_side<const N: usize>(
        &mut self,
        names: [String; N],
    ) -> Result<(Projection, [Projection; N])> {
        let (whole, weights) = self.joined(&names, "weight")?;
        let has_bias = self.shapes.contains_key(&format!("{}.bias", names[0]));
        let biases = has_bias.then(|| self.joined(&names, "bias")).transpose()?;
        let (whole_bias, biases) = biases.map_or((None, vec![]), |(whole, parts)| (Some(whole), parts));
        let mut biases = biases.into_iter();
        let layers: Vec<Projection> =
            weights.into_iter().map(|weight| Projection::new(weight, biases.next())).collect();
        let layers = <[Projection; N]>::try_from(layers).ok().context("one layer for each name")?;
        Ok((Projection::new(whole, whole_bias), layers))
    }

    /// The tensor of all rows, and the parameters that are parts of it.
    fn joined(&mut self, names: &[String], part: &str) -> Result<(Tensor, Vec<Tensor>)> {
        let names: Vec<String> = names.iter().map(|name| format!("{name}.{part}")).collect();
        let values = names.iter().map(|name| self.value(name)).collect::<Result<Vec<_>>>()?;
        let whole = no_grad(|| Tensor::cat(&values, 0));
        let counts: Vec<i64> = values.iter().map(|value| value.size()[0]).collect();
        let parts = no_grad(|| whole.split_with_sizes(counts.as_slice(), 0));
        let root = self.parameters.root();
        let given = names.iter().zip(parts).map(|(name, part)| root.given(name, part)).collect();
        Ok((whole, given))
    }

    /// The layer `name`, with a bias if the configuration has one.
    ///
    /// # Errors
    /// When the source cannot provide a tensor of it.
    pub fn linear(&mut self, name: &str) -> Result<Projection> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        let bias = format!("{name}.bias");
        let bias = self.shapes.contains_key(&bias).then(|| self.tensor(&bias)).transpose()?;
        Ok(Projection::new(weight, bias))
    }
}
