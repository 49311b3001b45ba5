use crate::Error;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// An image: the bytes of a PNG file and an optional caption.
#[derive(Clone, PartialEq)]
pub struct Image {
    pub(crate) png: Vec<u8>,
    /// The width in pixels, read from the file's first chunk.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) caption: Option<String>,
}

impl Image {
    /// An image from the bytes of a PNG file.
    ///
    /// # Errors
    /// [`Error::NotPng`] if the bytes lack the header of a PNG file.
    pub fn png(bytes: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let png = bytes.into();
        let (width, height) = size(&png).ok_or(Error::NotPng)?;
        Ok(Self { png, width, height, caption: None })
    }

    /// Sets the caption, a line of text below the image.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = Some(caption.into());
        self
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({}x{} pixels, {} bytes)", self.width, self.height, self.png.len())
    }
}

/// The width and height in the IHDR chunk, which is the first chunk of every PNG file.
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.strip_prefix(SIGNATURE)?.get(4..16)?.strip_prefix(b"IHDR")?;
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    Some((number(&header[..4])?, number(&header[4..])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_tells_its_size() {
        let bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0".to_vec();
        let image = Image::png(bytes).unwrap();
        assert_eq!((image.width, image.height), (640, 480));
        assert_eq!(format!("{image:?}"), "Image(640x480 pixels, 29 bytes)");
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [&b"\xff\xd8\xff\xe0JFIF"[..], b"", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHD"] {
            assert!(matches!(Image::png(bytes), Err(Error::NotPng)));
        }
    }
}
