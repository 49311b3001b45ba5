//! TFRecord framing: the length and its checksum, then the data and their checksum.

const MASK_DELTA: u32 = 0xa282_ead8;

/// `data` as one record.
pub fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length, &masked_checksum(&length)[..], data, &masked_checksum(data)].concat()
}

/// The masked CRC-32C: rotated, with a constant added. A plain CRC is weak for data that contain
/// CRCs.
fn masked_checksum(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(MASK_DELTA).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_record_is_its_length_and_two_checksums() {
        // CRC-32C of nothing is 0, whose mask is the delta; of eight zero bytes it is 0x8c28b28a.
        let length_checksum = 0x8c28_b28a_u32.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
        assert_eq!(frame(b""), [&[0; 8][..], &length_checksum, &0xa282_ead8_u32.to_le_bytes()].concat());
    }

    #[test]
    fn the_checksum_is_that_of_the_standards_example() {
        // RFC 3720, B.4: 32 bytes of zeros give 0x8a9136aa.
        let expected = 0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
        assert_eq!(masked_checksum(&[0; 32]), expected);
    }
}
