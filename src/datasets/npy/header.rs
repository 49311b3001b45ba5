//! Headers of array files: a Python dictionary with the type, the order and the shape.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};

use super::Element;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The upper limit of a header: NumPy itself reads no header above 10,000 characters.
const MOST_BYTES: usize = 1 << 16;
/// NumPy aligns the first number to a multiple of this.
const ALIGNMENT: usize = 64;

/// The header of an array file.
pub struct Header {
    pub shape: Vec<usize>,
    descr: String,
    fortran_order: bool,
}

impl Header {
    /// Refuses arrays of another type or order.
    pub fn check_type<T: Element>(&self) -> Result<()> {
        let (found, needed) = (&self.descr, T::DESCR);
        ensure!(
            found == needed,
            "holds numbers of the type {found} where {needed} is needed; save array.astype('{needed}')"
        );
        ensure!(
            !self.fortran_order || self.shape.len() < 2,
            "is in Fortran order; save numpy.ascontiguousarray(array)"
        );
        Ok(())
    }

    /// The bytes of all numbers.
    pub fn bytes<T: Element>(&self) -> Result<u64> {
        let bytes = self.shape.iter().try_fold(T::BYTES, |bytes, extent| bytes.checked_mul(*extent));
        Ok(bytes.with_context(|| format!("has the impossible shape {:?}", self.shape))? as u64)
    }
}

/// Reads a header. Returns it with the place of the first number, in bytes.
pub fn read(mut file: impl Read) -> Result<(Header, u64)> {
    const NO_NPY: &str = "is no .npy file; write it with numpy.save";
    let mut start = [0; 8];
    file.read_exact(&mut start).context(NO_NPY)?;
    ensure!(start.starts_with(MAGIC), NO_NPY);
    let width = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => bail!("has version {version} of the .npy format; write it with numpy.save"),
    };
    let mut length = [0; 4];
    file.read_exact(&mut length[..width]).context("is cut off in its header")?;
    let length = u32::from_le_bytes(length) as usize;
    ensure!(length <= MOST_BYTES, "has a header of {length} bytes, more than the {MOST_BYTES} that are read");
    let mut text = vec![0; length];
    file.read_exact(&mut text).context("is cut off in its header")?;
    let text = String::from_utf8_lossy(&text);
    let header =
        parse(&text).with_context(|| format!("has a header that describes no array: {}", text.trim()))?;
    Ok((header, (start.len() + width + length) as u64))
}

fn parse(text: &str) -> Option<Header> {
    let value = |key: &str| text.split_once(&format!("'{key}':")).map(|(_, value)| value.trim_start());
    let descr = value("descr")?.strip_prefix('\'')?.split_once('\'')?.0.to_owned();
    let fortran_order = value("fortran_order")?.starts_with("True");
    let extents = value("shape")?.strip_prefix('(')?.split_once(')')?.0;
    let extents = extents.split(',').map(str::trim).filter(|extent| !extent.is_empty());
    let shape = extents.map(|extent| extent.parse().ok()).collect::<Option<_>>()?;
    Some(Header { shape, descr, fortran_order })
}

/// The bytes before the first entry of an array with entries of the type `descr`, in NumPy's
/// notation, and with this shape.
pub fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let extents = extents.join(", ") + comma;
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({extents}), }}");
    let before = MAGIC.len() + 4;
    let length = (before + dictionary.len() + 1).next_multiple_of(ALIGNMENT) - before;
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend(u16::try_from(length).expect("a shape has few axes").to_le_bytes());
    bytes.extend(format!("{dictionary:<width$}\n", width = length - 1).bytes());
    bytes
}
