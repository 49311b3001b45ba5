//! The attributes of one shape.

/// The names of the classes, in the order of their numbers.
pub const CLASSES: [&str; 3] = ["diamond", "egg", "triangle"];

/// One coloured shape on black. Lengths are pixels of a 32 x 32 image, and y points up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// The index in [`CLASSES`].
    pub class: u8,
    /// The centre.
    pub x: f32,
    pub y: f32,
    pub size: f32,
    /// Radians, counter-clockwise; 0 points up.
    pub rotation: f32,
    pub rgb: [u8; 3],
    /// Hue in half degrees (0 to 180), lightness and saturation (0 to 255).
    pub hls: [u8; 3],
}

impl Shape {
    /// The numbers of a shape in a row of labels.
    pub const COLUMNS: usize = 11;

    /// The shape of the first [`Self::COLUMNS`] numbers of a published row of labels: class, x, y,
    /// size, rotation, R, G, B, H, L, S.
    ///
    /// # Panics
    /// If the row is shorter.
    pub fn of_row(row: &[f32]) -> Self {
        let bytes = |at: usize| [row[at] as u8, row[at + 1] as u8, row[at + 2] as u8];
        let [x, y, size, rotation] = [row[1], row[2], row[3], row[4]];
        Self { class: row[0] as u8, x, y, size, rotation, rgb: bytes(5), hls: bytes(8) }
    }

    /// The inverse of [`Self::of_row`].
    pub fn row(&self) -> [f32; Self::COLUMNS] {
        let [r, g, b] = self.rgb.map(f32::from);
        let [h, l, s] = self.hls.map(f32::from);
        [f32::from(self.class), self.x, self.y, self.size, self.rotation, r, g, b, h, l, s]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_and_written_in_the_published_order() {
        let row = [2.0, 7.0, 24.0, 14.0, 1.5, 1.0, 2.0, 255.0, 180.0, 46.0, 3.0];
        let shape = Shape::of_row(&row);
        assert_eq!((shape.class, shape.y, shape.rgb, shape.hls), (2, 24.0, [1, 2, 255], [180, 46, 3]));
        assert_eq!(shape.row(), row);
    }
}
