use super::*;
use crate::worlds::dots::data::DatasetType;

fn three(channels: usize) -> DotsSettings {
    DotsSettings { dataset_type: DatasetType::Multiple, channels, ..small() }
}

/// A batch of the images of one channel.
fn channel(batch: &HostTrajectories, channel: usize) -> HostTrajectories {
    let states = batch.states.slice(s![.., .., channel..=channel, .., ..]).to_owned();
    HostTrajectories { states, ..batch.clone() }
}

/// Positions of one dot, `[T, B, 2]`.
fn locations(batch: &HostTrajectories, dot: usize) -> ArrayView3<'_, f32> {
    batch.locations.index_axis(Axis(2), dot)
}

#[test]
fn the_first_of_three_dots_is_the_single_one() {
    let noise = |settings| DotsSettings { noise: 0.5, static_noise: 1.0, ..settings };
    let (one, three) = (batch(noise(small())), batch(noise(three(3))));
    assert_eq!((three.states.dim(), three.locations.dim()), ((5, 6, 3, 28, 28), (5, 6, 3, 2)));
    assert_eq!(channel(&three, 0).states, one.states);
    assert_eq!(locations(&three, 0), locations(&one, 0));
    assert_eq!(three.actions, one.actions);
}

#[test]
fn each_dot_is_at_its_location_and_the_third_stands_still() {
    let batch = batch(three(3));
    for dot in 0..3 {
        let shown = channel(&batch, dot);
        let positions = locations(&batch, dot);
        for (t, b) in (0..5).flat_map(|t| (0..6).map(move |b| (t, b))) {
            let pixels = image(&shown, t, b);
            let brightest = pixels.iter().position(|&pixel| pixel == largest(&pixels));
            let [x, y] = [0, 1].map(|axis| positions[[t, b, axis]].round() as usize);
            assert_eq!(brightest, Some(y * IMAGE_SIZE + x));
        }
        let [first, second] = [0, 1].map(|t| positions.index_axis(Axis(0), t));
        assert_eq!(first == second, dot == 2, "dot {dot}");
    }
    assert_ne!(locations(&batch, 0), locations(&batch, 1));
    let standing = locations(&batch, 2);
    assert_ne!(standing.slice(s![0, 0, ..]), standing.slice(s![0, 1, ..]));
}

#[test]
fn each_dot_has_distractors_of_its_own_scaled_by_its_own_largest_pixel() {
    let (noisy, clean) = (batch(DotsSettings { static_noise: 2.0, ..three(3) }), batch(three(3)));
    let distractors = [0, 1, 2].map(|dot| {
        let (noisy, clean) = (channel(&noisy, dot), channel(&clean, dot));
        let first = distractor(&noisy, &clean, 0, 1);
        assert!(close(&distractor(&noisy, &clean, 3, 1), &first));
        let all: Vec<f32> = (0..6).flat_map(|b| distractor(&noisy, &clean, 0, b)).collect();
        let expected = 2.0 * largest(&clean.states);
        assert!(largest(&all) < expected + 1e-6 && largest(&all) > 0.998 * expected);
        first
    });
    assert!(!close(&distractors[0], &distractors[1]) && !close(&distractors[1], &distractors[2]));
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
        assert_eq!((summed.states.dim(), summed.locations.dim()), ((5, 6, 1, 28, 28), (5, 6, 3, 2)));
        for ((t, b, _, y, x), pixel) in summed.states.indexed_iter() {
            let at = |channel: usize| apart.states[[t, b, channel, y, x]];
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
