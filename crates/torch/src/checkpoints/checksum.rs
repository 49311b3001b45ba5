//! The checksum of a checkpoint.

use safetensors::tensor::TensorInfo;

/// The CRC-32C of the step and of all tensors in the order of their names: name, type, shape,
/// bytes.
///
/// It finds every flipped bit and every damaged stretch of up to 32 bits, and misses one in four
/// thousand million other damages. With the processor's own instruction it costs about 0.1 ms per
/// MB; writing and syncing the file takes at least ten times as long.
pub struct Checksum(u32);

impl Checksum {
    pub fn new(step: u64) -> Self {
        Self(crc32c::crc32c(&step.to_le_bytes()))
    }

    /// Begins the next tensor; its bytes follow by [`Self::add`].
    pub fn begin(&mut self, name: &str, info: &TensorInfo) {
        let bytes = info.data_offsets.1 - info.data_offsets.0;
        // The lengths make the boundary between a name and the rest unambiguous.
        self.add(format!("{}:{name} {:?} {:?} {bytes}", name.len(), info.dtype, info.shape).as_bytes());
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    /// Eight hexadecimal digits.
    pub fn digits(&self) -> String {
        format!("{:08x}", self.0)
    }
}
