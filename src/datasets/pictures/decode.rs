//! Grey values and colours of PNG and JPEG files.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ndarray::{Array2, Array3};
use png::{Decoder, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::{bytestream::ZCursor, options::DecoderOptions};

use super::{WHITE, luma};

/// Pictures with more pixels are refused: 16,384 x 16,384.
const MOST_PIXELS: usize = 1 << 28;
/// An upper bound on the pixels in one byte of a file: deflate expands a byte to at most 1032, each
/// of which holds eight pixels of one bit; JPEG needs at least one bit for 64 pixels of a colour.
const MOST_PIXELS_A_BYTE: usize = 8 * 1032;

/// The grey values `[height, width]` of a PNG or JPEG file, which is recognised by its content.
/// Transparency is ignored.
///
/// # Errors
/// When the file is neither PNG nor JPEG, or is damaged.
pub fn read(file: &Path) -> Result<Array2<u16>> {
    let (width, height, samples) = samples(file)?;
    let value = |pixel: &[u8]| match *pixel {
        [red, green, blue, ..] => luma([red, green, blue]),
        _ => u16::from(pixel[0]) * (WHITE / 255),
    };
    let mut grey = with_room(width * height)?;
    grey.extend(samples.chunks_exact(samples.len() / (width * height)).map(value));
    Ok(Array2::from_shape_vec((height, width), grey)?)
}

/// The colours `[height, width, RGB]` of a PNG or JPEG file, which is recognised by its content.
/// Transparency is ignored.
///
/// # Errors
/// When the file is neither PNG nor JPEG, or is damaged.
pub fn read_rgb(file: &Path) -> Result<Array3<u8>> {
    let (width, height, samples) = samples(file)?;
    let colour = |pixel: &[u8]| match *pixel {
        [red, green, blue, ..] => [red, green, blue],
        _ => [pixel[0]; 3],
    };
    let mut rgb = with_room(3 * width * height)?;
    rgb.extend(samples.chunks_exact(samples.len() / (width * height)).flat_map(colour));
    Ok(Array3::from_shape_vec((height, width, 3), rgb)?)
}

fn samples(file: &Path) -> Result<Samples> {
    let bytes = std::fs::read(file).context("cannot be read")?;
    match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => png(&bytes).context("is a damaged PNG file"),
        [0xff, 0xd8, ..] => jpeg(&bytes).context("is a damaged JPEG file"),
        _ => bail!("is neither PNG nor JPEG"),
    }
}

/// Checks the size in the header of a file of `bytes` bytes, before memory of that size is
/// allocated.
fn check_size(width: usize, height: usize, bytes: usize) -> Result<()> {
    let (pixels, holds) = (width.saturating_mul(height), bytes.saturating_mul(MOST_PIXELS_A_BYTE));
    let says = format!("its header says {width} x {height} pixels");
    ensure!(pixels > 0, "{says}");
    ensure!(pixels <= MOST_PIXELS, "{says}, more than the {MOST_PIXELS} that a picture may have");
    ensure!(pixels <= holds, "{says}, more than its {bytes} bytes can hold");
    Ok(())
}

/// An empty vector with room for `length` values; an error, not an abort, if memory is short.
fn with_room<T>(length: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).with_context(|| format!("there is no memory for {length} values"))?;
    Ok(values)
}

/// Width, height, and one to four samples for each pixel.
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
