//! Grey values of PNG and JPEG files.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use png::{Decoder, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::{bytestream::ZCursor, options::DecoderOptions};

use super::{WHITE, luma};

/// Pictures with more pixels are refused: 16,384 x 16,384.
const MOST_PIXELS: usize = 1 << 28;
/// More pixels than this no file packs into a byte: deflate makes at most 1032 bytes of one, a byte holds eight pixels of
/// one bit, and a JPEG spends a bit or more on each 64 pixels of a colour.
const MOST_PIXELS_A_BYTE: usize = 8 * 1032;

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
    let value = |pixel: &[u8]| match *pixel {
        [red, green, blue, ..] => luma([red, green, blue]),
        _ => u16::from(pixel[0]) * (WHITE / 255),
    };
    let mut grey = with_room(width * height)?;
    grey.extend(samples.chunks_exact(channels).map(value));
    Ok(Picture { width, height, grey })
}

/// Checks what the header of a file of `bytes` bytes says before anything of that size is made.
fn check_size(width: usize, height: usize, bytes: usize) -> Result<()> {
    let (pixels, holds) = (width.saturating_mul(height), bytes.saturating_mul(MOST_PIXELS_A_BYTE));
    let says = format!("its header says {width} x {height} pixels");
    ensure!(pixels > 0, "{says}");
    ensure!(pixels <= MOST_PIXELS, "{says}, more than the {MOST_PIXELS} that a picture may have");
    ensure!(pixels <= holds, "{says}, more than its {bytes} bytes can hold");
    Ok(())
}

/// An empty vector with room for so many values; where there is no memory, an error and not the end of the process.
fn with_room<T>(length: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).with_context(|| format!("there is no memory for {length} values"))?;
    Ok(values)
}

/// Width, height, and one to four samples a pixel.
type Samples = (usize, usize, Vec<u8>);

fn png(bytes: &[u8]) -> Result<Samples> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let (width, height) = reader.info().size();
    check_size(width as usize, height as usize, bytes.len())?;
    let size = reader.output_buffer_size().context("it is too large")?;
    let mut samples = with_room(size)?;
    samples.resize(size, 0);
    let frame = reader.next_frame(&mut samples)?;
    samples.truncate(frame.buffer_size());
    Ok((frame.width as usize, frame.height as usize, samples))
}

fn jpeg(bytes: &[u8]) -> Result<Samples> {
    let strict = DecoderOptions::default().set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), strict);
    decoder.decode_headers()?;
    let size = decoder.info().context("it has no header")?;
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    check_size(width, height, bytes.len())?;
    Ok((width, height, decoder.decode()?))
}
