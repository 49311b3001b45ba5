//! Attention that is trained alone, on a frozen workspace, against corrupted latents.

use tch::{Kind, Tensor, no_grad};
use umwelt_base::random::Stream;

use super::selection::{Attention, Choice};
use crate::native::normals;
use crate::nn::{Linear, Parameters};
use crate::objectives::LossReport;
use crate::worlds::workspace::models::workspace::{Workspace, weighted};

/// The deviation of the noise at a factor of 1.
const DEVIATION: f64 = 5.0;

/// A rule by which the latent of one domain in each row is shifted by noise.
#[derive(Clone, Debug)]
pub struct Corruption {
    /// The place of the shifted domain among the latents; `None` draws it for each row.
    pub domain: Option<usize>,
    /// The factors of the noise, of which each row draws one.
    pub factors: Vec<f64>,
}

/// Latents of which one domain in each row is shifted.
pub struct CorruptionDraw {
    /// `[N, width]` of each domain.
    pub latents: Vec<Tensor>,
    /// The place of the shifted domain in each row, `[N]`.
    pub shifted: Vec<usize>,
    /// The factor of the noise in each row, `[N]`.
    pub factors: Vec<f64>,
}

impl Default for Corruption {
    fn default() -> Self {
        Self { domain: None, factors: vec![1.0] }
    }
}

impl Corruption {
    /// Shifts `latents` `[N, width]` of the same items in several domains. The noise of a row is
    /// normal, standardised within the row to mean 0 and deviation 1, times 5 times its factor.
    pub fn draw(&self, latents: &[Tensor], seed: u64, step: u64) -> CorruptionDraw {
        let (rows, domains) = (latents[0].size()[0], latents.len());
        let mut rng = Stream::new(seed, "corrupted rows").at(&[step]);
        let drawn = |_| {
            (self.domain.unwrap_or_else(|| rng.below(domains)), self.factors[rng.below(self.factors.len())])
        };
        let (shifted, factors): (Vec<usize>, Vec<f64>) = (0..rows).map(drawn).unzip();
        let noise_of = |(domain, latents): (usize, &Tensor)| {
            let seed = Stream::new(seed, "corrupting noise").at(&[step, domain as u64]).bits();
            let sizes =
                shifted.iter().zip(&factors).map(|(of, factor)| if *of == domain { *factor } else { 0.0 });
            let sizes: Vec<f32> = sizes.map(|factor| (DEVIATION * factor) as f32).collect();
            let sizes = Tensor::from_slice(&sizes).to_device(latents.device()).unsqueeze(1);
            latents + standardised(&normals(&latents.size(), latents.device(), seed)) * sizes
        };
        let latents = latents.iter().enumerate().map(noise_of).collect();
        CorruptionDraw { latents, shifted, factors }
    }
}

/// Rows `[N, D]` with mean 0 and deviation 1 each.
fn standardised(x: &Tensor) -> Tensor {
    let centred = x - x.mean_dim([1].as_slice(), true, Kind::Float);
    let variance = centred.square().mean_dim([1].as_slice(), true, Kind::Float);
    centred / variance.sqrt().clamp_min(1e-12)
}

/// The fused states that a probe reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusing {
    /// Weights of an attention, which learns with the probe.
    Attention,
    /// Equal weights.
    Equal,
    /// The domain at this place alone.
    Alone(usize),
}

/// What a probe predicts.
pub enum ProbeTarget<'a> {
    /// Classes `[N]`, by cross-entropy.
    Classes(&'a Tensor),
    /// Numbers `[N, outputs]`, by squared error.
    Numbers(&'a Tensor),
}

/// A linear probe of fused states of a frozen workspace.
pub struct FusedProbe {
    pub parameters: Parameters,
    domains: Vec<usize>,
    fusing: Fusing,
    attention: Attention,
    probe: Linear,
}

impl FusedProbe {
    /// A probe with `outputs` outputs of states fused from `domains` of `workspace`.
    pub fn new(
        workspace: &Workspace,
        domains: &[usize],
        fusing: Fusing,
        outputs: i64,
        parameters: Parameters,
    ) -> Self {
        let root = parameters.root();
        let attention = Attention::new(&root.sub("selection"), &workspace.domains, &workspace.settings);
        let probe = Linear::new(&root.sub("probe"), workspace.settings.z_size as i64, outputs);
        Self { domains: domains.to_vec(), fusing, attention, probe, parameters }
    }

    /// The outputs `[N, outputs]` for latents `[N, width]` of each of the probe's domains.
    pub fn forward(&self, workspace: &Workspace, latents: &[Tensor]) -> Tensor {
        let each = self.domains.iter().zip(latents);
        let encodings: Vec<Tensor> = no_grad(|| each.map(|(d, x)| workspace.encode(*d, x)).collect());
        let choice = Choice { domains: &self.domains, latents, encodings: &encodings };
        let state = match self.fusing {
            Fusing::Attention => weighted(&encodings, &self.attention.weights(&choice)).tanh(),
            Fusing::Equal => Tensor::stack(&encodings, 0).mean_dim([0].as_slice(), false, Kind::Float).tanh(),
            Fusing::Alone(place) => encodings[place].tanh(),
        };
        self.probe.forward(&state)
    }

    /// The loss of the probe on latents `[N, width]` of each of its domains.
    pub fn loss(&self, workspace: &Workspace, latents: &[Tensor], target: &ProbeTarget) -> LossReport {
        let outputs = self.forward(workspace, latents);
        let loss = match target {
            ProbeTarget::Classes(classes) => outputs.cross_entropy_for_logits(classes),
            ProbeTarget::Numbers(numbers) => (outputs - *numbers).square().mean(Kind::Float),
        };
        LossReport::weighted(vec![("probe", 1.0, loss)])
    }

    /// The share of rows whose class is the largest output, a scalar.
    pub fn accuracy(&self, workspace: &Workspace, latents: &[Tensor], classes: &Tensor) -> Tensor {
        let largest = no_grad(|| self.forward(workspace, latents).argmax(1, false));
        largest.eq_tensor(classes).to_kind(Kind::Float).mean(Kind::Float)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tch::Device;

    use super::*;
    use crate::optim::{Adam, Optimiser, Rates};
    use crate::worlds::workspace::domains::{Activation, Part, PartLoss};
    use crate::worlds::workspace::models::{Domain, GwSettings};

    fn workspace() -> Workspace {
        let part =
            |width| Part { name: "z", width, activation: Activation::Identity, loss: PartLoss::SquaredError };
        let domain = |name: &str, width| Domain { name: name.into(), parts: vec![part(width)] };
        let settings: GwSettings = serde_json::from_value(json!({"domains": ["v", "t"]})).unwrap();
        Workspace::new(Parameters::new(Device::Cpu, 0), vec![domain("v", 6), domain("t", 9)], &settings)
    }

    /// Latents of three classes, far apart in both domains.
    fn latents(rows: i64) -> (Vec<Tensor>, Tensor) {
        let classes = Tensor::arange(rows, (Kind::Int64, Device::Cpu)).remainder(3);
        let of = |width: i64, seed| {
            let centres = normals(&[3, width], Device::Cpu, seed) * 2.0;
            centres.index_select(0, &classes)
        };
        (vec![of(6, 1), of(9, 2)], classes)
    }

    #[test]
    fn one_domain_of_each_row_is_shifted_as_far_as_its_factor_says() {
        let (latents, _) = latents(300);
        let corruption = Corruption { domain: None, factors: vec![0.5, 2.0] };
        let draw = corruption.draw(&latents, 3, 8);
        let shift = |domain: usize| -> Vec<f64> {
            let squares = (&draw.latents[domain] - &latents[domain]).square();
            squares.mean_dim([1].as_slice(), false, Kind::Double).sqrt().try_into().unwrap()
        };
        let shifts = [shift(0), shift(1)];
        for (row, (&of, factor)) in draw.shifted.iter().zip(&draw.factors).enumerate() {
            assert!((shifts[of][row] - 5.0 * factor).abs() < 1e-4);
            assert_eq!(shifts[1 - of][row], 0.0);
        }
        let first = draw.shifted.iter().filter(|of| **of == 0).count();
        assert!((110..190).contains(&first), "{first}");
        assert_eq!(corruption.draw(&latents, 3, 8).latents[0], draw.latents[0]);
        let given = Corruption { domain: Some(1), factors: vec![1.0] }.draw(&latents, 3, 8);
        assert_eq!(given.latents[0], latents[0]);
    }

    #[test]
    fn attention_learns_to_ignore_the_shifted_domain() {
        let workspace = workspace();
        let (clean, classes) = latents(300);
        let corruption = Corruption { domain: None, factors: vec![3.0] };
        let trained = |fusing| {
            let probe = FusedProbe::new(&workspace, &[0, 1], fusing, 3, Parameters::new(Device::Cpu, 5));
            let trainable = probe.parameters.trainable();
            let tensors: Vec<Tensor> = trainable.iter().map(|(_, tensor)| tensor.shallow_clone()).collect();
            let mut adam = Adam::new(trainable, 1e-8);
            for step in 0..150 {
                crate::native::clear_gradients(&tensors);
                let draw = corruption.draw(&clean, 1, step);
                probe.loss(&workspace, &draw.latents, &ProbeTarget::Classes(&classes)).total.backward();
                adam.step(Rates::constant(0.03));
            }
            let test = corruption.draw(&clean, 2, 0).latents;
            probe.accuracy(&workspace, &test, &classes).double_value(&[])
        };
        let [attention, equal, alone] = [Fusing::Attention, Fusing::Equal, Fusing::Alone(0)].map(trained);
        assert!(attention > equal + 0.05 && attention > alone + 0.05, "{attention} {equal} {alone}");
        assert!(workspace.parameters.trainable().iter().all(|(_, tensor)| !tensor.grad().defined()));
    }
}
