//! Attention that is trained on a frozen workspace to ignore the domain that noise has shifted.

use std::cell::Cell;

use anyhow::Result;
use ndarray::Array2;
use tch::{Kind, Tensor};

use super::class_transfer::classes;
use super::{AttentionSettings, AttentionTarget};
use crate::charts::{Baseline, Figure, LineChart, Series};
use crate::nn::Parameters;
use crate::optim::LrSchedule;
use crate::runs::Progress;
use crate::worlds::workspace::data::CLASSES;
use crate::worlds::workspace::domains::attributes::{AttrSettings, AttributeCode};
use crate::worlds::workspace::evaluation::{
    BaselineRow, Column, Direction, Evaluator, Fit, KnownItems, ScoreTable,
};
use crate::worlds::workspace::models::{Corruption, FusedProbe, Fusing, ProbeTarget, Workspace};

/// The probe of one way to fuse the states of all domains of a frozen workspace.
struct CorruptedProbe<'a> {
    evaluator: &'a Evaluator,
    workspace: &'a Workspace,
    settings: &'a AttentionSettings,
    corruption: Corruption,
    /// The targets of training and validation items: classes `[N]` or numbers `[N, 8]`.
    targets: [Tensor; 2],
}

/// The scores of linear probes of fused states over the size of the noise that shifts one domain of
/// each item, as a table and a figure: with weights of an attention, which is trained with the
/// probe, with equal weights, and of the best domain alone.
///
/// # Errors
/// The errors of `progress`.
pub fn corrupted(
    evaluator: &Evaluator,
    workspace: &Workspace,
    settings: &AttentionSettings,
    progress: &dyn Progress,
) -> Result<(ScoreTable, Figure)> {
    let place = |name: &String| workspace.domain(name).expect("attention.domain is checked");
    let corruption =
        Corruption { domain: settings.domain.as_ref().map(place), factors: settings.factors.clone() };
    let targets = [&evaluator.training, &evaluator.validation].map(|items| target(settings.target, items));
    let targets = targets.map(|target| target.to_device(workspace.parameters.device()));
    let probe = CorruptedProbe { evaluator, workspace, settings, corruption, targets };
    let attention = probe.scores(Fusing::Attention, progress)?;
    let equal = probe.scores(Fusing::Equal, progress)?;
    let alone = |domain| probe.scores(Fusing::Alone(domain), progress);
    let alone: Vec<Vec<f64>> = (0..workspace.domains().len()).map(alone).collect::<Result<_>>()?;
    let goal = settings.target.column("", "").goal;
    let better = |a: f64, b: f64| if goal.better(b, a) { b } else { a };
    let best = |at: usize| alone.iter().map(|scores| scores[at]).reduce(better).unwrap_or(f64::NAN);
    let row = |(at, factor): (usize, &f64)| Direction {
        key: format!("corrupted_{factor}"),
        name: format!("noise times {factor}"),
        values: vec![attention[at], equal[at], best(at)],
    };
    let rows: Vec<Direction> = settings.scored_factors.iter().enumerate().map(row).collect();
    let blind = probe.blind();
    let names = workspace.domains().iter().map(|domain| format!("{} alone", domain.name));
    let lines = [("attention".to_owned(), attention), ("equal weights".into(), equal)];
    let figure = probe.figure(lines.into_iter().chain(names.zip(alone)), blind);
    Ok((probe.table(rows, blind), figure))
}

impl CorruptedProbe<'_> {
    /// The scores of a probe of states fused in this way, one for each of `attention.scored_factors`.
    fn scores(&self, fusing: Fusing, progress: &dyn Progress) -> Result<Vec<f64>> {
        let (workspace, seed) = (self.workspace, self.evaluator.seed);
        let parameters = Parameters::new(workspace.parameters.device(), seed);
        let domains: Vec<usize> = (0..workspace.domains().len()).collect();
        let probe = FusedProbe::new(workspace, &domains, fusing, self.settings.target.outputs(), parameters);
        let [learned, _] = &self.targets;
        let (latents, step) = (&self.evaluator.training.latents, Cell::new(0));
        let fit = Fit {
            name: "reading corrupted states",
            steps: self.settings.steps as u64,
            batch_size: self.settings.batch_size,
            lr: LrSchedule::Constant { lr: self.settings.lr, decay_epoch: None },
            l2: 0.0,
            seed,
        };
        fit.run(&[&probe.parameters], learned.size()[0] as usize, progress, |items| {
            let picked: Vec<Tensor> = latents.iter().map(|latents| latents.index_select(0, items)).collect();
            let shifted = self.corruption.draw(&picked, seed, step.replace(step.get() + 1)).latents;
            let target = learned.index_select(0, items);
            probe.loss(workspace, &shifted, &self.settings.target.of(&target)).total
        })?;
        Ok(self.settings.scored_factors.iter().map(|factor| self.score(&probe, *factor)).collect())
    }

    /// The score on validation items that are shifted by noise times `factor`.
    fn score(&self, probe: &FusedProbe, factor: f64) -> f64 {
        let corruption = Corruption { factors: vec![factor], ..self.corruption.clone() };
        let latents = &self.evaluator.validation.latents;
        let latents = corruption.draw(latents, self.evaluator.seed, u64::MAX).latents;
        let [_, truth] = &self.targets;
        match self.settings.target {
            AttentionTarget::Class => {
                100.0 * probe.accuracy(self.workspace, &latents, truth).double_value(&[])
            }
            AttentionTarget::Attributes => {
                tch::no_grad(|| probe.loss(self.workspace, &latents, &ProbeTarget::Numbers(truth)))
                    .total
                    .double_value(&[])
            }
        }
    }

    /// The score of the most frequent class, or of the mean numbers, of the training items.
    fn blind(&self) -> f64 {
        let [learned, truth] = &self.targets;
        match self.settings.target {
            AttentionTarget::Class => {
                let frequent = learned.bincount::<Tensor>(None, 0).argmax(0, false);
                super::percent(&truth.eq_tensor(&frequent))
            }
            AttentionTarget::Attributes => {
                let mean = learned.mean_dim([0i64].as_slice(), true, Kind::Float);
                (mean - truth).square().mean(Kind::Double).double_value(&[])
            }
        }
    }

    fn table(&self, rows: Vec<Direction>, blind: f64) -> ScoreTable {
        let column = |key, heading| self.settings.target.column(key, heading);
        let of = rows.iter().map(|row| row.key.clone()).collect();
        ScoreTable {
            title: format!("{} of shifted items", self.settings.target.name()),
            columns: vec![
                column("attention", "attention"),
                column("equal", "equal weights"),
                column("alone", "best alone"),
            ],
            rows,
            baselines: vec![BaselineRow { name: "blind".into(), of, values: vec![blind; 3] }],
        }
    }

    fn figure(&self, lines: impl Iterator<Item = (String, Vec<f64>)>, blind: f64) -> Figure {
        let series = |(name, scores): (String, Vec<f64>)| Series {
            name,
            points: self.settings.scored_factors.iter().copied().zip(scores).collect(),
            ..Series::default()
        };
        let title = match &self.settings.domain {
            Some(domain) => format!("Noise in the latents of {domain}"),
            None => "Noise in the latents of one domain".into(),
        };
        LineChart {
            title,
            x_label: "factor of the noise".into(),
            y_label: self.settings.target.name().into(),
            series: lines.map(series).collect(),
            baselines: vec![Baseline { name: "blind".into(), value: blind, ..Baseline::default() }],
            ..LineChart::default()
        }
        .figure()
    }
}

/// The target of a probe: classes `[N]`, or numbers `[N, 8]` as the attribute domain codes them.
fn target(target: AttentionTarget, items: &KnownItems) -> Tensor {
    match target {
        AttentionTarget::Class => classes(items, tch::Device::Cpu),
        AttentionTarget::Attributes => {
            let none = Array2::zeros((items.shapes().len(), 0));
            let [_, numbers] =
                AttributeCode::new(&AttrSettings::default(), 0).encode(items.shapes(), none.view());
            numbers
        }
    }
}

impl AttentionTarget {
    fn outputs(self) -> i64 {
        match self {
            Self::Class => CLASSES.len() as i64,
            Self::Attributes => AttributeCode::new(&AttrSettings::default(), 0).width() as i64,
        }
    }

    fn of(self, target: &Tensor) -> ProbeTarget<'_> {
        match self {
            Self::Class => ProbeTarget::Classes(target),
            Self::Attributes => ProbeTarget::Numbers(target),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Class => "class (%)",
            Self::Attributes => "squared error of attributes",
        }
    }

    fn column(self, key: &'static str, heading: &'static str) -> Column {
        match self {
            Self::Class => Column::percent(key, heading),
            Self::Attributes => Column::error(key, heading, "", 4),
        }
    }
}
