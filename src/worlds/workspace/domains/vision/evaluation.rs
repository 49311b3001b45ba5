//! Scores of the vision domain.

use std::ops::Range;

use anyhow::{Result, bail};
use serde::Serialize;
use tch::{Device, Kind, Tensor, no_grad};

use super::VisionVae;
use crate::charts::{Align, Table};
use crate::native::normals;
use crate::nn::Mode;
use crate::runs::{Baseline, Progress, Score, ScoreCard};
use umwelt_base::random::Stream;

/// The headline score.
const PIXEL_ERROR: &str = "pixel_error";
const KL: &str = "kl_per_image";
/// Images in a batch.
const BATCH: usize = 500;
/// The standard deviation of the mean over items above which a number of the latent is in use.
pub const IN_USE: f64 = 0.1;

/// The scores of one evaluation, as written to `evaluation.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisionScores {
    pub epoch: f64,
    /// The mean squared error of intensities in [0, 1], of images decoded from sampled latents.
    pub pixel_error: f64,
    /// The same of images decoded from the means.
    pub pixel_error_of_means: f64,
    /// The divergence of the posterior from the prior, in nats for an image.
    pub kl: f64,
    /// The standard deviation of the mean over items, for each number of the latent.
    pub spread: Vec<f64>,
    /// The pixel error of a black image.
    pub black: f64,
}

/// Sums over images.
struct Sums {
    error: Tensor,
    error_of_means: Tensor,
    kl: Tensor,
    black: Tensor,
    means: Vec<Tensor>,
}

impl VisionScores {
    /// Scores `vae` on `count` images, of which `images` gives some in bytes `[N, 3, 32, 32]`. The
    /// noise of the samples follows from `seed`.
    ///
    /// # Errors
    /// The errors of `images` and `progress`; a pixel error that is not finite.
    pub fn new(
        vae: &VisionVae,
        (count, images): (usize, &dyn Fn(Range<usize>) -> Result<Tensor>),
        seed: u64,
        epoch: f64,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let zero = || Tensor::zeros([0i64; 0], (Kind::Double, vae.parameters.device()));
        let mut sums =
            Sums { error: zero(), error_of_means: zero(), kl: zero(), black: zero(), means: vec![] };
        for from in (0..count).step_by(BATCH) {
            progress.update("validation images", from as u64, count as u64)?;
            let noise = Stream::new(seed, "vision/validation noise").at(&[from as u64]).bits();
            let images = images(from..count.min(from + BATCH))?;
            no_grad(|| sums.add(vae, &images, noise));
        }
        let scores = sums.scores(count, epoch)?;
        if !scores.pixel_error.is_finite() {
            bail!("the pixel error is not finite at epoch {epoch}");
        }
        Ok(scores)
    }

    /// The numbers of the latent that are in use.
    pub fn in_use(&self) -> usize {
        self.spread.iter().filter(|spread| **spread > IN_USE).count()
    }

    /// The score card, with a black image as the baseline.
    pub fn card(&self) -> ScoreCard {
        ScoreCard {
            scores: vec![
                Score::lower(PIXEL_ERROR, self.pixel_error, "", "pixel error"),
                Score::lower(
                    "pixel_error_of_means",
                    self.pixel_error_of_means,
                    "",
                    "pixel error of the means",
                ),
                Score::lower(KL, self.kl, "nats", "divergence from the prior"),
                Score::higher("dimensions_in_use", self.in_use() as f64, "", "numbers of the latent in use"),
            ],
            baselines: vec![Baseline { name: "black".into(), value: self.black, of: PIXEL_ERROR.into() }],
            headline: vec![PIXEL_ERROR.into(), KL.into(), "dimensions_in_use".into()],
        }
    }

    /// The scores as a text table under `heading`.
    pub fn table(&self, heading: &str) -> String {
        let rows = [
            ("pixel error, sampled latents", format!("{:.5}", self.pixel_error)),
            ("pixel error, means", format!("{:.5}", self.pixel_error_of_means)),
            ("pixel error of a black image", format!("{:.5}", self.black)),
            ("divergence from the prior", format!("{:.2} nats", self.kl)),
            ("numbers of the latent in use", format!("{} of {}", self.in_use(), self.spread.len())),
        ];
        let table = Table::new([(heading, Align::Left), ("", Align::Right)]);
        rows.into_iter().fold(table, |table, (name, value)| table.row([name.to_owned(), value])).to_string()
    }
}

impl Sums {
    /// Adds images in bytes `[N, 3, 32, 32]`.
    fn add(&mut self, vae: &VisionVae, images: &Tensor, noise: u64) {
        let device = vae.parameters.device();
        let images = vae.intensities(&images.to_device(device));
        let posterior = vae.encode(&images, Mode::Evaluate);
        let noise = normals(&posterior.mean.size(), device, noise);
        let squares = |difference: Tensor| difference.square().sum(Kind::Double);
        self.error += squares(vae.decode(&posterior.sample(&noise), Mode::Evaluate) - &images);
        self.error_of_means += squares(vae.decode(&posterior.mean, Mode::Evaluate) - &images);
        self.kl += posterior.divergence();
        self.black += squares(images);
        self.means.push(posterior.mean);
    }

    fn scores(&self, images: usize, epoch: f64) -> Result<VisionScores> {
        let numbers = (images as i64 * VisionVae::image_shape(1).iter().product::<i64>()) as f64;
        let mean = |sum: &Tensor, of: f64| sum.double_value(&[]) / of;
        let spread = Tensor::cat(&self.means, 0).std_dim([0i64].as_slice(), false, false);
        Ok(VisionScores {
            epoch,
            pixel_error: mean(&self.error, numbers),
            pixel_error_of_means: mean(&self.error_of_means, numbers),
            kl: mean(&self.kl, images as f64),
            spread: spread.to_kind(Kind::Double).to_device(Device::Cpu).try_into()?,
            black: mean(&self.black, numbers),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Precision;
    use crate::worlds::workspace::data::{Sampler, ShapesSettings, Split, render_all};
    use crate::worlds::workspace::domains::vision::VisionSettings;
    use umwelt_base::stop::Stop;

    #[test]
    fn scores_are_means_over_all_images_in_batches_of_any_size() {
        let settings =
            VisionSettings { hidden: Some(8), channels: 2, z_size: 3, ..VisionSettings::default() };
        let vae = VisionVae::new(&settings, 0, Precision::Fp32, Device::Cpu);
        let shapes = Sampler::new(&ShapesSettings::default(), 1).items(Split::Validation, BATCH + 7).shapes;
        let found = VisionScores::new(
            &vae,
            (shapes.len(), &|rows| Ok(render_all(&shapes[rows]))),
            1,
            2.0,
            &Stop::default(),
        )
        .unwrap();
        let images = vae.intensities(&render_all(&shapes));
        let posterior = vae.encode(&images, Mode::Evaluate);
        let decoded = vae.decode(&posterior.mean, Mode::Evaluate);
        let mean = |x: Tensor| x.square().mean(Kind::Double).double_value(&[]);
        assert!((found.pixel_error_of_means / mean(decoded - &images) - 1.0).abs() < 1e-5);
        assert!((found.black / mean(images) - 1.0).abs() < 1e-6);
        let kl = posterior.divergence().double_value(&[]) / shapes.len() as f64;
        assert!((found.kl / kl - 1.0).abs() < 1e-5);
        let column: Vec<f64> = posterior.mean.select(1, 2).to_kind(Kind::Double).try_into().unwrap();
        let average = column.iter().sum::<f64>() / column.len() as f64;
        let variance = column.iter().map(|x| (x - average).powi(2)).sum::<f64>() / column.len() as f64;
        assert!((found.spread[2] - variance.sqrt()).abs() < 1e-5);
        assert_eq!(found.in_use(), found.spread.iter().filter(|s| **s > 0.1).count());
        // Section 12 of the specification: a black image has .0213.
        assert!((found.black - 0.0213).abs() < 0.002, "{}", found.black);
        assert_eq!(found.card().comparison()[3], ("baseline: black".to_owned(), found.black));
    }
}
