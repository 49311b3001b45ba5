use std::f64::consts::TAU;

use super::*;

const DRAWS: usize = 100_000;

fn shapes(settings: &ShapesSettings) -> Vec<Shape> {
    Sampler::new(settings, 3).items(Split::Training, DRAWS).shapes
}

/// Asserts that `values` are uniform over the whole numbers from `low` to `high`: each frequency
/// within five standard deviations.
fn assert_uniform(values: impl Iterator<Item = f64>, low: usize, high: usize) {
    let mut counts = vec![0usize; high + 1];
    values.for_each(|value| counts[value as usize] += 1);
    let share = 1.0 / (high - low + 1) as f64;
    let (mean, deviation) = (DRAWS as f64 * share, (DRAWS as f64 * share * (1.0 - share)).sqrt());
    assert!(counts[..low].iter().all(|&count| count == 0));
    let error = |&count: &usize| (count as f64 - mean).abs() / deviation;
    assert!(counts[low..].iter().all(|count| error(count) < 5.0), "{low} to {high}: {counts:?}");
}

#[test]
fn attributes_are_uniform_over_their_ranges() {
    let shapes = shapes(&ShapesSettings::default());
    let column = |at: usize| shapes.iter().map(move |shape| f64::from(shape.row()[at]));
    for (at, low, high) in
        [(0, 0, 2), (1, 7, 24), (2, 7, 24), (3, 7, 14), (8, 0, 180), (9, 46, 255), (10, 0, 255)]
    {
        assert_uniform(column(at), low, high);
    }
    assert_uniform(column(4).map(|radians| radians / TAU * 12.0), 0, 11);
    let is_converted = |shape: &Shape| shape.rgb == rgb_of_hls(shape.hls);
    assert!(shapes.iter().all(is_converted));
}

/// The specification's moments of a channel: mean 150.5, standard deviation 73.2.
#[test]
fn channels_have_the_moments_of_the_specification() {
    let shapes = shapes(&ShapesSettings::default());
    for channel in 0..3 {
        let values = || shapes.iter().map(|shape| f64::from(shape.rgb[channel]));
        let mean = values().sum::<f64>() / DRAWS as f64;
        let deviation = (values().map(|value| (value - mean).powi(2)).sum::<f64>() / DRAWS as f64).sqrt();
        assert!((mean - 150.5).abs() < 1.2 && (deviation - 73.2).abs() < 0.8, "{mean} {deviation}");
    }
}

#[test]
fn attributes_are_uncorrelated() {
    let shapes = shapes(&ShapesSettings::default());
    let columns = [0, 1, 2, 3, 4, 8, 9, 10].map(|at| {
        let values: Vec<f64> = shapes.iter().map(|shape| f64::from(shape.row()[at])).collect();
        let mean = values.iter().sum::<f64>() / DRAWS as f64;
        let norm = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt();
        values.into_iter().map(|value| (value - mean) / norm).collect::<Vec<f64>>()
    });
    for (i, a) in columns.iter().enumerate() {
        for b in &columns[..i] {
            let correlation: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            assert!(correlation.abs() < 5.0 / (DRAWS as f64).sqrt(), "{correlation}");
        }
    }
}

#[test]
fn ranges_are_those_of_the_settings() {
    let settings = ShapesSettings {
        min_scale: 3,
        max_scale: 5,
        min_hue: 10,
        max_hue: 11,
        min_lightness: 7,
        max_lightness: 9,
        min_rotation: 90.0,
        max_rotation: 180.0,
        possible_categories: Some(vec![2, 0]),
        ..Default::default()
    };
    let shapes = shapes(&settings);
    let column = |at: usize| shapes.iter().map(move |shape| f64::from(shape.row()[at]));
    for (at, low, high) in [(1, 2, 29), (2, 2, 29), (3, 3, 5), (8, 10, 11), (9, 7, 9)] {
        assert_uniform(column(at), low, high);
    }
    assert_uniform(column(0).map(|class| class / 2.0), 0, 1);
    assert_uniform(column(4).map(|radians| radians / TAU * 36.0), 9, 17);
}

#[test]
fn each_class_has_its_interval_of_hues_modulo_180() {
    let shapes_color_range = Some([[-12, 64], [52, 128], [116, 192]]);
    let shapes = shapes(&ShapesSettings { shapes_color_range, ..Default::default() });
    let hues = |class: u8| {
        let mut hues: Vec<u8> = shapes.iter().filter(|s| s.class == class).map(|s| s.hls[0]).collect();
        hues.sort_unstable();
        hues.dedup();
        hues
    };
    assert_eq!(hues(0), (0..64).chain(168..180).collect::<Vec<_>>());
    assert_eq!(hues(1), (52..128).collect::<Vec<_>>());
    assert_eq!(hues(2), (0..12).chain(116..180).collect::<Vec<_>>());
}

#[test]
fn an_item_depends_on_seed_split_and_index_alone() {
    let draw = |seed, split, count| Sampler::new(&ShapesSettings::default(), seed).items(split, count).shapes;
    let all = draw(1, Split::Training, 500);
    assert_eq!(all[..100], draw(1, Split::Training, 100));
    let shared = |other: Vec<Shape>| all.iter().zip(other).filter(|(a, b)| *a == b).count();
    assert_eq!(shared(draw(2, Split::Training, 500)), 0);
    assert_eq!(shared(draw(1, Split::Validation, 500)), 0);
    assert_eq!(shared(draw(1, Split::Test, 500)), 0);
}

#[test]
fn unpaired_numbers_are_uniform_or_normal() {
    let unpaired = |unpaired_dim, count| {
        let settings = ShapesSettings { unpaired_dim, ..Default::default() };
        Sampler::new(&settings, 5).items(Split::Test, count).unpaired
    };
    let one = unpaired(1, DRAWS);
    assert_eq!(one.dim(), (DRAWS, 1));
    assert_uniform(one.iter().map(|value| f64::from(*value) * 10.0), 0, 9);
    let four = unpaired(4, DRAWS / 4);
    assert_eq!(four.dim(), (DRAWS / 4, 4));
    let moment = |power| four.iter().map(|value| f64::from(*value).powi(power)).sum::<f64>() / DRAWS as f64;
    let error = 5.0 / (DRAWS as f64).sqrt();
    assert!(moment(1).abs() < error && (moment(2) - 1.0).abs() < 1.5 * error, "{four}");
    assert_eq!(four.row(7), unpaired(4, 8).row(7));
}
