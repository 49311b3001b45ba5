//! Layers of gates that are mixtures of the sixteen functions of two bits.
//!
//! Petersen et al., *Deep Differentiable Logic Gate Networks* (2022).

use super::choices::Choices;
use crate::trained::BATCH;
use crate::vectorised::vectorised;
use crate::wisard::best;

/// Functions of two bits. The value of function f at (a, b) is bit `a + 2 b` of f.
pub const FUNCTIONS: usize = 16;
/// The function that passes a on.
const PASS: usize = 0b1010;
/// The logit of [`PASS`] at the start: a probability of 0.15.
const START: f32 = 1.0;

/// The values of one wire for a batch.
pub type Row = [f32; BATCH];

/// A layer of gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Gates {
    /// The wires a and b of each gate, `[G, 2]`.
    pub wires: Vec<u32>,
    /// The logit of each function, `[G, 16]`.
    pub logits: Vec<f32>,
    /// The candidates of the wires, while they are trained.
    pub choices: Option<Choices>,
}

/// The gradients of a layer.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// `[G, 16]`
    pub logits: Vec<f32>,
    /// `[2 G, K]`, empty without choices.
    pub scores: Vec<f32>,
}

/// `out = c[0] + c[1] a + c[2] b + c[3] a b`: the mix of all functions is bilinear.
type Bilinear = [f32; 4];

/// The probabilities of the functions of one gate.
fn mixture(logits: &[f32]) -> [f32; FUNCTIONS] {
    let shares = crate::wisard::softmax(logits);
    std::array::from_fn(|function| shares[function])
}

/// The coefficients of a mixture.
fn bilinear(shares: &[f32; FUNCTIONS]) -> Bilinear {
    let corner = |at: usize| -> f32 { (0..FUNCTIONS).filter(|f| f >> at & 1 == 1).map(|f| shares[f]).sum() };
    let [v00, v10, v01, v11] = [0, 1, 2, 3].map(corner);
    [v00, v10 - v00, v01 - v00, v00 - v10 - v01 + v11]
}

impl Gates {
    /// Gates that pass a on with a probability of 0.15.
    pub fn new(wires: Vec<u32>) -> Self {
        let count = wires.len() / 2;
        let logits = (0..count * FUNCTIONS).map(|at| if at % FUNCTIONS == PASS { START } else { 0.0 });
        Self { logits: logits.collect(), wires, choices: None }
    }

    /// The number of gates, G.
    pub fn count(&self) -> usize {
        self.wires.len() / 2
    }

    /// The value of an input; a choice is mixed in `scratch`.
    fn input<'a>(&self, input: usize, below: &'a [Row], scratch: &'a mut Row) -> &'a Row {
        let Some(choices) = &self.choices else { return &below[self.wires[input] as usize] };
        *scratch = choices.value(input, below);
        scratch
    }

    /// The outputs `[G]` for the values of the wires below.
    pub fn forward(&self, below: &[Row]) -> Vec<Row> {
        let mut outputs = vec![[0.0; BATCH]; self.count()];
        let (mut left, mut right) = ([0.0; BATCH], [0.0; BATCH]);
        for (gate, (output, logits)) in outputs.iter_mut().zip(self.logits.chunks(FUNCTIONS)).enumerate() {
            let (a, b) =
                (self.input(2 * gate, below, &mut left), self.input(2 * gate + 1, below, &mut right));
            mix(&bilinear(&mixture(logits)), a, b, output);
        }
        outputs
    }

    /// The gradients of the layer, from those of the outputs `[G]`; those of the wires below are
    /// added to `inputs`.
    pub fn backward(&self, below: &[Row], outputs: &[Row], inputs: &mut [Row]) -> Gradients {
        let candidates = self.choices.as_ref().map_or(0, |choices| choices.candidates);
        let mut gradients = Gradients {
            logits: vec![0.0; self.logits.len()],
            scores: vec![0.0; self.wires.len() * candidates],
        };
        let (mut left, mut right) = ([0.0; BATCH], [0.0; BATCH]);
        for (gate, output) in outputs.iter().enumerate() {
            let range = gate * FUNCTIONS..(gate + 1) * FUNCTIONS;
            let shares = mixture(&self.logits[range.clone()]);
            let [_, own_a, own_b, joint] = bilinear(&shares);
            let (a, b) =
                (self.input(2 * gate, below, &mut left), self.input(2 * gate + 1, below, &mut right));
            logit_gradients(&shares, coefficient_gradients(a, b, output), &mut gradients.logits[range]);
            for (input, own, other) in [(2 * gate, own_a, b), (2 * gate + 1, own_b, a)] {
                let Some(choices) = &self.choices else {
                    add_slope(own, joint, other, output, &mut inputs[self.wires[input] as usize]);
                    continue;
                };
                let mut value = [0.0; BATCH];
                add_slope(own, joint, other, output, &mut value);
                let scores = &mut gradients.scores[input * candidates..(input + 1) * candidates];
                choices.backward(input, below, &value, inputs, scores);
            }
        }
        gradients
    }

    /// The wire of each input `[G, 2]`: the likeliest where there is a choice.
    pub fn likeliest_wires(&self) -> Vec<u32> {
        self.choices.as_ref().map_or_else(|| self.wires.clone(), Choices::likeliest)
    }

    /// Keeps the likeliest wires; they are trained no more.
    pub fn settle(&mut self) {
        self.wires = self.likeliest_wires();
        self.choices = None;
    }

    /// The likeliest function of each gate, the first of equal ones.
    pub fn functions(&self) -> impl Iterator<Item = usize> {
        self.logits.chunks(FUNCTIONS).map(|logits| best(logits, |_| true).unwrap_or_default())
    }
}

/// The gradients of a gate's logits from those of its coefficients.
fn logit_gradients(shares: &[f32; FUNCTIONS], sums: Bilinear, gradients: &mut [f32]) {
    let [c0, c1, c2, c3] = sums;
    let corners = [c0 - c1 - c2 + c3, c1 - c3, c2 - c3, c3];
    let value = |f: usize| -> f32 { (0..4).filter(|at| f >> at & 1 == 1).map(|at| corners[at]).sum() };
    let values: [f32; FUNCTIONS] = std::array::from_fn(value);
    let mean: f32 = values.iter().zip(shares).map(|(value, share)| value * share).sum();
    for ((gradient, share), value) in gradients.iter_mut().zip(shares).zip(values) {
        *gradient = share * (value - mean);
    }
}

vectorised! {
    fn mix(c: &[f32; 4], a: &[f32; 128], b: &[f32; 128], output: &mut [f32; 128]) {
        for at in 0..128 {
            output[at] = c[0] + c[1] * a[at] + (c[2] + c[3] * a[at]) * b[at];
        }
    }
}

vectorised! {
    /// Sums over the batch of the output's gradient times 1, a, b and a b.
    fn coefficient_gradients(a: &[f32; 128], b: &[f32; 128], output: &[f32; 128]) -> [f32; 4] {
        let mut sums = [[0.0; 16]; 4];
        for from in (0..128).step_by(16) {
            for lane in 0..16 {
                let (a, b, gradient) = (a[from + lane], b[from + lane], output[from + lane]);
                sums[0][lane] += gradient;
                sums[1][lane] += gradient * a;
                sums[2][lane] += gradient * b;
                sums[3][lane] += gradient * a * b;
            }
        }
        sums.map(|lanes| lanes.iter().sum())
    }
}

vectorised! {
    /// Adds the output's gradient times the slope along one input.
    fn add_slope(own: f32, joint: f32, other: &[f32; 128], output: &[f32; 128], sums: &mut [f32; 128]) {
        for at in 0..128 {
            sums[at] += output[at] * (own + joint * other[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::*;

    /// The sixteen functions as real-valued formulas (Petersen et al. 2022, table 1).
    fn formula(function: usize, a: f64, b: f64) -> f64 {
        match function {
            0b0000 => 0.0,
            0b1000 => a * b,
            0b0010 => a - a * b,
            0b1010 => a,
            0b0100 => b - a * b,
            0b1100 => b,
            0b0110 => a + b - 2.0 * a * b,
            0b1110 => a + b - a * b,
            other => 1.0 - formula(15 - other, a, b),
        }
    }

    fn random_gates(count: usize, below: u64) -> (Gates, Vec<Row>) {
        let mut rng = Stream::new(5, "t").at(&[]);
        let mut gates = Gates::new((0..2 * count).map(|_| (rng.bits() % below) as u32).collect());
        rng.fill_uniform(&mut gates.logits, -2.0, 2.0);
        let mut rows = vec![[0.0; BATCH]; below as usize];
        rows.iter_mut().for_each(|row| rng.fill_uniform(row, 0.0, 1.0));
        (gates, rows)
    }

    fn input(gates: &Gates, rows: &[Row], input: usize, at: usize) -> f64 {
        let value = |wire: u32| f64::from(rows[wire as usize][at]);
        let Some(choices) = &gates.choices else { return value(gates.wires[input]) };
        let range = input * choices.candidates..(input + 1) * choices.candidates;
        let powers: Vec<f64> = choices.scores[range.clone()].iter().map(|v| f64::from(*v).exp()).collect();
        let mix: f64 =
            choices.wires[range].iter().zip(&powers).map(|(wire, power)| power * value(*wire)).sum();
        mix / powers.iter().sum::<f64>()
    }

    fn naive(gates: &Gates, rows: &[Row], gate: usize, at: usize) -> f64 {
        let logits: Vec<f64> = gates.logits[gate * 16..][..16].iter().map(|v| f64::from(*v).exp()).collect();
        let [a, b] = [0, 1].map(|wire| input(gates, rows, 2 * gate + wire, at));
        let mix: f64 = (0..16).map(|f| logits[f] * formula(f, a, b)).sum();
        mix / logits.iter().sum::<f64>()
    }

    #[test]
    fn a_gate_mixes_the_sixteen_functions() {
        let (gates, rows) = random_gates(9, 6);
        let outputs = gates.forward(&rows);
        for (gate, at) in (0..9).flat_map(|gate| [0, 60, 127].map(|at| (gate, at))) {
            let expected = naive(&gates, &rows, gate, at);
            assert!((f64::from(outputs[gate][at]) - expected).abs() < 1e-5, "{gate} {at}");
        }
    }

    fn gradients_equal_difference_quotients(gates: &Gates, rows: &[Row]) {
        let weight = |gate: usize, at: usize| ((gate * 31 + at * 7) % 13) as f64 - 6.0;
        let total = |gates: &Gates, rows: &[Row]| -> f64 {
            let all = (0..5).flat_map(|gate| (0..BATCH).map(move |at| (gate, at)));
            all.map(|(gate, at)| weight(gate, at) * naive(gates, rows, gate, at)).sum()
        };
        let outputs: Vec<Row> =
            (0..5).map(|gate| std::array::from_fn(|at| weight(gate, at) as f32)).collect();
        let mut inputs = vec![[0.0; BATCH]; 4];
        let ours = gates.backward(rows, &outputs, &mut inputs);
        let close = |moved: &dyn Fn(f32) -> f64, ours: f32, place: &str| {
            let quotient = (moved(0.01) - moved(-0.01)) / 0.02;
            assert!((quotient - f64::from(ours)).abs() < 2e-3, "{place}: {quotient} {ours}");
        };
        for at in (0..80).step_by(7) {
            let moved = |by: f32| {
                let mut moved = gates.clone();
                moved.logits[at] += by;
                total(&moved, rows)
            };
            close(&moved, ours.logits[at], &format!("logit {at}"));
        }
        for at in (0..ours.scores.len()).step_by(3) {
            let moved = |by: f32| {
                let mut moved = gates.clone();
                moved.choices.as_mut().unwrap().scores[at] += by;
                total(&moved, rows)
            };
            close(&moved, ours.scores[at], &format!("score {at}"));
        }
        for (wire, at) in [(0, 0), (1, 9), (2, 100), (3, 127)] {
            let moved = |by: f32| {
                let mut moved = rows.to_vec();
                moved[wire][at] += by;
                total(gates, &moved)
            };
            close(&moved, inputs[wire][at], &format!("wire {wire}, {at}"));
        }
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let (mut gates, rows) = random_gates(5, 4);
        gradients_equal_difference_quotients(&gates, &rows);
        let mut choices = Choices::new(&gates.wires, 3, 4, &Stream::new(6, "t"), 0);
        Stream::new(7, "t").at(&[]).fill_uniform(&mut choices.scores, -2.0, 2.0);
        gates.choices = Some(choices);
        gradients_equal_difference_quotients(&gates, &rows);
        assert!(gates.backward(&rows, &[[1.0; BATCH]; 5], &mut [[0.0; BATCH]; 4]).scores.len() == 30);
    }

    #[test]
    fn a_new_gate_passes_its_first_wire() {
        let gates = Gates::new(vec![1, 0, 0, 1]);
        assert!(gates.functions().eq([PASS, PASS]));
        let outputs = gates.forward(&[[0.0; BATCH], [1.0; BATCH]]);
        // One of sixteen functions has a weight of e, the others of 1.
        let weights = 1f32.exp() + 15.0;
        let expected = [(1f32.exp() + 7.0) / weights, 8.0 / weights];
        assert!((0..2).all(|gate| (outputs[gate][0] - expected[gate]).abs() < 1e-6), "{outputs:?}");
    }
}
