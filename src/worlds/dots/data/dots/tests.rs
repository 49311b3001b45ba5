use super::*;
use crate::worlds::dots::data::parity;
use crate::worlds::dots::data::render::{IMAGE_SIZE, PIXELS};

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

fn image(batch: &HostTrajectories, frame: usize, sequence: usize) -> &[f32] {
    &batch.states[(frame * batch.batch + sequence) * PIXELS..][..PIXELS]
}

fn mean(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    values.iter().map(|&value| of(f64::from(value))).sum::<f64>() / values.len() as f64
}

/// What `noisy` shows beside the dots of `clean`.
fn overlay(noisy: &HostTrajectories, clean: &HostTrajectories, frame: usize, sequence: usize) -> Vec<f32> {
    image(noisy, frame, sequence).iter().zip(image(clean, frame, sequence)).map(|(a, b)| a - b).collect()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
}

fn largest(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::MIN, f32::max)
}

#[test]
fn a_batch_is_time_first() {
    let batch = batch(small());
    assert_eq!((batch.frames, batch.rendered, batch.batch, batch.dots), (5, 5, 6, 1));
    let sizes = [batch.states.len(), batch.locations.len(), batch.actions.len()];
    assert_eq!(sizes, [5 * 6 * PIXELS, 5 * 6 * 2, 4 * 6 * 2]);
    for (i, at) in batch.locations.chunks_exact(2).enumerate() {
        let brightest =
            image(&batch, i / 6, i % 6).iter().position(|&p| p == largest(image(&batch, i / 6, i % 6)));
        assert_eq!(brightest, Some(at[1].round() as usize * IMAGE_SIZE + at[0].round() as usize));
    }
    for i in 0..batch.actions.len() {
        let next = (batch.locations[i] + batch.actions[i]).clamp(2.6, 24.4);
        assert_eq!(next, batch.locations[i + 12]);
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
    assert_eq!(train.locations[..12], longer.locations[..12]);
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
    assert_eq!(first.states, all.states[..6 * PIXELS]);
    assert_eq!((first.locations, first.actions), (all.locations, all.actions));
    assert!(dots.batch("train", 4, 0).states.is_empty());
}

#[test]
#[should_panic(expected = "6 frames to render, but a sequence has 5")]
fn rendering_more_than_there_is_panics() {
    Dots::new(small()).unwrap().batch("train", 0, 6);
}

#[test]
fn a_fixed_overlay_stays_and_is_scaled_by_the_largest_clean_pixel() {
    let (noisy, clean) = (batch(DotsSettings { static_noise: 2.0, ..small() }), batch(small()));
    let first = overlay(&noisy, &clean, 0, 1);
    assert!((1..5).all(|frame| close(&overlay(&noisy, &clean, frame, 1), &first)));
    assert!(!close(&overlay(&noisy, &clean, 0, 2), &first));
    let all: Vec<f32> = (0..6).flat_map(|b| overlay(&noisy, &clean, 0, b)).collect();
    let expected = 2.0 * largest(&clean.states);
    assert!(largest(&all) < expected + 1e-6 && largest(&all) > 0.998 * expected);
    assert!(all.iter().all(|&pixel| pixel > -1e-6));
}

#[test]
fn a_fixed_overlay_moves_right_from_its_first_place() {
    let speed = 1.6;
    let settings = DotsSettings { static_noise: 1.0, static_noise_speed: speed, ..small() };
    let (noisy, clean) = (batch(settings), batch(small()));
    let first = overlay(&noisy, &clean, 0, 2);
    for (frame, moved) in [(1, 1), (2, 3), (3, 4), (4, 6)] {
        let at = |i: usize| first[i / IMAGE_SIZE * IMAGE_SIZE + (i + IMAGE_SIZE - moved) % IMAGE_SIZE];
        let expected: Vec<f32> = (0..PIXELS).map(at).collect();
        assert!(close(&overlay(&noisy, &clean, frame, 2), &expected), "frame {frame}");
    }
}

#[test]
fn a_changing_overlay_changes_every_frame_and_adds_to_a_fixed_one() {
    let of = |noise, static_noise| batch(DotsSettings { noise, static_noise, ..small() });
    let (clean, changing, fixed, both) = (of(0.0, 0.0), of(1.0, 0.0), of(0.0, 1.0), of(1.0, 1.0));
    let (first, second) = (overlay(&changing, &clean, 0, 0), overlay(&changing, &clean, 1, 0));
    let equal = first.iter().zip(&second).filter(|(a, b)| (*a - *b).abs() < 1e-6).count();
    assert!(equal < 3 && !close(&first, &overlay(&changing, &clean, 0, 1)));
    let sum: Vec<f32> = first.iter().zip(overlay(&fixed, &clean, 0, 0)).map(|(a, b)| a + b).collect();
    assert!(close(&overlay(&both, &clean, 0, 0), &sum));
}

#[test]
fn normalised_batches_are_affine_images_of_raw_ones() {
    let raw = batch(DotsSettings { noise: 1.0, static_noise: 1.0, ..small() });
    let dots = Dots::new(DotsSettings { noise: 1.0, static_noise: 1.0, normalize: true, ..small() }).unwrap();
    let (units, ours) = (dots.normalisation(), dots.batch("train", 4, 5));
    let check = |ours: &[f32], raw: &[f32], centre: f64, unit: f64| {
        let expected = raw.iter().map(|&value| ((f64::from(value) - centre) / unit) as f32);
        ours.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
    };
    check(&ours.states, &raw.states, units.image_mean, units.image_std);
    check(&ours.locations, &raw.locations, 13.5, (1.0f64 / 12.0).sqrt() * 21.8);
    check(&ours.actions, &raw.actions, 0.0, 0.4102 * 4.0);
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

/// The overlays of a batch of 400 sequences are 313,600 pixels, whose mean is known to 0.001 of itself.
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
    let mean = |f: &dyn Fn(f64) -> f64| {
        batch.states.iter().map(|&pixel| f(f64::from(pixel))).sum::<f64>() / batch.states.len() as f64
    };
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
