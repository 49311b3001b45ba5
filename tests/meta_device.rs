//! Every model encodes, rolls out and takes a whole training step on a device that has shapes but
//! no numbers (`umwelt::native::meta`). Like a GPU, this device refuses tensors of the CPU, and
//! nothing in a step may wait for a number. The tests leave out bfloat16, because libtorch has no
//! autocast on this device.
#![cfg(target_os = "linux")]

use ndarray::Array3;
use tch::{Device, Kind, Tensor};
use umwelt::diagnostics::diagnose;
use umwelt::native::{clear_gradients, clip_gradients, meta};
use umwelt::nn::{Mode, Parameters, Precision};
use umwelt::objectives::LossReport;
use umwelt::optim::{self, LrSchedule, OptimizerKind, Rates, Recipe};
use umwelt::schema::RunSettings;
use umwelt::settings;
use umwelt::worlds::WorldSettings;
use umwelt::worlds::collaboration::models::{ComoModel, DigitStrips, MessageCondition};
use umwelt::worlds::collaboration::{Augmentation, DigitViews};
use umwelt::worlds::dots::data::Trajectories;
use umwelt::worlds::dots::models;
use umwelt::worlds::workspace::domains::{Activation, Part, PartLoss};
use umwelt::worlds::workspace::models::{Domain, Group, GwSettings, LatentBatch, Workspace};

const BATCH: i64 = 4;
const FRAMES: i64 = 3;

fn load(values: &[&str]) -> RunSettings {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    settings::load(&[], &values).unwrap_or_else(|error| panic!("{values:?}: {error}")).settings
}

/// Takes two steps like the trainer. `loss` computes the gradients. Only the first step may copy
/// tables to the device.
fn train(name: &str, parameters: &Parameters, recipe: &Recipe, loss: &dyn Fn() -> LossReport) {
    let device = meta::device();
    let trained: Vec<Tensor> = parameters.trainable().into_iter().map(|(_, tensor)| tensor).collect();
    let mut optimiser = optim::build(recipe.optimizer, parameters.trainable());
    for step in 0..2 {
        meta::copied();
        clear_gradients(&trained);
        let report = loss();
        clip_gradients(&trained, recipe.clip_norm.unwrap_or(1.0));
        optimiser.step(Rates::constant(0.1));
        assert_eq!(report.values().device(), device, "{name}");
        assert!(trained.iter().any(|tensor| tensor.grad().defined()), "{name}");
        // Directions are drawn on the CPU at each step, like the batch.
        let drawn = name.contains("sigreg");
        assert!(step == 0 || drawn || !meta::copied(), "{name}: a step waits for a copy to the device");
    }
    let state = optimiser.state().into_iter().chain(parameters.named());
    for (tensor_name, tensor) in state {
        assert_eq!(tensor.device(), device, "{name}: {tensor_name}");
    }
    assert_eq!(meta::mixed(), "", "{name}: operations on tensors of two devices");
}

fn check_world_model(values: &[&str]) {
    let (name, device) = (values.join(" "), meta::device());
    let settings = load(values);
    let WorldSettings::Dots(world) = &settings.world else { panic!("{name} is no model of dots") };
    let model = models::build(world, &settings.run, device).unwrap();
    let burn_in = model.burn_in() as i64;
    let channels = world.channels();
    let floats = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, device));
    let frames = burn_in - 1 + FRAMES;
    let batch = Trajectories {
        index: 0,
        states: floats(&[frames, BATCH, channels as i64, 28, 28]),
        actions: floats(&[frames - 1, BATCH, 2]),
        locations: floats(&[frames, BATCH, 1, 2]),
    };
    for mode in [Mode::Train, Mode::Evaluate] {
        let encodings = model.encode(&batch.states.flatten(0, 1), mode).view([frames, BATCH, -1]);
        let seen = encodings.narrow(0, 0, burn_in);
        let predictions = model.rollout(&seen, &batch.actions, 0, mode);
        assert_eq!(predictions.size(), [FRAMES - 1, BATCH, model.embedding()], "{name}");
        assert_eq!(predictions.device(), device, "{name}");
        if let Some(images) = model.imagine(&seen, &batch.actions, 0) {
            assert_eq!(images.device(), device, "{name}");
        }
    }
    train(&name, model.parameters(), &world.recipe(), &|| {
        let explained = model.loss(&batch);
        explained.report.total.backward();
        model.after_step();
        explained.report
    });
    diagnose(&model.loss(&batch).activations);
    assert_eq!(meta::mixed(), "", "{name}: diagnostics of tensors of two devices");
}

#[test]
fn reading_a_number_and_mixing_devices_fail() {
    let (device, ones) = (meta::device(), |device| Tensor::ones([2, 2], (Kind::Float, device)));
    let (there, here) = (ones(device), ones(Device::Cpu));
    assert!(there.f_double_value(&[0, 0]).is_err());
    assert!(there.f_to_device(Device::Cpu).is_err());
    assert!(there.f_nonzero().is_err());
    assert_eq!((meta::mixed().as_str(), meta::copied()), ("", true));
    let _ = there.f_matmul(&here);
    assert!(meta::mixed().contains("aten::mm"));
    let _ = here.to_device(device);
    assert_eq!((meta::mixed().as_str(), meta::copied()), ("", true));
}

#[test]
fn every_network_of_joint_embedding() {
    for values in [
        ["arch=menet5", "predictor=rnn", "decoding_coeff=1"].as_slice(),
        &["arch=menet5", "predictor=32-32", "backbone_mlp=32-16", "backbone_width_factor=2"],
        &["arch=lenet5", "predictor=32-32"],
        &["arch=mlp", "predictor=id"],
        &["arch=canonical", "predictor=rnn_burnin", "rnn_burnin=3"],
        &["arch=pixel", "predictor=rnn", "rnn_layers=2"],
        &["arch=resnet18", "predictor=rnn_burnin"],
        &["arch=resnet18ID", "predictor=rnn"],
        &["arch=id", "predictor=conv"],
    ] {
        for (model, section) in [("VICReg", "vicreg"), ("SimCLR", "simclr")] {
            let own = values.iter().chain(&["projector=32-32", "action_coeff=1"]);
            let own: Vec<String> = own.map(|value| format!("{section}.{value}")).collect();
            let all: Vec<&str> = own.iter().map(String::as_str).collect();
            check_world_model(&[[format!("model_type={model}").as_str()].as_slice(), &all].concat());
        }
    }
}

#[test]
fn every_loss_of_joint_embedding() {
    let vicreg = ["model_type=VICReg", "vicreg.arch=menet5", "vicreg.predictor=rnn"];
    for values in [
        ["vicreg.projector=id", "vicreg.skip_first_step_vc=true"].as_slice(),
        &["vicreg.repr_loss_after_projector=false", "vicreg.random_projector=true"],
        &["vicreg.encoding_std_coeff=1", "vicreg.encoding_cov_coeff=1"],
        &["vicreg.time_std_coeff=1", "vicreg.time_cov_coeff=1"],
        &["vicreg.center_trajectories=true"],
        &["vicreg.action_coeff=1", "vicreg.action_pairs=encodings", "vicreg.sim_coeff=0"],
        &["vicreg.sigreg_coeff=1"],
        &["vicreg.sigreg_coeff=1", "vicreg.sigreg_axis=time"],
        &["vicreg.barlow_coeff=1"],
        &["vicreg.ema=0.9"],
        &["vicreg.optimizer=adamw"],
    ] {
        check_world_model(&[&vicreg, values].concat());
    }
    for negatives in ["simclr.negatives=batch", "simclr.negatives=trajectory", "simclr.negatives=both"] {
        check_world_model(&["model_type=SimCLR", "simclr.normalize_z=true", negatives]);
    }
}

#[test]
fn recurrent_state_space_models() {
    let three_dots = ["dataset_type=Multiple", "rssm.channels=3"];
    for values in
        [["rssm.arch=menet5", "rssm.action_coeff=1"], ["rssm.arch=resnet18", "rssm.min_var=0"], three_dots]
    {
        check_world_model(&[["model_type=RSSM"].as_slice(), &values].concat());
    }
}

#[test]
fn agents_that_talk() {
    for values in [
        ["como.collab_messenger=attention"].as_slice(),
        &["como.collab_messenger=attention", "como.read_whole_batch=true", "como.message_bits=4"],
        &["como.collab_messenger=linear", "como.collab_n_agents=4", "como.drop_message=0.5"],
        &["como.collab_messenger=none"],
        &["como.collab_n_agents=1"],
    ] {
        let (name, device) = (values.join(" "), meta::device());
        let settings = load(&[&["model_type=CoMo"], values].concat());
        let WorldSettings::Collaboration(world) = &settings.world else { panic!("{name}: no agents") };
        let como = &world.como;
        let model = ComoModel::new(como, 0, Precision::Fp32, device);
        let digits = DigitViews::new(Array3::zeros((8, 28, 28)).view(), device).unwrap();
        let agents = como.collab_n_agents;
        let augmentation =
            Augmentation { flip: true, swap_probability: 0.5, drop_message: como.drop_message, agents };
        let strips = como.strips();
        let draw = augmentation.draw(0, 0, vec![1, 5, 2, 7]);
        let batch = DigitStrips::drawn(&digits, &draw, strips, agents as i64);
        train(&name, &model.parameters, &como.recipe(), &|| model.learn(&batch));
        let drawn = model.agents.draw(&batch.seen, MessageCondition::Shuffled);
        assert_eq!((drawn.device(), drawn.size()), (device, batch.targets.size()), "{name}");
        assert_eq!(meta::mixed(), "", "{name}");
    }
}

fn workspace(settings: &GwSettings) -> Workspace {
    let part = |(name, width, activation, loss)| Part { name, width, activation, loss };
    let domain = |(name, parts): (&str, Vec<(&'static str, i64, Activation, PartLoss)>)| Domain {
        name: name.into(),
        parts: parts.into_iter().map(part).collect(),
    };
    let error = PartLoss::SquaredError;
    let class = ("z_cls", 3, Activation::LogSoftmax, PartLoss::NegativeLogLikelihood);
    let domains = [
        ("v", vec![("z_img", 12, Activation::Identity, error)]),
        ("attr", vec![class, ("z_attr", 8, Activation::Tanh, error)]),
        ("t", vec![("z", 24, Activation::Symlog, error)]),
    ];
    Workspace::new(Parameters::new(meta::device(), 0), domains.map(domain).to_vec(), settings)
}

#[test]
fn workspaces() {
    let recipe = Recipe {
        epochs: 1,
        optimizer: OptimizerKind::AdamW { epsilon: 1e-8, weight_decay: 0.0 },
        lr: LrSchedule::Constant { lr: 1e-3, decay_epoch: None },
        clip_norm: None,
    };
    for values in [
        serde_json::json!({}),
        serde_json::json!({"losses": "tr", "dropout": 0.3, "linear": false}),
        serde_json::json!({"contrastive": "vsepp", "remove_sync": [["v", "t"]]}),
        serde_json::json!({"contrastive": "encoding", "learn_logit_scale": true}),
        serde_json::json!({"fusion": true, "selection": "random", "dropout": 0.3}),
        serde_json::json!({"fusion": true, "selection": "single"}),
        serde_json::json!({"fusion": true, "selection": "attention"}),
    ] {
        let (name, device) = (values.to_string(), meta::device());
        let workspace = workspace(&serde_json::from_value(values).unwrap());
        let groups = [(vec![0, 1, 2], 4), (vec![1, 2], 3), (vec![0], 2)];
        let groups = groups.map(|(domains, rows)| Group { domains, rows });
        let rows = [6, 7, 7].into_iter().zip(workspace.domains());
        let latents = rows.map(|(rows, domain)| Tensor::zeros([rows, domain.width()], (Kind::Float, device)));
        let latents: Vec<Tensor> = latents.collect();
        let batch = LatentBatch::new(groups.to_vec(), latents).unwrap();
        train(&name, &workspace.parameters, &recipe, &|| {
            let report = workspace.loss(&batch, 3, 1);
            report.total.backward();
            report
        });
        let state = workspace.state(&[(0, batch.latents(0))]);
        assert!(workspace.predict(&state).iter().all(|predicted| predicted.device() == device), "{name}");
        assert_eq!(workspace.cycle(1, 2, batch.latents(1)).size(), [7, 11], "{name}");
        workspace.validation_losses(&batch);
        assert_eq!(meta::mixed(), "", "{name}");
    }
}
