//! Rank, slowness and noise leakage of the representation.

use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

use super::content::Found;
use super::parts::PartDiagnostics;
use crate::charts::format::fraction;
use crate::diagnostics::{collapse, slow_feature_ratio};
use crate::nn::Mode;
use crate::objectives::scalars::Scalars;
use crate::runs::Score;
use crate::worlds::dots::data::{Dots, Trajectories};
use crate::worlds::dots::models::WorldModel;

/// An encoding is nearly constant if it varies in time by less than this share of the position's
/// variation.
const NEARLY_CONSTANT: f64 = 0.25;
/// An encoding carries the noise if the noise probe has an R^2 above this.
const CARRIES_NOISE: f64 = 0.5;

/// Diagnostics of one fresh batch, encoded in evaluation mode; `None` for those that are not
/// finite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RepresentationDiagnostics {
    /// The share of the variance that lies between sequences; 1 for an encoding constant in time.
    pub slow_feature_ratio: Option<f64>,
    /// The slow-feature ratio of the true positions, for comparison.
    pub position_slow_feature_ratio: Option<f64>,
    pub rankme: Option<f64>,
    pub lidar: Option<f64>,
    /// R^2 of the noise probe, in worlds with a fixed distractor.
    pub noise_r2: Option<f64>,
    /// The same of each part of a code; empty for a code in one piece.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartDiagnostics>,
}

impl RepresentationDiagnostics {
    /// Computes the diagnostics of `model` on a batch that no probe was fitted on, beside what linear
    /// maps `found`.
    ///
    /// # Errors
    /// When libtorch cannot copy the batch to the model's device.
    pub fn of(world: &Dots, model: &dyn WorldModel, found: Found) -> Result<Self> {
        let host = world.batch("diagnostics", 0, world.frames());
        let batch = Trajectories::new(&host, model.parameters().device())?;
        let encode = |images: Tensor| no_grad(|| model.encode(&images, Mode::Evaluate));
        let encodings = Tensor::stack(&batch.states.unbind(0).into_iter().map(encode).collect::<Vec<_>>(), 0);
        let mut scalars = Scalars::default();
        collapse(&encodings).iter().for_each(|(name, value)| scalars.push(*name, value));
        scalars.push("position", &slow_feature_ratio(&batch.locations.flatten(2, 3)));
        for part in model.parts() {
            scalars.push(part.name, &slow_feature_ratio(&part.of(&encodings)));
        }
        let values = scalars.read()?;
        let value = |name: &str| values.iter().find(|(found, _)| found == name).map(|(_, value)| *value);
        let part = |part: PartDiagnostics| {
            let slow_feature_ratio = value(&part.name);
            PartDiagnostics { slow_feature_ratio, ..part }
        };
        Ok(Self {
            slow_feature_ratio: value("slow_feature_ratio"),
            position_slow_feature_ratio: value("position"),
            rankme: value("rankme"),
            lidar: value("lidar"),
            noise_r2: found.noise_r2,
            parts: found.parts.into_iter().map(part).collect(),
        })
    }

    /// The diagnostics that were computed, as scores.
    pub fn scores(&self) -> Vec<Score> {
        let lower = |name, value: Option<f64>, title| Some(Score::lower(name, value?, "", title));
        let higher = |name, value: Option<f64>, title| Some(Score::higher(name, value?, "", title));
        let slow = "diagnostics.slow_feature_ratio";
        let scores = [
            lower(slow, self.slow_feature_ratio, "slow-feature ratio"),
            higher("diagnostics.rankme", self.rankme, "RankMe"),
            higher("diagnostics.lidar", self.lidar, "LiDAR"),
            lower("noise_probe.r2", self.noise_r2, "noise read-out R2"),
        ];
        scores.into_iter().flatten().chain(self.parts.iter().flat_map(PartDiagnostics::scores)).collect()
    }

    /// A one-line diagnosis, if any.
    pub fn diagnosis(&self) -> Option<&'static str> {
        let still = |ratio: Option<f64>| 1.0 - ratio.unwrap_or(0.0);
        let constant =
            still(self.slow_feature_ratio) < NEARLY_CONSTANT * still(self.position_slow_feature_ratio);
        match (constant, self.noise_r2.is_some_and(|r2| r2 > CARRIES_NOISE)) {
            (true, true) => {
                Some("the code is nearly constant in time and carries the fixed noise instead of the dot")
            }
            (true, false) => Some("the code is nearly constant in time"),
            (false, true) => Some("the code carries the fixed noise"),
            (false, false) => None,
        }
    }
}

/// The diagnostics on one line, those of each part of a code on a line each, and the diagnosis, if
/// any.
impl fmt::Display for RepresentationDiagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = self
            .position_slow_feature_ratio
            .map_or(String::new(), |ratio| format!(" (the dot's place {})", fraction(ratio, 2)));
        let parts = [
            self.slow_feature_ratio.map(|ratio| format!("slow features {}{position}", fraction(ratio, 2))),
            self.noise_r2.map(|r2| format!("noise read-out R2 {}", fraction(r2, 2))),
            self.rankme.map(|rank| format!("RankMe {rank:.0}")),
            self.lidar.map(|rank| format!("LiDAR {rank:.0}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            writeln!(f, "{}", parts.join(" | "))?;
        }
        for part in &self.parts {
            writeln!(f, "{}", part.line())?;
        }
        self.diagnosis().map_or(Ok(()), |diagnosis| writeln!(f, "{diagnosis}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::PlaceR2;
    use super::*;

    fn diagnostics(slow: f64, noise_r2: Option<f64>) -> RepresentationDiagnostics {
        RepresentationDiagnostics {
            slow_feature_ratio: Some(slow),
            position_slow_feature_ratio: Some(0.8),
            rankme: Some(212.4),
            lidar: None,
            noise_r2,
            parts: vec![],
        }
    }

    #[test]
    fn the_papers_failure_is_named() {
        let printed = diagnostics(0.98, Some(0.912)).to_string();
        assert_eq!(
            printed,
            "slow features .98 (the dot's place .80) | noise read-out R2 .91 | RankMe 212\n\
             the code is nearly constant in time and carries the fixed noise instead of the dot\n"
        );
        assert_eq!(
            diagnostics(0.94, None).to_string(),
            "slow features .94 (the dot's place .80) | RankMe 212\n"
        );
        assert_eq!(diagnostics(0.96, Some(-0.04)).diagnosis(), Some("the code is nearly constant in time"));
        assert_eq!(diagnostics(0.85, Some(0.6)).diagnosis(), Some("the code carries the fixed noise"));
        assert_eq!(RepresentationDiagnostics::default().to_string(), "");
    }

    #[test]
    fn each_part_of_a_code_has_a_line_and_scores() {
        let place = PlaceR2 { dot: "standing dot".into(), r2: 0.25 };
        let (slow_feature_ratio, noise_r2) = (Some(0.5), Some(0.031));
        let part = PartDiagnostics { name: "fast".into(), slow_feature_ratio, noise_r2, places: vec![place] };
        let diagnostics = RepresentationDiagnostics { parts: vec![part], ..diagnostics(0.9, Some(0.2)) };
        assert_eq!(
            diagnostics.to_string(),
            "slow features .90 (the dot's place .80) | noise read-out R2 .20 | RankMe 212\n\
             fast features: slow-feature ratio .50 | noise read-out R2 .03 | standing dot R2 .25\n"
        );
        let names: Vec<String> = diagnostics.scores().into_iter().map(|score| score.name).collect();
        let parts =
            ["slow_feature_ratio", "noise_r2", "standing_dot_r2"].map(|of| format!("parts.fast.{of}"));
        assert_eq!(names[3..], parts);
    }
}
