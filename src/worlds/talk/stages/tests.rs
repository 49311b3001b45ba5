//! Steps in parts, with blocks that are computed again, and by few parameters.

use std::ops::Range;
use std::path::Path;

use tch::{Device, Tensor};
use umwelt_base::stop::Stop;
use umwelt_language::Marker;
use umwelt_messages::{Collection, Row};

use super::actor::ActorTask;
use super::actor::reader::Reader;
use super::compress::teaching::Teaching;
use super::learning::Learning;
use super::messages::Sample;
use super::parts::parts;
use super::receiver::ADAPTER;
use crate::native::{clear_gradients, normals};
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::runs::{Console, Input, Inputs, Opened, RunFolder, best_checkpoint_path};
use crate::schema::RunSettings;
use crate::training::{Job, RunKeys, Session, load_model_tensors};
use crate::worlds::talk::models::{adapter, initial, joined, save};
use crate::worlds::talk::settings::{
    COLLECTED, MixtureMode, NumberFormat, RECEIVER, STUDENT, Size, Switch, TRAINED, TalkSettings,
    TeacherMessage, Trained,
};
use crate::worlds::talk::tasks::{Split, Task, tokenizer};

const SAMPLES: usize = 7;

fn settings() -> TalkSettings {
    let mut talk = TalkSettings::default();
    talk.lm.size = Size::Smoke;
    talk.actor.batch_size = SAMPLES;
    talk.actor.eval_ratio = 0.1;
    talk.compress.batch_size = SAMPLES;
    talk.compress.k = vec![3];
    talk
}

/// A model that stands for sender, receiver and student, and messages of several lengths.
fn inputs(folder: &Path, talk: &TalkSettings) -> Inputs {
    let task = Task::new(talk, 1).unwrap();
    let model = initial(&talk.lm, tokenizer(task.words()).unwrap(), 1, Device::Cpu).unwrap();
    model.save(&folder.join("model")).unwrap();
    let (parameters, _) = adapter(&talk.adapter, &[64], &model.decoder, 1).unwrap();
    save(&parameters, &folder.join("model").join(ADAPTER)).unwrap();
    let row = |number: u64| {
        let problem = task.problem(Split::Training, number, 5).unwrap();
        let rows = 2 + number as usize % 5;
        let hidden = normals(&[rows as i64 * 64], Device::Cpu, number);
        Row {
            task_id: problem.id,
            plan: problem.plan,
            hidden_state: Vec::try_from(hidden).unwrap(),
            width: 64,
            ..Row::default()
        }
    };
    let messages = folder.join("messages");
    let mut collection = Collection::open(&messages, umwelt_messages::Dtype::F32, vec![]).unwrap();
    collection.add(&(0..SAMPLES as u64 + 1).map(row).collect::<Vec<_>>()).unwrap();
    let input = |key: &str, file: &Path| Input::read(key, file, &[]).unwrap();
    let model = folder.join("model/model.safetensors");
    let mut inputs: Vec<Input> = [RECEIVER, STUDENT, TRAINED].map(|key| input(key, &model)).to_vec();
    inputs.push(input(COLLECTED, &messages.join("manifest.json")));
    Inputs::new(inputs)
}

/// The values and the gradients of a step whose loss is the sum of `reports`.
fn taken(
    parameters: &Parameters,
    reports: impl Iterator<Item = LossReport>,
) -> (Tensor, Vec<(String, Tensor)>) {
    let trained = parameters.trainable();
    clear_gradients(&trained.iter().map(|(_, tensor)| tensor.shallow_clone()).collect::<Vec<_>>());
    let sum = reports
        .map(|report| {
            report.total.backward();
            report.detached()
        })
        .reduce(|sum, report| sum.plus(&report))
        .unwrap();
    (sum.values(), trained.into_iter().map(|(name, tensor)| (name, tensor.grad().copy())).collect())
}

type Taken = (Tensor, Vec<(String, Tensor)>);

fn same(ours: &Taken, expected: &Taken, most: f64) {
    let gap = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]);
    assert!(gap(&ours.0, &expected.0) < most, "{} and {}", ours.0, expected.0);
    assert_eq!(ours.1.len(), expected.1.len());
    for ((name, ours), (_, expected)) in ours.1.iter().zip(&expected.1) {
        assert_eq!(ours.defined(), expected.defined(), "{name}");
        if expected.defined() {
            let largest = expected.abs().max().double_value(&[]);
            assert!(
                gap(ours, expected) <= most * largest + 1e-7,
                "{name}: {} of {largest}",
                gap(ours, expected)
            );
        }
    }
}

fn samples(
    collected: &super::messages::Collected,
    renderer: &crate::worlds::talk::text::Renderer,
) -> Vec<Sample> {
    collected.samples(collected.training.iter(), renderer).unwrap()
}

/// A step of the receiver in so many parts.
fn read(talk: &TalkSettings, inputs: &Inputs, count: usize) -> Taken {
    let reader = Reader::new(talk, 1, Device::Cpu, inputs).unwrap();
    let parameters = reader.parameters();
    let batch = reader.batch(samples(&reader.collected, &reader.renderer), 5).unwrap();
    let prepared = reader.prepared(&batch, parts(SAMPLES, count)).unwrap();
    let reports = prepared.parts.iter().map(|part| reader.report(&batch, part, &prepared.weighting).unwrap());
    taken(&parameters, reports)
}

fn taught(talk: &TalkSettings, inputs: &Inputs, count: usize) -> Taken {
    let teaching = Teaching::new(talk, 1, Device::Cpu, inputs).unwrap();
    let student = &teaching.student;
    let parameters = joined(&[("student", student.decoder().parameters()), ("own", student.parameters())]);
    let samples = samples(&teaching.collected, &teaching.trained.renderer);
    let lesson = teaching.lesson(samples, 5).unwrap();
    let report = |part: Range<usize>| teaching.report(&lesson, part).unwrap();
    taken(&parameters, parts(SAMPLES, count).into_iter().map(report))
}

#[test]
fn a_step_of_the_receiver_in_parts_is_the_whole_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = settings();
    let inputs = inputs(folder.path(), &talk);
    for switch in [Switch::Fixed, Switch::Repo, Switch::Paper] {
        talk.actor.switch = switch;
        let whole = read(&talk, &inputs, 1);
        assert!(whole.1.iter().all(|(name, gradient)| gradient.defined() || name.contains("none")));
        for count in [2, 3, SAMPLES] {
            same(&read(&talk, &inputs, count), &whole, 2e-4);
        }
    }
    talk.actor.weights = Some(vec![0.5, 0.25]);
    same(&read(&talk, &inputs, 3), &read(&talk, &inputs, 1), 2e-4);
    talk.actor.mixture = MixtureMode::Scatter;
    same(&read(&talk, &inputs, 3), &read(&talk, &inputs, 1), 2e-4);
}

#[test]
fn a_receiver_may_train_with_the_places_of_markers() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = settings();
    let inputs = inputs(folder.path(), &talk);
    let dropped = read(&talk, &inputs, 1);
    talk.text.marker = Marker::Keep;
    let kept = read(&talk, &inputs, 1);
    assert!((&kept.0 - &dropped.0).abs().max().double_value(&[]) > 1e-4, "{} {}", kept.0, dropped.0);
    same(&read(&talk, &inputs, 3), &kept, 2e-4);
}

/// Where plan and wrong message weigh nothing, the passes over them change nothing.
#[test]
fn a_step_by_cross_entropy_alone_is_one_in_which_the_other_terms_weigh_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = settings();
    let inputs = inputs(folder.path(), &talk);
    talk.actor.weights = Some(vec![0.0, 0.0]);
    let (weighted, expected) = read(&talk, &inputs, 1);
    let reader = Reader::new(&talk, 1, Device::Cpu, &inputs).unwrap();
    let batch = reader.batch(samples(&reader.collected, &reader.renderer), 5).unwrap();
    let reports = parts(SAMPLES, 2).into_iter().map(|part| reader.right_alone(&batch, part).unwrap());
    let (alone, gradients) = taken(&reader.parameters(), reports);
    let loss = |values: &Tensor| values.narrow(0, 0, 1);
    same(&(loss(&alone), gradients), &(loss(&weighted), expected), 2e-4);
}

#[test]
fn a_step_of_the_student_in_parts_is_the_whole_step() {
    let folder = tempfile::tempdir().unwrap();
    let talk = settings();
    let inputs = inputs(folder.path(), &talk);
    let whole = taught(&talk, &inputs, 1);
    for count in [2, 3, SAMPLES] {
        same(&taught(&talk, &inputs, count), &whole, 2e-4);
    }
}

#[test]
fn a_window_leaves_later_positions_out_and_a_short_teacher_reads_fewer_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = settings();
    let inputs = inputs(folder.path(), &talk);
    let weights = |talk: &TalkSettings| -> Vec<Tensor> {
        let teaching = Teaching::new(talk, 1, Device::Cpu, &inputs).unwrap();
        let samples = samples(&teaching.collected, &teaching.trained.renderer);
        teaching.lesson(samples, 5).unwrap().weights
    };
    let sum = |weights: &[Tensor], from: i64| -> f64 {
        let rest = weights.iter().map(|weights| weights.narrow(0, from, weights.size()[0] - from));
        rest.map(|rest| rest.sum(tch::Kind::Double).double_value(&[])).sum()
    };
    let all = weights(&talk);
    assert!(sum(&all, 4) > 0.0);
    talk.compress.window = 4;
    let few = weights(&talk);
    assert!(sum(&few, 0) > 0.0 && sum(&few, 4) == 0.0);
    talk.compress.window = 0;
    talk.compress.k = vec![2];
    let full = taught(&talk, &inputs, 1).0;
    talk.compress.teacher_message = TeacherMessage::KRows;
    let short = taught(&talk, &inputs, 1).0;
    // The cross-entropy is that of the student's message alone.
    let gaps = Vec::<f64>::try_from((full - short).abs().to_kind(tch::Kind::Double)).unwrap();
    assert!(gaps[1] < 1e-6 && gaps[2] > 1e-6 && gaps[3] > 1e-6, "{gaps:?}");
}

#[test]
fn blocks_that_are_computed_again_change_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let talk = settings();
    let inputs = inputs(folder.path(), &talk);
    let again = TalkSettings { checkpointing: true, ..talk.clone() };
    same(&read(&again, &inputs, 1), &read(&talk, &inputs, 1), 1e-6);
    same(&taught(&again, &inputs, 2), &taught(&talk, &inputs, 2), 1e-6);
}

#[test]
fn few_parameters_are_trained_beside_a_frozen_receiver() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = settings();
    let inputs = inputs(folder.path(), &talk);
    talk.dtype = NumberFormat::Bf16;
    talk.checkpointing = true;
    for (train, expected) in
        [(Trained::Adapter, "adapter."), (Trained::Lora, "low_rank."), (Trained::Full, "receiver.")]
    {
        talk.actor.train = train;
        let (values, gradients) = read(&talk, &inputs, 2);
        assert!(
            Vec::<f64>::try_from(values.to_kind(tch::Kind::Double))
                .unwrap()
                .iter()
                .all(|value| value.is_finite())
        );
        // Adapter and trained weights are exact under a rounded receiver.
        assert!(gradients.iter().all(|(_, gradient)| gradient.kind() == tch::Kind::Float), "{train:?}");
        assert!(gradients.iter().any(|(name, _)| name.starts_with(expected)), "{train:?}");
        assert_eq!(gradients.iter().any(|(name, _)| name.starts_with("receiver.")), train == Trained::Full);
    }
}

#[test]
fn a_receiver_with_weights_of_low_rank_is_saved_merged() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = settings();
    let inputs = inputs(folder.path(), &talk);
    talk.actor.train = Trained::Lora;
    talk.actor.lora.rank = 2;
    let reader = Reader::new(&talk, 1, Device::Cpu, &inputs).unwrap();
    let hidden = |decoder: &umwelt_language::DecoderLm| {
        decoder.hidden(&decoder.embed(&Tensor::from_slice(&[5i64, 9, 2]).unsqueeze(0)), None)
    };
    let before = hidden(&reader.receiver.decoder);
    for (name, mut tensor) in reader.parameters().trainable() {
        if name.contains("lora_B") {
            tch::no_grad(|| tensor.copy_(&(normals(&tensor.size(), Device::Cpu, 3) * 0.3)));
        }
    }
    let adapted = hidden(&reader.receiver.decoder);
    reader.save(&folder.path().join("saved")).unwrap();
    let saved =
        umwelt_language::LanguageModel::load(&folder.path().join("saved"), tch::Kind::Float, Device::Cpu);
    let gap = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]);
    let saved = hidden(&saved.unwrap().decoder);
    assert!(gap(&adapted, &before) > 1e-2 && gap(&saved, &adapted) < 1e-5, "{}", gap(&saved, &adapted));
}

#[test]
fn a_training_leaves_the_receiver_with_the_best_score() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = settings();
    // Two steps at a rate at which the receiver gets worse: the best is the one before them.
    talk.actor.steps = 2;
    talk.actor.lr = 1.0;
    talk.actor.clip = 1e6;
    let inputs = inputs(folder.path(), &talk);
    let mut job = Learning::<ActorTask>::new(&talk, &RunKeys::default(), Device::Cpu, &inputs).unwrap();
    let settings =
        crate::settings::load::<RunSettings>(&[], &["model_type=LatentTalk".into()]).unwrap().settings;
    let at = folder.path().join("run");
    let Opened::Unfinished(run) = RunFolder::open(&at, &settings).unwrap() else { panic!("a new folder") };
    let (mut console, stop) = (Console::new(true), Stop::default());
    job.run(&mut Session { run, console: &mut console, stop: &stop }).unwrap();
    let receiver = |path: &Path| load_model_tensors(path).unwrap();
    let [best, last] = [best_checkpoint_path(&at), at.join("checkpoints/step-0000000002.safetensors")]
        .map(|path| receiver(&path)["receiver.model.embed_tokens.weight"].shallow_clone());
    let left = umwelt_language::LanguageModel::load(&at.join("receiver"), tch::Kind::Float, Device::Cpu);
    let left = left.unwrap().decoder.embedding().shallow_clone();
    assert!(left.equal(&best) && !left.equal(&last));
}
