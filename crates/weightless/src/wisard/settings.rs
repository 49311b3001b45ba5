//! Settings of a WiSARD.

use serde::{Deserialize, Serialize};

use crate::bits::{Copies, STRONGEST, Shifts};

/// The longest tuple of `dense`: 4,096 places for each RAM.
const DENSE: usize = 12;
/// The longest tuple of the other stores.
const LONGEST: usize = 32;
/// The number of samples below which `shifts: auto` takes nine.
const FEW: usize = 10_000;
/// The number of samples below which `warp: auto` takes 1; up to [`FEW`] it takes a half.
const VERY_FEW: usize = 1_000;

/// The memory of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// Every place of every RAM.
    Dense,
    /// The places that were seen, in a hash map.
    Map,
    /// Counting Bloom filters (BTHOWeN, Susskind et al. 2022).
    Bloom,
}

/// The rule that turns counts into an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The class with the most RAMs that have seen the address (Aleksander et al. 1984).
    Seen,
    /// The class with the most RAMs that have counted the address at least b times.
    Bleached,
    /// As `bleached`, with the smallest b that decides a tie.
    Adaptive,
    /// The n-tuple likelihood: the sum of ln(count + 0.1).
    Log,
    /// The likelihood with learnt tables on top.
    Learnt,
}

/// A number, or the word `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OrAuto<T = usize> {
    Auto(Auto),
    Number(T),
}

/// The word `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auto {
    Auto,
}

impl<T> OrAuto<T> {
    /// The word.
    pub const AUTO: Self = Self::Auto(Auto::Auto);
}

/// Settings of `kind: wisard`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WisardSettings {
    /// Bits of an address, n: 1 to 12 of `dense`, to 32 of the other stores.
    pub tuple: usize,
    /// The number of RAMs that read each bit, 1 to 64.
    pub coverage: usize,
    pub store: Store,
    pub decision: Decision,
    /// The count b of `bleached`; `auto` takes the one with the best leave-one-out accuracy.
    pub bleaching: OrAuto,
    /// The factor of the mean log likelihood of a RAM in a logit.
    pub tau: f32,
    /// The rate of learnt tables at the start; it falls linearly to 2 % of this over all passes.
    pub rate: f32,
    /// Shuffled passes of learnt tables after the counting pass.
    pub passes: usize,
    /// Copies of a sample that are learnt together, moved by one pixel: 1, 5 or 9; `auto` takes 9
    /// below 10,000 samples and 5 from there on.
    pub shifts: OrAuto,
    /// The strength of six more copies, each with all shifts: turned both ways (by 18 degrees at
    /// strength 1), slanted both ways (0.4), wider and narrower (1.3). 0 for none, at most 2; `auto`
    /// takes 1 below 1,000 samples, 0.5 below 10,000 and 0 from there on.
    pub warp: OrAuto<f32>,
    /// Earlier samples that are kept, to be learnt again with new ones.
    pub replay: usize,
    /// The binary logarithm of the entries of a Bloom filter, 1 to 20.
    pub bloom_index_bits: usize,
    /// Hash functions of a Bloom filter, 1 to 8.
    pub bloom_hashes: usize,
}

impl Default for WisardSettings {
    fn default() -> Self {
        Self {
            tuple: 10,
            coverage: 1,
            store: Store::Dense,
            decision: Decision::Learnt,
            bleaching: OrAuto::AUTO,
            tau: 15.0,
            rate: 2.0,
            passes: 3,
            shifts: OrAuto::AUTO,
            warp: OrAuto::AUTO,
            replay: 3000,
            bloom_index_bits: 11,
            bloom_hashes: 2,
        }
    }
}

impl WisardSettings {
    /// The copies of each sample when `samples` are to be learnt.
    pub fn copies(&self, samples: usize) -> Copies {
        let shifts = match self.shifts {
            OrAuto::Auto(_) if samples >= FEW => Shifts::FIVE,
            OrAuto::Auto(_) => Shifts::NINE,
            OrAuto::Number(count) => Shifts::of(count).unwrap_or(Shifts::NONE),
        };
        let warp = match self.warp {
            OrAuto::Auto(_) if samples >= FEW => 0.0,
            OrAuto::Auto(_) if samples >= VERY_FEW => 0.5,
            OrAuto::Auto(_) => 1.0,
            OrAuto::Number(strength) => strength,
        };
        Copies::new(shifts, warp).unwrap_or(Copies::NONE)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The key with its range.
    pub fn check(&self) -> Result<(), String> {
        let longest = if self.store == Store::Dense { DENSE } else { LONGEST };
        within("tuple", self.tuple, 1, longest)?;
        within("coverage", self.coverage, 1, 64)?;
        within("passes", self.passes, 0, 1000)?;
        within("replay", self.replay, 0, 60_000)?;
        within("bloom_index_bits", self.bloom_index_bits, 1, 20)?;
        within("bloom_hashes", self.bloom_hashes, 1, 8)?;
        if let OrAuto::Number(b) = self.bleaching {
            within("bleaching", b, 1, usize::from(u16::MAX))?;
        }
        if let OrAuto::Number(count) = self.shifts
            && Shifts::of(count).is_none()
        {
            return Err(format!("wisard.shifts must be 1, 5, 9 or auto, but is {count}"));
        }
        if let OrAuto::Number(strength) = self.warp
            && Copies::new(Shifts::NONE, strength).is_none()
        {
            return Err(format!("wisard.warp must be from 0 to {STRONGEST} or auto, but is {strength}"));
        }
        for (key, value) in [("tau", self.tau), ("rate", self.rate)] {
            if !(value > 0.0 && value <= 1e6) {
                return Err(format!("wisard.{key} must be above 0 and at most 1e6, but is {value}"));
            }
        }
        if self.store == Store::Bloom && self.decision == Decision::Learnt {
            return Err("wisard.store=bloom holds no learnt tables: choose another wisard.decision".into());
        }
        Ok(())
    }
}

fn within(key: &str, value: usize, least: usize, most: usize) -> Result<(), String> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(format!("wisard.{key} must be from {least} to {most}, but is {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_a_word_and_numbers_are_numbers() {
        let settings: WisardSettings = serde_json::from_str(r#"{"bleaching": "auto", "shifts": 5}"#).unwrap();
        assert_eq!((settings.bleaching, settings.shifts), (OrAuto::AUTO, OrAuto::Number(5)));
        let text = serde_json::to_string(&settings).unwrap();
        assert!(text.contains(r#""bleaching":"auto""#) && text.contains(r#""shifts":5"#), "{text}");
        assert!(serde_json::from_str::<WisardSettings>(r#"{"shifts": "none"}"#).is_err());
        let copies = |samples| {
            let copies = WisardSettings::default().copies(samples);
            (copies.shifts().count(), copies.warp(), copies.count())
        };
        assert_eq!(
            [999, 1_000, 9_999, 10_000].map(copies),
            [(9, 1.0, 63), (9, 0.5, 63), (9, 0.5, 63), (5, 0.0, 5)]
        );
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let refused = |settings: WisardSettings| settings.check().unwrap_err();
        let default = WisardSettings::default;
        assert_eq!(
            refused(WisardSettings { tuple: 13, ..default() }),
            "wisard.tuple must be from 1 to 12, but is 13"
        );
        assert!(WisardSettings { tuple: 13, store: Store::Map, ..default() }.check().is_ok());
        assert!(refused(WisardSettings { shifts: OrAuto::Number(4), ..default() }).contains("1, 5, 9"));
        let warped = |strength| WisardSettings { warp: OrAuto::Number(strength), ..default() };
        assert!(refused(warped(2.5)).contains("wisard.warp must be from 0 to 2 or auto, but is 2.5"));
        assert!(refused(WisardSettings { rate: f32::NAN, ..default() }).contains("wisard.rate"));
        assert!(refused(WisardSettings { store: Store::Bloom, ..default() }).contains("no learnt tables"));
    }
}
