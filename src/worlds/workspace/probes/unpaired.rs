//! The information that one domain has for itself, as it is read from states of the workspace.

use anyhow::Result;
use tch::{Device, Kind, Tensor, no_grad};

use crate::nn::{Parameters, ReluMlp};
use crate::optim::LrSchedule;
use crate::runs::Progress;
use crate::worlds::workspace::evaluation::{
    BaselineRow, Column, Direction, Evaluator, Fit, KnownItems, ScoreTable,
};
use crate::worlds::workspace::models::Workspace;

/// Features of the hidden layers.
const HIDDEN: [i64; 2] = [12, 6];
const STEPS: u64 = 3000;
const BATCH: usize = 512;
const LR: f64 = 1e-3;
const L2: f64 = 1e-5;

/// The error of the unpaired numbers, read from the states of each domain by a small network. Only
/// `attr` is given these numbers, with `attr.use_unpaired`: the other domains' states say nothing
/// of them.
///
/// # Errors
/// The errors of `progress`.
pub fn unpaired(evaluator: &Evaluator, workspace: &Workspace, progress: &dyn Progress) -> Result<ScoreTable> {
    let device = workspace.parameters.device();
    let [learned, truth] = [&evaluator.training, &evaluator.validation].map(|items| numbers(items, device));
    let mut rows = vec![];
    for (domain, layout) in workspace.domains().iter().enumerate() {
        let network = learn(evaluator, workspace, domain, &learned, progress)?;
        let states = workspace.domain_states(domain, &evaluator.validation.latents);
        let read = no_grad(|| network.forward(&states, None));
        let (key, name) = (format!("unpaired_{}", layout.name), format!("read from {}", layout.name));
        rows.push(Direction { key, name, values: vec![squared_error(&read, &truth)] });
    }
    let mean = learned.mean_dim([0i64].as_slice(), true, Kind::Float);
    let of = rows.iter().map(|row| row.key.clone()).collect();
    Ok(ScoreTable {
        title: "unpaired numbers".into(),
        columns: vec![Column::error("error", "squared error", "", 4)],
        rows,
        baselines: vec![BaselineRow { name: "mean".into(), of, values: vec![squared_error(&mean, &truth)] }],
    })
}

fn learn(
    evaluator: &Evaluator,
    workspace: &Workspace,
    domain: usize,
    numbers: &Tensor,
    progress: &dyn Progress,
) -> Result<ReluMlp> {
    let parameters = Parameters::new(workspace.parameters.device(), evaluator.seed);
    let sizes = [workspace.size(), HIDDEN[0], HIDDEN[1], numbers.size()[1]];
    let network = ReluMlp::new(&parameters.root().sub("unpaired"), &sizes);
    let states = workspace.domain_states(domain, &evaluator.training.latents);
    let fit = Fit {
        name: "reading unpaired numbers",
        steps: STEPS,
        batch_size: BATCH,
        lr: LrSchedule::Constant { lr: LR, decay_epoch: None },
        l2: L2,
        seed: evaluator.seed,
    };
    fit.run(&[&parameters], states.size()[0] as usize, progress, |items| {
        let error = network.forward(&states.index_select(0, items), None) - numbers.index_select(0, items);
        error.square().mean(Kind::Float)
    })?;
    Ok(network)
}

/// The unpaired numbers of items, `[N, unpaired_dim]`.
fn numbers(items: &KnownItems, device: Device) -> Tensor {
    let numbers = &items.items.unpaired;
    let (rows, width) = numbers.dim();
    let flat: Vec<f32> = numbers.iter().copied().collect();
    Tensor::from_slice(&flat).view([rows as i64, width as i64]).to_device(device)
}

fn squared_error(found: &Tensor, truth: &Tensor) -> f64 {
    (found - truth).square().mean(Kind::Double).double_value(&[])
}
