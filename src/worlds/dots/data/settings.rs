//! What a world of dots can be told.

use anyhow::{Result, ensure};

use crate::datasets::IMAGE_SIZE;
use crate::worlds::dots::data::dataset_type::{DatasetType, Role};
use crate::worlds::dots::data::noise::Overlay;

/// What a world of dots is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct DotsSettings {
    pub frames: usize,
    pub batch_size: usize,
    pub dataset_type: DatasetType,
    /// As many as there are dots, each with a dot and an overlay of its own; or 1, in which these are summed.
    pub channels: usize,
    /// Images are differences of successive frames, the first from one more frame in front of the sequence.
    pub frame_difference: bool,
    /// Pixels.
    pub dot_std: f64,
    /// Strength of the overlay drawn anew for every frame, as a fraction of the largest pixel that the clean images
    /// of the same dot have in the batch.
    pub noise: f64,
    /// Strength of the overlay drawn once for every sequence.
    pub static_noise: f64,
    /// How far the overlay of a sequence moves to the right, in pixels a frame.
    pub static_noise_speed: f64,
    pub overlay: Overlay,
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
            overlay: Overlay::Uniform,
            normalize: false,
            seed: 42,
        }
    }
}

impl DotsSettings {
    /// How far a dot's centre keeps from the image's edge, in pixels.
    pub(super) fn margin(&self) -> f64 {
        2.0 * self.dot_std
    }

    pub(super) fn roles(&self) -> &'static [Role] {
        self.dataset_type.roles()
    }

    /// Frames rendered in front of a sequence.
    pub(super) fn lead(&self) -> usize {
        usize::from(self.frame_difference)
    }

    /// Strength of the fixed overlay where it is to be seen: one that does not move is in no difference of frames.
    pub(in crate::worlds::dots::data) fn shown_static_noise(&self) -> f64 {
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
