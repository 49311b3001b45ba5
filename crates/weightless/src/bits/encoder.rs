//! Pictures as bits, threshold by threshold: bit `j * pixels + p` is bit j of pixel p.

use super::bit_set::BitSet;
use super::encoding::{Encoding, EncodingSettings};
use super::thermometer::{NEVER, Thermometer, lowest};

/// An encoding that is fitted to training pictures where it looks at them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoder {
    settings: EncodingSettings,
    pixels: usize,
    /// `None` of `grey`, whose bits are the value's own.
    thermometer: Option<Thermometer>,
}

impl Encoder {
    /// The encoder of pictures of `pixels` pixels, fitted to `images` `[N * pixels]`.
    ///
    /// # Errors
    /// When a setting is out of range, or an encoding that is fitted is given no picture.
    pub fn fit(settings: EncodingSettings, images: &[u8], pixels: usize) -> Result<Self, String> {
        settings.check()?;
        if settings.is_fitted() && images.is_empty() {
            return Err(format!(
                "encoding {:?} is fitted to training pictures, of which there are none",
                settings.encoding
            ));
        }
        let fitted = || Thermometer::new(&lowest(&settings, images, pixels), pixels);
        let thermometer = (settings.encoding != Encoding::Grey).then(fitted);
        Ok(Self { settings, pixels, thermometer })
    }

    /// The encoder with these lowest values of every bit, as [`Self::lowest`] gives them.
    ///
    /// # Errors
    /// When there are too many or too few, or one is above 256.
    pub fn restore(settings: EncodingSettings, lowest: &[u16], pixels: usize) -> Result<Self, String> {
        settings.check()?;
        let expected = match settings.encoding {
            Encoding::Grey => 0,
            _ => settings.levels() * pixels,
        };
        if lowest.len() != expected {
            return Err(format!("there are {} thresholds, not {expected}", lowest.len()));
        }
        if let Some(value) = lowest.iter().find(|value| **value > NEVER) {
            return Err(format!("the threshold {value} is above {NEVER}"));
        }
        let thermometer = (settings.encoding != Encoding::Grey).then(|| Thermometer::new(lowest, pixels));
        Ok(Self { settings, pixels, thermometer })
    }

    /// The lowest value that sets each bit, `[t * pixels]`; 256 where none does. Empty for `grey`.
    pub fn lowest(&self) -> Vec<u16> {
        self.thermometer.as_ref().map(Thermometer::lowest).unwrap_or_default()
    }

    /// The settings.
    pub fn settings(&self) -> &EncodingSettings {
        &self.settings
    }

    /// The number of bits of a picture.
    pub fn bits(&self) -> usize {
        self.settings.levels() * self.pixels
    }

    /// Writes the bits of `image` `[pixels]` into `bits`, which has [`Self::bits`] bits.
    pub fn encode_into(&self, image: &[u8], bits: &mut BitSet) {
        match &self.thermometer {
            Some(thermometer) => thermometer.encode(image, bits),
            None => (0..self.bits()).for_each(|at| {
                bits.set(at, image[at % self.pixels] >> (7 - at / self.pixels) & 1 == 1);
            }),
        }
    }

    /// The bits of `image` `[pixels]`.
    pub fn encode(&self, image: &[u8]) -> BitSet {
        let mut bits = BitSet::new(self.bits());
        self.encode_into(image, &mut bits);
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoder(encoding: Encoding) -> Result<Encoder, String> {
        Encoder::fit(EncodingSettings { encoding, ..Default::default() }, &[], 4)
    }

    #[test]
    fn fixed_thresholds_are_quarters_of_the_range() {
        let fixed = encoder(Encoding::Fixed).unwrap();
        assert_eq!(fixed.lowest(), [[64; 4], [128; 4], [192; 4]].concat());
        let bits = fixed.encode(&[63, 64, 191, 255]);
        assert_eq!(bits.ones().collect::<Vec<_>>(), [1, 2, 3, 6, 7, 11]);
        assert_eq!(Encoder::restore(*fixed.settings(), &fixed.lowest(), 4).unwrap(), fixed);
    }

    #[test]
    fn what_is_fitted_needs_pictures() {
        assert!(encoder(Encoding::Gaussian).unwrap_err().contains("of which there are none"));
        assert!(encoder(Encoding::Distributive).is_err() && encoder(Encoding::Grey).is_ok());
        let refused = Encoder::restore(EncodingSettings::default(), &[300; 12], 4).unwrap_err();
        assert_eq!(refused, "the threshold 300 is above 256");
    }
}
