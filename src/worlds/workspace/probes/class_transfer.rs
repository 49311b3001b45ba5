//! The class as a linear probe reads it: learned on states of one domain, read on each domain.

use anyhow::Result;
use tch::{Device, Kind, Tensor, no_grad};

use super::percent;
use crate::nn::{Linear, Parameters};
use crate::runs::Progress;
use crate::worlds::workspace::data::CLASSES;
use crate::worlds::workspace::evaluation::{
    BaselineRow, Column, Direction, Evaluator, Fit, KnownItems, ScoreTable,
};
use crate::worlds::workspace::models::Workspace;

const STEPS: u64 = 1000;
const BATCH: usize = 512;
const PEAK_LR: f64 = 1e-2;

/// The accuracy of linear probes of the class. Each is learned on the states of training items in
/// one domain and read on those of validation items in every domain.
///
/// # Errors
/// The errors of `progress`.
pub fn class_transfer(
    evaluator: &Evaluator,
    workspace: &Workspace,
    progress: &dyn Progress,
) -> Result<ScoreTable> {
    let domains = 0..workspace.domains().len();
    let truth = classes(&evaluator.validation, workspace.parameters.device());
    let states: Vec<Tensor> = domains
        .clone()
        .map(|domain| workspace.domain_states(domain, &evaluator.validation.latents))
        .collect();
    let mut rows = vec![];
    for learned in domains {
        let probe = learn(evaluator, workspace, learned, progress)?;
        for (read, states) in states.iter().enumerate() {
            let right = no_grad(|| probe.forward(states).argmax(1, false)).eq_tensor(&truth);
            let [a, b] = [learned, read].map(|domain| &workspace.domains()[domain].name);
            let (key, name) = (format!("class_probe_{a}_{b}"), format!("learned on {a}, read on {b}"));
            rows.push(Direction { key, name, values: vec![percent(&right)] });
        }
    }
    let frequent = truth.bincount::<Tensor>(None, 0).max().double_value(&[]) / truth.numel() as f64;
    let of = rows.iter().map(|row| row.key.clone()).collect();
    Ok(ScoreTable {
        title: "class by a linear probe of states".into(),
        columns: vec![Column::percent("class", "class %")],
        rows,
        baselines: vec![BaselineRow { name: "blind".into(), of, values: vec![100.0 * frequent] }],
    })
}

/// A probe `[N, z_size]` to `[N, 3]` of the training items' states in a domain.
fn learn(
    evaluator: &Evaluator,
    workspace: &Workspace,
    domain: usize,
    progress: &dyn Progress,
) -> Result<Linear> {
    let parameters = Parameters::new(workspace.parameters.device(), evaluator.seed);
    let probe = Linear::new(&parameters.root().sub("class"), workspace.size(), CLASSES.len() as i64);
    let states = workspace.domain_states(domain, &evaluator.training.latents);
    let truth = classes(&evaluator.training, parameters.device());
    let fit = Fit::cycle("reading the class", STEPS, BATCH, PEAK_LR, evaluator.seed);
    fit.run(&[&parameters], states.size()[0] as usize, progress, |items| {
        probe.forward(&states.index_select(0, items)).cross_entropy_for_logits(&truth.index_select(0, items))
    })?;
    Ok(probe)
}

/// The classes of items, `[N]`, int64.
pub(super) fn classes(items: &KnownItems, device: Device) -> Tensor {
    let classes: Vec<i64> = items.shapes().iter().map(|shape| shape.class.into()).collect();
    Tensor::from_slice(&classes).to_device(device).to_kind(Kind::Int64)
}
