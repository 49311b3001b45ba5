//! The networks of the settings: each can be built and trained in both precisions, and has the size
//! that docs/networks.md states.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use umwelt::datasets::IMAGE_SIZE;
use umwelt::nn::{Arch, Backbone, BackboneShape, Parameters, Precision, Predictor, PredictorShape};
use umwelt::optim::{Lars, Optimiser, Rates};
use umwelt::schema::RunSettings;
use umwelt::worlds::dots::ModelType;
use umwelt::worlds::dots::data::Trajectories;
use umwelt::worlds::dots::models::{self, LossOutput, Vicreg, WorldModel};
use umwelt::{native, settings};

use crate::common::dots;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `[frames, batch, channels, 28, 28]` of noise, with actions.
fn batch(frames: i64, batch: i64, channels: i64) -> Trajectories {
    Trajectories {
        index: 0,
        states: native::normals(&[frames, batch, channels, 28, 28], Device::Cpu, 8),
        actions: native::normals(&[frames - 1, batch, 2], Device::Cpu, 9),
        locations: Tensor::zeros([frames, batch, 1, 2], (Kind::Float, Device::Cpu)),
    }
}

fn vicreg(values: &Value, precision: Precision) -> Vicreg {
    let settings = serde_json::from_value(values.clone()).unwrap();
    Vicreg::new(Parameters::new(Device::Cpu, 0), &settings, precision).unwrap()
}

/// The different networks of the published settings, by the settings that define them, with the
/// expected number of features of an encoding.
fn published() -> BTreeMap<String, (RunSettings, i64)> {
    let files = std::fs::read_dir(root().join("reproduce_configs")).unwrap();
    let load = |path| settings::load::<RunSettings>(&[path], &[]).unwrap().settings;
    let networks = files.filter_map(|file| {
        let settings = load(file.unwrap().path());
        let world = dots(&settings);
        let model = match world.model_type {
            ModelType::VICReg => serde_json::to_value(&world.vicreg),
            ModelType::SimCLR => serde_json::to_value(&world.simclr),
            _ => return None,
        };
        let model = model.unwrap();
        let parts = ["arch", "backbone_mlp", "backbone_width_factor", "embedding_size", "channels"]
            .into_iter()
            .chain(["predictor", "rnn_layers", "projector"]);
        let key = parts.map(|part| model[part].to_string()).collect::<Vec<_>>().join(" ");
        let last =
            model["backbone_mlp"].as_str().map(|sizes| sizes.rsplit('-').next().unwrap().parse().unwrap());
        Some((key, (settings, last.unwrap_or(model["embedding_size"].as_i64().unwrap()))))
    });
    networks.collect()
}

#[test]
fn every_published_network_can_be_built_and_sees_and_imagines() {
    let networks = published();
    assert_eq!(networks.len(), 13, "published networks differ from each other in 13 ways");
    for (name, (settings, features)) in networks {
        let world = dots(&settings);
        let channels = world.vicreg.channels.max(world.simclr.channels) as i64;
        let model = models::build(world, &settings.run, Device::Cpu)
            .unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let LossOutput { report, activations } = model.loss(&batch(3, 2, channels));
        assert_eq!(activations.encodings.size(), [3, 2, features], "{name}");
        assert_eq!(activations.predictions.size(), [2, 2, features], "{name}");
        assert!(report.total.double_value(&[]).is_finite(), "{name}");
    }
}

/// The losses of two steps of LARS on one batch.
fn two_losses(model: &Vicreg, batch: &Trajectories) -> [f64; 2] {
    let mut lars = Lars::new(model.parameters().trainable());
    [0, 1].map(|_| {
        let tensors: Vec<Tensor> = model.parameters().trainable().into_iter().map(|(_, t)| t).collect();
        native::clear_gradients(&tensors);
        let loss = model.loss(batch).report.total;
        loss.backward();
        lars.step(Rates::constant(0.2));
        loss.double_value(&[])
    })
}

/// The losses of two steps in bfloat16 differ from those in float32 by no more than rounding
/// explains.
///
/// The relative change of the second loss by rounding depends on the network: batches of 8 and
/// batch normalisation make gradients that nearly cancel, so small changes of their terms are large
/// changes of their sum. The table has the standard deviation of `bf16 / fp32 - 1` over 16 seeds.
/// For the table, every convolution was emulated: computed in float64 from rounded numbers, its
/// result rounded once. (oneDNN's convolutions differ from the emulation only in ties, and have the
/// same spread: 1.2 % and 1.8 % for `id`, with and without bfloat16 instructions.) For the first
/// loss, the deviation is at most 0.14 % in all networks. On each kind of processor, a run of this
/// test is one draw from such a spread; one draw in a million is outside 5 deviations.
#[test]
fn every_network_trains_in_bfloat16_as_in_float32() {
    let networks = [
        ("menet5", "rnn", 1, 0.0006),
        ("lenet5", "32-32", 1, 0.0024),
        ("mlp", "id", 1, 0.0003),
        ("canonical", "rnn_burnin", 3i64, 0.0040),
        ("pixel", "rnn", 1, 0.0009),
        ("resnet18", "rnn_burnin", 1, 0.0025),
        ("resnet18ID", "rnn", 1, 0.0015),
        ("id", "conv", 1, 0.0133),
    ];
    for (arch, predictor, burn_in, second) in networks {
        let values = json!({
            "arch": arch, "predictor": predictor, "rnn_burnin": burn_in, "projector": "32-32", "embedding_size": 64,
            "action_coeff": 1.0,
        });
        let batch = batch(2 + burn_in, 8, 1);
        let losses = [Precision::Fp32, Precision::Bf16].map(|p| two_losses(&vicreg(&values, p), &batch));
        let [wide, narrow] = losses;
        for ((wide, narrow), deviation) in wide.iter().zip(narrow).zip([0.0014, second]) {
            assert!((narrow / wide - 1.0).abs() < 5.0 * deviation, "{arch} and {predictor}: {losses:?}");
        }
        assert_ne!(wide[0], wide[1], "{arch} and {predictor}");
    }
}

#[test]
fn a_random_projector_stays_as_it_was_drawn_while_the_rest_learns() {
    let values = json!({
        "arch": "menet5", "predictor": "rnn", "projector": "24-24", "embedding_size": 16, "action_coeff": 1.0,
        "random_projector": true,
    });
    let model = vicreg(&values, Precision::Fp32);
    let weights = || -> HashMap<String, Tensor> {
        let named = model.parameters().named().into_iter();
        named
            .filter(|(name, _)| !name.contains("running"))
            .map(|(name, t)| (name, t.detach().copy()))
            .collect()
    };
    let before = weights();
    two_losses(&model, &batch(3, 8, 1));
    let after = weights();
    assert!(before.keys().any(|name| name.starts_with("projector.")));
    for (name, value) in before {
        assert_eq!(after[&name] == value, name.starts_with("projector."), "{name}");
    }
}

#[test]
fn a_run_with_burn_in_scores_as_many_frames_as_one_without() {
    let at = tempfile::tempdir().unwrap();
    let values = ["vicreg.predictor=rnn_burnin", "vicreg.rnn_burnin=3", "vicreg.epochs=1", "output_path=run"];
    crate::common::succeeds(crate::common::train(at.path(), &values));
    let text = std::fs::read_to_string(at.path().join("run/evaluation.json")).unwrap();
    let evaluation: Value = serde_json::from_str(&text).unwrap();
    let evaluation = evaluation.as_array().map_or(&evaluation, |all| all.last().unwrap());
    assert_eq!(evaluation["prediction"]["per_step_px"].as_array().unwrap().len(), 5, "{text}");
    assert_eq!(evaluation["baseline_scores"][0]["score"]["per_step_px"].as_array().unwrap().len(), 5);
}

fn backbone(arch: Arch, width: i64, embedding_size: i64, mlp: Option<&str>) -> (i64, usize) {
    let parameters = Parameters::new(Device::Cpu, 0);
    let shape = BackboneShape { arch, channels: 1, side: IMAGE_SIZE as i64, width, embedding_size, mlp };
    let backbone = Backbone::new(&parameters.root(), &shape).unwrap();
    (backbone.embedding(), parameters.count())
}

fn predictor(arch: &str, embedding: i64, rnn_layers: i64) -> (i64, usize) {
    let parameters = Parameters::new(Device::Cpu, 0);
    let shape = PredictorShape { arch, embedding, action_size: 2, side: IMAGE_SIZE as i64, rnn_layers };
    Predictor::new(&parameters.root(), &shape).unwrap();
    (embedding, parameters.count())
}

fn with_thousands(count: usize) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap());
    groups.collect::<Vec<_>>().join(",")
}

#[test]
fn the_table_of_networks_states_the_sizes_that_are_built() {
    let rows = [
        ("`menet5`", backbone(Arch::Menet5, 1, 64, None)),
        ("`menet5`, width 2", backbone(Arch::Menet5, 2, 512, None)),
        ("`menet5`, width 10", backbone(Arch::Menet5, 10, 512, None)),
        ("`lenet5`", backbone(Arch::Lenet5, 1, 64, None)),
        ("`mlp`", backbone(Arch::Mlp, 1, 512, None)),
        ("`id`", backbone(Arch::Id, 1, 64, None)),
        ("`pixel`", backbone(Arch::Pixel, 1, 64, None)),
        ("`canonical`", backbone(Arch::Canonical, 1, 64, None)),
        ("`resnet18`", backbone(Arch::Resnet18, 1, 64, None)),
        ("`resnet18ID`", backbone(Arch::Resnet18Id, 1, 64, None)),
        ("`menet5`, width 2, `backbone_mlp: 512-256`", backbone(Arch::Menet5, 2, 512, Some("512-256"))),
        ("`rnn`", predictor("rnn", 512, 1)),
        ("`rnn`, `rnn_layers: 2`", predictor("rnn", 512, 2)),
        ("`rnn_burnin`", predictor("rnn_burnin", 512, 1)),
        ("`515-512-512`", predictor("515-512-512", 512, 1)),
        ("`conv`", predictor("conv", 784, 1)),
        ("`id` (predictor)", predictor("id", 512, 1)),
    ];
    let page = std::fs::read_to_string(Path::new(&root()).join("docs/networks.md")).unwrap();
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let stated = |name: &str, end: &str| {
        lines.iter().any(|line| line.starts_with(&format!("| {name} |")) && line.ends_with(end))
    };
    let ends = rows.map(|(name, (d, count))| (name, format!("| {d} | {} |", with_thousands(count))));
    let missing: Vec<_> = ends.iter().filter(|(name, end)| !stated(name, end)).collect();
    assert!(missing.is_empty(), "docs/networks.md should say {missing:#?}");
    assert_eq!(lines.len(), rows.len());
}
