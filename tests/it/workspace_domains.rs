//! The domains of the workspace, compared with numbers recorded from independent PyTorch code.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor, no_grad};
use umwelt::nn::{Mode, Parameters, Precision};
use umwelt::objectives::LossReport;
use umwelt::worlds::workspace::domains::text::{NO_CLASS, TextBatch, TextEncoder, TextSettings, TextVae};
use umwelt::worlds::workspace::domains::vision::{PixelSpread, VisionSettings, VisionVae};

use super::common::recorded::{Recorded, close, close_to_largest, within};

/// The float32 rounding error of a gradient that cancels to 0, relative to the loss.
const ROUNDING: f64 = 1e-6;

/// The values of a report by name, with the total under `loss`.
fn values(report: &LossReport) -> HashMap<String, f64> {
    let names = report.names().into_iter().map(String::from);
    names.zip(Vec::<f64>::try_from(report.values().to_kind(Kind::Double)).unwrap()).collect()
}

fn close_number(name: &str, ours: f64, recorded: &Recorded, key: &str) {
    let expected = recorded.case["expect"][key].as_f64().unwrap();
    assert!((ours - expected).abs() <= 1e-4 * expected.abs() + 1e-5, "{name}: {ours}, recorded {expected}");
}

fn compare_gradients(case: &str, recorded: &Recorded, parameters: &Parameters) {
    let total = recorded.case["expect"]["total_loss"].as_f64().unwrap();
    let ours: HashMap<String, Tensor> = parameters.named().into_iter().collect();
    let gradients = recorded.part("grad");
    assert!(!gradients.is_empty());
    for (name, gradient) in gradients {
        let allowed = 1e-3 * gradient.abs().max().double_value(&[]) + ROUNDING * total;
        within(&format!("{case}: gradient of {name}"), &ours[&name].grad(), &gradient, 0.0, allowed);
    }
}

/// The recorded parameters, and for all other tensors the model's own.
fn assign(parameters: &Parameters, recorded: &Recorded) {
    let mut tensors: HashMap<String, Tensor> =
        parameters.named().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect();
    let trained: Vec<String> = parameters.trainable().into_iter().map(|(name, _)| name).collect();
    let given = recorded.part("param");
    assert!(trained.iter().all(|name| given.contains_key(name)), "a parameter is not recorded");
    tensors.extend(given);
    parameters.assign(&tensors).unwrap();
}

fn vision(case: &str, spread: PixelSpread) {
    let recorded = Recorded::load(case);
    let settings = VisionSettings { ae_size: 16, spread, ..VisionSettings::default() };
    let vae = VisionVae::new(&settings, 0, Precision::Fp32, Device::Cpu);
    assign(&vae.parameters, &recorded);
    let (images, noise) = (&recorded.tensors["input.images"], &recorded.tensors["input.noise"]);
    let report = vae.loss(images, noise, settings.beta, Mode::Train);
    let found = values(&report);
    for (ours, key) in
        [("loss", "total_loss"), ("reconstruction", "reconstruction_loss"), ("kl", "kl_divergence_loss")]
    {
        close_number(&format!("{case}: {ours}"), found[ours], &recorded, key);
    }
    report.total.backward();
    compare_gradients(case, &recorded, &vae.parameters);
    let ours: HashMap<String, Tensor> = vae.parameters.named().into_iter().collect();
    for (name, value) in recorded.part("after") {
        close(&format!("{case}: {name} afterwards"), &ours[&name], &value);
    }
    no_grad(|| {
        let posterior = vae.encode(&vae.intensities(images), Mode::Evaluate);
        close(&format!("{case}: mean"), &posterior.mean, &recorded.tensors["expect.eval_mean"]);
        let decoded = vae.decode(&posterior.mean, Mode::Evaluate);
        close(&format!("{case}: decoded"), &decoded, &recorded.tensors["expect.eval_decoded"]);
    });
}

#[test]
fn vision_with_a_spread_of_one() {
    vision("gw_vision_vae_beta", PixelSpread::Beta);
}

#[test]
fn vision_with_a_trained_spread() {
    vision("gw_vision_vae_sigma", PixelSpread::Sigma);
}

#[test]
fn vision_with_the_spread_of_the_batch() {
    vision("gw_vision_vae_optimal_sigma", PixelSpread::OptimalSigma);
}

#[test]
fn vision_in_training_mode() {
    let recorded = Recorded::load("gw_vision_vae_beta");
    let settings = VisionSettings { ae_size: 16, ..VisionSettings::default() };
    let vae = VisionVae::new(&settings, 0, Precision::Fp32, Device::Cpu);
    assign(&vae.parameters, &recorded);
    let posterior = vae.encode(&vae.intensities(&recorded.tensors["input.images"]), Mode::Train);
    close_to_largest("mean", &posterior.mean, &recorded.tensors["expect.mean"]);
    close_to_largest("log-variance", &posterior.log_variance, &recorded.tensors["expect.logvar"]);
    let drawn = vae.decode(&posterior.sample(&recorded.tensors["input.noise"]), Mode::Train);
    close("reconstruction", &drawn, &recorded.tensors["expect.reconstruction"]);
}

/// The attributes of a recorded case, which are in pixels and [0, 1], in [-1, 1].
fn normalised(attributes: &Tensor) -> Tensor {
    let scale = Tensor::from_slice(&[1.0f32 / 16.0, 1.0 / 16.0, 1.0 / 16.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
    attributes * scale - 1.0
}

fn text(case: &str) {
    let recorded = Recorded::load(case);
    let config = &recorded.case["config"];
    let number = |key: &str| config[key].as_f64().unwrap();
    let settings = TextSettings {
        encoder: TextEncoder::Features,
        features: Some("recorded/vectors".into()),
        z_size: number("z_size") as usize,
        beta: number("beta"),
        coef_vae_loss: number("coef_vae_loss"),
        coef_attr_loss: number("coef_attr_loss"),
        optimize_vae_with_attr_regression: config["optimize_vae_with_attr_regression"].as_bool().unwrap(),
        ..TextSettings::default()
    };
    let vae = TextVae::new(&settings, number("feature_size") as i64, 0, Device::Cpu);
    assign(&vae.parameters, &recorded);
    let input = |name: &str| recorded.tensors[&format!("input.{name}")].shallow_clone();
    let rows = input("grammar").size()[0];
    let batch = TextBatch {
        sentences: input("features"),
        grammar: input("grammar"),
        phrases: Tensor::full([rows, 7], NO_CLASS, (Kind::Int64, Device::Cpu)),
        class: input("class"),
        attributes: normalised(&input("attributes")),
    };
    let report = vae.loss(&batch, &input("noise"), settings.beta);
    let names = report.names();
    let of = |name: &str| {
        Vec::<f32>::try_from(report.values()).unwrap()[names.iter().position(|found| *found == name).unwrap()]
    };
    let of = |name: &str| f64::from(of(name));
    let rows = rows as f64;
    close_number(case, of("loss"), &recorded, "total_loss");
    close_number(case, of("reconstruction") * rows, &recorded, "reconstruction_loss");
    close_number(case, of("kl") * rows, &recorded, "kl_divergence_loss");
    close_number(case, of("reconstruction") + settings.beta * of("kl"), &recorded, "vae_loss");
    close_number(case, of("class"), &recorded, "loss_attributes_0");
    close_number(case, of("attributes"), &recorded, "loss_attributes_1");
    let heads = of("class") + of("attributes") + of("grammar");
    close_number(case, heads, &recorded, "attribute_grammar_loss");
    report.total.backward();
    compare_gradients(case, &recorded, &vae.parameters);
    no_grad(|| {
        let posterior = vae.encode(&batch.sentences);
        close(&format!("{case}: mean"), &posterior.mean, &recorded.tensors["expect.mean"]);
        close(&format!("{case}: log-variance"), &posterior.log_variance, &recorded.tensors["expect.logvar"]);
        let said = vae.say(&posterior.mean);
        assert_eq!(said.grammar, recorded.tensors["expect.grammar_argmax"]);
        let expected = &recorded.tensors["expect.class_log_probabilities"];
        close(&format!("{case}: class"), &said.attributes.class, expected);
        close(&format!("{case}: attributes"), &said.attributes.rest, &recorded.tensors["expect.attributes"]);
    });
}

#[test]
fn text_with_heads_on_a_detached_mean() {
    text("gw_text_vae");
}

#[test]
fn text_with_an_attribute_head_that_shapes_the_mean() {
    text("gw_text_vae_joint");
}
