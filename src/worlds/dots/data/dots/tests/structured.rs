use super::*;
use crate::datasets::Split;
use crate::worlds::dots::data::Distractor;
use umwelt_base::random::Stream;

fn leaves() -> Distractor {
    Distractor::structured("dead_leaves", Split::Validation).unwrap()
}

#[test]
fn a_structured_distractor_is_a_picture_of_the_collection() {
    let distractors = leaves();
    let settings = |static_noise| DotsSettings { static_noise, distractor: distractors.clone(), ..small() };
    let (noisy, clean) = (batch(settings(2.0)), batch(small()));
    // Any of 2,000 pictures is among 40,000 drawn but for one chance in 10^8.
    let stream = Stream::new(8, "pictures");
    let drawn = |i| distractors.draw(&mut stream.at(&[i]), 0.0, 2.0 * largest(&clean.states));
    for sequence in 0..6 {
        let first = distractor(&noisy, &clean, 0, sequence);
        assert!((0..40_000).any(|i| close(&drawn(i), &first)));
        assert!((1..5).all(|t| close(&distractor(&noisy, &clean, t, sequence), &first)));
    }
    assert!(!close(&distractor(&noisy, &clean, 0, 0), &distractor(&noisy, &clean, 0, 1)));
}

#[test]
fn normalised_images_under_pictures_have_mean_0_and_deviation_1() {
    let settings = DotsSettings {
        frames: 2,
        batch_size: 1000,
        noise: 0.5,
        static_noise: 1.0,
        distractor: leaves(),
        normalize: true,
        ..small()
    };
    let states = batch(settings).states;
    let (first, second) = (mean(&states, |p| p), mean(&states, |p| p * p));
    assert!(first.abs() < 0.05 && (second - 1.0).abs() < 0.05, "{first} {second}");
}

#[test]
fn clones_of_a_world_share_their_pictures() {
    let Distractor::Pictures(pictures) = leaves() else { panic!("pictures") };
    let settings = DotsSettings { distractor: Distractor::Pictures(pictures.clone()), ..small() };
    let dots = Dots::new(settings).unwrap();
    let copies = [dots.clone(), dots.clone()];
    assert_eq!(std::sync::Arc::strong_count(&pictures), 2 + copies.len());
}
