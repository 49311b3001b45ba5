//! Settings of the encoding.

use serde::{Deserialize, Serialize};

/// The rule that makes bits of a pixel v. Bit j is for j = 1..t; quantiles and shares are at
/// j / (t + 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// v >= threshold, one bit.
    Threshold,
    /// v >= 256 j / (t + 1).
    Fixed,
    /// v >= mean + quantile * deviation of the pixel over the training pictures (BTHOWeN, Susskind
    /// et al. 2022).
    Gaussian,
    /// v > the training value of the pixel at the share (DWN, Bacellar et al. 2024).
    Distributive,
    /// The eight bits of v, most significant first.
    Grey,
}

/// The encoding with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncodingSettings {
    pub encoding: Encoding,
    /// Bits for each pixel, t, of `fixed`, `gaussian` and `distributive`; 1 to 15.
    pub bits_per_pixel: usize,
    /// The smallest value that `threshold` takes for ink; 1 to 255.
    pub threshold: u8,
}

impl Default for EncodingSettings {
    fn default() -> Self {
        Self { encoding: Encoding::Fixed, bits_per_pixel: 3, threshold: 64 }
    }
}

/// The most bits that a thermometer makes of a pixel.
const MOST_BITS: usize = 15;

impl EncodingSettings {
    /// One bit for each pixel, at `threshold`.
    pub fn threshold(threshold: u8) -> Self {
        Self { encoding: Encoding::Threshold, threshold, ..Self::default() }
    }

    /// The bits that a pixel becomes.
    pub fn levels(&self) -> usize {
        match self.encoding {
            Encoding::Threshold => 1,
            Encoding::Grey => 8,
            _ => self.bits_per_pixel,
        }
    }

    /// Whether thresholds depend on training pictures.
    pub fn is_fitted(&self) -> bool {
        matches!(self.encoding, Encoding::Gaussian | Encoding::Distributive)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The key with its range.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=MOST_BITS).contains(&self.bits_per_pixel) {
            return Err(format!(
                "bits_per_pixel must be from 1 to {MOST_BITS}, but is {}",
                self.bits_per_pixel
            ));
        }
        if self.threshold == 0 {
            return Err("threshold must be from 1 to 255: at 0 every pixel is ink".into());
        }
        Ok(())
    }
}
