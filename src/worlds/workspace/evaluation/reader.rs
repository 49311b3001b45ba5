//! The reader: a network that reads attributes from latents of a domain.

use anyhow::Result;
use tch::{Tensor, no_grad};

use super::fit::Fit;
use crate::nn::{Parameters, ReluMlp};
use crate::runs::Progress;
use crate::worlds::workspace::domains::Part;

/// Features of the hidden layers.
const HIDDEN: i64 = 256;
/// Passes over the items, and the least and most steps.
const PASSES: usize = 60;
const STEPS: (usize, usize) = (100, 6000);
const BATCH: usize = 512;
const PEAK_LR: f64 = 3e-3;

/// A network from latents to attributes. Its errors are what the latents say of the attributes at
/// all, the best that a translation of them can be.
pub struct Reader {
    network: ReluMlp,
    parts: Vec<Part>,
}

impl Reader {
    /// A reader fitted to latents `[N, w]` and the parts of the attributes, `[N, width]` each.
    ///
    /// # Errors
    /// [`umwelt_base::stop::Interrupted`] when `progress` asks for it.
    pub fn fit(
        latents: &Tensor,
        attributes: &[Tensor],
        parts: &[Part],
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let parameters = Parameters::new(latents.device(), seed);
        let width: i64 = parts.iter().map(|part| part.width).sum();
        let sizes = [latents.size()[1], HIDDEN, HIDDEN, width];
        let network = ReluMlp::new(&parameters.root().sub("reader"), &sizes);
        let reader = Self { network, parts: parts.to_vec() };
        let items = latents.size()[0] as usize;
        let steps = (PASSES * items / BATCH).clamp(STEPS.0, STEPS.1) as u64;
        let fit = Fit::cycle("reading attributes from latents", steps, BATCH, PEAK_LR, seed);
        fit.run(&[&parameters], items, progress, |items| {
            let predicted = reader.predict(&latents.index_select(0, items));
            let losses = parts.iter().zip(&predicted).zip(attributes);
            let losses =
                losses.map(|((part, predicted), truth)| part.loss(predicted, &truth.index_select(0, items)));
            losses.reduce(|a, b| a + b).expect("attributes have parts")
        })?;
        Ok(reader)
    }

    /// The parts of the attributes, `[N, width]` each, that latents `[N, w]` say.
    pub fn read(&self, latents: &Tensor) -> Vec<Tensor> {
        no_grad(|| self.predict(latents))
    }

    fn predict(&self, latents: &Tensor) -> Vec<Tensor> {
        let widths: Vec<i64> = self.parts.iter().map(|part| part.width).collect();
        let outputs = self.network.forward(latents, None).split_with_sizes(&widths, 1);
        self.parts.iter().zip(outputs).map(|(part, output)| part.activation.forward(&output)).collect()
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::worlds::workspace::domains::{Activation, PartLoss};
    use umwelt_base::stop::Stop;

    #[test]
    fn attributes_that_latents_hold_are_read_and_others_are_not() {
        let latents = crate::native::normals(&[4000, 3], Device::Cpu, 1);
        let known = (latents.narrow(1, 0, 1) * 2.0).tanh();
        let unknown = crate::native::normals(&[4000, 1], Device::Cpu, 2) * 0.3;
        let part = |name, width, activation, loss| Part { name, width, activation, loss };
        let parts = [
            part("z_cls", 2, Activation::LogSoftmax, PartLoss::NegativeLogLikelihood),
            part("z_attr", 2, Activation::Tanh, PartLoss::SquaredError),
        ];
        let class = latents.select(1, 1).gt(0.0).to_kind(Kind::Int64).one_hot(2).to_kind(Kind::Float);
        let attributes = [class, Tensor::cat(&[&known, &unknown], 1)];
        let reader = Reader::fit(&latents, &attributes, &parts, 3, &Stop::default()).unwrap();
        let read = reader.read(&latents);
        let right = read[0].argmax(1, false).eq_tensor(&attributes[0].argmax(1, false));
        assert!(right.to_kind(Kind::Float).mean(Kind::Float).double_value(&[]) > 0.98);
        let error = (&read[1] - &attributes[1]).square().mean_dim([0i64].as_slice(), false, Kind::Float);
        assert!(error.double_value(&[0]) < 1e-3, "{}", error.double_value(&[0]));
        assert!(error.double_value(&[1]) > 0.04, "noise of variance 0.09 is not in the latents");
    }
}
