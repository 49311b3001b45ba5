//! A mapping that is learnt: each input reads the bit with the largest score.

#![allow(clippy::needless_range_loop, reason = "loops over lanes become vector instructions")]

use std::thread;

use umwelt_base::random::Rng;

use crate::trained::Factors;
use crate::trained::{BATCH, Plane};
use crate::vectorised::vectorised;

/// Inputs that are updated side by side.
pub const LANES: usize = 16;
/// Samples whose partial sums share a table.
const NIBBLE: usize = 4;
const GROUPS: usize = BATCH / NIBBLE;

/// Scores of 16 inputs for one bit.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[repr(align(64))]
pub struct Lanes(pub [f32; LANES]);

impl Lanes {
    #[inline(always)]
    fn add(&mut self, other: &Self) {
        for lane in 0..LANES {
            self.0[lane] += other.0[lane];
        }
    }
}

/// Scores `[bits]` of every input with the moments of Adam, 16 inputs a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    bits: usize,
    inputs: usize,
    /// `[blocks, bits]`
    values: Vec<Lanes>,
    first: Vec<Lanes>,
    second: Vec<Lanes>,
}

/// Sums of gradients of 16 inputs.
struct Partial {
    /// Over each subset of four samples.
    subsets: [[Lanes; 1 << NIBBLE]; GROUPS],
    /// Over all samples.
    total: Lanes,
}

impl Scores {
    /// Uniform in [0, 1).
    pub fn random(bits: usize, inputs: usize, rng: &mut Rng) -> Self {
        let mut scores = Self::zeros(bits, inputs);
        let mut drawn = vec![0.0; scores.values.len() * LANES];
        rng.fill_uniform(&mut drawn, 0.0, 1.0);
        scores.values.iter_mut().zip(drawn.as_chunks().0).for_each(|(lanes, drawn)| lanes.0 = *drawn);
        scores
    }

    /// Zeros.
    pub fn zeros(bits: usize, inputs: usize) -> Self {
        let zeros = vec![Lanes::default(); inputs.div_ceil(LANES) * bits];
        Self { bits, inputs, values: zeros.clone(), first: zeros.clone(), second: zeros }
    }

    /// The numbers of each part: scores of whole blocks of inputs.
    pub fn numbers(bits: usize, inputs: usize) -> usize {
        inputs.div_ceil(LANES) * bits * LANES
    }

    /// Scores and moments by name, in the order of memory.
    pub fn parts(&self) -> [(&'static str, Vec<f32>); 3] {
        let flat = |lanes: &[Lanes]| lanes.iter().flat_map(|lanes| lanes.0).collect();
        [("values", flat(&self.values)), ("first", flat(&self.first)), ("second", flat(&self.second))]
    }

    /// From what [`Self::parts`] gave.
    pub fn from_parts(bits: usize, inputs: usize, parts: [&[f32]; 3]) -> Self {
        let [values, first, second] =
            parts.map(|part| part.as_chunks().0.iter().map(|lanes| Lanes(*lanes)).collect());
        Self { bits, inputs, values, first, second }
    }

    /// From scores `[bits, inputs]`.
    pub fn new(bits: usize, inputs: usize, values: &[f32]) -> Self {
        let mut scores = Self::zeros(bits, inputs);
        for (at, value) in values.iter().enumerate() {
            let (bit, input) = (at / inputs, at % inputs);
            scores.values[input / LANES * bits + bit].0[input % LANES] = *value;
        }
        scores
    }

    /// The number of bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The bytes of scores and moments.
    pub fn bytes(&self) -> usize {
        3 * size_of_val(&*self.values)
    }

    /// The score of `bit` for `input`.
    pub fn get(&self, bit: usize, input: usize) -> f32 {
        self.values[input / LANES * self.bits + bit].0[input % LANES]
    }

    /// The bit with the largest score for each input, the first of equal ones: `[inputs]`.
    pub fn best(&self) -> Vec<u32> {
        let blocks = self.values.chunks(self.bits).flat_map(best_of);
        blocks.take(self.inputs).collect()
    }

    /// The gradient `[bits, inputs]` for gradients of the inputs `[inputs, BATCH]`: the sum over
    /// the batch of `(2 bit - 1) * gradient`.
    pub fn gradient(&self, planes: &[Plane], gradients: &[[f32; BATCH]]) -> Vec<f32> {
        let mut all = vec![0.0; self.bits * self.inputs];
        for (block, gradients) in gradients.chunks(LANES).enumerate() {
            let partial = partial(gradients);
            for (bit, plane) in planes.iter().enumerate() {
                let sums = signed_sum(plane, &partial).0;
                all[bit * self.inputs + block * LANES..][..gradients.len()]
                    .copy_from_slice(&sums[..gradients.len()]);
            }
        }
        all
    }

    /// A step of Adam on `threads` threads; returns the best bit of each input afterwards. The
    /// result is the same for any number of threads.
    pub fn step(
        &mut self,
        planes: &[Plane],
        gradients: &[[f32; BATCH]],
        factors: Factors,
        threads: usize,
    ) -> Vec<u32> {
        let blocks = self.inputs.div_ceil(LANES);
        let share = blocks.div_ceil(threads.max(1));
        let mut best = vec![0; blocks * LANES];
        let width = share * self.bits;
        let values = self.values.chunks_mut(width);
        let moments = self.first.chunks_mut(width).zip(self.second.chunks_mut(width));
        let rest = gradients.chunks(share * LANES).zip(best.chunks_mut(share * LANES));
        let bits = self.bits;
        thread::scope(|scope| {
            for ((values, (first, second)), (gradients, best)) in values.zip(moments).zip(rest) {
                let mut work = move || {
                    let blocks =
                        values.chunks_mut(bits).zip(first.chunks_mut(bits).zip(second.chunks_mut(bits)));
                    let each = blocks.zip(gradients.chunks(LANES).zip(best.chunks_mut(LANES)));
                    for ((values, (first, second)), (gradients, best)) in each {
                        update(planes, &partial(gradients), values, first, second, factors);
                        best.copy_from_slice(&best_of(values));
                    }
                };
                match threads {
                    0 | 1 => work(),
                    _ => drop(scope.spawn(work)),
                }
            }
        });
        best.truncate(self.inputs);
        best
    }

    /// The gradient of the bits `[bits, BATCH]`: the sum over inputs of the input's gradient times
    /// the softmax of its scores divided by `tau`.
    pub fn bit_gradient(&self, gradients: &[[f32; BATCH]], tau: f32) -> Vec<[f32; BATCH]> {
        let mut sums = vec![[0.0; BATCH]; self.bits];
        for (input, gradients) in gradients.iter().enumerate() {
            let scores: Vec<f32> = (0..self.bits).map(|bit| self.get(bit, input) / tau).collect();
            for (sums, share) in sums.iter_mut().zip(crate::wisard::softmax(&scores)) {
                sums.iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum += share * gradient);
            }
        }
        sums
    }
}

/// The sums over every subset of each four samples, for up to 16 inputs.
fn partial(gradients: &[[f32; BATCH]]) -> Box<Partial> {
    let subsets = [[Lanes::default(); 1 << NIBBLE]; GROUPS];
    let mut partial = Box::new(Partial { subsets, total: Lanes::default() });
    for (group, sums) in partial.subsets.iter_mut().enumerate() {
        for subset in 1..1usize << NIBBLE {
            let (newest, rest) = (subset.ilog2() as usize, subset & !(1 << subset.ilog2()));
            let mut sum = sums[rest];
            for (lane, gradients) in sum.0.iter_mut().zip(gradients) {
                *lane += gradients[group * NIBBLE + newest];
            }
            sums[subset] = sum;
        }
        partial.total.0.iter_mut().zip(sums[15].0).for_each(|(total, sum)| *total += sum);
    }
    partial
}

/// The sum over the batch of `(2 bit - 1) * gradient`.
#[inline(always)]
fn signed_sum(plane: &Plane, partial: &Partial) -> Lanes {
    let subset = |group: usize| {
        let bits = plane[group / 16] >> (group % 16 * NIBBLE) & 15;
        &partial.subsets[group][bits as usize]
    };
    // Four sums, so that an addition need not wait for the one before.
    let [mut a, mut b, mut c, mut d] = [Lanes::default(); 4];
    for group in (0..GROUPS).step_by(4) {
        a.add(subset(group));
        b.add(subset(group + 1));
        c.add(subset(group + 2));
        d.add(subset(group + 3));
    }
    a.add(&b);
    c.add(&d);
    a.add(&c);
    let mut signed = Lanes::default();
    for lane in 0..LANES {
        signed.0[lane] = 2.0 * a.0[lane] - partial.total.0[lane];
    }
    signed
}

vectorised! {
    /// A step of Adam on the scores of 16 inputs.
    fn update(
        planes: &[[u64; 2]], partial: &Partial, values: &mut [Lanes], first: &mut [Lanes],
        second: &mut [Lanes], factors: Factors,
    ) {
        let lanes = values.iter_mut().zip(first).zip(second);
        for (plane, ((values, first), second)) in planes.iter().zip(lanes) {
            let gradient = signed_sum(plane, partial).0;
            for lane in 0..LANES {
                factors.apply(&mut values.0[lane], &mut first.0[lane], &mut second.0[lane], gradient[lane]);
            }
        }
    }
}

vectorised! {
    /// The bit with the largest score for each of 16 inputs, the first of equal ones.
    fn best_of(values: &[Lanes]) -> [u32; LANES] {
        let (mut best, mut largest) = ([0; LANES], [f32::NEG_INFINITY; LANES]);
        for (bit, values) in values.iter().enumerate() {
            for lane in 0..LANES {
                if values.0[lane] > largest[lane] {
                    largest[lane] = values.0[lane];
                    best[lane] = bit as u32;
                }
            }
        }
        best
    }
}
