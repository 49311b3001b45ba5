//! The types of numbers in array files.

/// A type of numbers that array files hold.
pub trait Element: Copy + Default + Send + Sync {
    /// The type in NumPy's notation.
    const DESCR: &'static str;
    /// The bytes of a number.
    const BYTES: usize;

    /// The number of [`Self::BYTES`] little-endian bytes.
    fn from_le(bytes: &[u8]) -> Self;

    /// Appends the little-endian bytes of the number.
    fn extend_le(self, bytes: &mut Vec<u8>);
}

impl Element for f32 {
    const DESCR: &'static str = "<f4";
    const BYTES: usize = 4;

    fn from_le(bytes: &[u8]) -> Self {
        Self::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    fn extend_le(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }
}

impl Element for u8 {
    const DESCR: &'static str = "|u1";
    const BYTES: usize = 1;

    fn from_le(bytes: &[u8]) -> Self {
        bytes[0]
    }

    fn extend_le(self, bytes: &mut Vec<u8>) {
        bytes.push(self);
    }
}
