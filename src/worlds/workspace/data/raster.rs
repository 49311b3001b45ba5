//! Images of shapes.

use ndarray::Array4;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::coverage::Coverage;
use super::outline::corners;
use super::{IMAGE_SIDE, Shape};

/// The bytes of an image.
pub const IMAGE_BYTES: usize = 3 * IMAGE_SIDE * IMAGE_SIDE;

/// An image in the order `[y, x, RGB]`, with y down.
pub type Image = [u8; IMAGE_BYTES];

/// Draws a shape on black: each pixel is the colour times the share of the pixel inside the
/// outline, rounded. Parts outside the image are cut off.
///
/// # Panics
/// If the class is not one of [`CLASSES`](super::CLASSES).
pub fn render(shape: &Shape, image: &mut Image) {
    image.fill(0);
    let colour = shape.rgb.map(f32::from);
    let corners: Vec<_> = corners(shape).map(|[x, y]| [x, IMAGE_SIDE as f64 - y]).collect();
    Coverage::new(&corners).for_each(|row, column, share| {
        let at = 3 * (row * IMAGE_SIDE + column);
        let pixel = colour.map(|value| (value * share + 0.5) as u8);
        image[at..at + 3].copy_from_slice(&pixel);
    });
}

/// The images of shapes as bytes `[N, 3, 32, 32]` in channels-last memory, on the CPU.
///
/// # Panics
/// If a class is not one of [`CLASSES`](super::CLASSES), or memory is short.
pub fn render_all(shapes: &[Shape]) -> Tensor {
    let images = image_tensor(shapes.len(), |images| {
        render_each(shapes, images);
        Ok(())
    });
    images.expect("rendering does not fail")
}

/// A tensor `[count, 3, 32, 32]` in channels-last memory with the images that `fill` writes.
///
/// # Errors
/// `fill` fails.
pub(super) fn image_tensor(
    count: usize,
    fill: impl FnOnce(&mut [Image]) -> anyhow::Result<()>,
) -> anyhow::Result<Tensor> {
    let side = IMAGE_SIDE as i64;
    let tensor = Tensor::zeros([count as i64, side, side, 3], (Kind::Uint8, Device::Cpu));
    if count > 0 {
        // SAFETY: the tensor is contiguous, holds this many bytes, and nobody else knows it yet.
        fill(unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), count) })?;
    }
    Ok(tensor.permute([0, 3, 1, 2]))
}

/// The images of shapes as bytes `[N, 32, 32, 3]`.
///
/// # Panics
/// If a class is not one of [`CLASSES`](super::CLASSES).
pub fn render_array(shapes: &[Shape]) -> Array4<u8> {
    let mut images = Array4::zeros([shapes.len(), IMAGE_SIDE, IMAGE_SIDE, 3]);
    let bytes = images.as_slice_mut().expect("a new array is contiguous");
    render_each(shapes, bytes.as_chunks_mut().0);
    images
}

fn render_each(shapes: &[Shape], images: &mut [Image]) {
    images.par_iter_mut().zip(shapes).with_min_len(16).for_each(|(image, shape)| render(shape, image));
}

#[cfg(test)]
mod tests {
    use super::super::{Sampler, ShapesSettings, Split};
    use super::*;

    /// The rows of the specification: pixels above 127 in rows 11 to 22.
    #[test]
    fn a_white_triangle_has_the_rows_of_the_specification() {
        let mut image = [7; IMAGE_BYTES];
        render(
            &Shape { class: 2, x: 16.0, y: 16.0, size: 14.0, rgb: [255; 3], ..Default::default() },
            &mut image,
        );
        let bright = |row: &[u8]| row.chunks(3).filter(|pixel| pixel[0] > 127).count();
        let rows: Vec<usize> = image.chunks(3 * IMAGE_SIDE).map(bright).collect();
        assert_eq!(rows[11..=22], [2, 2, 2, 4, 4, 4, 6, 6, 6, 6, 8, 8]);
        assert!(rows[..11].iter().all(|&bright| bright == 0) && image[..3] == [0; 3]);
    }

    #[test]
    fn images_of_many_are_those_of_each_in_channels_last_memory() {
        let shapes = Sampler::new(&ShapesSettings::default(), 1).items(Split::Test, 100).shapes;
        let (array, tensor) = (render_array(&shapes), render_all(&shapes));
        let mut each = [0; IMAGE_BYTES];
        for (shape, image) in shapes.iter().zip(array.outer_iter()) {
            render(shape, &mut each);
            assert_eq!(image.as_slice(), Some(&each[..]));
        }
        assert_eq!((tensor.size(), tensor.stride()), (vec![100, 3, 32, 32], vec![3072, 1, 96, 3]));
        assert!(tensor.permute([0, 2, 3, 1]) == Tensor::try_from(array).unwrap());
        assert_eq!(render_all(&[]).size(), [0, 3, 32, 32]);
    }
}
