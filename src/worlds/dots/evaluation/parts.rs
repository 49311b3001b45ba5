//! What each part of a code holds.

use serde::{Deserialize, Serialize};

use crate::charts::format::fraction;
use crate::runs::Score;

/// What a part of a code holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartDiagnostics {
    pub name: String,
    /// The share of its variance that lies between sequences.
    pub slow_feature_ratio: Option<f64>,
    /// R^2 of the noise probe on it, in worlds with a fixed distractor.
    pub noise_r2: Option<f64>,
    /// R^2 of the place of each dot, read from it by a linear map.
    pub places: Vec<PlaceR2>,
}

/// R^2 of the place of a dot, the mean of both coordinates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceR2 {
    pub dot: String,
    pub r2: f64,
}

impl PartDiagnostics {
    /// Its diagnostics as scores.
    pub fn scores(&self) -> impl Iterator<Item = Score> + '_ {
        let key = |of: &str| format!("parts.{}.{of}", self.name);
        let title = |of: &str| format!("{of}, {} features", self.name);
        let lower = |of: &str, value: Option<f64>, named: &str| {
            Some(Score::lower(&key(of), value?, "", &title(named)))
        };
        let ratio = lower("slow_feature_ratio", self.slow_feature_ratio, "slow-feature ratio");
        let noise = lower("noise_r2", self.noise_r2, "noise read-out R2");
        let places = self.places.iter().map(move |place| {
            let of = format!("{}_r2", place.dot.replace(' ', "_"));
            Score::higher(&key(&of), place.r2, "", &title(&format!("R2 of the {}", place.dot)))
        });
        ratio.into_iter().chain(noise).chain(places)
    }

    /// One line.
    pub fn line(&self) -> String {
        let ratio = self.slow_feature_ratio.map(|ratio| format!("slow-feature ratio {}", fraction(ratio, 2)));
        let noise = self.noise_r2.map(|r2| format!("noise read-out R2 {}", fraction(r2, 2)));
        let places = self.places.iter().map(|place| format!("{} R2 {}", place.dot, fraction(place.r2, 2)));
        let all: Vec<String> = ratio.into_iter().chain(noise).chain(places).collect();
        format!("{} features: {}", self.name, all.join(" | "))
    }
}
