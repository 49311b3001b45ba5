//! The training tasks of the domains, on a few items.

use tch::Device;

use super::attributes::{AttrSettings, AttributeTask};
use super::text::{NGRAMS, TextEncoder, TextSettings, TextTask};
use super::vision::{VisionSettings, VisionTask};
use crate::checkpoints::Checkpoint;
use crate::training::{RunKeys, Task};
use crate::worlds::workspace::data::ShapesSettings;
use umwelt_base::stop::Stop;

fn shapes() -> ShapesSettings {
    ShapesSettings { n_train_examples: 40, n_val_examples: 12, n_test_examples: 1, ..Default::default() }
}

const STEPS: u64 = 40;

/// The loss of each of these steps.
fn train<T: Task>(task: &mut T, steps: std::ops::Range<u64>) -> Vec<f64> {
    let batches = task.batches(steps.clone());
    let step = |(step, batch)| task.step(step, batch, false).unwrap().report.total.double_value(&[]);
    steps.zip(batches).map(step).collect()
}

/// Asserts that a task learns, that a restored one goes on with the same bits, and that its
/// evaluation, which changes nothing, has finite scores with baselines.
fn assert_trains<T: Task>(make: impl Fn() -> T) {
    let mut task = make();
    let losses = train(&mut task, 0..STEPS);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert!(mean(&losses[STEPS as usize - 10..]) < mean(&losses[..10]), "{losses:?}");
    let checkpoint = Checkpoint { step: STEPS, tensors: task.state() };
    let evaluated = task.evaluate(1.0, &Stop::default()).unwrap();
    let mut restored = make();
    restored.restore(&checkpoint).unwrap();
    assert_eq!(train(&mut task, STEPS..STEPS + 3), train(&mut restored, STEPS..STEPS + 3));
    for ((name, ours), (_, theirs)) in task.parameters().named().iter().zip(restored.parameters().named()) {
        assert!(*ours == theirs, "{name}");
    }
    assert!(!evaluated.card.baselines.is_empty());
    assert!(evaluated.card.scores.iter().all(|score| score.value.is_finite()), "{:?}", evaluated.card);
}

#[test]
fn vision_trains() {
    let settings = VisionSettings {
        hidden: Some(16),
        channels: 4,
        batch_size: 8,
        steps: STEPS as usize + 3,
        ..Default::default()
    };
    assert_trains(|| VisionTask::new(&shapes(), &settings, &RunKeys::default(), Device::Cpu).unwrap());
    let published = VisionSettings { hidden: None, ae_size: 16, ..settings };
    assert_trains(|| VisionTask::new(&shapes(), &published, &RunKeys::default(), Device::Cpu).unwrap());
}

#[test]
fn text_trains_on_tokens_and_on_vectors() {
    let tokens = TextSettings { batch_size: Some(8), steps: STEPS as usize + 3, ..Default::default() };
    assert_trains(|| TextTask::new(&shapes(), &tokens, &RunKeys::default(), Device::Cpu).unwrap());
    let vectors = TextSettings {
        encoder: TextEncoder::Features,
        features: Some(NGRAMS.into()),
        lr: Some(1e-3),
        ..tokens
    };
    assert_trains(|| TextTask::new(&shapes(), &vectors, &RunKeys::default(), Device::Cpu).unwrap());
}

#[test]
fn attributes_train() {
    let settings = AttrSettings { batch_size: 8, steps: STEPS as usize + 3, ..AttrSettings::default() };
    assert_trains(|| AttributeTask::new(&shapes(), &settings, &RunKeys::default(), Device::Cpu).unwrap());
}

#[test]
fn a_batch_larger_than_the_training_set_is_refused_by_its_key() {
    let run = RunKeys::default();
    let vision = VisionTask::new(&shapes(), &VisionSettings::default(), &run, Device::Cpu);
    let text = TextTask::new(&shapes(), &TextSettings::default(), &run, Device::Cpu);
    let attributes = AttributeTask::new(&shapes(), &AttrSettings::default(), &run, Device::Cpu);
    let errors = [vision.err(), text.err(), attributes.err()].map(|error| error.unwrap().to_string());
    for (error, key) in errors.iter().zip(["vision.batch_size", "text.batch_size", "attr.batch_size"]) {
        assert!(error.starts_with(key) && error.contains("at most 40"), "{error}");
    }
}
