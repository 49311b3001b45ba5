//! Conversion of 8-bit colours from HLS to RGB.

/// The RGB (0 to 255) of a colour in HLS: hue in half degrees (0 to 180), lightness and saturation
/// (0 to 255). Each result is rounded to the nearest integer.
///
/// It equals `cv2.cvtColor(hls, cv2.COLOR_HLS2RGB)` of OpenCV for every input. The equation is that
/// of Joblove and Greenberg (*Color spaces for computer graphics*, 1978) in the form with one
/// function for all three channels: f(n) = l - a max(-1, min(k - 3, 9 - k, 1)), where a is
/// s min(l, 1 - l) and k is n + hue / 30 degrees modulo 12; red is f(0), green f(8), blue f(4).
pub fn rgb_of_hls([hue, lightness, saturation]: [u8; 3]) -> [u8; 3] {
    let [lightness, saturation] = [lightness, saturation].map(|byte| f64::from(byte) / 255.0);
    let amplitude = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|start| {
        let position = (start + f64::from(hue) / 15.0) % 12.0;
        let height = (position - 3.0).min(9.0 - position).clamp(-1.0, 1.0);
        (255.0 * (lightness - amplitude * height)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_colours_and_greys_are_exact() {
        let hues = [0, 30, 60, 90, 120, 150, 180].map(|hue| rgb_of_hls([hue, 128, 255]));
        let (on, off) = (255, 1);
        let primaries = [[on, off, off], [on, on, off], [off, on, off], [off, on, on], [off, off, on]];
        assert_eq!(hues[..5], primaries);
        assert_eq!(hues[5..], [[on, off, on], [on, off, off]]);
        assert!((0..=255).all(|grey| rgb_of_hls([77, grey, 0]) == [grey; 3]));
    }

    /// The expected number is computed from the table of OpenCV 5.0: bytes b of the RGB of all
    /// 181 x 256 x 256 colours in order are absorbed by h = h p + b (mod 2^64).
    #[test]
    fn all_colours_are_those_of_opencv() {
        let absorb = |hash: u64, byte: u8| hash.wrapping_mul(1_099_511_628_211).wrapping_add(byte.into());
        let mut hash = 0;
        for hue in 0..=180 {
            for (lightness, saturation) in (0..=255).flat_map(|l| (0..=255).map(move |s| (l, s))) {
                hash = rgb_of_hls([hue, lightness, saturation]).into_iter().fold(hash, absorb);
            }
        }
        assert_eq!(hash, 8_512_634_104_165_295_260);
    }
}
