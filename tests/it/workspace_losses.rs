//! The workspace's states, predictions, losses and gradients, compared with recorded ones.

use std::collections::HashMap;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use umwelt::nn::Parameters;
use umwelt::objectives::{clip, vsepp};
use umwelt::worlds::workspace::domains::{Activation, Part, PartLoss};
use umwelt::worlds::workspace::models::{Domain, Group, GwSettings, LatentBatch, Workspace};

use crate::common::recorded::{Recorded, close, within};

fn part(name: &'static str, width: i64, activation: Activation) -> Part {
    let loss = match activation {
        Activation::LogSoftmax => PartLoss::NegativeLogLikelihood,
        _ => PartLoss::SquaredError,
    };
    Part { name, width, activation, loss }
}

fn domain(name: &str) -> Domain {
    let parts = match name {
        "v" => vec![part("z_img", 12, Activation::Identity)],
        "attr" => {
            vec![part("z_cls", 3, Activation::LogSoftmax), part("z_attr", 8, Activation::Tanh)]
        }
        _ => vec![part("z", 24, Activation::Symlog)],
    };
    Domain { name: name.into(), parts }
}

/// The recorded workspace, with its latents `[N, width]` by domain.
struct Case {
    recorded: Recorded,
    workspace: Workspace,
    latents: Vec<Tensor>,
}

impl Case {
    fn load(name: &str, changes: Value) -> Self {
        let recorded = Recorded::load(name);
        let config = &recorded.case["config"];
        let mut values = json!({"coefs": config["coefficients"]});
        for key in
            ["domains", "z_size", "hidden", "n_layers_encoder", "n_layers_decoder", "n_layers_decoder_head"]
        {
            values[key] = config[key].clone();
        }
        for (key, value) in changes.as_object().unwrap() {
            values[key] = value.clone();
        }
        let settings: GwSettings = serde_json::from_value(values).unwrap();
        let domains: Vec<Domain> = settings.domains.iter().map(|name| domain(name)).collect();
        let workspace = Workspace::new(Parameters::new(Device::Cpu, 0), domains, &settings);
        workspace.parameters.assign(&recorded.part("param")).unwrap();
        let latents = workspace.domains().iter().map(|domain| recorded_latents(&recorded, domain, "input"));
        Self { latents: latents.collect(), workspace, recorded }
    }

    /// The available rows, by the set of domains that have them.
    fn batch(&self) -> LatentBatch {
        let available: Vec<Vec<i64>> =
            (&self.recorded.tensors["input.available"].to_kind(Kind::Int64)).try_into().unwrap();
        let mut rows_of: HashMap<Vec<usize>, Vec<i64>> = HashMap::new();
        for (row, available) in available.iter().enumerate() {
            let domains = (0..available.len()).filter(|d| available[*d] == 1).collect();
            rows_of.entry(domains).or_default().push(row as i64);
        }
        rows_of.remove(&vec![]);
        let mut groups: Vec<(Vec<usize>, Vec<i64>)> = rows_of.into_iter().collect();
        groups.sort();
        let latents = self.latents.iter().enumerate().map(|(domain, latents)| {
            let rows = groups.iter().filter(|(domains, _)| domains.contains(&domain));
            let rows: Vec<i64> = rows.flat_map(|(_, rows)| rows.clone()).collect();
            latents.index_select(0, &Tensor::from_slice(&rows))
        });
        let latents = latents.collect();
        let groups = groups.into_iter().map(|(domains, rows)| Group { domains, rows: rows.len() as i64 });
        LatentBatch::new(groups.collect(), latents).unwrap()
    }

    fn expected(&self, name: &str) -> f64 {
        self.recorded.case["expect"][name].as_f64().unwrap_or_else(|| panic!("{name} is not recorded"))
    }

    fn name(&self, domain: usize) -> &str {
        &self.workspace.domains()[domain].name
    }

    fn compare(&self, what: &str, domain: usize, predicted: &Tensor) {
        let expected = recorded_latents(&self.recorded, &self.workspace.domains()[domain], what);
        close(what, predicted, &expected);
    }
}

fn recorded_latents(recorded: &Recorded, domain: &Domain, prefix: &str) -> Tensor {
    let name = |part: &Part| match prefix {
        "input" => format!("{prefix}.{}.{}", domain.name, part.name),
        _ => format!("{prefix}.{}", part.name),
    };
    domain.join(
        &domain.parts.iter().map(|part| recorded.tensors[&name(part)].shallow_clone()).collect::<Vec<_>>(),
    )
}

fn near(name: &str, ours: f64, recorded: f64) {
    assert!((ours - recorded).abs() <= 1e-4 * recorded.abs() + 1e-5, "{name} is {ours}, recorded {recorded}");
}

fn predictions(case: &Case) {
    let Case { workspace, latents, recorded } = case;
    for (from, input) in latents.iter().enumerate() {
        let name = case.name(from);
        let state = workspace.state(&[(from, input)]);
        close(name, &state, &recorded.tensors[&format!("expect.state.{name}")]);
        for to in 0..latents.len() {
            let (translated, other) = (workspace.translate(from, to, input), case.name(to));
            if from == to {
                case.compare(&format!("expect.demi_cycle.{name}"), to, &translated);
                continue;
            }
            case.compare(&format!("expect.translation.{name}.{other}"), to, &translated);
            let cycled = workspace.cycle(from, to, input);
            case.compare(&format!("expect.cycle.{name}.{other}"), from, &cycled);
        }
    }
    for (name, expected) in recorded.part("expect.fused") {
        let of = |name: &str| workspace.domain(name).unwrap();
        let fused: Vec<(usize, &Tensor)> =
            name.split('.').map(|name| (of(name), &latents[of(name)])).collect();
        close(&name, &workspace.state(&fused), &expected);
    }
}

fn losses(case: &Case) {
    let batch = case.batch();
    let ours = case.workspace.validation_losses(&batch).read().unwrap();
    for (name, value) in &ours {
        near(name, *value, case.expected(name));
    }
    assert_eq!(ours.len(), case.recorded.case["expect"].as_object().unwrap().len());
    let report = case.workspace.loss(&batch, 0, 0);
    let values = Vec::<f64>::try_from(report.values()).unwrap();
    for (name, value) in report.names().into_iter().zip(values) {
        near(name, value, case.expected(if name == "loss" { "total" } else { name }));
    }
    report.total.backward();
    gradients(&case.workspace.parameters, &case.recorded.part("grad"));
}

/// Compares relative to the largest entry of each gradient.
fn gradients(parameters: &Parameters, recorded: &HashMap<String, Tensor>) {
    let trainable = parameters.trainable();
    assert_eq!(trainable.len(), recorded.len());
    for (name, tensor) in trainable {
        let largest = recorded[&name].abs().max().double_value(&[]);
        within(&name, &tensor.grad(), &recorded[&name], 0.0, 1e-3 * largest + 1e-8);
    }
}

fn agrees(name: &str) {
    let case = Case::load(name, json!({}));
    predictions(&case);
    losses(&case);
}

#[test]
fn vision_and_attributes() {
    agrees("gw_workspace_v_attr");
}

#[test]
fn vision_and_text() {
    agrees("gw_workspace_v_t");
}

#[test]
fn vision_attributes_and_text() {
    agrees("gw_workspace_v_attr_t");
}

#[test]
fn dropout_without_probability_leaves_the_separate_operations() {
    // A mask that keeps everything: the path of other devices, with the recorded losses.
    let case = Case::load("gw_workspace_v_attr_t", json!({"dropout": 1e-12}));
    let report = case.workspace.loss(&case.batch(), 0, 0);
    near("total", report.total.double_value(&[]), case.expected("total"));
    report.total.backward();
    gradients(&case.workspace.parameters, &case.recorded.part("grad"));
}

#[test]
fn a_family_without_coefficient_is_not_reported_and_has_the_same_value_alone() {
    for (losses, family) in
        [("tr", "translation"), ("cont", "contrastive"), ("dcy", "demi_cycles"), ("cy", "cycles")]
    {
        let case = Case::load("gw_workspace_v_attr_t", json!({"losses": losses}));
        let report = case.workspace.loss(&case.batch(), 0, 0);
        assert_eq!(report.names(), ["loss", family]);
        let values = Vec::<f64>::try_from(report.values()).unwrap();
        near(family, values[1], case.expected(family));
    }
}

#[test]
fn removed_pairs_are_scored_but_not_trained() {
    let case = Case::load("gw_workspace_v_attr_t", json!({"remove_sync": [["t", "attr"], ["v", "t"]]}));
    let report = case.workspace.loss(&case.batch(), 0, 0);
    let values = Vec::<f64>::try_from(report.values()).unwrap();
    let left = ["translation/domain_attr-v", "translation/domain_v-attr"].map(|name| case.expected(name));
    near("translation", values[1], (left[0] + left[1]) / 2.0);
    let scored: HashMap<String, f64> =
        case.workspace.validation_losses(&case.batch()).read().unwrap().into_iter().collect();
    near("translation", scored["translation"], case.expected("translation"));
}

#[test]
fn cycles_join_at_their_epoch() {
    let case = Case::load("gw_workspace_v_t", json!({"unsupervised_after": 2}));
    let terms = |epoch| {
        let report = case.workspace.loss(&case.batch(), 0, epoch);
        (report.names(), Vec::<f64>::try_from(report.values()).unwrap())
    };
    let (names, before) = terms(1);
    assert_eq!(names, ["loss", "translation", "contrastive", "demi_cycles", "cycles"]);
    assert_eq!(before[3..], [0.0, 0.0]);
    near("supervised", before[0], case.expected("supervised"));
    let (_, after) = terms(2);
    near("total", after[0], case.expected("total"));
    near("cycles", after[4], case.expected("cycles"));
}

#[test]
fn a_batch_without_matched_rows_has_no_translation() {
    let case = Case::load("gw_workspace_v_t", json!({}));
    let groups = vec![Group { domains: vec![0], rows: 24 }, Group { domains: vec![1], rows: 24 }];
    let latents = case.latents.iter().map(Tensor::shallow_clone).collect();
    let batch = LatentBatch::new(groups, latents).unwrap();
    let values = Vec::<f64>::try_from(case.workspace.loss(&batch, 0, 0).values()).unwrap();
    assert!(values.iter().all(|value| value.is_finite()) && values[1] == 0.0 && values[2] == 0.0);
    let alone = Case::load("gw_workspace_v_t", json!({"losses": "tr"}));
    let report = alone.workspace.loss(&batch, 0, 0);
    report.total.backward();
    assert_eq!(report.total.double_value(&[]), 0.0);
}

#[test]
fn default_networks_have_the_published_numbers_of_parameters() {
    let settings = GwSettings::default();
    let domains: Vec<Domain> = settings.domains.iter().map(|name| domain(name)).collect();
    let workspace = Workspace::new(Parameters::new(Device::Cpu, 0), domains, &settings);
    let count = |prefix: &str| -> usize {
        let named = workspace.parameters.named();
        named.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, tensor)| tensor.numel()).sum()
    };
    let counts =
        ["v", "attr", "t"].map(|d| [count(&format!("encoders.{d}.")), count(&format!("decoders.{d}."))]);
    assert_eq!(counts, [[9_932, 9_932], [19_596, 69_131], [37_772, 37_784]]);
    let linear = GwSettings { linear: true, domains: vec!["attr".into()], ..settings };
    let workspace = Workspace::new(Parameters::new(Device::Cpu, 0), vec![domain("attr")], &linear);
    assert_eq!(workspace.parameters.count(), (11 + 1) * 12 + (12 + 1) * 11);
}

#[test]
fn contrastive_losses_compare_states_or_encodings() {
    let recorded = Case::load("gw_workspace_v_attr", json!({}));
    let rows: Vec<Tensor> = recorded.latents.iter().map(|latents| latents.narrow(0, 0, 9)).collect();
    for kind in ["state", "encoding", "vsepp"] {
        let Case { workspace, .. } =
            Case::load("gw_workspace_v_attr", json!({"losses": "cont", "contrastive": kind}));
        let [a, b] = [0, 1].map(|domain| workspace.encode(domain, &rows[domain]));
        let scale = Tensor::from(1.0 / 0.07);
        let expected = match kind {
            "state" => clip::clip(&a.tanh(), &b.tanh(), &scale),
            "encoding" => clip::clip(&a, &b, &scale),
            _ => vsepp::vsepp(&a.tanh(), &b.tanh()),
        };
        let batch = LatentBatch::complete(rows.iter().map(Tensor::shallow_clone).collect()).unwrap();
        let values = Vec::<f64>::try_from(workspace.loss(&batch, 0, 0).values()).unwrap();
        near(kind, values[1], expected.double_value(&[]));
    }
}

#[test]
fn a_learned_scale_starts_at_the_fixed_one_and_has_a_gradient() {
    let settings = json!({
        "domains": ["v", "t"], "hidden": {"v": 16, "t": 24}, "learn_logit_scale": true, "losses": "cont",
    });
    let settings: GwSettings = serde_json::from_value(settings).unwrap();
    let domains = vec![domain("v"), domain("t")];
    let workspace = Workspace::new(Parameters::new(Device::Cpu, 0), domains, &settings);
    let recorded = Case::load("gw_workspace_v_t", json!({}));
    let scale = "contrastive.log_scale".to_owned();
    let mut tensors = recorded.recorded.part("param");
    tensors.insert(scale.clone(), Tensor::from((1.0f32 / 0.07).ln()));
    let initial: HashMap<String, Tensor> = workspace.parameters.named().into_iter().collect();
    near("scale", initial[&scale].double_value(&[]), (1.0f64 / 0.07).ln());
    workspace.parameters.assign(&tensors).unwrap();
    let report = workspace.loss(&recorded.batch(), 0, 0);
    let values = Vec::<f64>::try_from(report.values()).unwrap();
    near("contrastive", values[1], recorded.expected("contrastive"));
    report.total.backward();
    assert!(initial[&scale].grad().double_value(&[]).abs() > 1e-6);
}

#[test]
fn contrastive_scales() {
    let recorded = Recorded::load("gw_contrastive");
    for kind in ["fixed", "clamped"] {
        let expected = &recorded.case["expect"][kind];
        let number = |key: &str| expected[key].as_f64().unwrap();
        let log_scale = Tensor::from(number("log_scale") as f32).set_requires_grad(true);
        let side = |name: &str| recorded.tensors[&format!("input.{name}")].copy().set_requires_grad(true);
        let (a, b) = (side("a"), side("b"));
        let loss = clip::clip(&a, &b, &clip::scale(&log_scale));
        near(kind, loss.double_value(&[]), number("loss"));
        loss.backward();
        near("gradient of the scale", log_scale.grad().double_value(&[]), number("grad_log_scale"));
        for (name, tensor) in [("a", a), ("b", b)] {
            let gradient = &recorded.tensors[&format!("grad.{kind}.{name}")];
            within(name, &tensor.grad(), gradient, 0.0, 1e-3 * gradient.abs().max().double_value(&[]));
        }
    }
}
