//! Our numbers, compared with numbers recorded from independent PyTorch code (tests/parity, or
//! `$UMWELT_PARITY_DIR`).

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};
use umwelt::datasets::IMAGE_SIZE;
use umwelt::nn::{Backbone, BackboneShape, Mode, Parameters, Precision, Predictor, PredictorShape};
use umwelt::objectives::LossReport;
use umwelt::optim::{Cosine, Cycle, Lars, LrSchedule, Optimiser, Rates, Schedule};
use umwelt::worlds::collaboration::models::{Como, ComoSettings, MessageCondition};
use umwelt::worlds::dots::data::Trajectories;
use umwelt::worlds::dots::evaluation::{Probe, ProbeShape};
use umwelt::worlds::dots::models::{LossOutput, Noise, Rssm, Simclr, Vicreg, WorldModel};

use crate::common::recorded::{Recorded, close, close_to_largest, within};

/// The float32 rounding error of a gradient that cancels to 0 (a bias before a batch
/// normalisation), relative to the loss.
const ROUNDING: f64 = 1e-6;

fn batch(recorded: &Recorded) -> Trajectories {
    let states = recorded.tensors["input.states"].shallow_clone();
    let locations = Tensor::zeros([states.size()[0], states.size()[1], 1, 2], (Kind::Float, Device::Cpu));
    Trajectories { index: 0, states, actions: recorded.tensors["input.actions"].shallow_clone(), locations }
}

fn compare_losses(case: &str, recorded: &Recorded, report: &LossReport) {
    let ours: HashMap<String, f64> = report
        .names()
        .into_iter()
        .map(String::from)
        .zip(Vec::<f64>::try_from(report.values()).unwrap())
        .collect();
    for (name, value) in recorded.case["expect"].as_object().unwrap() {
        let (name, value) = (name.strip_suffix("_loss").unwrap(), value.as_f64().unwrap());
        let ours = match name {
            "total" => ours["loss"],
            name => ours.get(name).copied().unwrap_or(0.0),
        };
        assert!(
            (ours - value).abs() <= 1e-4 * value.abs() + 1e-5,
            "{case}: {name} is {ours}, recorded {value}"
        );
    }
}

fn compare_state(case: &str, recorded: &Recorded, parameters: &Parameters) {
    let rounding = ROUNDING * recorded.case["expect"]["total_loss"].as_f64().unwrap().max(1.0);
    let ours: HashMap<String, Tensor> = parameters.named().into_iter().collect();
    for (name, gradient) in recorded.part("grad") {
        let largest = gradient.abs().max().double_value(&[]);
        within(
            &format!("{case}: gradient of {name}"),
            &ours[&name].grad(),
            &gradient,
            0.0,
            1e-3 * largest + rounding,
        );
    }
    for (name, value) in recorded.part("after") {
        close(&format!("{case}: {name} afterwards"), &ours[&name].detach(), &value);
    }
}

fn vicreg(case: &str) {
    let recorded = Recorded::load(case);
    let model =
        Vicreg::new(Parameters::new(Device::Cpu, 0), &recorded.settings("vicreg"), Precision::Fp32).unwrap();
    model.parameters().assign(&recorded.part("param")).unwrap();
    let LossOutput { report, activations } = model.loss(&batch(&recorded));
    close(&format!("{case}: encodings"), &activations.encodings, &recorded.tensors["expect.encodings"]);
    close(
        &format!("{case}: predictions"),
        &activations.predictions,
        &recorded.tensors["expect.predicted_encodings"],
    );
    compare_losses(case, &recorded, &report);
    report.total.backward();
    compare_state(case, &recorded, model.parameters());
}

fn simclr(case: &str) {
    let recorded = Recorded::load(case);
    let model =
        Simclr::new(Parameters::new(Device::Cpu, 0), &recorded.settings("simclr"), Precision::Fp32).unwrap();
    model.parameters().assign(&recorded.part("param")).unwrap();
    let LossOutput { report, .. } = model.loss(&batch(&recorded));
    compare_losses(case, &recorded, &report);
    report.total.backward();
    compare_state(case, &recorded, model.parameters());
}

#[test]
fn inverse_dynamics() {
    vicreg("jepa_idm");
}

#[test]
fn vicreg_without_a_projector() {
    vicreg("jepa_vicreg_rnn_id");
}

#[test]
fn vicreg_with_a_projector_and_every_term() {
    vicreg("jepa_vicreg_rnn_projector");
}

#[test]
fn vicreg_with_two_recurrent_layers_and_a_backbone_mlp() {
    vicreg("jepa_vicreg_rnn_two_layers_width2");
}

#[test]
fn vicreg_on_lenet5() {
    vicreg("jepa_vicreg_lenet5");
}

#[test]
fn vicreg_on_an_mlp() {
    vicreg("jepa_vicreg_mlp_backbone");
}

#[test]
fn vicreg_that_predicts_no_change() {
    vicreg("jepa_vicreg_id_predictor");
}

#[test]
fn vicreg_that_sees_three_frames_before_it_predicts() {
    vicreg("jepa_vicreg_rnn_burnin");
}

#[test]
fn vicreg_of_three_channels() {
    vicreg("jepa_vicreg_three_channels");
}

#[test]
fn simclr_of_directions() {
    simclr("jepa_simclr_normalized");
}

#[test]
fn simclr_of_vectors() {
    simclr("jepa_simclr_raw");
}

#[test]
fn rssm_in_training_and_its_rollout_in_evaluation() {
    let case = "jepa_rssm_menet5";
    let recorded = Recorded::load(case);
    let model =
        Rssm::new(Parameters::new(Device::Cpu, 0), &recorded.settings("rssm"), Precision::Fp32).unwrap();
    model.parameters().assign(&recorded.part("param")).unwrap();
    // The order of the draws: the first prior, then a prior and a posterior at every step. The last
    // draw is not used.
    let drawn = &recorded.tensors["input.eps"];
    let order = |first: i64, end| Tensor::arange_start_step(first, end, 2, (Kind::Int64, Device::Cpu));
    let (steps, draws) = (recorded.tensors["input.actions"].size()[0], drawn.size()[0]);
    assert_eq!(draws, 1 + 2 * steps);
    let first = Tensor::zeros([1], (Kind::Int64, Device::Cpu));
    let noise = Noise {
        prior: drawn.index_select(0, &Tensor::cat(&[first, order(1, draws)], 0)),
        posterior: drawn.index_select(0, &order(2, draws - 1)),
    };
    let report = model.loss_given(&batch(&recorded), &noise).report;
    compare_losses(case, &recorded, &report);
    report.total.backward();
    compare_state(case, &recorded, model.parameters());
    let seen = model.encode(&recorded.tensors["input.states"].get(0), Mode::Evaluate);
    let noise = &recorded.tensors["input.rollout_eps"];
    let beliefs = model.rollout_given(&seen, &recorded.tensors["input.actions"], noise, Mode::Evaluate);
    close("beliefs", &beliefs, &recorded.tensors["expect.rollout_beliefs"]);
}

fn backbone(case: &str, compare: fn(&str, &Tensor, &Tensor)) {
    let recorded = Recorded::load(case);
    let parameters = Parameters::new(Device::Cpu, 0);
    let size = |key: &str| recorded.case[key].as_i64();
    let shape = BackboneShape {
        arch: serde_json::from_value(recorded.case["arch"].clone()).unwrap(),
        channels: size("channels").unwrap(),
        side: IMAGE_SIZE as i64,
        width: size("backbone_width_factor").unwrap(),
        embedding_size: size("embedding_size").unwrap_or(64),
        mlp: recorded.case["backbone_mlp"].as_str(),
    };
    let backbone = Backbone::new(&parameters.root(), &shape).unwrap();
    assert_eq!(Some(parameters.count() as i64), size("n_parameters"));
    assert_eq!(Some(backbone.embedding()), size("embedding"));
    recorded.fill(&parameters);
    let images = &recorded.tensors["input.images"];
    for (mode, expected) in [(Mode::Train, "expect.train"), (Mode::Evaluate, "expect.eval_after")] {
        compare(expected, &backbone.forward(images, mode), &recorded.tensors[expected]);
    }
}

#[test]
fn menet5_in_training_and_evaluation() {
    backbone("backbone_menet5", close);
}

#[test]
fn canonical_in_training_and_evaluation() {
    backbone("backbone_canonical", close);
}

#[test]
fn pixel_in_training_and_evaluation() {
    backbone("backbone_pixel", close);
}

#[test]
fn resnet18_in_training_and_evaluation() {
    backbone("backbone_resnet18", close_to_largest);
}

fn predictor(recorded: &Recorded) -> Predictor {
    let parameters = Parameters::new(Device::Cpu, 0);
    let shape = PredictorShape {
        arch: recorded.case["predictor"].as_str().unwrap(),
        embedding: recorded.tensors["input.encoding"].size()[1],
        action_size: recorded.tensors["input.actions"].size()[2],
        side: IMAGE_SIZE as i64,
        rnn_layers: 1,
    };
    let predictor = Predictor::new(&parameters.root(), &shape).unwrap();
    recorded.fill(&parameters);
    predictor
}

#[test]
fn residual_predictors() {
    for case in ["predictor_mlp_32", "predictor_mlp_64_48"] {
        let recorded = Recorded::load(case);
        let (start, actions) = (&recorded.tensors["input.encoding"], &recorded.tensors["input.actions"]);
        let rollout = predictor(&recorded).forward(&start.unsqueeze(0), actions, Mode::Train);
        close(case, &rollout, &recorded.tensors["expect.rollout"]);
    }
}

#[test]
fn a_convolutional_predictor_step_by_step() {
    let recorded = Recorded::load("predictor_conv");
    let (predictor, expected) = (predictor(&recorded), &recorded.tensors["expect.rollout"]);
    // Each step starts from the recorded numbers, because rounding errors grow tenfold per step.
    let starts = Tensor::cat(&[recorded.tensors["input.encoding"].unsqueeze(0), expected.shallow_clone()], 0);
    for step in 0..3 {
        let action = recorded.tensors["input.actions"].narrow(0, step, 1);
        let ours = predictor.forward(&starts.narrow(0, step, 1), &action, Mode::Train);
        close_to_largest(&format!("step {step}"), &ours, &expected.narrow(0, step, 1));
    }
}

#[test]
fn linear_probe() {
    let recorded = Recorded::load("prober_linear");
    let shape = ProbeShape { embedding: 24, dots: 3, hidden: "", bias: false };
    let probe = Probe::new(&shape, Device::Cpu, 0).unwrap();
    recorded.fill(&probe.parameters);
    let encodings = recorded.tensors["input.encoding"].unsqueeze(0);
    let positions = probe.forward(&encodings, Mode::Evaluate).squeeze_dim(0);
    close("positions", &positions, &recorded.tensors["expect.locations"]);
}

#[test]
fn one_cycle_rates() {
    let recorded = Recorded::load("gw_onecycle");
    let cycle = Cycle::new(0.005);
    let first = cycle.peak / 25.0;
    for (name, cycle) in
        [("workspace", cycle), ("default", Cycle { first, last: first / 1e4, rise: 0.3, ..cycle })]
    {
        let schedule = Schedule::new(LrSchedule::Cycle(cycle), 1, 1, 200);
        let rates: Vec<Rates> = (0..200).map(|step| schedule.rates(step)).collect();
        for (kind, ours) in [
            ("rate", rates.iter().map(|rates| rates.lr).collect::<Vec<_>>()),
            ("beta1", rates.iter().map(|rates| rates.beta1.unwrap()).collect()),
        ] {
            let name = format!("expect.{kind}.{name}");
            within(&name, &Tensor::from_slice(&ours), &recorded.tensors[&name], 1e-12, 0.0);
        }
    }
}

#[test]
fn lars_steps() {
    let recorded = Recorded::load("jepa_lars");
    let parameter = |i: usize| recorded.tensors[&format!("input.param{i}")].copy().set_requires_grad(true);
    let parameters: Vec<Tensor> = (0..4).map(parameter).collect();
    let named = parameters.iter().enumerate().map(|(i, p)| (i.to_string(), p.shallow_clone())).collect();
    let mut lars = Lars::with_weight_decay(named, recorded.case["lars"]["weight_decay"].as_f64().unwrap());
    for step in 0..4 {
        umwelt::native::clear_gradients(&parameters);
        for (i, parameter) in parameters.iter().enumerate() {
            let gradient = &recorded.tensors[&format!("input.grad{i}.step{step}")];
            (parameter * gradient).sum(Kind::Float).backward();
        }
        lars.step(Rates::constant(0.3 * (step + 1) as f64));
        for (i, parameter) in parameters.iter().enumerate() {
            let name = format!("expect.param{i}.step{step}");
            close(&name, &parameter.detach(), &recorded.tensors[&name]);
        }
    }
}

#[test]
fn warm_up_and_annealing() {
    let recorded = Recorded::load("jepa_lars");
    let number = |key: &str| recorded.case["schedule"][key].as_f64().unwrap();
    let [batch_size, epochs, length] =
        ["batch_size", "epochs", "batches_per_epoch"].map(|key| number(key) as usize);
    let schedule = Cosine::new(number("base_lr"), batch_size, epochs, length);
    let steps = Vec::<i64>::try_from(&recorded.tensors["input.schedule_steps"]).unwrap();
    let rates = Vec::<f64>::try_from(&recorded.tensors["expect.schedule_lr"]).unwrap();
    let first = length as i64; // the published code's steps begin with epoch 1
    for (step, rate) in steps.into_iter().zip(rates).filter(|(step, _)| *step >= first) {
        let ours = schedule.lr((step - first) as u64);
        assert!((ours - rate).abs() <= 1e-12 + 1e-9 * rate.abs(), "step {step}: {ours} is not {rate}");
    }
}

#[test]
fn the_published_model_has_its_number_of_parameters() {
    let settings = serde_json::json!({
        "arch": "menet5", "backbone_width_factor": 2, "embedding_size": 512, "predictor": "rnn", "projector": "id",
    });
    let settings = serde_json::from_value(settings).unwrap();
    let model = Vicreg::new(Parameters::new(Device::Cpu, 0), &settings, Precision::Fp32).unwrap();
    assert_eq!(model.parameters().count(), 1_179_394);
}

/// Drawings were recorded in the order of the image halves that they show: with two agents, the
/// second agent's drawing is first. The recorded readers attend to the whole batch. The recording
/// must have a gradient of 0 for parameters that no gradient reaches.
fn como(case: &str) {
    let recorded = Recorded::load(case);
    let settings = ComoSettings { read_whole_batch: true, ..recorded.settings("como") };
    let parameters = Parameters::new(Device::Cpu, 0);
    let model = Como::new(&parameters.root(), &settings, Precision::Fp32);
    parameters.assign(&recorded.part("param")).unwrap();
    let together = |name: &str| {
        let each =
            (0..settings.collab_n_agents).map(|i| recorded.tensors[&format!("{name}{i}")].flatten(1, -1));
        Tensor::stack(&each.collect::<Vec<_>>(), 1)
    };
    let of_agents = |name: &str| together(name).flip([1]);
    let drawn = model.draw(&together("input.half"), MessageCondition::Intact);
    close(&format!("{case}: drawing"), &drawn, &of_agents("expect.prediction"));
    let loss = model.learn(&together("input.half"), &of_agents("input.target"), MessageCondition::Intact);
    close(&format!("{case}: loss"), &loss, &recorded.tensors["expect.loss"]);
    let named = parameters.named().into_iter().map(|(name, tensor)| match tensor.grad() {
        gradient if gradient.defined() => (name, gradient),
        _ => (name, tensor.zeros_like()),
    });
    let ours: HashMap<String, Tensor> = named.collect();
    for (name, gradient) in recorded.part("grad") {
        let largest = gradient.abs().max().double_value(&[]);
        within(&format!("{case}: gradient of {name}"), &ours[&name], &gradient, 0.0, 1e-3 * largest + 1e-9);
    }
}

#[test]
fn agents_that_read_messages_by_attention() {
    como("como_attention");
}

#[test]
fn agents_that_add_messages() {
    como("como_simple");
}

#[test]
fn an_agent_alone() {
    como("como_single_agent");
}
