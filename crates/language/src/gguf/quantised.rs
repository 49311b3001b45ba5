//! The number formats of GGUF files.

use anyhow::{Result, bail};
use half::f16;

/// The numbers of a block of the quantised formats.
const BLOCK: usize = 32;

/// The number format of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    F32,
    F16,
    /// A scale and 32 numbers of 4 bits, less 8.
    Q4_0,
    /// A scale, a minimum and 32 numbers of 4 bits.
    Q4_1,
    /// A scale and 32 numbers of 8 bits.
    Q8_0,
}

impl Encoding {
    /// The format with this number in the file.
    ///
    /// # Errors
    /// When it is not supported.
    pub fn from_type(number: u32) -> Result<Self> {
        Ok(match number {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            8 => Self::Q8_0,
            other => bail!("is of the GGUF type {other}; supported: F32, F16, Q4_0, Q4_1, Q8_0"),
        })
    }

    /// The numbers of a block.
    pub fn block(self) -> u64 {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q8_0 => BLOCK as u64,
        }
    }

    /// The bytes of a block.
    fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q8_0 => 34,
        }
    }

    /// The bytes of `count` numbers; `None` where they fill no whole blocks or are too many.
    pub fn bytes(self, count: u64) -> Option<u64> {
        let whole = count.is_multiple_of(self.block());
        whole.then(|| (count / self.block()).checked_mul(self.block_bytes() as u64)).flatten()
    }

    /// The numbers of whole blocks.
    pub fn decode(self, bytes: &[u8]) -> Vec<f32> {
        let blocks = bytes.chunks_exact(self.block_bytes());
        match self {
            Self::F32 => {
                let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                blocks.map(number).collect()
            }
            Self::F16 => blocks.map(half).collect(),
            Self::Q4_0 => blocks.flat_map(|b| nibbles(&b[2..], half(b), -8.0 * half(b))).collect(),
            Self::Q4_1 => blocks.flat_map(|b| nibbles(&b[4..], half(b), half(&b[2..]))).collect(),
            Self::Q8_0 => {
                blocks.flat_map(|b| b[2..].iter().map(move |q| half(b) * f32::from(*q as i8))).collect()
            }
        }
    }
}

/// The float16 number at the front of `bytes`.
fn half(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// `scale * q + least` of 32 numbers of 4 bits: the low halves of 16 bytes, then the high halves.
fn nibbles(bytes: &[u8], scale: f32, least: f32) -> impl Iterator<Item = f32> {
    let low = bytes.iter().map(|byte| byte & 15);
    let high = bytes.iter().map(|byte| byte >> 4);
    low.chain(high).map(move |q| scale * f32::from(q) + least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_halves(halves: &[f32], rest: impl Iterator<Item = u8>) -> Vec<u8> {
        halves.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).chain(rest).collect()
    }

    #[test]
    fn blocks_are_decoded_as_the_format_says() {
        // Byte i holds i in its low half and 15 - i in its high half.
        let nibbles = || (0..16u8).map(|i| i | (15 - i) << 4);
        let q: Vec<f32> = (0..16).chain((0..16).rev()).map(|i| i as f32).collect();
        let ours = Encoding::Q4_1.decode(&with_halves(&[0.5, -3.0], nibbles()));
        assert_eq!(ours, q.iter().map(|q| 0.5 * q - 3.0).collect::<Vec<_>>());
        let ours = Encoding::Q4_0.decode(&with_halves(&[0.25], nibbles()));
        assert_eq!(ours, q.iter().map(|q| 0.25 * (q - 8.0)).collect::<Vec<_>>());
        let ours = Encoding::Q8_0.decode(&with_halves(&[2.0], (0..32u8).map(|i| i.wrapping_sub(16))));
        assert_eq!(ours, (-16..16).map(|q| 2.0 * q as f32).collect::<Vec<_>>());
        assert_eq!(Encoding::F16.decode(&with_halves(&[1.5, -2.0], std::iter::empty())), [1.5, -2.0]);
        assert_eq!(Encoding::F32.decode(&3.25f32.to_le_bytes()), [3.25]);
    }

    #[test]
    fn bytes_are_counted_in_whole_blocks() {
        assert_eq!(Encoding::Q4_1.bytes(64), Some(40));
        assert_eq!(Encoding::Q4_0.bytes(33), None);
        assert_eq!(Encoding::F32.bytes(u64::MAX), None);
        assert!(Encoding::from_type(14).unwrap_err().to_string().contains("type 14"));
    }
}
