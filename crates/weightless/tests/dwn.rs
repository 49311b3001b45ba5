//! The recorded case of trained tables.

mod recorded;

use recorded::{Recorded, gradients, outputs};
use umwelt_base::random::Stream;
use umwelt_weightless::dwn::{FiniteDifference, Kernel, Layer, Network, Scores, spectrum};
use umwelt_weightless::trained::{BATCH, Plane, bit};

const INPUTS: usize = 4;

/// Rows of bits as planes.
fn planes(bits: &[bool], width: usize) -> Vec<Plane> {
    let mut planes = vec![Plane::default(); width];
    for (at, _) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
        planes[at % width][at / width / 64] |= 1 << (at / width % 64);
    }
    planes
}

struct Case {
    recorded: Recorded,
    network: Network,
    planes: Vec<Plane>,
    labels: Vec<u8>,
}

impl Case {
    fn load(rule: FiniteDifference) -> Self {
        let recorded = Recorded::load("weightless_dwn");
        let floats = |name: &str| recorded.floats(name).iter().map(|v| *v as f32).collect::<Vec<f32>>();
        let scores = Scores::new(24, 20 * INPUTS, &floats("param.layers.0.mapping"));
        let second = recorded.integers("param.layers.1.mapping").iter().map(|at| *at as u32).collect();
        let layer = |mapping, luts: &str| Layer { inputs: INPUTS, mapping, luts: floats(luts) };
        let layers = vec![layer(scores.best(), "param.layers.0.luts"), layer(second, "param.layers.1.luts")];
        let tau = recorded.case["tau"].as_f64().unwrap() as f32;
        let labels = recorded.integers("input.labels").iter().map(|label| *label as u8).collect();
        let planes = planes(&recorded.bits("input.bits"), 24);
        let kernel = Kernel::new(INPUTS, rule);
        let network = Network { layers, scores: Some(scores), classes: 3, tau, kernel, spectral: 0.0 };
        Self { network, planes, labels, recorded }
    }
}

/// Values `[n, BATCH]` as `[batch, n]`.
fn by_sample(values: &[[f32; BATCH]]) -> Vec<f64> {
    (0..10).flat_map(|at| values.iter().map(move |value| f64::from(value[at]))).collect()
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

#[test]
fn addresses_outputs_and_loss_are_the_recorded_ones() {
    let case = Case::load(FiniteDifference::Exponential);
    let ours = case.network.gradients(&case.planes, &case.labels);
    for (layer, passed) in ours.passed.iter().enumerate() {
        let tables = passed.outputs.len();
        let at = |sample: usize| (0..tables).map(move |table| (sample, table));
        let addresses = (0..10).flat_map(at).map(|(b, l)| i64::from(passed.addresses[l * BATCH + b]));
        assert!(addresses.eq(case.recorded.integers(&format!("expect.addresses{layer}"))));
        let outputs = (0..10).flat_map(at).map(|(b, l)| bit(&passed.outputs[l], b) == 1);
        assert!(outputs.eq(case.recorded.bits(&format!("expect.outputs{layer}"))));
    }
    let sums = case.network.sums(&ours.passed[1].outputs);
    let logits: Vec<f64> = by_sample(&sums).iter().map(|sum| sum / f64::from(case.network.tau)).collect();
    outputs("logits", &logits, &case.recorded.floats("expect.logits"));
    outputs("loss", &[ours.loss.mean], &case.recorded.floats("expect.loss"));
}

#[test]
fn gradients_are_the_recorded_ones() {
    for (name, rule) in
        [("exponential", FiniteDifference::Exponential), ("harmonic", FiniteDifference::Harmonic)]
    {
        let case = Case::load(rule);
        let ours = case.network.gradients(&case.planes, &case.labels);
        let expected = |part: &str| case.recorded.floats(&format!("grad.{name}.{part}"));
        for layer in 0..2 {
            gradients("luts", &doubles(&ours.layers[layer].luts), &expected(&format!("layers.{layer}.luts")));
        }
        let scores = case.network.scores.as_ref().unwrap();
        let mapping = scores.gradient(&case.planes, &ours.layers[0].inputs);
        gradients("mapping", &doubles(&mapping), &expected("layers.0.mapping"));
        let mapping_tau = case.recorded.case["mapping_tau"].as_f64().unwrap() as f32;
        let bits = scores.bit_gradient(&ours.layers[0].inputs, mapping_tau);
        gradients("bits", &by_sample(&bits), &expected("input.bits"));
    }
}

#[test]
fn the_spectrum_is_the_recorded_one() {
    let case = Case::load(FiniteDifference::Harmonic);
    let ours: Vec<f32> = case.network.layers[0].luts.chunks(16).flat_map(spectrum).collect();
    outputs("spectrum", &doubles(&ours), &case.recorded.floats("expect.spectrum"));
}

#[test]
fn finite_differences_equal_the_naive_sum() {
    for (inputs, rule) in [
        (1, FiniteDifference::Exponential),
        (3, FiniteDifference::Harmonic),
        (6, FiniteDifference::Exponential),
    ] {
        let kernel = Kernel::new(inputs, rule);
        let places = 1 << inputs;
        let table: Vec<f32> = (0..places).map(|k| (k as f32 * 0.9).cos()).collect();
        let mut ours = vec![0.0; places * inputs];
        kernel.apply(&table, &mut ours);
        for (a, j) in (0..places).flat_map(|a| (0..inputs).map(move |j| (a, j))) {
            let term = |k: usize| {
                let h = ((k ^ a) & !(1 << j)).count_ones() as i32;
                let weight = match rule {
                    FiniteDifference::Exponential => 0.5 * 0.75f64.powi(inputs as i32 - 1) * 3f64.powi(-h),
                    FiniteDifference::Harmonic => 1.0 / f64::from(h + 1),
                };
                weight * f64::from(table[k]) * if k >> j & 1 == 1 { 1.0 } else { -1.0 }
            };
            let expected: f64 = (0..places).map(term).sum();
            assert!((f64::from(ours[a * inputs + j]) - expected).abs() < 1e-5, "{inputs} {a} {j}");
        }
    }
}

#[test]
fn a_step_of_the_mapping_is_that_of_its_gradient_for_any_number_of_threads() {
    let mut rng = Stream::new(3, "t").at(&[]);
    let (bits, inputs) = (50, 40);
    let planes: Vec<Plane> = (0..bits).map(|_| [rng.bits(), rng.bits()]).collect();
    let mut gradients = vec![[0.0; BATCH]; inputs];
    gradients.iter_mut().for_each(|row| rng.fill_uniform(row, -1.0, 1.0));
    let scores = Scores::random(bits, inputs, &mut rng);
    let gradient = scores.gradient(&planes, &gradients);
    for (bit_, input) in (0..bits).flat_map(|bit| (0..inputs).map(move |input| (bit, input))) {
        let sign = |at: usize| if bit(&planes[bit_], at) == 1 { 1.0 } else { -1.0 };
        let expected: f64 = (0..BATCH).map(|at| sign(at) * f64::from(gradients[input][at])).sum();
        assert!((f64::from(gradient[bit_ * inputs + input]) - expected).abs() < 1e-4);
    }
    let factors = umwelt_weightless::trained::Factors::new(0.01, 1);
    let mut single = scores.clone();
    let best = single.step(&planes, &gradients, factors, 1);
    // The first step of Adam moves every value by the rate.
    let moved = scores.get(7, 33) - 0.01 * gradient[7 * inputs + 33].signum();
    assert!((single.get(7, 33) - moved).abs() < 1e-6);
    let naive = |input: usize| {
        let better = |best: usize, bit: usize| {
            if single.get(bit, input) > single.get(best, input) { bit } else { best }
        };
        (1..bits).fold(0, better) as u32
    };
    assert!(best.iter().copied().eq((0..inputs).map(naive)));
    for threads in [2, 3, 7] {
        let mut other = scores.clone();
        assert_eq!(other.step(&planes, &gradients, factors, threads), best);
        assert_eq!(other, single);
    }
}
