//! Rotary positions (Su et al., *RoFormer*, arXiv 2104.09864): features i and i + hd/2 of a head
//! are one pair.

use std::cell::RefCell;

use tch::{Device, Kind, Tensor};

use crate::config::RopeSettings;

/// The positions of the first table.
const FIRST_LENGTH: i64 = 128;

/// The frequencies of the pairs of a head.
pub struct Rope {
    /// Radians a position, `[hd / 2]` in float32.
    frequencies: Tensor,
    /// The rotations of the first positions, in the format that was asked for last.
    table: RefCell<Option<Rotation>>,
}

/// The cosines and sines of the angles of positions, `[B or 1, 1, T, hd]` each. The sines of the
/// first half of a head are negated.
pub struct Rotation {
    cosine: Tensor,
    sine: Tensor,
}

impl Rope {
    /// Frequencies of heads of `head` features, which is even.
    pub fn new(settings: &RopeSettings, head: i64, device: Device) -> Self {
        let frequency = |pair: i64| {
            let plain = settings.theta.powf(-(2 * pair) as f64 / head as f64);
            settings.scaling.frequency(plain) as f32
        };
        let frequencies: Vec<f32> = (0..head / 2).map(frequency).collect();
        Self { frequencies: Tensor::from_slice(&frequencies).to_device(device), table: RefCell::default() }
    }

    /// The rotation at `positions` `[B or 1, T]` below `end`, for queries and keys of the kind
    /// `kind`.
    pub fn at(&self, positions: &Tensor, end: i64, kind: Kind) -> Rotation {
        let mut table = self.table.borrow_mut();
        let kept = table.take().filter(|table| table.cosine.kind() == kind && table.cosine.size()[0] >= end);
        let table = table.insert(kept.unwrap_or_else(|| self.table(end, kind)));
        let rows = |table: &Tensor| Tensor::embedding(table, positions, -1, false, false).unsqueeze(1);
        Rotation { cosine: rows(&table.cosine), sine: rows(&table.sine) }
    }

    /// The rotations `[length, hd]` of the positions below `end` and more, so that tables are made
    /// rarely.
    fn table(&self, end: i64, kind: Kind) -> Rotation {
        let length = (end as u64).next_power_of_two() as i64;
        let positions = Tensor::arange(length.max(FIRST_LENGTH), (Kind::Float, self.frequencies.device()));
        let angles = positions.unsqueeze(1) * &self.frequencies;
        let (cosine, sine) = (angles.cos(), angles.sin());
        Rotation {
            cosine: Tensor::cat(&[&cosine, &cosine], 1).to_kind(kind),
            sine: Tensor::cat(&[&-&sine, &sine], 1).to_kind(kind),
        }
    }
}

impl Clone for Rotation {
    fn clone(&self) -> Self {
        Self { cosine: self.cosine.shallow_clone(), sine: self.sine.shallow_clone() }
    }
}

impl Rotation {
    /// The rotation back.
    pub fn inverse(&self) -> Self {
        Self { cosine: self.cosine.shallow_clone(), sine: -&self.sine }
    }

    /// Queries or keys `[B, heads, T, hd]` at their positions.
    pub fn apply(&self, x: &Tensor) -> Tensor {
        let half = x.size()[3] / 2;
        (x * &self.cosine).addcmul(&x.roll([half], [3]), &self.sine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RopeScaling;

    #[test]
    fn a_pair_turns_by_its_frequency_times_the_position() {
        let settings = RopeSettings { theta: 100.0, scaling: RopeScaling::Default };
        let rope = Rope::new(&settings, 4, Device::Cpu);
        // Pair 0 turns by 1 radian a position, pair 1 by 100^(-2/4) = 0.1.
        let x = Tensor::from_slice(&[1f32, 0.0, 0.0, 2.0]).view([1, 1, 1, 4]);
        let rotation = rope.at(&Tensor::from_slice(&[3i64]).view([1, 1]), 4, Kind::Float);
        let turned = Vec::<f64>::try_from(rotation.apply(&x).flatten(0, -1)).unwrap();
        let expected = [3f64.cos(), -2.0 * 0.3f64.sin(), 3f64.sin(), 2.0 * 0.3f64.cos()];
        assert!(turned.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{turned:?}");
        let back = rotation.inverse().apply(&rotation.apply(&x));
        assert!((back - x).abs().max().double_value(&[]) < 1e-6);
    }
}
