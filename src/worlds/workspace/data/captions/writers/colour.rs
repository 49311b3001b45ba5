//! Named colours.

use std::sync::LazyLock;

pub const COUNT: usize = 141;

/// Named colours with the red, green and blue of each in an array of its own.
pub struct Colours {
    pub names: [&'static str; COUNT],
    channels: [[i32; COUNT]; 3],
}

/// The colours in the order of the published table.
pub static COLOURS: LazyLock<Colours> = LazyLock::new(|| {
    let mut colours = Colours { names: [""; COUNT], channels: [[0; COUNT]; 3] };
    for (i, line) in include_str!("colours.txt").lines().enumerate() {
        let (code, name) = line.split_once(' ').expect("colours.txt holds a code and a name a line");
        let code = i32::from_str_radix(code, 16).expect("colours.txt holds hexadecimal codes");
        colours.names[i] = name;
        (0..3).for_each(|channel| colours.channels[channel][i] = code >> (16 - 8 * channel) & 255);
    }
    colours
});

impl Colours {
    /// The index of the colour with the smallest squared distance to `rgb`, the first of several.
    pub fn nearest(&self, rgb: [u8; 3]) -> u8 {
        let mut best = i32::MAX;
        for i in 0..COUNT {
            let difference = |channel: usize| self.channels[channel][i] - i32::from(rgb[channel]);
            let distance: i32 = (0..3).map(|channel| difference(channel).pow(2)).sum();
            best = best.min(distance << 8 | i as i32);
        }
        best as u8
    }

    /// Red, green and blue of a colour, from 0 to 255.
    pub fn rgb(&self, colour: u8) -> [u8; 3] {
        self.channels.map(|channel| channel[usize::from(colour)] as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_named_colour_is_nearest_to_itself_or_to_an_earlier_twin() {
        for (i, name) in COLOURS.names.iter().enumerate() {
            let nearest = COLOURS.names[usize::from(COLOURS.nearest(COLOURS.rgb(i as u8)))];
            let expected = match *name {
                "cyan" => "aqua",
                "magenta" => "fuchsia",
                name => name,
            };
            assert_eq!(nearest, expected);
        }
        assert_eq!((COLOURS.names[140], COLOURS.rgb(140)), ("yellow green", [0x9a, 0xcd, 0x32]));
    }
}
