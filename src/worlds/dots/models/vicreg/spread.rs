//! The regularisers against collapse, along the batch or along time.

use tch::{Kind, Tensor};

use super::{SigregAxis, Vicreg};
use crate::objectives::info_nce::unit_length;
use crate::objectives::sigreg::sigreg;
use crate::objectives::variance_covariance::variance_covariance;
use crate::worlds::dots::models::views::{Views, later};
use umwelt_base::random::Stream;

/// Name, weight and value of a term of the loss.
type Term = (&'static str, f64, Tensor);

impl Vicreg {
    /// The terms with a weight above 0, and those of the paper, which are always reported.
    pub(super) fn spread(&self, views: &Views, index: u64) -> Vec<Term> {
        let weights = &self.settings;
        let projections = self.regularised_frames(&views.projections);
        let spread = variance_covariance(&self.groups(&projections));
        let mut parts =
            vec![("std", weights.std_coeff, spread.variance), ("cov", weights.cov_coeff, spread.covariance)];
        if weights.encoding_std_coeff > 0.0 || weights.encoding_cov_coeff > 0.0 {
            let spread = variance_covariance(&self.groups(&self.regularised_frames(&views.encodings)));
            parts.push(("enc_std", weights.encoding_std_coeff, spread.variance));
            parts.push(("enc_cov", weights.encoding_cov_coeff, spread.covariance));
        }
        if weights.time_std_coeff > 0.0 || weights.time_cov_coeff > 0.0 {
            let spread = variance_covariance(&projections.transpose(0, 1));
            parts.push(("time_std", weights.time_std_coeff, spread.variance));
            parts.push(("time_cov", weights.time_cov_coeff, spread.covariance));
        }
        if weights.sigreg_coeff > 0.0 {
            parts.push(("sigreg", weights.sigreg_coeff, self.gaussianity(&projections, index)));
        }
        parts
    }

    /// The frames that variance and covariance include.
    fn regularised_frames(&self, frames: &Tensor) -> Tensor {
        if self.settings.skip_first_step_vc { later(frames) } else { frames.shallow_clone() }
    }

    /// Groups of rows `[G, N, D]` from frames `[T, B, D]`: one group for each frame, or a single
    /// group of all frames centred on the mean of their sequence.
    fn groups(&self, frames: &Tensor) -> Tensor {
        if !self.settings.center_trajectories {
            return frames.shallow_clone();
        }
        (frames - frames.mean_dim([0].as_slice(), true, Kind::Float)).flatten(0, 1).unsqueeze(0)
    }

    /// The sketched isotropic Gaussian regularisation of frames `[T, B, D]` in training step
    /// `index`.
    fn gaussianity(&self, frames: &Tensor, index: u64) -> Tensor {
        let directions = self.directions(frames.size()[2], index).to_device(frames.device());
        match self.settings.sigreg_axis {
            SigregAxis::Batch => sigreg(frames, &directions),
            SigregAxis::Time => sigreg(&frames.transpose(0, 1), &directions),
        }
    }

    /// The random directions of training step `index`: columns of length 1, `[D, directions]`.
    fn directions(&self, features: i64, index: u64) -> Tensor {
        let mut rng = Stream::new(self.jepa.parameters.seed(), "sigreg directions").at(&[index]);
        let count = self.settings.sigreg_directions as i64;
        let draws: Vec<f32> = (0..count * features).map(|_| rng.normal() as f32).collect();
        unit_length(&Tensor::from_slice(&draws).view([count, features])).transpose(0, 1)
    }
}
