//! Figures of the vision domain: reconstructions, and images along lines in the latent space.

use anyhow::Result;
use tch::{Device, Kind, Tensor, no_grad};

use super::{VisionScores, VisionVae};
use crate::charts::{Figure, Frame, FrameGrid, FrameRow};
use crate::native::normals;
use crate::nn::Mode;
use umwelt_base::random::Stream;

/// Images in the figure of reconstructions.
pub const SHOWN: usize = 16;
/// Places along each of two numbers of the latent, from -3 to 3.
const PLACES: i64 = 15;
const FARTHEST: f64 = 3.0;

/// The figures of `vae`, with the reconstructions of images in bytes `[N, 3, 32, 32]`.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn all(
    vae: &VisionVae,
    images: &Tensor,
    scores: &VisionScores,
    seed: u64,
) -> Result<Vec<(&'static str, Figure)>> {
    no_grad(|| {
        Ok(vec![
            ("reconstructions", reconstructions(vae, images)?),
            ("traversals", traversals(vae, &scores.spread, seed)?),
        ])
    })
}

fn reconstructions(vae: &VisionVae, images: &Tensor) -> Result<Figure> {
    let images = vae.intensities(&images.to_device(vae.parameters.device()));
    let drawn = vae.decode(&vae.encode(&images, Mode::Evaluate).mean, Mode::Evaluate);
    let rows = vec![row("images", &images)?, row("decoded from the means", &drawn)?];
    grid("Validation images and their reconstructions", rows, vec![]).figure()
}

/// Images over the two numbers of the latent with the largest spread. The other numbers are those
/// of one draw from the prior.
fn traversals(vae: &VisionVae, spread: &[f64], seed: u64) -> Result<Figure> {
    let mut numbers: Vec<usize> = (0..spread.len()).collect();
    numbers.sort_by(|a, b| spread[*b].total_cmp(&spread[*a]));
    let (down, across) = (numbers[0] as i64, numbers[1.min(numbers.len() - 1)] as i64);
    let device = vae.parameters.device();
    let fixed =
        normals(&[1, spread.len() as i64], device, Stream::new(seed, "vision/traversals").at(&[]).bits());
    let draw = |latents: &Tensor| vae.decode(latents, Mode::Evaluate);
    plane_figure("Decoded latents", &fixed, (down, across), draw)
}

/// The pictures `[N, 3, 32, 32]` that `draw` makes of latents `[N, z]`, over the numbers `down` and
/// `across`, which go from -3 to 3. The other numbers are those of `fixed` `[1, z]`.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn plane_figure(
    title: &str,
    fixed: &Tensor,
    (down, across): (i64, i64),
    draw: impl Fn(&Tensor) -> Tensor,
) -> Result<Figure> {
    let images = draw(&plane(fixed, down, across));
    let label =
        |place: i64| format!("{:.1}", -FARTHEST + 2.0 * FARTHEST * place as f64 / (PLACES - 1) as f64);
    let rows =
        (0..PLACES).map(|at| row(&format!("z{down} {}", label(at)), &images.narrow(0, at * PLACES, PLACES)));
    let columns = (0..PLACES).map(|at| format!("z{across} {}", label(at))).collect();
    grid(title, rows.collect::<Result<_>>()?, columns).figure()
}

/// Copies of the latent `fixed` `[1, z]` in which the number `down` varies slowly and the number
/// `across` varies fast, `[15 * 15, z]`.
fn plane(fixed: &Tensor, down: i64, across: i64) -> Tensor {
    let latents = fixed.repeat([PLACES * PLACES, 1]);
    let options = (Kind::Float, fixed.device());
    let line = Tensor::linspace(-FARTHEST, FARTHEST, PLACES, options);
    latents.select(1, down).copy_(&line.repeat_interleave_self_int(PLACES, 0, PLACES * PLACES));
    latents.select(1, across).copy_(&line.repeat([PLACES]));
    latents
}

fn grid(title: &str, rows: Vec<FrameRow>, column_labels: Vec<String>) -> FrameGrid {
    FrameGrid { title: title.into(), rows, column_labels, ..FrameGrid::default() }
}

/// A row of intensities `[N, 3, 32, 32]` in [0, 1].
///
/// # Errors
/// When the tensor has another shape.
pub fn row(label: &str, images: &Tensor) -> Result<FrameRow> {
    let frame = |image: Tensor| {
        let pixels: ndarray::ArrayD<f32> = (&image.permute([1, 2, 0]).to_device(Device::Cpu)).try_into()?;
        Ok(Frame { pixels: pixels.into_dimensionality()?, ..Frame::default() })
    };
    Ok(FrameRow {
        label: label.into(),
        frames: images.unbind(0).into_iter().map(frame).collect::<Result<_>>()?,
        range: Some((0.0, 1.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_varies_one_number_slowly_and_one_fast() {
        let fixed = Tensor::from_slice2(&[[9f32, 8.0, 7.0]]);
        let latents = plane(&fixed, 2, 0);
        assert_eq!(latents.size(), [225, 3]);
        for (index, expected) in [
            (0, [-3f32, 8.0, -3.0]),
            (14, [3.0, 8.0, -3.0]),
            (15 * 7 + 7, [0.0, 8.0, 0.0]),
            (224, [3.0, 8.0, 3.0]),
        ] {
            let difference = latents.get(index) - Tensor::from_slice(&expected);
            assert!(difference.abs().max().double_value(&[]) < 1e-5, "{index}");
        }
    }
}
