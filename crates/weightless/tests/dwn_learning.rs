//! What trained tables learn and take back.

mod pictures;

use pictures::pictures;
use umwelt_weightless::bits::{Encoder, EncodingSettings};
use umwelt_weightless::dwn::{Dwn, DwnSettings, Reduction, Wiring};
use umwelt_weightless::{Course, Digit, PIXELS, Samples};

fn encoder() -> Encoder {
    Encoder::fit(EncodingSettings::default(), &[], PIXELS).unwrap()
}

fn new(settings: DwnSettings, images: &[Digit]) -> Dwn {
    Dwn::random(&settings, &encoder(), images, 10, 3).unwrap()
}

fn small() -> DwnSettings {
    DwnSettings { tables: vec![60], learn_steps: 5, replay: 30, ..Default::default() }
}

/// Trains on all samples and returns the mean losses of the slices.
fn train(dwn: &mut Dwn, samples: &Samples, slice: u64, threads: usize) -> Vec<f64> {
    let mut course = Course::new(samples.len(), dwn.units(samples.len()), 0);
    let mut losses = vec![];
    while !course.is_done() {
        losses.push(dwn.advance(&encoder(), samples, &mut course, slice, threads));
    }
    losses
}

fn right(dwn: &Dwn, samples: &Samples) -> usize {
    samples.iter().filter(|(image, label)| dwn.answer(&encoder(), image).is(*label)).count()
}

#[test]
fn tables_learn_bars_with_every_mapping_and_reduction() {
    let (images, labels) = pictures(200, 1);
    let (other, other_labels) = pictures(200, 2);
    let samples = Samples::new(images.as_flattened(), &labels).unwrap();
    let tests = Samples::new(other.as_flattened(), &other_labels).unwrap();
    for (mapping, reduction, tables, least) in [
        (Wiring::Learnable, Reduction::Popcount, vec![100], 90),
        (Wiring::Random, Reduction::Popcount, vec![100], 45),
        (Wiring::Arange, Reduction::Popcount, vec![300, 100], 45),
        (Wiring::Learnable, Reduction::Learnable, vec![360], 45),
    ] {
        // One output a class needs steep logits.
        let tau = if reduction == Reduction::Popcount { 3.33 } else { 0.4 };
        let settings = DwnSettings { mapping, reduction, tables, tau, ..Default::default() };
        let mut dwn = new(settings, &images);
        let layers = dwn.model().layers.len();
        assert!(reduction == Reduction::Popcount || (layers, dwn.model().layers[2].tables()) == (3, 10));
        let losses = train(&mut dwn, &samples, 100, 1);
        assert!(losses[3] < 0.9 * losses[0], "{mapping:?} {reduction:?} {losses:?}");
        let right = right(&dwn, &tests);
        assert!(right > least, "{mapping:?} {reduction:?}: {right} of 200");
    }
}

#[test]
fn a_training_in_slices_on_any_threads_ends_with_the_same_bits() {
    let (images, labels) = pictures(100, 3);
    let samples = Samples::new(images.as_flattened(), &labels).unwrap();
    let trained = |slice, threads| {
        let mut dwn = new(small(), &images);
        train(&mut dwn, &samples, slice, threads);
        dwn.model().clone()
    };
    let whole = trained(u64::MAX, 1);
    assert_eq!(trained(37, 2), whole);
    assert!(whole.layers[0].luts.iter().all(|entry| entry.abs() <= 1.0) && whole.scores.is_none());
}

#[test]
fn a_lesson_is_learnt_and_undone_exactly() {
    let (images, labels) = pictures(100, 4);
    let samples = Samples::new(images.as_flattened(), &labels).unwrap();
    let mut dwn = new(DwnSettings { learn_steps: 100, tables: vec![200], ..small() }, &images);
    train(&mut dwn, &samples, u64::MAX, 1);
    let before = (dwn.model().clone(), dwn.reservoir().clone());
    let odd = pictures(4, 9).0;
    for (at, image) in odd.iter().enumerate() {
        let label = 9 - at;
        let lead = |dwn: &Dwn| {
            let scores = dwn.answer(&encoder(), image).scores;
            let others = (0..10).filter(|class| *class != label).map(|class| scores[class]);
            scores[label] - others.fold(f32::NEG_INFINITY, f32::max)
        };
        let before = lead(&dwn);
        dwn.learn(&encoder(), image, label as u8);
        assert!(lead(&dwn) > before + 0.25, "{before} {}", lead(&dwn));
    }
    assert_eq!(dwn.model().layers[0].mapping, before.0.layers[0].mapping);
    (0..4).rev().for_each(|at| assert_eq!(dwn.undo(), Some((odd[at], 9 - at as u8))));
    assert_eq!(dwn.undo(), None);
    assert_eq!((dwn.model().clone(), dwn.reservoir().clone()), before);
}
