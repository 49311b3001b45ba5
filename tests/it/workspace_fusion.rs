//! Broadcast from fused states, compared with recorded losses and gradients.

use std::collections::HashMap;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use umwelt::nn::Parameters;
use umwelt::worlds::workspace::domains::{Activation, Part, PartLoss};
use umwelt::worlds::workspace::models::{
    CONTRASTIVE, CYCLES, Choice, DEMI_CYCLES, Domain, FUSED, Group, GwSettings, LatentBatch, TRANSLATION,
    Workspace,
};

use crate::common::recorded::{Recorded, close, within};

/// The recorded names of families.
const FAMILIES: [(&str, &str); 5] = [
    ("demi_cycles", DEMI_CYCLES),
    ("cycles", CYCLES),
    ("translations", TRANSLATION),
    ("contrastives", CONTRASTIVE),
    ("fused", FUSED),
];

struct Case {
    recorded: Recorded,
    workspace: Workspace,
    batch: LatentBatch,
}

impl Case {
    fn load(name: &str, changes: &Value) -> Self {
        let recorded = Recorded::load(name);
        let config = &recorded.case["config"];
        let widths = config["domains"].as_object().unwrap();
        let names: Vec<&String> = widths.keys().collect();
        let each = |value: i64| {
            names.iter().map(|name| ((*name).clone(), json!(value))).collect::<serde_json::Map<_, _>>()
        };
        let coefs = FAMILIES.iter().filter_map(|(recorded, ours)| {
            Some(((*ours).to_owned(), config["coefficients"].get(recorded)?.clone()))
        });
        let mut values = json!({
            "domains": names, "z_size": config["z_size"], "hidden": each(config["hidden"].as_i64().unwrap()),
            "n_layers_encoder": each(2), "n_layers_decoder": 0, "n_layers_decoder_head": 2,
            "coefs": coefs.collect::<serde_json::Map<_, _>>(), "contrastive": "encoding", "contrastive_groups": "two",
            "fusion": true, "combine": "mean",
        });
        if config["selection"] != "pairs" {
            values["selection"] = config["selection"].clone();
        }
        for (ours, theirs) in [("attention_head_size", "head_size"), ("attention_steps", "n_steps")] {
            if let Some(value) = config.get(theirs) {
                values[ours] = value.clone();
            }
        }
        for (key, value) in changes.as_object().unwrap() {
            values[key] = value.clone();
        }
        let settings: GwSettings = serde_json::from_value(values).unwrap();
        let part = |width: &Value| Part {
            name: "z",
            width: width.as_i64().unwrap(),
            activation: Activation::Identity,
            loss: PartLoss::SquaredError,
        };
        let domains =
            widths.iter().map(|(name, width)| Domain { name: name.clone(), parts: vec![part(width)] });
        let workspace = Workspace::new(Parameters::new(Device::Cpu, 0), domains.collect(), &settings);
        let parameters = recorded.part("param").into_iter().map(|(name, tensor)| (path(&name), tensor));
        workspace.parameters.assign(&parameters.collect()).unwrap();
        let batch = batch(&recorded, &names);
        Self { recorded, workspace, batch }
    }

    /// The group's name in the recorded terms.
    fn group_name(&self, group: usize) -> String {
        let name = |domain: &usize| self.workspace.domains()[*domain].name.as_str();
        self.batch.groups()[group].domains.iter().map(name).collect::<Vec<_>>().join("+")
    }
}

/// Our name of a recorded parameter: layers count the ReLU and the dropout behind each.
fn path(recorded: &str) -> String {
    let words: Vec<&str> = recorded.split('.').collect();
    match words.as_slice() {
        ["gw_encoders", domain, layer, kind] => {
            format!("encoders.{domain}.encoder.{}.{kind}", layer.parse::<usize>().unwrap() / 2 * 3)
        }
        ["gw_decoders", domain, "0", kind] => format!("decoders.{domain}.encoder.0.{kind}"),
        ["gw_decoders", domain, layer, kind] => {
            let layer = (layer.parse::<usize>().unwrap() / 2 - 1) * 3;
            format!("decoders.{domain}.encoder_head.z.{layer}.{kind}")
        }
        _ => recorded.to_owned(),
    }
}

fn batch(recorded: &Recorded, names: &[&String]) -> LatentBatch {
    let groups: Vec<Vec<String>> = serde_json::from_value(recorded.case["config"]["groups"].clone()).unwrap();
    let rows = |domain: &&String| {
        let inside = groups.iter().filter(|group| group.contains(domain));
        let rows = inside.map(|group| &recorded.tensors[&format!("input.{}.{domain}", group.join("+"))]);
        Tensor::cat(&rows.collect::<Vec<_>>(), 0)
    };
    let latents: Vec<Tensor> = names.iter().map(rows).collect();
    let index = |domain: &String| names.iter().position(|name| *name == domain).unwrap();
    let group = |group: &Vec<String>| Group {
        domains: group.iter().map(index).collect(),
        rows: recorded.tensors[&format!("input.{}.{}", group.join("+"), group[0])].size()[0],
    };
    LatentBatch::new(groups.iter().map(group).collect(), latents).unwrap()
}

fn near(name: &str, ours: f64, recorded: f64) {
    assert!((ours - recorded).abs() <= 1e-4 * recorded.abs() + 1e-5, "{name} is {ours}, recorded {recorded}");
}

fn gradients(case: &Case) {
    let recorded: HashMap<String, Tensor> =
        case.recorded.part("grad").into_iter().map(|(name, tensor)| (path(&name), tensor)).collect();
    let trainable = case.workspace.parameters.trainable();
    assert_eq!(trainable.len(), recorded.len());
    for (name, tensor) in trainable {
        let Some(expected) = recorded.get(&name) else { panic!("{name} is not recorded") };
        let largest = expected.abs().max().double_value(&[]);
        within(&name, &tensor.grad(), expected, 0.0, 1e-3 * largest + 1e-7);
    }
}

fn agrees(name: &str) {
    let case = Case::load(name, &json!({}));
    let Case { recorded, workspace, batch } = &case;
    let drawn = ["single", "random"].iter().any(|kind| name.ends_with(kind));
    let mut compared = 0;
    let mut weigh = |choice: &Choice, number: u64| {
        let weights = &recorded.tensors[&format!("expect.scores.{number}")];
        let names: Vec<&str> = choice.domains.iter().map(|d| workspace.domains()[*d].name.as_str()).collect();
        assert_eq!(json!(names), recorded.case["calls"][number as usize], "call {number}");
        compared += 1;
        if drawn {
            return weights.shallow_clone();
        }
        let ours = workspace.fusion_weights(choice, 0, number);
        close(&format!("weights of call {number}"), &ours, weights);
        ours
    };
    let terms = workspace.fusion_terms(batch, true, None, &mut weigh);
    assert_eq!(compared, recorded.case["calls"].as_array().unwrap().len());
    let expected = &recorded.case["expect"];
    let recorded_terms = expected["terms"].as_object().unwrap();
    assert_eq!(terms.predicted.len(), recorded_terms.len());
    for term in &terms.predicted {
        let name = format!("{}: {}", case.group_name(term.group), term.name(workspace, batch));
        near(&name, term.value.double_value(&[]), recorded_terms[&name].as_f64().unwrap());
    }
    let coefs = &recorded.case["config"]["coefficients"];
    let mut total = Tensor::zeros([], (Kind::Float, Device::Cpu));
    for (recorded, ours) in FAMILIES {
        let value = terms.family(ours).unwrap();
        near(recorded, value.double_value(&[]), expected[recorded].as_f64().unwrap());
        total += value * coefs[recorded].as_f64().unwrap() / 5.0;
    }
    near("total", total.double_value(&[]), expected["total_loss"].as_f64().unwrap());
    total.backward();
    gradients(&case);
}

#[test]
fn one_domain_of_two_or_three_is_selected() {
    agrees("gw_fusion_two_single");
    agrees("gw_fusion_three_single");
}

#[test]
fn equal_weights() {
    agrees("gw_fusion_two_shared");
    agrees("gw_fusion_three_shared");
}

#[test]
fn random_weights() {
    agrees("gw_fusion_two_random");
    agrees("gw_fusion_three_random");
}

#[test]
fn attention() {
    agrees("gw_fusion_two_attention");
    agrees("gw_fusion_three_attention");
}

#[test]
fn the_loss_of_a_step_combines_the_terms() {
    for name in ["gw_fusion_three_shared", "gw_fusion_two_attention"] {
        let case = Case::load(name, &json!({}));
        let report = case.workspace.loss(&case.batch, 0, 0);
        let expected = &case.recorded.case["expect"];
        near("total", report.total.double_value(&[]), expected["total_loss"].as_f64().unwrap());
        report.total.backward();
        gradients(&case);
        let scored: HashMap<String, f64> =
            case.workspace.validation_losses(&case.batch).read().unwrap().into_iter().collect();
        near("fused", scored[FUSED], expected["fused"].as_f64().unwrap());
    }
}

#[test]
fn states_of_all_domains_and_their_predictions() {
    let case = Case::load("gw_fusion_three_shared", &json!({}));
    let last = case.batch.groups().len() - 1;
    let latents: Vec<Tensor> = (0..3).map(|domain| case.batch.of_group(domain, last)).collect();
    let all: Vec<(usize, &Tensor)> = latents.iter().enumerate().collect();
    let state = case.workspace.state(&all);
    close("state", &state, &case.recorded.tensors["expect.fused_shared"]);
    for (domain, predicted) in case.workspace.predict(&state).iter().enumerate() {
        let name = &case.workspace.domains()[domain].name;
        close(name, predicted, &case.recorded.tensors[&format!("expect.decoded.{name}")]);
        let encoded = case.workspace.encode(domain, &latents[domain]);
        close(name, &encoded, &case.recorded.tensors[&format!("expect.encoded.{name}")]);
    }
}

/// The recorded unimodal terms are of the groups of one domain alone.
#[test]
fn one_to_one_losses_of_the_successor() {
    let changes = |losses: &str| json!({"fusion": false, "combine": "sum", "losses": losses});
    let name = "gw_fusion_two_pairs";
    let case = Case::load(name, &changes("tr+cont+dcy+cy"));
    let expected = &case.recorded.case["expect"];
    let coefs = &case.recorded.case["config"]["coefficients"];
    let single = |domain: usize| case.batch.of_group(domain, domain);
    let alone = (0..2).map(|domain| Group { domains: vec![domain], rows: single(domain).size()[0] });
    let alone = LatentBatch::new(alone.collect(), vec![single(0), single(1)]).unwrap();
    let together = LatentBatch::complete(vec![case.batch.of_group(0, 2), case.batch.of_group(1, 2)]).unwrap();
    let mut total = 0.0;
    for (batch, losses, families) in [
        (&alone, "dcy+cy", ["demi_cycles", "cycles"]),
        (&together, "tr+cont", ["translations", "contrastives"]),
    ] {
        let part = Case::load(name, &changes(losses));
        part.workspace.parameters.assign_from(&case.workspace.parameters).unwrap();
        let report = part.workspace.loss(batch, 0, 0);
        let named: HashMap<&str, f64> =
            report.names().into_iter().zip(Vec::<f64>::try_from(report.values()).unwrap()).collect();
        for family in families {
            let ours = FAMILIES.iter().find(|(recorded, _)| *recorded == family).unwrap().1;
            near(family, named[ours], expected[family].as_f64().unwrap());
            total += named[ours] * coefs[family].as_f64().unwrap() / 4.0;
        }
    }
    near("total", total, expected["total_loss"].as_f64().unwrap());
}
