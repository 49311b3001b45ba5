//! The evaluation of a workspace.

use std::cell::OnceCell;

use anyhow::Result;
use tch::{Tensor, no_grad};

use super::baselines::Known;
use super::known::{KnownItems, Specialist};
use super::passages::Passage;
use super::reader::Reader;
use super::retrieval::Retrieval;
use super::score_table::{BaselineRow, Column, Direction, ScoreTable};
use super::scores::WorkspaceScores;
use super::targets::{PictureReader, Target};
use crate::runs::Progress;
use crate::worlds::workspace::domains::Decoded;
use crate::worlds::workspace::models::{LatentBatch, Workspace};

/// Items among which one is retrieved.
const CANDIDATES: i64 = 1000;
/// Scores of baselines by target domain, computed once.
type Baselines = OnceCell<Vec<Vec<BaselineRow>>>;

/// The items that a workspace is evaluated on, and what baselines know.
pub struct Evaluator {
    pub specialists: Vec<Specialist>,
    pub training: KnownItems,
    /// The training items whose latents are known in all domains, `[M]`, int64.
    pub matched: Tensor,
    pub validation: KnownItems,
    pub test: KnownItems,
    /// The items of validation and test that are out of distribution, where there is a rule.
    pub outside: Option<[KnownItems; 2]>,
    /// The seed of the reader.
    pub seed: u64,
    /// The coefficient of the contrastive loss in the headline score.
    pub contrastive: f64,
    reader: OnceCell<Option<PictureReader>>,
    /// The baselines by target domain, on validation items and on those out of distribution.
    baselines: [Baselines; 2],
}

impl Evaluator {
    /// An evaluation on these items.
    pub fn new(
        specialists: Vec<Specialist>,
        matched: Tensor,
        [training, validation, test]: [KnownItems; 3],
        outside: Option<[KnownItems; 2]>,
        contrastive: f64,
        seed: u64,
    ) -> Self {
        let (reader, baselines) = (OnceCell::new(), [OnceCell::new(), OnceCell::new()]);
        Self {
            specialists,
            training,
            matched,
            validation,
            test,
            outside,
            seed,
            contrastive,
            reader,
            baselines,
        }
    }

    /// The scores on the validation items with baselines, and the tables `probes`.
    ///
    /// # Errors
    /// The errors of `progress`; a loss that is not finite.
    pub fn validate(
        &self,
        workspace: &Workspace,
        probes: Vec<ScoreTable>,
        progress: &dyn Progress,
    ) -> Result<WorkspaceScores> {
        let [inside, outside] = &self.baselines;
        let scores = self.scores(workspace, (&self.validation, Some(inside)), probes, progress)?;
        match &self.outside {
            Some([validation, _]) => {
                let outside = self.scores(workspace, (validation, Some(outside)), vec![], progress)?;
                Ok(scores.beside(outside))
            }
            None => Ok(scores),
        }
    }

    /// The scores on the test items, without baselines.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn test(&self, workspace: &Workspace, progress: &dyn Progress) -> Result<WorkspaceScores> {
        let scores = self.scores(workspace, (&self.test, None), vec![], progress)?;
        match &self.outside {
            Some([_, test]) => Ok(scores.beside(self.scores(workspace, (test, None), vec![], progress)?)),
            None => Ok(scores),
        }
    }

    /// The scores on `truth`, with the baselines that are kept in `baselines`.
    fn scores(
        &self,
        workspace: &Workspace,
        (truth, baselines): (&KnownItems, Option<&Baselines>),
        probes: Vec<ScoreTable>,
        progress: &dyn Progress,
    ) -> Result<WorkspaceScores> {
        let tables = self.tables(workspace, (truth, baselines), progress)?;
        let losses = losses(workspace, truth)?;
        WorkspaceScores::new(losses, [tables, probes].concat(), self.contrastive)
    }

    fn tables(
        &self,
        workspace: &Workspace,
        (truth, baselines): (&KnownItems, Option<&Baselines>),
        progress: &dyn Progress,
    ) -> Result<Vec<ScoreTable>> {
        let reader = self.reader(progress)?;
        let mut tables = vec![];
        for to in 0..self.specialists.len() {
            progress.update("comparing translations", to as u64, self.specialists.len() as u64)?;
            let Some(target) = self.target(truth, to, reader) else { continue };
            let passages = Passage::all_to(to, self.specialists.len());
            let of_target = |known: &Baselines| {
                known.get_or_init(|| self.baselines(workspace, reader, truth))[to].clone()
            };
            let baselines = baselines.map_or(vec![], of_target);
            tables.push(self.table(workspace, truth, &target, (to, &passages), baselines));
        }
        tables.extend(retrieval(workspace, truth));
        Ok(tables)
    }

    fn table(
        &self,
        workspace: &Workspace,
        truth: &KnownItems,
        target: &Target,
        (to, passages): (usize, &[Passage]),
        baselines: Vec<BaselineRow>,
    ) -> ScoreTable {
        let row = |passage: &Passage| {
            let predicted = passage.predict(workspace, &truth.latents);
            let values = target.scores(&self.specialists, to, truth, &predicted);
            Direction { key: passage.key(workspace), name: passage.label(workspace), values }
        };
        ScoreTable {
            title: target.title(&workspace.domains()[to].name),
            columns: target.columns(),
            rows: passages.iter().map(row).collect(),
            baselines,
        }
    }

    /// The data that a domain's latents stand for; `None` where they cannot be decoded.
    fn target<'a>(
        &self,
        truth: &KnownItems,
        domain: usize,
        reader: Option<&'a PictureReader>,
    ) -> Option<Target<'a>> {
        let specialist = &self.specialists[domain];
        let latents = specialist.layout.split(&truth.latents[domain]);
        // A few latents tell the kind, and captions need all of them.
        let few: Vec<Tensor> = latents.iter().map(|part| part.narrow(0, 0, 1)).collect();
        Some(match no_grad(|| specialist.domain.decode(&few)) {
            Decoded::Shapes(_) => Target::Shapes,
            Decoded::Images(_) => Target::Images(reader),
            Decoded::Sentences(_) => match no_grad(|| specialist.domain.decode(&latents)) {
                Decoded::Sentences(said) => Target::Captions(said),
                _ => return None,
            },
            Decoded::Unknown => return None,
        })
    }

    /// The baselines on `truth`, by target domain.
    fn baselines(
        &self,
        workspace: &Workspace,
        reader: Option<&PictureReader>,
        truth: &KnownItems,
    ) -> Vec<Vec<BaselineRow>> {
        let (specialists, training, matched) = (&self.specialists, &self.training, &self.matched);
        let known = Known { specialists, training, matched, truth };
        let of = |to: usize| {
            let passages = Passage::all_to(to, self.specialists.len());
            let target = self.target(truth, to, reader);
            let mut rows = target.map_or(vec![], |target| known.of(workspace, &target, to, &passages));
            rows.extend(self.read(workspace, reader, truth, to));
            rows
        };
        no_grad(|| (0..self.specialists.len()).map(of).collect())
    }

    /// The baseline of the reader, which reads the true latents of pictures.
    fn read(
        &self,
        workspace: &Workspace,
        reader: Option<&PictureReader>,
        truth: &KnownItems,
        to: usize,
    ) -> Option<BaselineRow> {
        let reader = reader.filter(|reader| reader.attributes == to)?;
        let pictures = workspace.domain("v")?;
        let read = reader.shapes(&self.specialists, &truth.latents[pictures]);
        let values = super::targets::of_shapes(truth.shapes(), &read);
        Some(BaselineRow {
            name: "reader of v".into(),
            of: vec![format!("v_to_{}", workspace.domains()[to].name)],
            values,
        })
    }

    /// The reader of pictures, fitted once, where there are pictures and attributes.
    fn reader(&self, progress: &dyn Progress) -> Result<Option<&PictureReader>> {
        if self.reader.get().is_none() {
            let _ = self.reader.set(self.fit_reader(progress)?);
        }
        Ok(self.reader.get().and_then(Option::as_ref))
    }

    fn fit_reader(&self, progress: &dyn Progress) -> Result<Option<PictureReader>> {
        let named = |name: &str| self.specialists.iter().position(|one| one.layout.name == name);
        let (Some(pictures), Some(attributes)) = (named("v"), named("attr")) else { return Ok(None) };
        if !matches!(self.target(&self.validation, attributes, None), Some(Target::Shapes)) {
            return Ok(None);
        }
        let layout = &self.specialists[attributes].layout;
        let truth = layout.split(&self.training.latents[attributes]);
        let latents = &self.training.latents[pictures];
        let reader = Reader::fit(latents, &truth, &layout.parts, self.seed, progress)?;
        Ok(Some(PictureReader { reader, attributes }))
    }
}

/// All losses of the items by their published names.
fn losses(workspace: &Workspace, truth: &KnownItems) -> Result<Vec<(String, f64)>> {
    let latents = truth.latents.iter().map(Tensor::shallow_clone).collect();
    workspace.validation_losses(&LatentBatch::complete(latents)?).read()
}

/// Retrieval of the states of each domain by those of each other; `None` with one domain.
fn retrieval(workspace: &Workspace, truth: &KnownItems) -> Option<ScoreTable> {
    let state = |domain: usize| {
        let latents = &truth.latents[domain];
        let few = latents.narrow(0, 0, CANDIDATES.min(latents.size()[0]));
        no_grad(|| workspace.state(&[(domain, &few)]))
    };
    let states: Vec<Tensor> = (0..workspace.domains().len()).map(state).collect();
    let candidates = states.first()?.size()[0] as f64;
    let pairs =
        (0..states.len()).flat_map(|a| (0..states.len()).map(move |b| (a, b))).filter(|(a, b)| a != b);
    let row = |(from, to): (usize, usize)| {
        let Retrieval { r1, r5, r10, median_rank } = Retrieval::new(&states[from], &states[to]);
        let [a, b] = [from, to].map(|domain| &workspace.domains()[domain].name);
        let values = vec![r1, r5, r10, median_rank];
        Direction { key: format!("{a}_finds_{b}"), name: format!("{a} finds {b}"), values }
    };
    let rows: Vec<Direction> = pairs.map(row).collect();
    let chance = [1.0, 5.0, 10.0].map(|first| 100.0 * first / candidates);
    let chance = [&chance[..], &[(candidates + 1.0) / 2.0]].concat();
    let of = rows.iter().map(|row| row.key.clone()).collect();
    (!rows.is_empty()).then(|| ScoreTable {
        title: format!("retrieval among {candidates}"),
        columns: vec![
            Column::percent("recall_1", "R@1 %"),
            Column::percent("recall_5", "R@5 %"),
            Column::percent("recall_10", "R@10 %"),
            Column::error("median_rank", "median rank", "", 1),
        ],
        rows,
        baselines: vec![BaselineRow { name: "chance".into(), of, values: chance }],
    })
}
