//! Grey values of PNG and JPEG files.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, bail};
use png::{Decoder, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::{bytestream::ZCursor, options::DecoderOptions};

use super::{WHITE, luma};

/// A picture of any size, row by row.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub grey: Vec<u16>,
}

/// Reads a file that is PNG or JPEG by its content, whatever its name says. Transparency is passed over.
///
/// # Errors
/// When it is neither, or is damaged.
pub fn read(file: &Path) -> Result<Picture> {
    let bytes = std::fs::read(file).context("cannot be read")?;
    let (width, height, samples) = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => png(&bytes).context("is no PNG that can be read")?,
        [0xff, 0xd8, ..] => jpeg(&bytes).context("is no JPEG that can be read")?,
        _ => bail!("is neither PNG nor JPEG"),
    };
    let channels = samples.len() / (width * height);
    let grey = |pixel: &[u8]| match *pixel {
        [red, green, blue, ..] => luma([red, green, blue]),
        _ => u16::from(pixel[0]) * (WHITE / 255),
    };
    Ok(Picture { width, height, grey: samples.chunks_exact(channels).map(grey).collect() })
}

/// Width, height, and one to four samples a pixel.
type Samples = (usize, usize, Vec<u8>);

fn png(bytes: &[u8]) -> Result<Samples> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut samples = vec![0; reader.output_buffer_size().context("it is too large")?];
    let frame = reader.next_frame(&mut samples)?;
    samples.truncate(frame.buffer_size());
    Ok((frame.width as usize, frame.height as usize, samples))
}

fn jpeg(bytes: &[u8]) -> Result<Samples> {
    let strict = DecoderOptions::default().set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), strict);
    let samples = decoder.decode()?;
    let size = decoder.info().context("it has no header")?;
    Ok((usize::from(size.width), usize::from(size.height), samples))
}
