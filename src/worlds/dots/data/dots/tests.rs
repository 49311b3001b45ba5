use ndarray::{Array, ArrayView3, Axis, Dimension, s};

use super::*;
use crate::worlds::dots::data::parity;
use crate::worlds::dots::data::render::PIXELS;

mod differences;
mod structured;
mod three_dots;

fn small() -> DotsSettings {
    DotsSettings { frames: 5, batch_size: 6, seed: 3, ..Default::default() }
}

fn batch(settings: DotsSettings) -> HostTrajectories {
    let frames = settings.frames;
    Dots::new(settings).unwrap().batch("train", 4, frames)
}

/// The pixels of the first channel, row by row.
fn image(batch: &HostTrajectories, frame: usize, sequence: usize) -> Vec<f32> {
    batch.states.slice(s![frame, sequence, 0, .., ..]).iter().copied().collect()
}

fn mean<'a>(values: impl IntoIterator<Item = &'a f32>, of: impl Fn(f64) -> f64) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0), |(sum, n), &v| (sum + of(f64::from(v)), n + 1));
    sum / f64::from(count)
}

/// The difference of an image of `noisy` from the same image of `clean`.
fn distractor(noisy: &HostTrajectories, clean: &HostTrajectories, frame: usize, sequence: usize) -> Vec<f32> {
    image(noisy, frame, sequence).iter().zip(image(clean, frame, sequence)).map(|(a, b)| a - b).collect()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
}

fn largest<'a>(values: impl IntoIterator<Item = &'a f32>) -> f32 {
    values.into_iter().copied().fold(f32::MIN, f32::max)
}

#[test]
fn a_batch_is_time_first() {
    let batch = batch(small());
    assert_eq!(batch.states.dim(), (5, 6, 1, 28, 28));
    assert_eq!((batch.locations.dim(), batch.actions.dim()), ((5, 6, 1, 2), (4, 6, 2)));
    for (t, b) in (0..5).flat_map(|t| (0..6).map(move |b| (t, b))) {
        let pixels = image(&batch, t, b);
        let brightest = pixels.iter().position(|&p| p == largest(&pixels));
        let [x, y] = [0, 1].map(|axis| batch.locations[[t, b, 0, axis]].round() as usize);
        assert_eq!(brightest, Some(y * IMAGE_SIZE + x));
    }
    for ((t, b, axis), action) in batch.actions.indexed_iter() {
        let next = (batch.locations[[t, b, 0, axis]] + action).clamp(2.6, 24.4);
        assert_eq!(next, batch.locations[[t + 1, b, 0, axis]]);
    }
}

#[test]
fn batches_differ_by_stream_index_and_seed_only() {
    let dots = Dots::new(small()).unwrap();
    let train = dots.batch("train", 4, 5);
    assert_eq!(train, dots.batch("train", 4, 5));
    assert_ne!(train.locations, dots.batch("train", 5, 5).locations);
    assert_ne!(train.locations, dots.batch("validation", 4, 5).locations);
    assert_ne!(train.locations, batch(DotsSettings { seed: 4, ..small() }).locations);
    let longer = batch(DotsSettings { batch_size: 9, noise: 1.0, normalize: false, ..small() });
    assert_eq!(train.locations.slice(s![0, .., .., ..]), longer.locations.slice(s![0, ..6, .., ..]));
}

#[test]
fn a_batch_is_the_same_for_any_number_of_threads() {
    let settings =
        DotsSettings { noise: 0.5, static_noise: 1.0, static_noise_speed: 0.7, normalize: true, ..small() };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let batch = pool.install(|| batch(settings.clone()));
        batch
            .states
            .iter()
            .chain(&batch.locations)
            .chain(&batch.actions)
            .map(|v| v.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn rendering_less_changes_no_image() {
    let settings = DotsSettings { noise: 0.5, static_noise: 1.0, normalize: true, ..small() };
    let dots = Dots::new(settings).unwrap();
    let (first, all) = (dots.batch("train", 4, 1), dots.batch("train", 4, 5));
    assert_eq!(first.states, all.states.slice(s![..1, .., .., .., ..]));
    assert_eq!((first.locations, first.actions), (all.locations, all.actions));
    assert!(dots.batch("train", 4, 0).states.is_empty());
}

#[test]
#[should_panic(expected = "6 frames to render, but a sequence has 5")]
fn rendering_more_than_there_is_panics() {
    Dots::new(small()).unwrap().batch("train", 0, 6);
}

#[test]
fn a_fixed_distractor_stays_and_is_scaled_by_the_largest_clean_pixel() {
    let (noisy, clean) = (batch(DotsSettings { static_noise: 2.0, ..small() }), batch(small()));
    let first = distractor(&noisy, &clean, 0, 1);
    assert!((1..5).all(|frame| close(&distractor(&noisy, &clean, frame, 1), &first)));
    assert!(!close(&distractor(&noisy, &clean, 0, 2), &first));
    let all: Vec<f32> = (0..6).flat_map(|b| distractor(&noisy, &clean, 0, b)).collect();
    let expected = 2.0 * largest(&clean.states);
    assert!(largest(&all) < expected + 1e-6 && largest(&all) > 0.998 * expected);
    assert!(all.iter().all(|&pixel| pixel > -1e-6));
}

#[test]
fn a_fixed_distractor_moves_right_from_its_first_place() {
    let speed = 1.6;
    let settings = DotsSettings { static_noise: 1.0, static_noise_speed: speed, ..small() };
    let (noisy, clean) = (batch(settings), batch(small()));
    let first = distractor(&noisy, &clean, 0, 2);
    for (frame, moved) in [(1, 1), (2, 3), (3, 4), (4, 6)] {
        let at = |i: usize| first[i / IMAGE_SIZE * IMAGE_SIZE + (i + IMAGE_SIZE - moved) % IMAGE_SIZE];
        let expected: Vec<f32> = (0..PIXELS).map(at).collect();
        assert!(close(&distractor(&noisy, &clean, frame, 2), &expected), "frame {frame}");
    }
}

#[test]
fn a_changing_distractor_changes_every_frame_and_adds_to_a_fixed_one() {
    let of = |noise, static_noise| batch(DotsSettings { noise, static_noise, ..small() });
    let (clean, changing, fixed, both) = (of(0.0, 0.0), of(1.0, 0.0), of(0.0, 1.0), of(1.0, 1.0));
    let (first, second) = (distractor(&changing, &clean, 0, 0), distractor(&changing, &clean, 1, 0));
    let equal = first.iter().zip(&second).filter(|(a, b)| (*a - *b).abs() < 1e-6).count();
    assert!(equal < 3 && !close(&first, &distractor(&changing, &clean, 0, 1)));
    let sum: Vec<f32> = first.iter().zip(distractor(&fixed, &clean, 0, 0)).map(|(a, b)| a + b).collect();
    assert!(close(&distractor(&both, &clean, 0, 0), &sum));
}

#[test]
fn normalised_batches_are_affine_images_of_raw_ones() {
    let raw = batch(DotsSettings { noise: 1.0, static_noise: 1.0, ..small() });
    let dots = Dots::new(DotsSettings { noise: 1.0, static_noise: 1.0, normalize: true, ..small() }).unwrap();
    let (units, ours) = (dots.normalisation(), dots.batch("train", 4, 5));
    check(&ours.states, &raw.states, units.image_mean, units.image_std);
    check(&ours.locations, &raw.locations, 13.5, (1.0f64 / 12.0).sqrt() * 21.8);
    check(&ours.actions, &raw.actions, 0.0, 0.4102 * 4.0);
}

/// Asserts that `ours` is (`raw` - `centre`) / `unit`.
fn check<D: Dimension>(ours: &Array<f32, D>, raw: &Array<f32, D>, centre: f64, unit: f64) {
    assert_eq!(ours.shape(), raw.shape());
    for (ours, raw) in ours.iter().zip(raw) {
        let expected = ((f64::from(*raw) - centre) / unit) as f32;
        assert!((ours - expected).abs() < 1e-5, "{ours} {expected}");
    }
}

#[test]
fn image_statistics_are_the_recorded_ones() {
    let recorded = parity::statistics();
    for (static_noise, noise, key) in [
        (0.0, 0.0, "static=0,changing=0"),
        (1.0, 0.0, "static=1.0,changing=0"),
        (0.0, 1.0, "static=0,changing=1.0"),
        (2.0, 0.0, "static=2.0,changing=0"),
    ] {
        let settings = DotsSettings { noise, static_noise, normalize: true, ..Default::default() };
        let units = *Dots::new(settings).unwrap().normalisation();
        for (ours, i) in [(units.image_mean, 0), (units.image_std, 1)] {
            let expected = recorded["normalization_mean_std"][key][i].as_f64().unwrap();
            assert!((ours / expected - 1.0).abs() < 2e-3, "{key}: {ours} {expected}");
        }
    }
}

/// The distractors of a batch of 400 sequences are 313,600 pixels, whose mean is known to 0.001 of
/// itself.
#[test]
fn image_statistics_are_those_of_rendered_batches() {
    let settings = DotsSettings {
        frames: 3,
        batch_size: 400,
        noise: 0.5,
        static_noise: 1.0,
        normalize: true,
        ..Default::default()
    };
    let batch = batch(settings);
    let mean = |f: &dyn Fn(f64) -> f64| mean(&batch.states, f);
    assert!(mean(&|pixel| pixel).abs() < 0.01, "{}", mean(&|pixel| pixel));
    assert!((mean(&|pixel| pixel * pixel) - 1.0).abs() < 0.01, "{}", mean(&|pixel| pixel * pixel));
}

#[test]
fn impossible_settings_are_errors_that_name_them() {
    let error = |settings| Dots::new(settings).unwrap_err().to_string();
    assert!(error(DotsSettings { frames: 0, ..small() }).contains("frame"));
    assert!(error(DotsSettings { batch_size: 0, ..small() }).contains("batch"));
    assert!(error(DotsSettings { dot_std: 7.0, ..small() }).contains("dot_std 7"));
    assert!(error(DotsSettings { dot_std: f64::NAN, ..small() }).contains("dot_std"));
    assert!(
        error(DotsSettings { static_noise: -1.0, ..small() })
            .contains("static_noise must be 0 or more, and is -1")
    );
}
