//! Rotary positions (Su et al., *RoFormer*, arXiv 2104.09864): features i and i + hd/2 of a head
//! are one pair.

use tch::{Device, Kind, Tensor};

use crate::config::RopeSettings;

/// The frequencies of the pairs of a head.
pub struct Rope {
    /// Radians a position, `[hd / 2]` in float32.
    frequencies: Tensor,
}

/// The cosines and sines of the angles of positions, `[B or 1, 1, T, hd]` each.
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
        Self { frequencies: Tensor::from_slice(&frequencies).to_device(device) }
    }

    /// The rotation at `positions` `[B or 1, T]` for queries and keys of the kind `kind`.
    pub fn at(&self, positions: &Tensor, kind: Kind) -> Rotation {
        let angles = positions.to_kind(Kind::Float).unsqueeze(-1) * &self.frequencies;
        let angles = Tensor::cat(&[&angles, &angles], -1).unsqueeze(1);
        Rotation { cosine: angles.cos().to_kind(kind), sine: angles.sin().to_kind(kind) }
    }
}

impl Rotation {
    /// Queries or keys `[B, heads, T, hd]` at their positions.
    pub fn apply(&self, x: &Tensor) -> Tensor {
        let half = x.size()[3] / 2;
        let turned = Tensor::cat(&[-x.narrow(3, half, half), x.narrow(3, 0, half)], 3);
        x * &self.cosine + turned * &self.sine
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
        let rotation = rope.at(&Tensor::from_slice(&[3i64]).view([1, 1]), Kind::Float);
        let turned = Vec::<f64>::try_from(rotation.apply(&x).flatten(0, -1)).unwrap();
        let expected = [3f64.cos(), -2.0 * 0.3f64.sin(), 3f64.sin(), 2.0 * 0.3f64.cos()];
        assert!(turned.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{turned:?}");
    }
}
