//! Random numbers as pure functions of (seed, stream name, index): no draw changes another.
//!
//! All bits come from integer arithmetic in this module, so they are equal on every platform and in
//! every release. `normal` and `von_mises` also use the platform's `ln` and `cos`, which may differ
//! in the last digit.

mod lanes;

use lanes::{LANES, Lanes};
use std::f64::consts::{PI, TAU};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const UNIT_24: f32 = 1.0 / (1 << 24) as f32;

/// A named family of random generators, one for each index.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    key: u64,
}

impl Stream {
    /// The stream `name` of a run with the seed `seed`.
    pub fn new(seed: u64, name: &str) -> Self {
        let key = absorb(mix(seed.wrapping_add(GOLDEN)), name.len() as u64);
        Self { key: name.as_bytes().chunks(8).map(little_endian).fold(key, absorb) }
    }

    /// The generator at `index` (batch, sequence, frame, ...), always in the same initial state.
    pub fn at(&self, index: &[u64]) -> Rng {
        Rng::seeded(index.iter().copied().fold(self.key, absorb))
    }
}

/// The generator xoshiro256++ (Blackman and Vigna, *Scrambled Linear Pseudorandom Number
/// Generators*, 2021).
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    fn seeded(key: u64) -> Self {
        Self { state: [1, 2, 3, 4].map(|i: u64| mix(key.wrapping_add(GOLDEN.wrapping_mul(i)))) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let bits = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        bits
    }

    /// A uniform draw from [0, 1), with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A uniform whole number below `count`; 0 if `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        (self.uniform() * count as f64) as usize
    }

    /// Puts `items` into a random order, each as probable (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// A uniform draw from [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Fills `values` with independent uniform draws between `low` and `high`, with 24 random bits
    /// each.
    pub fn fill_uniform(&mut self, values: &mut [f32], low: f32, high: f32) {
        let step = (high - low) * UNIT_24;
        self.for_each_24_bits(values, |value, bits| *value = low + step * bits);
    }

    /// Adds an independent uniform draw between 0 and `high` to each of `values`.
    pub fn add_uniform(&mut self, values: &mut [f32], high: f32) {
        let step = high * UNIT_24;
        self.for_each_24_bits(values, |value, bits| *value += step * bits);
    }

    #[inline(always)]
    fn for_each_24_bits(&mut self, values: &mut [f32], store: impl Fn(&mut f32, f32)) {
        let mut lanes = Lanes::seeded(self);
        let mut blocks = values.chunks_exact_mut(LANES);
        for block in blocks.by_ref() {
            block.iter_mut().zip(lanes.floats()).for_each(|(value, bits)| store(value, bits));
        }
        blocks.into_remainder().iter_mut().zip(lanes.floats()).for_each(|(value, bits)| store(value, bits));
    }

    /// A normal draw with mean 0 and variance 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }

    /// A von Mises draw: an angle in [-pi, pi) around `mu` (radians) with concentration `kappa`
    /// (Best and Fisher, *Efficient Simulation of the von Mises Distribution*, Applied Statistics
    /// 28, 1979).
    pub fn von_mises(&mut self, mu: f64, kappa: f64) -> f64 {
        // Here the constants of the envelope cancel in float64, and the density is flat to 1e-5.
        if kappa < 1e-5 {
            return self.between(-PI, PI);
        }
        let tau = 1.0 + (1.0 + 4.0 * kappa * kappa).sqrt();
        let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * kappa);
        let r = (1.0 + rho * rho) / (2.0 * rho);
        let turn = self.von_mises_cosine(kappa, r).acos();
        let angle = if self.uniform() < 0.5 { mu - turn } else { mu + turn };
        (angle + PI).rem_euclid(TAU) - PI
    }

    fn von_mises_cosine(&mut self, kappa: f64, r: f64) -> f64 {
        loop {
            let z = (PI * self.uniform()).cos();
            let f = (1.0 + r * z) / (r + z);
            let c = kappa * (r - f);
            let u = self.uniform();
            if c * (2.0 - c) > u || (c / u).ln() + 1.0 >= c {
                return f.clamp(-1.0, 1.0);
            }
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection: each input bit affects
/// every output bit.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

fn absorb(key: u64, word: u64) -> u64 {
    mix(key.wrapping_add(GOLDEN) ^ word)
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests;
