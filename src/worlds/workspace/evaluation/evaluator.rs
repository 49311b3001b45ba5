//! The evaluation of a workspace.

use std::cell::OnceCell;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Map;
use tch::{Tensor, no_grad};

use super::baselines::Known;
use super::known::{KnownItems, Specialist};
use super::passages::Passage;
use super::reader::Reader;
use super::retrieval::Retrieval;
use super::score_table::{BaselineRow, Column, Direction, ScoreTable};
use super::targets::{PictureReader, Target};
use crate::runs::{Goal, Progress, Score, ScoreCard};
use crate::worlds::workspace::domains::Decoded;
use crate::worlds::workspace::models::{CONTRASTIVE, LatentBatch, TRANSLATION, Workspace};

/// Items among which one is retrieved.
const CANDIDATES: i64 = 1000;
/// The headline score: the losses of matched items, the same whatever losses are trained.
pub const MATCHED_LOSS: &str = "matched_loss";

/// The items that a workspace is evaluated on, and what baselines know.
pub struct Evaluator {
    pub specialists: Vec<Specialist>,
    pub training: KnownItems,
    /// The training items whose latents are known in all domains, `[M]`, int64.
    pub matched: Tensor,
    pub validation: KnownItems,
    pub test: KnownItems,
    /// The seed of the reader.
    pub seed: u64,
    /// The coefficient of the contrastive loss in the headline score.
    pub contrastive: f64,
    reader: OnceCell<Option<PictureReader>>,
    baselines: OnceCell<Vec<Vec<BaselineRow>>>,
}

/// The scores of a workspace on one split.
#[derive(Clone, Debug, Serialize)]
pub struct WorkspaceScores {
    /// All losses by their published names.
    pub losses: Map<String, serde_json::Value>,
    pub tables: Vec<ScoreTable>,
    #[serde(skip)]
    card: ScoreCard,
}

impl Evaluator {
    /// An evaluation on these items.
    pub fn new(
        specialists: Vec<Specialist>,
        matched: Tensor,
        [training, validation, test]: [KnownItems; 3],
        contrastive: f64,
        seed: u64,
    ) -> Self {
        let (reader, baselines) = (OnceCell::new(), OnceCell::new());
        Self { specialists, training, matched, validation, test, seed, contrastive, reader, baselines }
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
        let losses = losses(workspace, &self.validation)?;
        let tables = self.tables(workspace, &self.validation, progress, true)?;
        WorkspaceScores::new(losses, [tables, probes].concat(), self.contrastive)
    }

    /// The scores on the test items, without baselines.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn test(&self, workspace: &Workspace, progress: &dyn Progress) -> Result<WorkspaceScores> {
        let tables = self.tables(workspace, &self.test, progress, false)?;
        WorkspaceScores::new(losses(workspace, &self.test)?, tables, self.contrastive)
    }

    fn tables(
        &self,
        workspace: &Workspace,
        truth: &KnownItems,
        progress: &dyn Progress,
        with_baselines: bool,
    ) -> Result<Vec<ScoreTable>> {
        let reader = self.reader(progress)?;
        let mut tables = vec![];
        for to in 0..self.specialists.len() {
            progress.update("comparing translations", to as u64, self.specialists.len() as u64)?;
            let Some(target) = self.target(truth, to, reader) else { continue };
            let passages = Passage::all_to(to, self.specialists.len());
            let baselines =
                if with_baselines { self.baselines(workspace, reader)[to].clone() } else { vec![] };
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

    /// The baselines on the validation items, by target domain.
    fn baselines(&self, workspace: &Workspace, reader: Option<&PictureReader>) -> &[Vec<BaselineRow>] {
        self.baselines.get_or_init(|| {
            let known = Known {
                specialists: &self.specialists,
                training: &self.training,
                matched: &self.matched,
                truth: &self.validation,
            };
            let of = |to: usize| {
                let passages = Passage::all_to(to, self.specialists.len());
                let target = self.target(&self.validation, to, reader);
                let mut rows = target.map_or(vec![], |target| known.of(workspace, &target, to, &passages));
                rows.extend(self.read(workspace, reader, to));
                rows
            };
            no_grad(|| (0..self.specialists.len()).map(of).collect())
        })
    }

    /// The baseline of the reader, which reads the true latents of pictures.
    fn read(&self, workspace: &Workspace, reader: Option<&PictureReader>, to: usize) -> Option<BaselineRow> {
        let reader = reader.filter(|reader| reader.attributes == to)?;
        let pictures = workspace.domain("v")?;
        let read = reader.shapes(&self.specialists, &self.validation.latents[pictures]);
        let values = super::targets::of_shapes(self.validation.shapes(), &read);
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

impl WorkspaceScores {
    fn new(losses: Vec<(String, f64)>, tables: Vec<ScoreTable>, contrastive: f64) -> Result<Self> {
        let loss = |name: &str| losses.iter().find(|(known, _)| known == name).map_or(0.0, |(_, loss)| *loss);
        let matched = loss(TRANSLATION) + contrastive * loss(CONTRASTIVE);
        if !matched.is_finite() {
            bail!("the losses of validation are not finite");
        }
        let lower = |name: &str, value: f64| Score::lower(name, value, "", &name.replace('_', " "));
        let families = losses.iter().filter(|(name, _)| FAMILIES.contains(&name.as_str()));
        let mut scores = vec![lower(MATCHED_LOSS, matched)];
        scores.extend(families.map(|(name, value)| lower(name, *value)));
        let mut card = ScoreCard { scores, baselines: vec![], headline: vec![MATCHED_LOSS.into()] };
        for table in &tables {
            let of_table = table.card();
            card.scores.extend(of_table.scores);
            card.baselines.extend(of_table.baselines);
        }
        let known = |name: &&&str| card.score(name).is_some();
        let headline: Vec<String> = HEADLINE.iter().filter(known).map(|name| (*name).into()).collect();
        card.headline.extend(headline);
        let losses = losses.into_iter().map(|(name, value)| (name, value.into())).collect();
        Ok(Self { losses, tables, card })
    }

    /// The score card.
    pub fn card(&self) -> ScoreCard {
        self.card.clone()
    }

    /// The tables under `heading`.
    pub fn table(&self, heading: &str) -> String {
        let is_loss = |score: &&Score| score.goal == Goal::Minimize && !score.name.contains('.');
        let losses = self.card.scores.iter().filter(is_loss);
        let losses = losses.map(|score| format!("{} {:.4}", score.title, score.value)).collect::<Vec<_>>();
        let tables: String = self.tables.iter().map(|table| format!("{table}\n")).collect();
        format!("{heading}\n\n{tables}losses: {}\n", losses.join(" | "))
    }
}

/// The families of losses that are scores.
const FAMILIES: [&str; 5] = [TRANSLATION, CONTRASTIVE, "demi_cycles", "cycles", "fused"];
/// The scores of lists and reports behind the first, of those that a run has.
const HEADLINE: [&str; 5] =
    ["v_to_attr.class", "v_to_attr.x_px", "v_to_attr.angle_deg", "v_finds_attr.recall_1", "t_to_attr.class"];
