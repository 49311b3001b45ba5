use std::collections::HashSet;
use std::f32::consts::TAU;

use umwelt_base::UserError;

use super::*;
use crate::worlds::workspace::data::{OodRule, SYNTHESISED};

/// The bins of class, hue, size, rotation, x and y in the specification.
fn bins(shape: &Shape) -> [usize; 6] {
    let hue = (shape.hls[0] / 60).min(2);
    let size = [10.0, 12.0].iter().filter(|edge| shape.size >= **edge).count();
    let rotation = (shape.rotation / TAU * 3.0) as usize;
    let [x, y] = [shape.x, shape.y].map(|at| (at as usize - 7) / 6);
    [shape.class.into(), hue.into(), size, rotation, x, y]
}

fn set(ood: OodSettings) -> ShapeSet {
    let settings = ShapesSettings { n_train_examples: 50_000, n_val_examples: 300, ..Default::default() };
    ShapeSet::new(&settings, &ood, 8).unwrap()
}

fn hole(seed: u64, attributes: usize) -> OodSettings {
    OodSettings { rule: Some(OodRule::Hole), seed, attributes, ..Default::default() }
}

#[test]
fn splits_have_the_sizes_of_the_settings_and_share_no_item() {
    let set = set(OodSettings::default());
    let sizes = Split::ALL.map(|split| (set.shapes(split).len(), set.unpaired(split).dim()));
    assert_eq!(sizes, [(50_000, (50_000, 1)), (300, (300, 1)), (5_000, (5_000, 1))]);
    assert_eq!(set.inside(Split::Validation), (0..300).collect::<Vec<_>>());
    assert!(set.outside(Split::Training).is_empty() && set.synthesised(Split::Validation).is_none());
    let training: HashSet<_> = set.shapes(Split::Training).iter().map(|s| s.rotation.to_bits()).collect();
    let shared =
        |split| set.shapes(split).iter().filter(|s| training.contains(&s.rotation.to_bits())).count();
    // Rotations have 24 bits: a few of 5,000 may meet one of 50,000.
    assert!(shared(Split::Validation) < 10 && shared(Split::Test) < 100);
}

#[test]
fn images_of_rows_are_those_of_their_shapes() {
    let set = set(OodSettings::default());
    let images = set.images(Split::Validation, &[7, 0]).unwrap();
    let shapes = set.shapes(Split::Validation);
    assert!(images == render_all(&[shapes[7], shapes[0]]));
}

#[test]
fn a_hole_holds_the_items_in_one_bin_of_each_attribute() {
    for (seed, attributes) in [(0, 6), (1, 4), (2, 1)] {
        let set = set(hole(seed, attributes));
        let synthesised = &set.synthesised(Split::Validation).unwrap().shapes;
        assert_eq!(synthesised.len(), SYNTHESISED);
        let first = bins(&synthesised[0]);
        let kept: Vec<usize> =
            (0..6).filter(|at| synthesised.iter().all(|shape| bins(shape)[*at] == first[*at])).collect();
        assert_eq!(kept.len(), attributes);
        let is_in_hole = |shape: &Shape| kept.iter().all(|at| bins(shape)[*at] == first[*at]);
        for split in Split::ALL {
            let (shapes, outside) = (set.shapes(split), set.outside(split));
            let expected = (0..shapes.len() as i64).filter(|row| is_in_hole(&shapes[*row as usize]));
            assert_eq!(outside, expected.collect::<Vec<_>>());
            let rest: HashSet<_> = set.inside(split).into_iter().chain(outside).collect();
            assert_eq!(rest.len(), shapes.len());
        }
    }
}

/// The probabilities of bins: class 1/3, hue 60 or 61 of 181, size 2 or 3 of 8, others 1/3.
#[test]
fn a_hole_of_all_attributes_holds_about_1_in_900() {
    let natural = |seed| set(OodSettings { synthesise: false, ..hole(seed, 6) });
    let outside: usize = (0..20).map(|seed| natural(seed).outside(Split::Training).len()).sum();
    let [low, high] = [60.0 * 2.0, 61.0 * 3.0].map(|bins: f64| 1e6 * bins / (181.0 * 8.0) / 81.0);
    let found = outside as f64;
    assert!(low - 5.0 * low.sqrt() < found && found < high + 5.0 * high.sqrt(), "{low} {found} {high}");
}

#[test]
fn synthesised_items_depend_on_the_seed_and_the_split_and_can_be_left_out() {
    let set = set(hole(0, 6));
    let [validation, test] = [Split::Validation, Split::Test].map(|s| set.synthesised(s).unwrap());
    assert_ne!(validation.shapes[0], test.shapes[0]);
    assert_eq!(validation.unpaired.dim(), (SYNTHESISED, 1));
    assert!(set.synthesised(Split::Training).is_none());
    let natural = self::set(OodSettings { synthesise: false, ..hole(0, 2) });
    assert!(natural.synthesised(Split::Test).is_none() && natural.has_rule());
    assert!(!natural.outside(Split::Test).is_empty());
}

/// All rules of two bins, by the bins of the specification: the rule of a seed is one of them.
#[test]
fn bands_hold_the_items_in_a_bin_of_one_of_two_attributes() {
    let groups: [&[usize]; 5] = [&[0], &[1], &[2], &[3], &[4, 5]];
    let boxes: Vec<(usize, Vec<(usize, usize)>)> = (0..groups.len())
        .flat_map(|group| (0..9).map(move |bins| (group, bins)))
        .filter(|(group, bins)| *group == 4 || *bins < 3)
        .map(|(group, bins)| (group, groups[group].iter().copied().zip([bins % 3, bins / 3]).collect()))
        .collect();
    let mut pairs = HashSet::new();
    for seed in 0..30 {
        let set = set(OodSettings { rule: Some(OodRule::Bands), seed, ..Default::default() });
        let outside: HashSet<i64> = set.outside(Split::Validation).into_iter().collect();
        let shapes = set.shapes(Split::Validation);
        let is_in = |shape: &Shape, (_, bounds): &(usize, Vec<(usize, usize)>)| {
            bounds.iter().all(|(attribute, bin)| bins(shape)[*attribute] == *bin)
        };
        let explains = |a, b| {
            (0..)
                .zip(shapes)
                .all(|(row, shape)| outside.contains(&row) == (is_in(shape, a) || is_in(shape, b)))
        };
        let ordered = boxes.iter().flat_map(|a| boxes.iter().map(move |b| (a, b)));
        let found: Vec<_> = ordered.filter(|(a, b)| a.0 < b.0 && explains(a, b)).collect();
        assert_eq!(found.len(), 1, "{seed}");
        pairs.insert((found[0].0.0, found[0].1.0));
        assert!(set.synthesised(Split::Validation).is_none());
    }
    assert!(pairs.len() >= 8, "{pairs:?}");
}

/// Sizes 7 and 8 leave the middle third of the range empty.
#[test]
fn a_hole_without_items_is_refused() {
    let settings = ShapesSettings { max_scale: 8, n_train_examples: 10, ..Default::default() };
    let sets: Vec<_> = (0..5).map(|seed| ShapeSet::new(&settings, &hole(seed, 6), 1)).collect();
    let errors: Vec<_> = sets.into_iter().filter_map(Result::err).collect();
    assert!(!errors.is_empty() && errors.len() < 5);
    assert!(errors[0].is::<UserError>() && errors[0].to_string().contains("choose another ood.seed"));
}
