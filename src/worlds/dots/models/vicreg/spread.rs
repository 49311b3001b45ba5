//! What keeps encodings from collapsing, and along which axis they must differ.

use tch::{Kind, Tensor};

use super::{SigregAxis, Vicreg};
use crate::objectives::info_nce::unit_length;
use crate::objectives::sigreg::sigreg;
use crate::objectives::variance_covariance::variance_covariance;
use crate::worlds::dots::models::views::{Views, later};
use umwelt_base::random::Stream;

type Part = (&'static str, f64, Tensor);

impl Vicreg {
    /// The terms on projections and encodings that the settings ask for; those of the paper are always reported.
    pub(super) fn spread(&self, views: &Views, index: u64) -> Vec<Part> {
        let weights = &self.settings;
        let projections = self.counted(&views.projections);
        let spread = variance_covariance(&self.over_the_batch(&projections));
        let mut parts =
            vec![("std", weights.std_coeff, spread.variance), ("cov", weights.cov_coeff, spread.covariance)];
        if weights.encoding_std_coeff > 0.0 || weights.encoding_cov_coeff > 0.0 {
            let spread = variance_covariance(&self.over_the_batch(&self.counted(&views.encodings)));
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

    fn counted(&self, frames: &Tensor) -> Tensor {
        if self.settings.skip_first_step_vc { later(frames) } else { frames.shallow_clone() }
    }

    /// Groups of rows that should differ from each other: `[T, B, D]`, or `[1, T * B, D]` around each sequence's mean.
    fn over_the_batch(&self, frames: &Tensor) -> Tensor {
        if !self.settings.center_trajectories {
            return frames.shallow_clone();
        }
        (frames - frames.mean_dim([0].as_slice(), true, Kind::Float)).flatten(0, 1).unsqueeze(0)
    }

    fn gaussianity(&self, frames: &Tensor, index: u64) -> Tensor {
        let directions = self.directions(frames.size()[2], index).to_device(frames.device());
        match self.settings.sigreg_axis {
            SigregAxis::Batch => sigreg(frames, &directions),
            SigregAxis::Time => sigreg(&frames.transpose(0, 1), &directions),
        }
    }

    /// Random directions of a training step, columns of length 1: `[features, directions]`
    fn directions(&self, features: i64, index: u64) -> Tensor {
        let mut rng = Stream::new(self.jepa.parameters.seed(), "sigreg directions").at(&[index]);
        let count = self.settings.sigreg_directions as i64;
        let draws: Vec<f32> = (0..count * features).map(|_| rng.normal() as f32).collect();
        unit_length(&Tensor::from_slice(&draws).view([count, features])).transpose(0, 1)
    }
}
