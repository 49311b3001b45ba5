use super::*;
use crate::worlds::dots::data::DatasetType;

fn three(channels: usize) -> DotsSettings {
    DotsSettings { dataset_type: DatasetType::Multiple, channels, ..small() }
}

/// What one channel shows, as if it were a batch of its own.
fn channel(batch: &HostTrajectories, channel: usize) -> HostTrajectories {
    let images = batch.states.chunks_exact(PIXELS).skip(channel).step_by(batch.channels);
    HostTrajectories { states: images.flatten().copied().collect(), channels: 1, ..batch.clone() }
}

fn locations(batch: &HostTrajectories, dot: usize) -> Vec<f32> {
    batch.locations.chunks_exact(2).skip(dot).step_by(batch.dots).flatten().copied().collect()
}

#[test]
fn the_first_of_three_dots_is_the_single_one() {
    let noise = |settings| DotsSettings { noise: 0.5, static_noise: 1.0, ..settings };
    let (one, three) = (batch(noise(small())), batch(noise(three(3))));
    assert_eq!((three.channels, three.dots), (3, 3));
    assert_eq!([three.states.len(), three.locations.len()], [5 * 6 * 3 * PIXELS, 5 * 6 * 3 * 2]);
    assert_eq!(channel(&three, 0).states, one.states);
    assert_eq!(locations(&three, 0), one.locations);
    assert_eq!(three.actions, one.actions);
}

#[test]
fn each_dot_is_where_it_is_said_to_be_and_the_third_stands_still() {
    let batch = batch(three(3));
    for dot in 0..3 {
        let shown = channel(&batch, dot);
        for (i, at) in locations(&batch, dot).chunks_exact(2).enumerate() {
            let image = image(&shown, i / 6, i % 6);
            let brightest = image.iter().position(|&pixel| pixel == largest(image));
            assert_eq!(brightest, Some(at[1].round() as usize * IMAGE_SIZE + at[0].round() as usize));
        }
        let places = locations(&batch, dot);
        let still = (0..12).filter(|i| places[*i] == places[12 + i]).count();
        assert_eq!(still == 12, dot == 2, "dot {dot}");
    }
    assert_ne!(locations(&batch, 0), locations(&batch, 1));
    assert_ne!(locations(&batch, 2)[..2], locations(&batch, 2)[2..4]);
}

#[test]
fn each_dot_has_overlays_of_its_own_scaled_by_its_own_largest_pixel() {
    let (noisy, clean) = (batch(DotsSettings { static_noise: 2.0, ..three(3) }), batch(three(3)));
    let overlays = [0, 1, 2].map(|dot| {
        let (noisy, clean) = (channel(&noisy, dot), channel(&clean, dot));
        let first = overlay(&noisy, &clean, 0, 1);
        assert!(close(&overlay(&noisy, &clean, 3, 1), &first));
        let all: Vec<f32> = (0..6).flat_map(|b| overlay(&noisy, &clean, 0, b)).collect();
        let expected = 2.0 * largest(&clean.states);
        assert!(largest(&all) < expected + 1e-6 && largest(&all) > 0.998 * expected);
        first
    });
    assert!(!close(&overlays[0], &overlays[1]) && !close(&overlays[1], &overlays[2]));
}

#[test]
fn in_one_channel_the_images_of_the_dots_are_summed() {
    for normalize in [false, true] {
        let of = |channels, normalize| {
            let settings = DotsSettings { noise: 0.5, static_noise: 1.0, normalize, ..three(channels) };
            let dots = Dots::new(settings).unwrap();
            (dots.batch("train", 4, 5), *dots.normalisation())
        };
        let ((apart, _), (summed, units)) = (of(3, false), of(1, normalize));
        assert_eq!((summed.states.len(), summed.dots), (5 * 6 * PIXELS, 3));
        for (i, pixel) in summed.states.iter().enumerate() {
            let at = |channel: usize| apart.states[(i / PIXELS * 3 + channel) * PIXELS + i % PIXELS];
            let sum = f64::from(at(0)) + f64::from(at(1)) + f64::from(at(2));
            let expected = (sum - units.image_mean) / units.image_std;
            assert!((f64::from(*pixel) - expected).abs() < 1e-5, "{pixel} {expected}");
        }
    }
}

#[test]
fn normalised_images_have_mean_0_and_deviation_1_over_all_channels() {
    for (channels, noise, static_noise) in [(1, 0.0, 0.0), (3, 0.5, 1.0), (1, 0.5, 1.0)] {
        let (frames, batch_size, normalize) = (2, 120, true);
        let settings = DotsSettings { frames, batch_size, noise, static_noise, normalize, ..three(channels) };
        let states = batch(settings).states;
        let (first, second) = (mean(&states, |p| p), mean(&states, |p| p * p));
        assert!(first.abs() < 0.02 && (second - 1.0).abs() < 0.02, "{channels} {noise}: {first} {second}");
    }
}

#[test]
fn channels_are_one_or_as_many_as_dots() {
    let error = |settings| Dots::new(settings).unwrap_err().to_string();
    assert_eq!(error(three(2)), "3 dots need 1 or 3 channels, not 2");
    assert!(error(DotsSettings { channels: 3, ..small() }).contains("1 dots need 1 or 1 channels"));
}
