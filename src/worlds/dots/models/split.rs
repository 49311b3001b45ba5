//! The parts of a split code.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::Part;
use crate::objectives::info_nce::unit_length;
use crate::settings::check::{InvalidSetting, not_negative, positive, refuse};

/// Settings under `simclr.split`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitSettings {
    /// The share of the features whose negatives are other sequences.
    pub share: f64,
    /// The weight of their loss.
    pub weight: f64,
    /// The temperature between sequences; null takes `simclr.loss_temp`.
    pub temp: Option<f64>,
    /// The share of further features with such negatives, the last ones, that are predicted to stay
    /// as they are in the last frame that the predictor sees; 0 for none.
    pub constant_share: f64,
    /// The weight of their loss.
    pub constant_weight: f64,
    /// Their temperature between sequences.
    pub constant_temp: f64,
    /// The root mean square of the features of each part of an encoding; 0 leaves them as they are.
    pub scale: f64,
    /// The weight of the mean squared error of predicted features, relative to `scale`.
    pub invariance_weight: f64,
    /// The distance in nats of the loss along time from chance at which all other weights count in
    /// full; 0 gives them in full from the start.
    pub gate: f64,
}

impl Default for SplitSettings {
    fn default() -> Self {
        Self {
            share: 0.4,
            weight: 0.5,
            temp: Some(0.5),
            constant_share: 0.2,
            constant_weight: 3.0,
            constant_temp: 1.0,
            scale: 0.4,
            invariance_weight: 2.0,
            gate: 0.8,
        }
    }
}

impl SplitSettings {
    /// Refuses values that no model can be trained with.
    ///
    /// # Errors
    /// The key below `split` and what is allowed there.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        not_negative(&[
            ("weight", self.weight),
            ("constant_weight", self.constant_weight),
            ("constant_share", self.constant_share),
            ("scale", self.scale),
            ("invariance_weight", self.invariance_weight),
            ("gate", self.gate),
        ])?;
        positive(&[
            ("temp", self.temp.unwrap_or(1.0)),
            ("constant_temp", self.constant_temp),
            ("share", self.share),
        ])?;
        match self.share + self.constant_share < 1.0 {
            true => Ok(()),
            false => refuse("share", "and constant_share must leave a part of the features, below 1 in all"),
        }
    }
}

/// The numbers of features of the parts, in this order, and their scale.
pub struct Parts {
    pub fast: i64,
    pub slow: i64,
    pub constant: i64,
    scale: f64,
}

impl Parts {
    /// The parts of codes of `features` features.
    ///
    /// # Errors
    /// When no feature is left for the first part.
    pub fn new(settings: &SplitSettings, features: i64) -> Result<Self> {
        let of = |share: f64| ((features as f64 * share).round() as i64).clamp(1, features - 1);
        let (slow, share) = (of(settings.share), settings.constant_share);
        let constant = if share > 0.0 { of(share) } else { 0 };
        ensure!(
            slow + constant < features,
            "simclr.split: shares of {slow} and {constant} features leave none of {features}"
        );
        Ok(Self { fast: features - slow - constant, slow, constant, scale: settings.scale })
    }

    /// The parts that have features.
    pub fn named(&self) -> Vec<Part> {
        let sizes = [("fast", self.fast), ("slow", self.slow), ("constant", self.constant)];
        let part = |start: &mut i64, (name, count): (&'static str, i64)| {
            let part = Part { name, start: *start, count };
            *start += count;
            Some(part)
        };
        sizes.into_iter().scan(0, part).filter(|part| part.count > 0).collect()
    }

    /// codes `[.., D]` -> the same directions, in which each part has the root mean square `scale`
    pub fn scaled(&self, codes: &Tensor) -> Tensor {
        if self.scale == 0.0 {
            return codes.shallow_clone();
        }
        let scaled = |part: Part| unit_length(&part.of(codes)) * (self.scale * (part.count as f64).sqrt());
        Tensor::cat(&self.named().into_iter().map(scaled).collect::<Vec<_>>(), -1)
    }

    /// `predicted` `[T, B, D]` with the constant features of `seen` `[B, D]` in all steps.
    pub fn with_constant_of(&self, predicted: &Tensor, seen: &Tensor) -> Tensor {
        let (steps, sequences, width) = predicted.size3().expect("predictions are [T, B, D]");
        let others = width - self.constant;
        let constant = seen.narrow(1, others, self.constant).unsqueeze(0);
        let constant = constant.expand([steps, sequences, self.constant], false);
        Tensor::cat(&[predicted.narrow(2, 0, others), constant.to_kind(predicted.kind())], 2)
    }

    /// The squared unit of errors of features: `scale` squared, or 1 for features left as they are.
    pub fn unit_squared(&self) -> f64 {
        if self.scale > 0.0 { self.scale.powi(2) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::normals;
    use tch::{Device, Kind};

    #[test]
    fn each_part_is_scaled_on_its_own_and_keeps_its_direction() {
        let settings = SplitSettings { share: 0.4, constant_share: 0.2, scale: 0.3, ..Default::default() };
        let parts = Parts::new(&settings, 10).unwrap();
        assert_eq!([parts.fast, parts.slow, parts.constant], [4, 4, 2]);
        let codes = normals(&[3, 5, 10], Device::Cpu, 1) * Tensor::arange(10, (Kind::Float, Device::Cpu));
        let scaled = parts.scaled(&codes);
        for part in parts.named() {
            let part = |x: &Tensor| part.of(x);
            let mean_square = part(&scaled).square().mean_dim([-1].as_slice(), false, Kind::Float);
            assert!((mean_square.sqrt() - 0.3).abs().max().double_value(&[]) < 1e-4);
            let cosine = Tensor::cosine_similarity(&part(&scaled), &part(&codes), -1, 1e-8);
            assert!(cosine.min().double_value(&[]) > 0.9999);
        }
        let as_they_are = Parts::new(&SplitSettings { scale: 0.0, ..settings }, 10).unwrap();
        assert!(as_they_are.scaled(&codes).equal(&codes));
        let none = Parts::new(&SplitSettings { constant_share: 0.0, ..settings }, 10).unwrap();
        assert_eq!((none.constant, none.scaled(&codes).size()), (0, codes.size()));
    }

    #[test]
    fn constant_features_are_those_of_the_frame_seen() {
        let parts = Parts::new(&SplitSettings { share: 0.5, constant_share: 0.25, ..Default::default() }, 8);
        let parts = parts.unwrap();
        let (predicted, seen) = (normals(&[3, 2, 8], Device::Cpu, 1), normals(&[2, 8], Device::Cpu, 2));
        let all = parts.with_constant_of(&predicted, &seen);
        assert!(all.narrow(2, 0, 6).equal(&predicted.narrow(2, 0, 6)));
        assert!((0..3).all(|step| all.get(step).narrow(1, 6, 2).equal(&seen.narrow(1, 6, 2))));
    }

    #[test]
    fn shares_leave_a_fast_feature() {
        let settings = SplitSettings { share: 0.6, constant_share: 0.3, ..Default::default() };
        let error = Parts::new(&settings, 2).err().expect("one and one of two").to_string();
        assert_eq!(error, "simclr.split: shares of 1 and 1 features leave none of 2");
    }
}
