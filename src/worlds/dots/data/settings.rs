//! The settings of a world of dots.

use anyhow::{Result, ensure};

use super::dataset_type::{DatasetType, Role};
use super::distractor::Distractor;
use crate::datasets::IMAGE_SIZE;

/// The settings of a world of dots.
#[derive(Clone, Debug, PartialEq)]
pub struct DotsSettings {
    pub frames: usize,
    pub batch_size: usize,
    pub dataset_type: DatasetType,
    /// One channel for each dot, with its own distractor; or a single channel, the sum of all
    /// dots'.
    pub channels: usize,
    /// Images are differences of successive frames. The first is taken from an extra frame before
    /// the sequence.
    pub frame_difference: bool,
    /// Standard deviation of a dot, in pixels.
    pub dot_std: f64,
    /// Strength of the distractor drawn anew for every frame, as a multiple of the largest clean
    /// pixel of the same dot in the batch.
    pub noise: f64,
    /// Strength of the distractor drawn once for every sequence, in the same unit.
    pub static_noise: f64,
    /// Speed of the fixed distractor to the right, in pixels per frame.
    pub static_noise_speed: f64,
    pub distractor: Distractor,
    pub normalize: bool,
    pub seed: u64,
}

impl Default for DotsSettings {
    fn default() -> Self {
        Self {
            frames: 17,
            batch_size: 128,
            dataset_type: DatasetType::Single,
            channels: 1,
            frame_difference: false,
            dot_std: 1.3,
            noise: 0.0,
            static_noise: 0.0,
            static_noise_speed: 0.0,
            distractor: Distractor::Uniform,
            normalize: false,
            seed: 42,
        }
    }
}

impl DotsSettings {
    /// The smallest distance of a dot's centre from the edge of the image, in pixels.
    pub(super) fn margin(&self) -> f64 {
        2.0 * self.dot_std
    }

    pub(super) fn roles(&self) -> &'static [Role] {
        self.dataset_type.roles()
    }

    /// The number of extra frames before a sequence.
    pub(super) fn extra_frames(&self) -> usize {
        usize::from(self.frame_difference)
    }

    /// Strength of the fixed distractor in the images: frame differences cancel one that does not
    /// move.
    pub(super) fn shown_static_noise(&self) -> f64 {
        if self.frame_difference && self.static_noise_speed == 0.0 { 0.0 } else { self.static_noise }
    }

    pub(super) fn check(&self) -> Result<()> {
        let room = (IMAGE_SIZE - 1) as f64 - 2.0 * self.margin();
        ensure!(self.frames > 0, "a sequence needs at least one frame");
        ensure!(self.batch_size > 0, "a batch needs at least one sequence");
        let (dots, channels) = (self.roles().len(), self.channels);
        ensure!(channels == 1 || channels == dots, "{dots} dots need 1 or {dots} channels, not {channels}");
        ensure!(self.dot_std > 0.0 && room > 0.0, "a dot of dot_std {} does not fit the image", self.dot_std);
        for (name, value) in [
            ("noise", self.noise),
            ("static_noise", self.static_noise),
            ("static_noise_speed", self.static_noise_speed),
        ] {
            ensure!(value.is_finite() && value >= 0.0, "{name} must be 0 or more, and is {value}");
        }
        Ok(())
    }
}
