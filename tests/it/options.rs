//! The options beyond the paper, each compared with a naive computation on the same activations.

use tch::{Device, Kind, Tensor};
use umwelt::diagnostics::Activations;
use umwelt::nn::{Parameters, Precision};
use umwelt::objectives::cross_correlation::cross_correlation;
use umwelt::objectives::info_nce::info_nce;
use umwelt::objectives::trajectory_contrast::trajectory_contrast;
use umwelt::worlds::dots::data::{Dots, DotsSettings, Trajectories};
use umwelt::worlds::dots::models::{LossOutput, Simclr, SimclrSettings, Vicreg, WorldModel};

const FRAMES: i64 = 5;
const BATCH: i64 = 6;

fn batch(index: u64) -> Trajectories {
    let settings = DotsSettings {
        frames: FRAMES as usize,
        batch_size: BATCH as usize,
        static_noise: 1.0,
        normalize: true,
        ..DotsSettings::default()
    };
    let world = Dots::new(settings).unwrap();
    Trajectories::new(&world.batch("train", index, FRAMES as usize), Device::Cpu).unwrap()
}

fn settings<T: serde::de::DeserializeOwned>(options: serde_json::Value) -> T {
    let mut all = serde_json::json!({
        "arch": "menet5", "embedding_size": 7, "predictor": "rnn", "projector": "id",
        "repr_loss_after_projector": false, "epochs": 2,
    });
    if options["negatives"].is_string() || options["normalize_z"].is_boolean() {
        all.as_object_mut().unwrap().remove("repr_loss_after_projector");
    }
    all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn vicreg(options: serde_json::Value) -> Vicreg {
    Vicreg::new(Parameters::new(Device::Cpu, 3), &settings(options), Precision::Fp32).unwrap()
}

fn simclr(options: serde_json::Value) -> Simclr {
    Simclr::new(Parameters::new(Device::Cpu, 3), &settings(options), Precision::Fp32).unwrap()
}

fn term(output: &LossOutput, name: &str) -> f64 {
    let found = output.report.terms.iter().find(|(term, _)| *term == name);
    found.unwrap_or_else(|| panic!("no term {name}")).1.double_value(&[])
}

/// Variance and covariance terms of rows `[N, D]`, entry by entry in float64.
fn naive_spread(rows: &[Vec<f64>]) -> (f64, f64) {
    let (count, features) = (rows.len() as f64, rows[0].len());
    let mean = |i: usize| rows.iter().map(|row| row[i]).sum::<f64>() / count;
    let means: Vec<f64> = (0..features).map(mean).collect();
    let covariance = |i: usize, j: usize| {
        rows.iter().map(|row| (row[i] - means[i]) * (row[j] - means[j])).sum::<f64>() / (count - 1.0)
    };
    let hinge = |i: usize| (1.0 - (covariance(i, i) + 1e-4).sqrt()).max(0.0);
    let pairs = (0..features).flat_map(|i| (0..features).filter(move |j| i != *j).map(move |j| (i, j)));
    let off_diagonal: f64 = pairs.map(|(i, j)| covariance(i, j).powi(2)).sum();
    ((0..features).map(hinge).sum::<f64>() / features as f64, off_diagonal / features as f64)
}

/// The numbers as `[T][B][D]`.
fn numbers(x: &Tensor) -> Vec<Vec<Vec<f64>>> {
    x.unbind(0).iter().map(|step| Vec::<Vec<f64>>::try_from(step.to_kind(Kind::Double)).unwrap()).collect()
}

fn near(ours: f64, expected: f64) {
    assert!((ours - expected).abs() < 1e-5 * expected.abs().max(0.1), "{ours} {expected}");
}

#[test]
fn centred_trajectories_are_spread_over_all_frames_around_the_mean_of_their_sequence() {
    let output = vicreg(serde_json::json!({ "center_trajectories": true })).loss(&batch(0));
    let encodings = numbers(&output.activations.encodings);
    let mut rows = vec![];
    for frame in &encodings {
        for (b, code) in frame.iter().enumerate() {
            let mean = |i: usize| encodings.iter().map(|frame| frame[b][i]).sum::<f64>() / FRAMES as f64;
            rows.push(code.iter().enumerate().map(|(i, value)| value - mean(i)).collect::<Vec<f64>>());
        }
    }
    let (variance, covariance) = naive_spread(&rows);
    near(term(&output, "std"), variance);
    near(term(&output, "cov"), covariance);
}

#[test]
fn spread_along_time_is_taken_inside_each_sequence() {
    let options = serde_json::json!({ "time_std_coeff": 2.0, "time_cov_coeff": 3.0, "std_coeff": 0.0, "cov_coeff": 0.0, "sim_coeff": 0.0 });
    let output = vicreg(options).loss(&batch(1));
    let encodings = numbers(&output.activations.encodings);
    let sequence = |b: usize| encodings.iter().map(|frame| frame[b].clone()).collect::<Vec<_>>();
    let (mut variance, mut covariance) = (0.0, 0.0);
    for b in 0..BATCH as usize {
        let (std, cov) = naive_spread(&sequence(b));
        (variance, covariance) = (variance + std / BATCH as f64, covariance + cov / BATCH as f64);
    }
    near(term(&output, "time_std"), variance);
    near(term(&output, "time_cov"), covariance);
    near(output.report.total.double_value(&[]), 2.0 * variance + 3.0 * covariance);
}

#[test]
fn the_directions_of_sigreg_are_a_function_of_seed_and_step_and_its_axis_matters() {
    let sigreg = |axis: &str, index: u64| {
        let options = serde_json::json!({ "sigreg_coeff": 1.0, "sigreg_axis": axis, "sigreg_directions": 5 });
        let mut seen = batch(0);
        seen.index = index;
        term(&vicreg(options).loss(&seen), "sigreg")
    };
    assert_eq!(sigreg("batch", 4), sigreg("batch", 4));
    assert_ne!(sigreg("batch", 4), sigreg("batch", 5));
    assert_ne!(sigreg("batch", 4), sigreg("time", 4));
}

#[test]
fn barlow_compares_predictions_with_what_came() {
    let output = vicreg(serde_json::json!({ "barlow_coeff": 1.0 })).loss(&batch(0));
    let activations = &output.activations;
    let came = activations.encodings.narrow(0, 1, FRAMES - 1).flatten(0, 1);
    let expected = cross_correlation(&activations.predictions.flatten(0, 1), &came).double_value(&[]);
    near(term(&output, "barlow"), expected);
}

#[test]
fn the_target_encoder_is_a_moving_average_that_no_gradient_reaches() {
    let options = serde_json::json!({ "ema": 0.75, "projector": "8-4", "repr_loss_after_projector": true, "std_coeff": 0.0, "cov_coeff": 0.0 });
    let model = vicreg(options);
    let value = |name: &str| {
        let named = model.parameters().named();
        named.into_iter().find(|(other, _)| other == name).unwrap().1.detach().copy()
    };
    let names = ["backbone.fc.weight", "projector.model.3.weight"];
    let before = names.map(value);
    for (name, start) in names.iter().zip(&before) {
        assert_eq!(&value(&format!("target.{name}")), start);
    }
    assert!(model.parameters().trainable().iter().all(|(name, _)| !name.starts_with("target.")));
    model.loss(&batch(0)).report.total.backward();
    let target = model.parameters().named().into_iter().find(|(name, _)| name == "target.backbone.fc.weight");
    assert!(!target.unwrap().1.grad().defined());
    for (name, mut tensor) in model.parameters().trainable() {
        if names.contains(&name.as_str()) {
            tch::no_grad(|| tensor.copy_(&(&tensor + 1.0)));
        }
    }
    model.after_step();
    model.after_step();
    for (name, start) in names.iter().zip(&before) {
        let kept = 0.75 * 0.75;
        let expected = start * kept + (start + 1.0) * (1.0 - kept);
        let difference = value(&format!("target.{name}")) - expected;
        assert!(difference.abs().max().double_value(&[]) < 1e-6);
    }
}

#[test]
fn predictions_are_compared_with_the_target_encoder_where_there_is_one() {
    let repr = |ema: f64| {
        let model = vicreg(serde_json::json!({ "ema": ema }));
        for (name, mut tensor) in model.parameters().named() {
            if name == "backbone.fc.weight" {
                let _ = tch::no_grad(|| tensor.fill_(0.0));
            }
        }
        let output = model.loss(&batch(0));
        (term(&output, "repr"), output.activations)
    };
    // An encoder with zero weights gives all images the same encoding. The target's encodings
    // differ.
    let (with_target, activations) = repr(0.9);
    let own = (&activations.predictions - activations.encodings.narrow(0, 1, FRAMES - 1))
        .square()
        .mean(Kind::Double);
    near(repr(0.0).0, own.double_value(&[]));
    assert!(with_target > repr(0.0).0);
}

#[test]
fn negatives_of_the_trajectory_are_the_other_frames_of_the_sequence() {
    let options = |negatives: &str| serde_json::json!({ "negatives": negatives, "loss_temp": 0.5, "normalize_z": true });
    let output = simclr(options("trajectory")).loss(&batch(0));
    let activations = &output.activations;
    let predictions =
        Tensor::cat(&[activations.encodings.narrow(0, 0, 1), activations.predictions.shallow_clone()], 0);
    let expected = trajectory_contrast(&predictions, &activations.encodings, true, 0.5).double_value(&[]);
    near(term(&output, "time_contrast"), expected);
    let batchwise = term(&simclr(options("batch")).loss(&batch(0)), "contrast");
    let both = simclr(options("both")).loss(&batch(0));
    near(both.report.total.double_value(&[]), expected + batchwise);
}

#[test]
fn a_split_code_contrasts_each_part_and_passes_the_constant_one() {
    let options = |constant: f64| {
        let split = serde_json::json!({
            "share": 0.3, "weight": 0.7, "temp": 0.9, "gate": 0.0,
            "constant_share": constant, "constant_weight": 0.4, "constant_temp": 1.2,
            "scale": 0.5, "invariance_weight": 0.6,
        });
        serde_json::json!({"negatives": "split", "loss_temp": 0.5, "normalize_z": true, "split": split})
    };
    // Of seven features two are slow, and two, or none, are constant.
    for (share, constants) in [(0.3, 2), (0.0, 0)] {
        let output = simclr(options(share)).loss(&batch(0));
        let Activations { encodings, predictions, .. } = &output.activations;
        near(encodings.square().mean(Kind::Double).double_value(&[]), 0.25);
        let first_frame = encodings.narrow(0, 0, 1);
        let fast = |x: &Tensor| x.narrow(2, 0, 5 - constants);
        let slow = |x: &Tensor| x.narrow(2, 5 - constants, 2);
        let constant = |x: &Tensor| x.narrow(2, 7 - constants, constants);
        let moved = (slow(predictions) - slow(&first_frame)).abs().max();
        assert!(moved.double_value(&[]) > 0.0);
        let predicted = Tensor::cat(&[fast(&first_frame), fast(predictions)], 0);
        let time = trajectory_contrast(&predicted, &fast(encodings), true, 0.5).double_value(&[]);
        near(term(&output, "time_contrast"), time);
        let later = encodings.narrow(0, 1, predictions.size()[0]);
        let contrast = info_nce(&slow(predictions), &slow(&later), true, 0.9).double_value(&[]);
        near(term(&output, "contrast"), contrast);
        let others = |x: &Tensor| x.narrow(2, 0, 7 - constants);
        let error = (others(predictions) - others(&later)).square().mean(Kind::Double).double_value(&[]);
        near(term(&output, "invariance"), error);
        // Relative to the mean square of encodings, 0.25.
        let mut total = time + 0.7 * contrast + 0.6 * error / 0.25;
        if constants > 0 {
            let moved = (constant(predictions) - constant(&first_frame)).abs().max();
            assert_eq!(moved.double_value(&[]), 0.0);
            let contrast = info_nce(&constant(predictions), &constant(&later), true, 1.2).double_value(&[]);
            near(term(&output, "constant_contrast"), contrast);
            total += 0.4 * contrast;
        }
        near(output.report.total.double_value(&[]), total);
    }
    let refused = |options| settings::<SimclrSettings>(options).check().unwrap_err().0;
    assert_eq!(refused(serde_json::json!({"negatives": "split", "projector": "8-8"})), "projector");
    assert_eq!(refused(serde_json::json!({"negatives": "split", "split": {"share": 1.0}})), "split.share");
}
