//! Labelled pictures that other code holds.

/// The side of a picture in pixels.
pub const SIDE: usize = 28;
/// The number of pixels of a picture.
pub const PIXELS: usize = SIDE * SIDE;

/// A grey picture, row by row, from 0 (paper) to 255 (ink).
pub type Digit = [u8; PIXELS];

/// Labelled pictures.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    images: &'a [Digit],
    labels: &'a [u8],
}

/// The numbers of pictures and labels differ, or bytes are no whole pictures.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes and {labels} labels are no labelled pictures of {PIXELS} bytes each")]
pub struct NoSamples {
    bytes: usize,
    labels: usize,
}

impl<'a> Samples<'a> {
    /// Pictures `images` `[N * 784]` with their `labels` `[N]`.
    ///
    /// # Errors
    /// When the lengths do not fit.
    pub fn new(images: &'a [u8], labels: &'a [u8]) -> Result<Self, NoSamples> {
        let (pictures, rest) = images.as_chunks::<PIXELS>();
        match rest.is_empty() && pictures.len() == labels.len() {
            true => Ok(Self { images: pictures, labels }),
            false => Err(NoSamples { bytes: images.len(), labels: labels.len() }),
        }
    }

    /// Pictures with as many labels.
    pub(crate) fn of(images: &'a [Digit], labels: &'a [u8]) -> Self {
        assert_eq!(images.len(), labels.len(), "each picture has a label");
        Self { images, labels }
    }

    /// The number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pictures, `[N]`.
    pub fn images(&self) -> &'a [Digit] {
        self.images
    }

    /// The labels, `[N]`.
    pub fn labels(&self) -> &'a [u8] {
        self.labels
    }

    /// Picture and label of sample `index`.
    pub fn get(&self, index: usize) -> (&'a Digit, u8) {
        (&self.images[index], self.labels[index])
    }

    /// Pictures with their labels.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Digit, u8)> + use<'a> {
        self.images.iter().zip(self.labels.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_must_fit() {
        let images = vec![7; 2 * PIXELS];
        let samples = Samples::new(&images, &[3, 4]).unwrap();
        assert_eq!((samples.len(), samples.get(1)), (2, (&[7; PIXELS], 4)));
        let refused = Samples::new(&images[1..], &[3, 4]).unwrap_err();
        assert_eq!(refused.to_string(), "1567 bytes and 2 labels are no labelled pictures of 784 bytes each");
        assert!(Samples::new(&images, &[3]).is_err());
    }
}
