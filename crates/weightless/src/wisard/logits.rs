//! The n-tuple likelihood of the classes, and logits with learnt tables on top.

use std::sync::OnceLock;

use super::rams::{Own, Rams};
use super::rows::{CountRow, LANES, TableRow};
use crate::vectorised::{prefetch, vectorised};

/// A count of 0 is taken as this many.
const SMOOTHING: f64 = 0.1;
/// Rows that are fetched ahead of their use.
const AHEAD: usize = 8;
/// Sums of learnt numbers that are taken side by side.
const SUMS: usize = 4;
const DIGITS: usize = 10;

type Logarithms = [f32; 1 << 16];

/// `ln(count + 0.1)` of every count.
fn logarithms() -> &'static Logarithms {
    static TABLE: OnceLock<Box<Logarithms>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let all: Box<[f32]> = (0..1 << 16).map(|count| (f64::from(count) + SMOOTHING).ln() as f32).collect();
        all.try_into().expect("there are 65,536 counts")
    })
}

/// `sum over RAMs of ln(count + 0.1) - R ln(pictures of the class + 1)` of each class; `own` is
/// left out. A class that was never shown has no score.
pub fn log_scores(rams: &Rams, rows: &[u32], own: Option<Own>) -> Vec<f32> {
    let mut sums = vec![0.0; rams.blocks() * LANES];
    for (block, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        *sums = block_sums(rams, rows, block, own.filter(|own| own.class / LANES == block));
    }
    sums.truncate(rams.classes());
    for (class, sum) in sums.iter_mut().enumerate() {
        let taken_off = own.filter(|own| own.class == class).map_or(0, |own| own.pictures);
        let pictures = rams.seen()[class].saturating_sub(taken_off);
        *sum = match rams.is_candidate(class, own) {
            true => *sum - rams.rams() as f32 * (f64::from(pictures) + 1.0).ln() as f32,
            false => f32::NEG_INFINITY,
        };
    }
    sums
}

fn block_sums(rams: &Rams, rows: &[u32], block: usize, own: Option<Own>) -> [f32; LANES] {
    let (counts, stride, logarithms) = (rams.counts(), rams.blocks(), logarithms());
    if rams.places().width() > 1 {
        let mut sums = [0.0; LANES];
        rams.for_each_ram(rows, block, own, |counts| {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += logarithms[usize::from(*count)]);
        });
        return sums;
    }
    let mut sums = [0.0; LANES];
    match rams.classes() {
        DIGITS => {
            let found = sum_logarithms::<DIGITS>(counts, rams.tables(), rows, stride, block, logarithms);
            sums[..DIGITS].copy_from_slice(&found);
        }
        _ => sums = sum_logarithms::<LANES>(counts, rams.tables(), rows, stride, block, logarithms),
    }
    if let Some(own) = own {
        let lane = own.class % LANES;
        sums[lane] = sum_logarithms_of(counts, rows, stride, block, logarithms, lane, own.counted);
    }
    sums
}

vectorised! {
    /// Learnt numbers come next, so their rows are fetched on the way.
    fn sum_logarithms<const K: usize>(
        counts: &[CountRow], tables: &[TableRow], rows: &[u32], stride: usize, block: usize,
        logarithms: &Logarithms,
    ) -> [f32; K] {
        let mut sums = [0.0; K];
        for (at, &row) in rows.iter().enumerate() {
            if let Some(&next) = rows.get(at + AHEAD) {
                prefetch(counts, next as usize * stride + block);
                prefetch(tables, next as usize * stride + block);
            }
            let counts = &counts[row as usize * stride + block].0;
            for k in 0..K {
                sums[k] += logarithms[usize::from(counts[k])];
            }
        }
        sums
    }
}

vectorised! {
    /// The sum for one class, with `counted` `[R]` taken off its counts.
    fn sum_logarithms_of(
        counts: &[CountRow], rows: &[u32], stride: usize, block: usize, logarithms: &Logarithms,
        lane: usize, counted: &[u16],
    ) -> f32 {
        let left = |(row, own): (&u32, &u16)| {
            counts[*row as usize * stride + block].0[lane].saturating_sub(*own)
        };
        rows.iter().zip(counted).fold(0.0, |sum, place| sum + logarithms[usize::from(left(place))])
    }
}

/// `tau / R * log score + sum over RAMs of the learnt number` of each class; `own` is left out of
/// the log score.
pub fn logits(rams: &Rams, rows: &[u32], own: Option<Own>, tau: f32) -> Vec<f32> {
    let mut logits = log_scores(rams, rows, own);
    let factor = tau / rams.rams() as f32;
    logits.iter_mut().for_each(|logit| *logit *= factor);
    if rams.is_learnt() {
        for (block, logits) in logits.chunks_mut(LANES).enumerate() {
            let sums = sum_tables(rams.tables(), rows, rams.blocks(), block);
            logits.iter_mut().zip(sums).for_each(|(logit, sum)| *logit += sum);
        }
    }
    logits
}

vectorised! {
    fn sum_tables(tables: &[TableRow], rows: &[u32], stride: usize, block: usize) -> [f32; LANES] {
        let place = |row: u32| row as usize * stride + block;
        let mut sums = [[0.0; LANES]; SUMS];
        let (groups, rest) = rows.as_chunks::<SUMS>();
        for (at, group) in groups.iter().enumerate() {
            if let Some(next) = groups.get(at + AHEAD / SUMS) {
                next.iter().for_each(|&row| prefetch(tables, place(row)));
            }
            for (sum, &row) in sums.iter_mut().zip(group) {
                add(sum, &tables[place(row)].0);
            }
        }
        rest.iter().for_each(|&row| add(&mut sums[0], &tables[place(row)].0));
        let [mut sum, second, third, fourth] = sums;
        [second, third, fourth].iter().for_each(|other| add(&mut sum, other));
        sum
    }
}

#[inline(always)]
fn add(sum: &mut [f32; LANES], row: &[f32; LANES]) {
    for k in 0..LANES {
        sum[k] += row[k];
    }
}

vectorised! {
    fn add_to_tables(
        tables: &mut [TableRow], rows: &[u32], stride: usize, block: usize, change: &[f32; LANES],
    ) {
        for &row in rows {
            add(&mut tables[row as usize * stride + block].0, change);
        }
    }
}

/// The softmax of `logits`; 0 where a logit is minus infinity.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if largest == f32::NEG_INFINITY {
        return vec![0.0; logits.len()];
    }
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// One step of the learnt tables on a picture of `class`: every RAM's learnt numbers at the
/// picture's places move by `rate / R` times (1 at its class, else 0, minus its probability). `own`
/// is left out of the log score. Returns the probabilities before the step.
pub fn step(rams: &mut Rams, rows: &[u32], class: usize, own: Option<Own>, tau: f32, rate: f32) -> Vec<f32> {
    let probabilities = softmax(&logits(rams, rows, own, tau));
    let (rate, stride) = (rate / rams.rams() as f32, rams.blocks());
    let target = |other| if other == class { 1.0 } else { 0.0 };
    for (block, probabilities) in probabilities.chunks(LANES).enumerate() {
        let mut change = [0.0; LANES];
        for (lane, probability) in probabilities.iter().enumerate() {
            change[lane] = rate * (target(block * LANES + lane) - probability);
        }
        add_to_tables(rams.tables_mut(), rows, stride, block, &change);
    }
    probabilities
}
