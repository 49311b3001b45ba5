//! The named tensors of a model, in order of creation.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Result, bail};
use tch::{Device, Kind, Tensor, no_grad};

use umwelt_base::random::Stream;

/// All parameters and buffers of a model, on one device. Initial values are a function of (seed,
/// name).
pub struct Parameters {
    device: Device,
    seed: u64,
    entries: RefCell<Vec<Entry>>,
}

struct Entry {
    name: String,
    tensor: Tensor,
    trainable: bool,
}

impl Parameters {
    /// An empty set; initial values of tensors added later follow from `seed`.
    pub fn new(device: Device, seed: u64) -> Self {
        Self { device, seed, entries: RefCell::default() }
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// The seed of the initial values.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The root scope.
    pub fn root(&self) -> Scope<'_> {
        Scope { parameters: self, prefix: String::new() }
    }

    /// All parameters and buffers by name, in order of creation.
    pub fn named(&self) -> Vec<(String, Tensor)> {
        self.entries.borrow().iter().map(|e| (e.name.clone(), e.tensor.shallow_clone())).collect()
    }

    /// The tensors that an optimiser trains, by name.
    pub fn trainable(&self) -> Vec<(String, Tensor)> {
        let entries = self.entries.borrow();
        let trainable = entries.iter().filter(|e| e.trainable);
        trainable.map(|e| (e.name.clone(), e.tensor.shallow_clone())).collect()
    }

    /// The number of trainable numbers.
    pub fn count(&self) -> usize {
        self.trainable().iter().map(|(_, tensor)| tensor.numel()).sum()
    }

    /// Excludes from training all tensors whose names start with `prefix`.
    pub fn freeze(&self, prefix: &str) {
        for entry in self.entries.borrow_mut().iter_mut().filter(|e| e.name.starts_with(prefix)) {
            entry.trainable = false;
            let _ = entry.tensor.set_requires_grad(false);
        }
    }

    /// Copies `source` into the tensors of the same names.
    ///
    /// # Errors
    /// When a tensor is missing, unknown or of another shape; then nothing is copied. The error
    /// names the tensor.
    pub fn assign(&self, source: &HashMap<String, Tensor>) -> Result<()> {
        let named = self.named();
        for (name, tensor) in &named {
            let Some(value) = source.get(name) else { bail!("tensor {name} is missing") };
            if value.size() != tensor.size() {
                bail!("tensor {name} should be {:?}, it is {:?}", tensor.size(), value.size());
            }
        }
        if let Some(extra) = source.keys().find(|key| named.iter().all(|(name, _)| name != *key)) {
            bail!("tensor {extra} does not belong to this model");
        }
        no_grad(|| named.into_iter().for_each(|(name, mut tensor)| tensor.copy_(&source[&name])));
        Ok(())
    }

    /// Copies all tensors of a model with the same settings.
    ///
    /// # Errors
    /// As [`Self::assign`].
    pub fn assign_from(&self, other: &Parameters) -> Result<()> {
        self.assign(&other.named().into_iter().collect())
    }
}

/// A prefix of tensor names, for example `backbone.layer1`.
pub struct Scope<'a> {
    parameters: &'a Parameters,
    prefix: String,
}

impl Scope<'_> {
    /// The scope `name` inside this one.
    pub fn sub(&self, name: impl std::fmt::Display) -> Self {
        Self { parameters: self.parameters, prefix: self.full_name(&name.to_string()) }
    }

    /// The device of the tensors.
    pub fn device(&self) -> Device {
        self.parameters.device
    }

    fn full_name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.into() } else { format!("{}.{name}", self.prefix) }
    }

    /// A parameter drawn from U(-bound, bound).
    pub fn uniform(&self, name: &str, shape: &[i64], bound: f64) -> Tensor {
        self.add(self.full_name(name), self.drawn(name, shape, bound), true)
    }

    /// A convolution weight `[O, I, k, k]` drawn from U(-bound, bound), in channels-last memory
    /// order.
    pub fn uniform_channels_last(&self, name: &str, shape: &[i64; 4], bound: f64) -> Tensor {
        self.add(self.full_name(name), channels_last(&self.drawn(name, shape, bound)), true)
    }

    /// A convolution weight `[O, I, k, k]` drawn from a normal distribution with mean 0, in
    /// channels-last memory order.
    pub fn normal_channels_last(&self, name: &str, shape: &[i64; 4], deviation: f64) -> Tensor {
        self.add(self.full_name(name), channels_last(&self.drawn_normal(name, shape, deviation)), true)
    }

    /// A parameter drawn from a normal distribution with mean 0.
    pub fn normal(&self, name: &str, shape: &[i64], deviation: f64) -> Tensor {
        self.add(self.full_name(name), self.drawn_normal(name, shape, deviation), true)
    }

    fn drawn_normal(&self, name: &str, shape: &[i64], deviation: f64) -> Tensor {
        let mut rng = self.stream(name).at(&[]);
        let draw = |_| (deviation * rng.normal()) as f32;
        let values: Vec<f32> = (0..shape.iter().product()).map(draw).collect();
        Tensor::from_slice(&values).view(shape)
    }

    fn drawn(&self, name: &str, shape: &[i64], bound: f64) -> Tensor {
        let mut values = vec![0f32; shape.iter().product::<i64>() as usize];
        self.stream(name).at(&[]).fill_uniform(&mut values, -bound as f32, bound as f32);
        Tensor::from_slice(&values).view(shape)
    }

    fn stream(&self, name: &str) -> Stream {
        Stream::new(self.parameters.seed, &format!("initialisation of {}", self.full_name(name)))
    }

    /// A parameter whose entries all start at `value`.
    pub fn constant(&self, name: &str, shape: &[i64], value: f64) -> Tensor {
        self.add(self.full_name(name), Tensor::full(shape, value, (Kind::Float, Device::Cpu)), true)
    }

    /// A parameter that starts as `value`, in its number format.
    pub fn given(&self, name: &str, value: Tensor) -> Tensor {
        self.add(self.full_name(name), value, true)
    }

    /// A buffer: a tensor that is saved with the model but not trained.
    pub fn buffer(&self, name: &str, shape: &[i64], value: f64) -> Tensor {
        self.add(self.full_name(name), Tensor::full(shape, value, (Kind::Float, Device::Cpu)), false)
    }

    /// A buffer drawn from U(0, 1).
    pub fn uniform_buffer(&self, name: &str, shape: &[i64]) -> Tensor {
        self.add(self.full_name(name), (self.drawn(name, shape, 1.0) + 1.0) / 2.0, false)
    }

    fn add(&self, name: String, tensor: Tensor, trainable: bool) -> Tensor {
        let tensor = tensor.to_device(self.parameters.device).set_requires_grad(trainable);
        let mut entries = self.parameters.entries.borrow_mut();
        debug_assert!(entries.iter().all(|e| e.name != name), "two tensors are called {name}");
        entries.push(Entry { name, tensor: tensor.shallow_clone(), trainable });
        tensor
    }
}

/// The weight in channels-last memory order.
fn channels_last(weight: &Tensor) -> Tensor {
    weight.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}
