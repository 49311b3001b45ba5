//! Drawings of any size as MNIST would have made pictures of them.
//!
//! MNIST fits its digits into 20 x 20 pixels and puts their centre of mass into the middle of 28 x
//! 28 (LeCun, Cortes and Burges 1998).

use crate::{Digit, PIXELS, SIDE};

/// The longer side of a digit in pixels.
const LONGER: usize = 20;
/// Row and column of the centre of mass, indices from 0.
const CENTRE: f64 = 14.0;
/// Values below this are the noise of an uploaded picture.
const NOISE: u8 = 16;

/// A canvas without ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing drawn")]
pub struct NothingDrawn;

/// The box of pixels above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InkBox {
    top: usize,
    left: usize,
    height: usize,
    width: usize,
}

impl InkBox {
    fn of(canvas: &[u8], width: usize) -> Option<Self> {
        let inked = |at: &usize| canvas[*at] > 0;
        let places = || (0..canvas.len()).filter(inked);
        let (top, bottom) = (places().next()? / width, places().next_back()? / width);
        let left = places().map(|at| at % width).min()?;
        let right = places().map(|at| at % width).max()?;
        Some(Self { top, left, height: bottom + 1 - top, width: right + 1 - left })
    }

    /// Height and width of the box, scaled so that the longer one is 20; at least 1.
    fn scaled(&self) -> [usize; 2] {
        let longer = self.height.max(self.width);
        [self.height, self.width].map(|side| ((2 * side * LONGER + longer) / (2 * longer)).max(1))
    }
}

/// The overlap of each of `to` equal parts of `from` pixels with these pixels: first pixel and
/// weights, which sum to 1.
fn overlaps(from: usize, to: usize) -> Vec<(usize, Vec<f64>)> {
    let part = |i: usize| {
        // In units of 1 / to of a pixel.
        let (start, end) = (i * from, (i + 1) * from);
        let (first, last) = (start / to, end.div_ceil(to));
        let weight = |pixel: usize| (end.min((pixel + 1) * to) - start.max(pixel * to)) as f64 / from as f64;
        (first, (first..last).map(weight).collect())
    };
    (0..to).map(part).collect()
}

/// The picture of a drawing `canvas` `[height * width]`, from 0 (paper) to 255 (ink): the values of
/// [`centre_exactly`], rounded half up.
///
/// # Errors
/// When no pixel is above 0.
///
/// # Panics
/// When `canvas` is no whole number of rows.
pub fn centre(canvas: &[u8], width: usize) -> Result<Digit, NothingDrawn> {
    Ok(centre_exactly(canvas, width)?.map(|value| (value + 0.5) as u8))
}

/// The ink of a drawing `canvas` `[height * width]`, cropped, scaled so that the longer side is 20
/// pixels by exact area means, and placed so that the centre of mass comes to rest nearest to
/// (14, 14).
///
/// # Errors
/// When no pixel is above 0.
///
/// # Panics
/// When `canvas` is no whole number of rows.
pub fn centre_exactly(canvas: &[u8], width: usize) -> Result<[f64; PIXELS], NothingDrawn> {
    assert!(width > 0 && canvas.len().is_multiple_of(width), "{} pixels in rows of {width}", canvas.len());
    let ink = InkBox::of(canvas, width).ok_or(NothingDrawn)?;
    let [height, breadth] = ink.scaled();
    let scaled = area_means(canvas, width, ink);
    let (top, left) =
        (offset(&scaled, height, |at| at / breadth), offset(&scaled, breadth, |at| at % breadth));
    let mut picture = [0.0; PIXELS];
    for (row, values) in scaled.chunks(breadth).enumerate() {
        picture[(top + row) * SIDE + left..][..breadth].copy_from_slice(values);
    }
    Ok(picture)
}

/// The box of ink, scaled by area means.
fn area_means(canvas: &[u8], width: usize, ink: InkBox) -> Vec<f64> {
    let [height, breadth] = ink.scaled();
    let (rows, columns) = (overlaps(ink.height, height), overlaps(ink.width, breadth));
    let row_mean = |at: usize, (first, weights): &(usize, Vec<f64>)| -> f64 {
        let values = &canvas[at + first..at + first + weights.len()];
        values.iter().zip(weights).map(|(&value, weight)| f64::from(value) * weight).sum()
    };
    let mean = |(top, shares): &(usize, Vec<f64>), column: &(usize, Vec<f64>)| -> f64 {
        let starts = (ink.top + top..).map(|row| row * width + ink.left);
        starts.zip(shares).map(|(at, share)| share * row_mean(at, column)).sum()
    };
    rows.iter().flat_map(|row| columns.iter().map(move |column| mean(row, column))).collect()
}

/// The offset along one axis that brings the centre of mass nearest to the middle, rounded half up,
/// with the whole `side` inside the picture; `place` is the index along that axis.
fn offset(values: &[f64], side: usize, place: impl Fn(usize) -> usize) -> usize {
    let moment: f64 = values.iter().enumerate().map(|(at, value)| place(at) as f64 * value).sum();
    let offset = (CENTRE - moment / values.iter().sum::<f64>() + 0.5).floor();
    offset.clamp(0.0, (SIDE - side) as f64) as usize
}

/// [`centre`] for an uploaded picture: one with a bright border is inverted, and values below 16
/// become paper.
///
/// # Errors
/// As [`centre`].
pub fn upload(picture: &[u8], width: usize) -> Result<Digit, NothingDrawn> {
    let invert = has_bright_border(picture, width);
    let ink = |&value: &u8| if invert { 255 - value } else { value };
    let clean: Vec<u8> = picture.iter().map(ink).map(|v| if v < NOISE { 0 } else { v }).collect();
    centre(&clean, width)
}

fn has_bright_border(picture: &[u8], width: usize) -> bool {
    let height = picture.len() / width;
    let outer = |at: usize| {
        let (row, column) = (at / width, at % width);
        row == 0 || column == 0 || row + 1 == height || column + 1 == width
    };
    let border = || picture.iter().enumerate().filter(|(at, _)| outer(*at));
    border().map(|(_, &value)| u64::from(value)).sum::<u64>() > 127 * border().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_of_dark_ink_on_bright_noisy_paper_is_the_drawing() {
        let drawn = |at: usize| (4..30).contains(&(at / 40)) && (10..14).contains(&(at % 40));
        let canvas: Vec<u8> = (0..1600).map(|at| if drawn(at) { 255 } else { 0 }).collect();
        let paper: Vec<u8> = (0..1600).map(|at| if drawn(at) { 0 } else { 241 + (at % 15) as u8 }).collect();
        assert_eq!(upload(&paper, 40), centre(&canvas, 40));
        assert_eq!(upload(&canvas, 40), centre(&canvas, 40));
        assert_eq!(upload(&[255; 100], 10), Err(NothingDrawn));
    }

    #[test]
    fn one_pixel_fills_the_box_and_lies_in_the_middle() {
        let mut canvas = [0; 100];
        canvas[37] = 200;
        let picture = centre(&canvas, 10).unwrap();
        // A square of 20 with its middle, 9.5, at 14: from 4.5, rounded to 5, on.
        let expected = |at: usize| (5..25).contains(&(at / SIDE)) && (5..25).contains(&(at % SIDE));
        assert!((0..PIXELS).all(|at| picture[at] == if expected(at) { 200 } else { 0 }));
        assert_eq!(centre(&[0; 4], 2), Err(NothingDrawn));
    }

    #[test]
    fn area_means_weigh_pixels_by_their_overlap() {
        let shares = overlaps(3, 2);
        let near =
            |ours: &[f64], expected: &[f64]| ours.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(shares[0].0 == 0 && near(&shares[0].1, &[2.0 / 3.0, 1.0 / 3.0]), "{shares:?}");
        assert!(shares[1].0 == 1 && near(&shares[1].1, &[1.0 / 3.0, 2.0 / 3.0]), "{shares:?}");
        assert_eq!(overlaps(1, 2), [(0, vec![1.0]), (0, vec![1.0])]);
    }
}
