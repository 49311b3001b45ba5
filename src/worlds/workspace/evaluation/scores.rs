//! The scores of a workspace with their tables and their score card.

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Map;

use super::score_table::ScoreTable;
use crate::runs::{Baseline, Goal, Score, ScoreCard};
use crate::worlds::workspace::models::{CONTRASTIVE, TRANSLATION};

/// The headline score: the losses of matched items, the same whatever losses are trained.
pub const MATCHED_LOSS: &str = "matched_loss";
/// The start of the names of scores on items out of distribution.
const OUTSIDE: &str = "ood_";
/// The start of the names of validation losses. The losses of training have the names without it.
const VALIDATION: &str = "val_";

/// The scores of a workspace on one split.
#[derive(Clone, Debug, Serialize)]
pub struct WorkspaceScores {
    /// All losses by their published names.
    pub losses: Map<String, serde_json::Value>,
    pub tables: Vec<ScoreTable>,
    /// The scores on the items that are out of distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_distribution: Option<Box<Self>>,
    #[serde(skip)]
    card: ScoreCard,
}

impl WorkspaceScores {
    pub(super) fn new(losses: Vec<(String, f64)>, tables: Vec<ScoreTable>, contrastive: f64) -> Result<Self> {
        let loss = |name: &str| losses.iter().find(|(known, _)| known == name).map_or(0.0, |(_, loss)| *loss);
        let matched = loss(TRANSLATION) + contrastive * loss(CONTRASTIVE);
        if !matched.is_finite() {
            bail!("the losses of validation are not finite");
        }
        let lower =
            |name: &str, value: f64, title: &str| Score::lower(name, value, "", &title.replace('_', " "));
        let families = losses.iter().filter(|(name, _)| FAMILIES.contains(&name.as_str()));
        let mut scores = vec![lower(MATCHED_LOSS, matched, MATCHED_LOSS)];
        scores.extend(families.map(|(name, value)| lower(&format!("{VALIDATION}{name}"), *value, name)));
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
        Ok(Self { losses, tables, out_of_distribution: None, card })
    }

    /// These scores with those on items out of distribution, whose names start with `ood_`.
    pub(super) fn beside(mut self, outside: Self) -> Self {
        let score = |score: Score| Score {
            name: format!("{OUTSIDE}{}", score.name),
            title: format!("{}, out of distribution", score.title),
            ..score
        };
        let baseline = |baseline: Baseline| Baseline { of: format!("{OUTSIDE}{}", baseline.of), ..baseline };
        let card = outside.card();
        self.card.scores.extend(card.scores.into_iter().map(score));
        self.card.baselines.extend(card.baselines.into_iter().map(baseline));
        self.out_of_distribution = Some(Box::new(outside));
        self
    }

    /// The score card.
    pub fn card(&self) -> ScoreCard {
        self.card.clone()
    }

    /// The tables under `heading`.
    pub fn table(&self, heading: &str) -> String {
        let is_loss = |score: &&Score| {
            score.goal == Goal::Minimize && !score.name.contains('.') && !score.name.starts_with(OUTSIDE)
        };
        let losses = self.card.scores.iter().filter(is_loss);
        let losses = losses.map(|score| format!("{} {:.4}", score.title, score.value)).collect::<Vec<_>>();
        let tables: String = self.tables.iter().map(|table| format!("{table}\n")).collect();
        let outside = self.out_of_distribution.as_ref();
        let outside = outside.map_or(String::new(), |scores| scores.table("\nitems out of distribution"));
        format!("{heading}\n\n{tables}losses: {}\n{outside}", losses.join(" | "))
    }
}

/// The families of losses that are scores.
const FAMILIES: [&str; 5] = [TRANSLATION, CONTRASTIVE, "demi_cycles", "cycles", "fused"];
/// The scores of lists and reports behind the first, of those that a run has.
const HEADLINE: [&str; 5] =
    ["v_to_attr.class", "v_to_attr.x_px", "v_to_attr.angle_deg", "v_finds_attr.recall_1", "t_to_attr.class"];
