//! The odd one out: a classifier is trained on states of one domain and answers on others.

use anyhow::Result;
use tch::{Device, Kind, Tensor, no_grad};

use super::{OddOneOutSettings, ProbedEncoder, Triplet, percent, triplets};
use crate::nn::{Parameters, ReluMlp};
use crate::optim::LrSchedule;
use crate::runs::Progress;
use crate::worlds::workspace::evaluation::{
    BaselineRow, Column, Direction, Evaluator, Fit, KnownItems, ScoreTable,
};
use crate::worlds::workspace::models::Workspace;
use umwelt_base::random::Stream;

/// Features of the classifier's hidden layer.
const HIDDEN: i64 = 16;
/// Triplets to score.
const SCORED: usize = 1000;
/// The accuracy of a random answer, in percent.
const CHANCE: f64 = 100.0 / 3.0;
/// The domain that the classifier is trained on, if the workspace has it.
const TRAINED_ON: &str = "v";

/// The classifier of three states `[N, 3 z]`.
enum Classifier {
    /// A network with three outputs.
    Trained(ReluMlp),
    /// The score of a position is minus the squared distance of the other two states.
    Distance,
}

/// A probe of `encoder`, trained or not.
struct Probe<'a> {
    encoder: ProbedEncoder,
    workspace: &'a Workspace,
    classifier: Classifier,
}

/// The tables of the probe: the accuracy on each domain, and on triplets with one state of another
/// domain. The classifiers are trained on training items and scored on validation items.
///
/// # Errors
/// The errors of `progress`.
pub fn odd_one_out(
    evaluator: &Evaluator,
    workspace: &Workspace,
    settings: &OddOneOutSettings,
    progress: &dyn Progress,
) -> Result<Vec<ScoreTable>> {
    let (seed, trained) = (evaluator.seed, workspace.domain(TRAINED_ON).unwrap_or(0));
    let scored = triplets(evaluator.validation.shapes(), SCORED, seed, "odd one out/validation");
    let learned = match settings.use_dist {
        true => vec![],
        false => triplets(evaluator.training.shapes(), settings.rows, seed, "odd one out/training"),
    };
    let (mut pure, mut mixed) = (vec![], vec![]);
    for encoder in &settings.encoders {
        let fresh = workspace.fresh(seed.wrapping_add(1));
        let workspace = if encoder.is_new() { &fresh } else { workspace };
        let probe = match settings.use_dist {
            true => Probe { encoder: *encoder, workspace, classifier: Classifier::Distance },
            false => Probe::train(
                *encoder,
                workspace,
                settings,
                (&evaluator.training, trained),
                &learned,
                seed,
                progress,
            )?,
        };
        for domain in probe.domains(trained) {
            pure.push(probe.accuracy(&evaluator.validation, domain, &scored));
            if domain != trained {
                mixed.push(probe.mixed(&evaluator.validation, (trained, domain), &scored, seed));
            }
        }
    }
    let name = &workspace.domains()[trained].name;
    let how = if settings.use_dist { "by distance".into() } else { format!("learned on {name}") };
    let accuracy = Column::percent("accuracy", "right %");
    let replaced = Column::error("replaced", "replaced %", "%", 1);
    let table = |title: String, columns: Vec<Column>, rows: Vec<Direction>| {
        let of = rows.iter().map(|row| row.key.clone()).collect();
        let values = vec![CHANCE; columns.len()];
        ScoreTable {
            title,
            columns,
            rows,
            baselines: vec![BaselineRow { name: "chance".into(), of, values }],
        }
    };
    let tables = [
        table(format!("odd one out, {how}"), vec![accuracy], pure),
        table("with one state of another domain".into(), vec![accuracy, replaced], mixed),
    ];
    Ok(tables.into_iter().filter(|table| !table.rows.is_empty()).collect())
}

impl<'a> Probe<'a> {
    fn train(
        encoder: ProbedEncoder,
        workspace: &'a Workspace,
        settings: &OddOneOutSettings,
        (items, domain): (&KnownItems, usize),
        learned: &[Triplet],
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let device = workspace.parameters.device();
        let parameters = Parameters::new(device, seed);
        let width = encoder.width(workspace, domain);
        let network = ReluMlp::new(&parameters.root().sub("odd_one_out"), &[3 * width, HIDDEN, 3]);
        let probe = Self { encoder, workspace, classifier: Classifier::Trained(network) };
        let latents = &items.latents[domain];
        // States of encoders that are not trained are computed once.
        let states = (encoder != ProbedEncoder::Task).then(|| no_grad(|| probe.states(domain, latents)));
        let (rows, answers) = (rows(learned, device), answers(learned, device));
        let fit = Fit {
            name: "finding the odd one out",
            steps: settings.steps as u64,
            batch_size: settings.batch_size,
            lr: LrSchedule::Constant { lr: settings.lr, decay_epoch: None },
            l2: settings.weight_decay,
            seed,
        };
        let trained = if encoder == ProbedEncoder::Task {
            vec![&parameters, &workspace.parameters]
        } else {
            vec![&parameters]
        };
        fit.run(&trained, learned.len(), progress, |picked| {
            let rows = rows.index_select(0, picked).flatten(0, -1);
            let states = match &states {
                Some(states) => states.index_select(0, &rows),
                None => probe.states(domain, &latents.index_select(0, &rows)),
            };
            let logits = probe.logits(&states.view([-1, 3, width]));
            logits.cross_entropy_for_logits(&answers.index_select(0, picked))
        })?;
        Ok(probe)
    }

    /// The domains whose states the classifier can read.
    fn domains(&self, trained: usize) -> Vec<usize> {
        let width = |domain: usize| self.encoder.width(self.workspace, domain);
        let all = 0..self.workspace.domains().len();
        let distance = matches!(self.classifier, Classifier::Distance);
        // Latents of equal widths would be compared though they mean different things.
        let same = |domain: &usize| self.encoder != ProbedEncoder::Identity || *domain == trained;
        all.filter(|domain| distance || (same(domain) && width(*domain) == width(trained))).collect()
    }

    /// The probed states `[N, width]` of latents of a domain.
    fn states(&self, domain: usize, latents: &Tensor) -> Tensor {
        match self.encoder {
            ProbedEncoder::Identity => latents.shallow_clone(),
            _ => self.workspace.state(&[(domain, latents)]),
        }
    }

    /// The scores of the positions `[N, 3]` of three states `[N, 3, width]`.
    fn logits(&self, states: &Tensor) -> Tensor {
        match &self.classifier {
            Classifier::Trained(network) => network.forward(&states.flatten(1, -1).contiguous(), None),
            Classifier::Distance => {
                let distance = |a: i64, b: i64| {
                    let difference = states.select(1, a) - states.select(1, b);
                    -difference.square().mean_dim([1i64].as_slice(), false, Kind::Float)
                };
                Tensor::stack(&[distance(1, 2), distance(0, 2), distance(0, 1)], 1)
            }
        }
    }

    fn accuracy(&self, items: &KnownItems, domain: usize, scored: &[Triplet]) -> Direction {
        let states = no_grad(|| self.of_triplets(items, domain, scored));
        let right = self.answers(&states).eq_tensor(&answers(scored, states.device()));
        self.row(&[domain], vec![percent(&right)])
    }

    /// One random position of each triplet shows its item in another domain.
    fn mixed(
        &self,
        items: &KnownItems,
        (own, other): (usize, usize),
        scored: &[Triplet],
        seed: u64,
    ) -> Direction {
        let states = no_grad(|| self.of_triplets(items, own, scored));
        let others = no_grad(|| self.of_triplets(items, other, scored));
        let stream = Stream::new(seed, "odd one out/replaced positions");
        let place = |row: usize| (stream.at(&[row as u64]).uniform() * 3.0) as i64;
        let places: Vec<i64> = (0..scored.len()).map(place).collect();
        let places = Tensor::from_slice(&places).to_device(states.device());
        let replaced = places.one_hot(3).unsqueeze(-1).to_kind(Kind::Bool);
        let answered = self.answers(&others.where_self(&replaced, &states));
        let right = answered.eq_tensor(&answers(scored, states.device()));
        self.row(&[own, other], vec![percent(&right), percent(&answered.eq_tensor(&places))])
    }

    fn of_triplets(&self, items: &KnownItems, domain: usize, scored: &[Triplet]) -> Tensor {
        let latents = &items.latents[domain];
        let picked = latents.index_select(0, &rows(scored, latents.device()).flatten(0, -1));
        let states = self.states(domain, &picked);
        states.view([scored.len() as i64, 3, states.size()[1]])
    }

    fn answers(&self, states: &Tensor) -> Tensor {
        no_grad(|| self.logits(states).argmax(1, false))
    }

    fn row(&self, domains: &[usize], values: Vec<f64>) -> Direction {
        let named: Vec<&str> =
            domains.iter().map(|domain| &*self.workspace.domains()[*domain].name).collect();
        let encoder = self.encoder.name();
        let key = format!("odd_one_out_{encoder}_{}", named.join("_with_"));
        Direction { key, name: format!("{encoder}, {}", named.join(" with ")), values }
    }
}

impl ProbedEncoder {
    fn name(self) -> &'static str {
        match self {
            Self::Gw => "gw",
            Self::Task => "task",
            Self::Random => "random",
            Self::Identity => "identity",
        }
    }

    /// True if its parameters are not those of the trained workspace.
    fn is_new(self) -> bool {
        matches!(self, Self::Task | Self::Random)
    }

    /// The width of a probed state.
    fn width(self, workspace: &Workspace, domain: usize) -> i64 {
        match self {
            Self::Identity => workspace.domains()[domain].width(),
            _ => workspace.size(),
        }
    }
}

/// The items of triplets, `[N, 3]`, int64.
fn rows(triplets: &[Triplet], device: Device) -> Tensor {
    let items: Vec<i64> = triplets.iter().flat_map(|triplet| triplet.items).map(|item| item as i64).collect();
    Tensor::from_slice(&items).view([-1, 3]).to_device(device)
}

/// The positions of the odd items, `[N]`, int64.
fn answers(triplets: &[Triplet], device: Device) -> Tensor {
    let answers: Vec<i64> = triplets.iter().map(|triplet| triplet.odd as i64).collect();
    Tensor::from_slice(&answers).to_device(device)
}
