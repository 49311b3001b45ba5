//! Scores of the agents with intact, zeroed and shuffled messages, and of baselines without
//! messages.

use serde::Serialize;
use tch::{Device, Kind, Tensor, no_grad};

use super::DigitViews;
use crate::charts::{Align, Table};
use crate::runs::{Baseline, Score, ScoreCard};
use crate::worlds::collaboration::models::{Como, ComoModel, DigitStrips, MessageCondition, squared_errors};

/// The headline score.
const MSE: &str = "mse";
/// Test digits in a batch.
const BATCH: i64 = 500;
/// The conditions that agents are scored under, with the key and the label of each score. The first
/// is the agents' own score.
const WITH_MESSAGES: [Condition; 3] = [
    (MessageCondition::Intact, "drawing", "with messages"),
    (MessageCondition::Zeroed, "zeroed", "messages zeroed"),
    (MessageCondition::Shuffled, "swapped", "messages of another image"),
];
/// The condition of agents without messages.
const WITHOUT_MESSAGES: [Condition; 1] = [(MessageCondition::Intact, "drawing", "without messages")];
/// A condition with the key and the label of its score.
type Condition = (MessageCondition<'static>, &'static str, &'static str);
/// Pixels above this intensity are ink.
const INK: f64 = 0.5;

/// The errors of reconstructions under one condition, or by one baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrawingScore {
    /// The key of the condition or baseline.
    pub name: &'static str,
    /// The condition or baseline in words.
    #[serde(rename = "words")]
    pub label: &'static str,
    /// Mean squared error of intensities in [0, 1] over all reconstructed pixels.
    pub mse: f64,
    /// The share of pixels on the correct side of 0.5.
    pub accuracy: f64,
    /// The mean squared error of each agent.
    pub agents_mse: Vec<f64>,
}

/// The scores of one evaluation.
pub struct DrawingScores {
    /// The agents with intact messages.
    pub own: DrawingScore,
    /// Ablations (zeroed, shuffled messages) and baselines.
    pub comparisons: Vec<DrawingScore>,
}

/// The results of one evaluation, as written to `evaluation.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Communication {
    pub epoch: f64,
    /// The number of bits that all agents together send for one image.
    pub bits_per_image: usize,
    /// The agents with intact messages.
    pub drawing: DrawingScore,
    /// Ablations (zeroed, shuffled messages) and baselines.
    #[serde(rename = "beside")]
    pub comparisons: Vec<DrawingScore>,
}

/// Sums over batches of the squared errors and of the correct pixels, for each agent.
struct DrawingMetrics {
    name: &'static str,
    label: &'static str,
    /// `[A]`
    squared_error: Tensor,
    /// `[A]`
    correct: Tensor,
    digits: i64,
}

impl DrawingMetrics {
    fn new(name: &'static str, label: &'static str, agents: i64, device: Device) -> Self {
        let zeros = || Tensor::zeros([agents], (Kind::Double, device));
        Self { name, label, squared_error: zeros(), correct: zeros(), digits: 0 }
    }

    /// Adds a batch: reconstructions `[B, A, Q]`, or `[1, A, Q]` for a constant one, and targets
    /// `[B, A, Q]`.
    fn add(&mut self, drawn: &Tensor, targets: &Tensor) {
        let batch = targets.size()[0];
        let correct = drawn.gt(INK).eq_tensor(&targets.gt(INK));
        let correct = correct.to_kind(Kind::Float).mean_dim([0, 2].as_slice(), false, Kind::Float);
        self.squared_error += squared_errors(drawn, targets).to_kind(Kind::Double) * batch as f64;
        self.correct += correct.to_kind(Kind::Double) * batch as f64;
        self.digits += batch;
    }

    fn score(&self) -> DrawingScore {
        let per_agent = |sums: &Tensor| {
            Vec::<f64>::try_from((sums / self.digits as f64).to_device(Device::Cpu))
                .expect("sums are float64")
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let agents_mse = per_agent(&self.squared_error);
        DrawingScore {
            name: self.name,
            label: self.label,
            mse: mean(&agents_mse),
            accuracy: mean(&per_agent(&self.correct)),
            agents_mse,
        }
    }
}

/// Scores `model` on the first `limit` test digits, with the mean training digit `[28, 28]` as a
/// baseline. `progress` is called with the number of digits scored so far.
///
/// # Errors
/// The errors of `progress`.
pub fn score_drawings(
    model: &ComoModel,
    strips: i64,
    digits: &DigitViews,
    limit: i64,
    mean: &Tensor,
    progress: impl Fn(i64) -> anyhow::Result<()>,
) -> anyhow::Result<DrawingScores> {
    let agents = model.agents.count();
    let metrics = |name, label, agents| DrawingMetrics::new(name, label, agents, mean.device());
    let conditions: &[_] = if model.agents.communicates() { &WITH_MESSAGES } else { &WITHOUT_MESSAGES };
    let messages: Vec<MessageCondition> = conditions.iter().map(|&(condition, ..)| condition).collect();
    let mut by_condition: Vec<DrawingMetrics> =
        conditions.iter().map(|&(_, name, label)| metrics(name, label, agents)).collect();
    let (mut silent, mut autoencoder) = (
        metrics("silent", "agents trained without messages", agents),
        metrics("autoencoder", "autoencoder that sees all", 1),
    );
    let mut constant = metrics("mean_image", "mean image", agents);
    let mean_strips = DigitStrips::new(&mean.unsqueeze(0), strips, agents).targets;
    for from in (0..limit).step_by(BATCH as usize) {
        progress(from)?;
        let images = digits.upright(from, BATCH.min(limit - from));
        let batch = DigitStrips::new(&images, strips, agents);
        no_grad(|| {
            let draw = |model: &Como, seen: &Tensor| model.draw(seen, MessageCondition::Intact);
            let drawn = model.agents.draw_each(&batch.seen, &messages);
            for (metrics, drawn) in by_condition.iter_mut().zip(drawn.unbind(0)) {
                metrics.add(&drawn, &batch.targets);
            }
            if let Some(baselines) = &model.baselines {
                autoencoder.add(&draw(&baselines.autoencoder, &batch.whole), &batch.whole);
                if let Some(model) = &baselines.silent {
                    silent.add(&draw(model, &batch.seen), &batch.targets);
                }
            }
            constant.add(&mean_strips, &batch.targets);
        });
    }
    let comparisons = by_condition[1..].iter().chain([&silent, &autoencoder, &constant]);
    Ok(DrawingScores {
        own: by_condition[0].score(),
        comparisons: comparisons.filter(|metrics| metrics.digits > 0).map(DrawingMetrics::score).collect(),
    })
}

impl Communication {
    /// The evaluation at `epoch` of agents that send `bits_per_image` bits for one image together.
    pub fn new(epoch: f64, bits_per_image: usize, scores: DrawingScores) -> Self {
        let DrawingScores { own, comparisons } = scores;
        Self { epoch, bits_per_image, drawing: own, comparisons }
    }

    /// The score card: the agents' errors, with ablations and baselines to compare with.
    pub fn card(&self) -> ScoreCard {
        let own = [
            Score::lower(MSE, self.drawing.mse, "", "MSE of the drawings"),
            Score::higher("accuracy", self.drawing.accuracy, "", "share of right pixels"),
            Score::lower("bits_per_image", self.bits_per_image as f64, "bits", "messages for one image"),
        ];
        let agents = self.drawing.agents_mse.iter().enumerate();
        let agents = agents
            .map(|(i, mse)| Score::lower(&format!("agent{i}.mse"), *mse, "", &format!("MSE of agent {i}")));
        let comparisons = self.comparisons.iter().map(|score| {
            Score::lower(&format!("{}.mse", score.name), score.mse, "", &format!("MSE, {}", score.label))
        });
        let baseline =
            |score: &DrawingScore| Baseline { name: score.label.into(), value: score.mse, of: MSE.into() };
        ScoreCard {
            scores: own.into_iter().chain(agents).chain(comparisons).collect(),
            baselines: self.comparisons.iter().map(baseline).collect(),
            headline: vec![MSE.into()],
        }
    }

    fn scores(&self) -> impl Iterator<Item = &DrawingScore> {
        std::iter::once(&self.drawing).chain(&self.comparisons)
    }

    /// The scores as a text table; `heading` names the agents.
    pub fn table(&self, heading: &str) -> String {
        let columns = [
            (heading, Align::Left),
            ("MSE", Align::Right),
            ("x the first", Align::Right),
            ("pixels right", Align::Right),
            ("MSE of each agent", Align::Left),
        ];
        let row = |score: &DrawingScore| {
            let agents: Vec<String> = score.agents_mse.iter().map(|mse| format!("{mse:.4}")).collect();
            [
                score.label.to_owned(),
                format!("{:.4}", score.mse),
                format!("{:.2}", score.mse / self.drawing.mse),
                format!("{:.1} %", 100.0 * score.accuracy),
                agents.join(" "),
            ]
        };
        self.scores().map(row).fold(Table::new(columns), Table::row).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(label: &'static str, mse: f64) -> DrawingScore {
        DrawingScore { name: "n", label, mse, accuracy: 0.9, agents_mse: vec![mse - 0.01, mse + 0.01] }
    }

    #[test]
    fn errors_and_correct_pixels_are_means_over_all_batches() {
        let mut metrics = DrawingMetrics::new("drawing", "", 2, Device::Cpu);
        let image = |values: &[f32], batch: i64| Tensor::from_slice(values).view([batch, 2, 1]);
        metrics.add(&image(&[0.6, 0.0, 0.2, 0.4], 2), &image(&[1.0, 0.0, 0.0, 1.0], 2));
        metrics.add(&image(&[1.0, 1.0], 1), &image(&[1.0, 0.0], 1));
        let score = metrics.score();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        close(score.agents_mse[0], (0.16 + 0.04 + 0.0) / 3.0);
        close(score.agents_mse[1], (0.0 + 0.36 + 1.0) / 3.0);
        close(score.mse, (0.2 + 1.36) / 6.0);
        close(score.accuracy, (3.0 / 3.0 + 1.0 / 3.0) / 2.0);
    }

    #[test]
    fn one_table_lists_the_agents_own_score_and_all_comparisons() {
        let (own, comparisons) = (score("with messages", 0.02), vec![score("mean image", 0.07)]);
        let found = Communication::new(4.0, 64, DrawingScores { own, comparisons });
        let expected = "\
two agents        MSE  x the first  pixels right  MSE of each agent
-------------  ------  -----------  ------------  -----------------
with messages  0.0200         1.00        90.0 %  0.0100 0.0300
mean image     0.0700         3.50        90.0 %  0.0600 0.0800
";
        assert_eq!(found.table("two agents"), expected);
        let card = found.card();
        assert_eq!(card.comparison()[1], ("baseline: mean image".to_owned(), 0.07));
        assert_eq!(card.score("agent1.mse").unwrap().value, 0.03);
    }
}
