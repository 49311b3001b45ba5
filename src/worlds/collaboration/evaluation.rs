//! What messages are worth: the same agents scored with true, zeroed and foreign messages, beside what stays without them.

use serde::Serialize;
use tch::{Device, Kind, Tensor, no_grad};

use super::DigitViews;
use crate::charts::{Align, Table};
use crate::runs::{Baseline, Score, ScoreCard};
use crate::worlds::collaboration::models::{Como, ComoModel, DigitStrips, Heard, squared_errors};

/// The score that agents are compared by.
const MSE: &str = "mse";
/// Test digits that are scored at once.
const BATCH: i64 = 500;
/// The messages that agents are scored with, and the key and the label of each score; the first is
/// the agents' own.
const WITH_MESSAGES: [(Heard, &str, &str); 3] = [
    (Heard::Written, "drawing", "with messages"),
    (Heard::Nothing, "zeroed", "messages zeroed"),
    (Heard::OfAnotherImage, "swapped", "messages of another image"),
];
/// The same of agents that send none.
const WITHOUT_MESSAGES: [(Heard, &str, &str); 1] = [(Heard::Written, "drawing", "without messages")];
/// Intensities above this are ink.
const INK: f64 = 0.5;

/// How good some drawings are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrawingScore {
    /// What this is the score of, as a key.
    pub name: &'static str,
    /// The same in words.
    pub words: &'static str,
    /// Mean squared error of an intensity in [0, 1], over all that is drawn.
    pub mse: f64,
    /// The share of pixels on the right side of 0.5.
    pub accuracy: f64,
    /// The error of each agent alone.
    pub agents_mse: Vec<f64>,
}

/// The scores of one evaluation.
pub struct DrawingScores {
    /// The agents as they were trained.
    pub own: DrawingScore,
    /// The same agents with other messages, and models that need no messages.
    pub beside: Vec<DrawingScore>,
}

/// What an evaluation found.
#[derive(Clone, Debug, Serialize)]
pub struct Communication {
    pub epoch: f64,
    /// Bits that all agents together send for one image.
    pub bits_per_image: usize,
    /// The agents with their messages.
    pub drawing: DrawingScore,
    /// The same agents with other messages, and what needs none.
    pub beside: Vec<DrawingScore>,
}

/// Squared errors and right pixels, summed over batches.
struct Tally {
    name: &'static str,
    words: &'static str,
    squared: Tensor,
    right: Tensor,
    digits: i64,
}

impl Tally {
    fn new(name: &'static str, words: &'static str, agents: i64, device: Device) -> Self {
        let zeros = || Tensor::zeros([agents], (Kind::Double, device));
        Self { name, words, squared: zeros(), right: zeros(), digits: 0 }
    }

    /// drawn `[B, A, Q]`, or `[1, A, Q]` where all are the same, and targets `[B, A, Q]`
    fn add(&mut self, drawn: &Tensor, targets: &Tensor) {
        let batch = targets.size()[0];
        let right = drawn.gt(INK).eq_tensor(&targets.gt(INK));
        let right = right.to_kind(Kind::Float).mean_dim([0, 2].as_slice(), false, Kind::Float);
        self.squared += squared_errors(drawn, targets).to_kind(Kind::Double) * batch as f64;
        self.right += right.to_kind(Kind::Double) * batch as f64;
        self.digits += batch;
    }

    fn score(&self) -> DrawingScore {
        let per_agent = |sums: &Tensor| {
            Vec::<f64>::try_from((sums / self.digits as f64).to_device(Device::Cpu))
                .expect("sums are float64")
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let agents_mse = per_agent(&self.squared);
        DrawingScore {
            name: self.name,
            words: self.words,
            mse: mean(&agents_mse),
            accuracy: mean(&per_agent(&self.right)),
            agents_mse,
        }
    }
}

/// Scores `model` on the first `limit` of the test digits, beside the mean of the training digits `[28, 28]`; `at` is told how
/// many digits are done.
///
/// # Errors
/// Those of `at`.
pub fn score_drawings(
    model: &ComoModel,
    strips: i64,
    digits: &DigitViews,
    limit: i64,
    mean: &Tensor,
    at: impl Fn(i64) -> anyhow::Result<()>,
) -> anyhow::Result<DrawingScores> {
    let agents = model.agents.count();
    let tally = |name, words, agents| Tally::new(name, words, agents, mean.device());
    let conditions: &[_] = if model.agents.communicates() { &WITH_MESSAGES } else { &WITHOUT_MESSAGES };
    let heard: Vec<Heard> = conditions.iter().map(|&(heard, ..)| heard).collect();
    let mut talk: Vec<Tally> =
        conditions.iter().map(|&(_, name, words)| tally(name, words, agents)).collect();
    let (mut silent, mut autoencoder) = (
        tally("silent", "agents trained without messages", agents),
        tally("autoencoder", "autoencoder that sees all", 1),
    );
    let mut constant = tally("mean_image", "mean image", agents);
    let drawn_always = DigitStrips::new(&mean.unsqueeze(0), strips, agents).targets;
    for from in (0..limit).step_by(BATCH as usize) {
        at(from)?;
        let images = digits.upright(from, BATCH.min(limit - from));
        let batch = DigitStrips::new(&images, strips, agents);
        no_grad(|| {
            let draw = |model: &Como, seen: &Tensor| model.draw(seen, Heard::Written);
            let drawn = model.agents.draw_each(&batch.seen, &heard);
            for (tally, drawn) in talk.iter_mut().zip(drawn.unbind(0)) {
                tally.add(&drawn, &batch.targets);
            }
            if let Some(baselines) = &model.baselines {
                autoencoder.add(&draw(&baselines.autoencoder, &batch.whole), &batch.whole);
                if let Some(model) = &baselines.silent {
                    silent.add(&draw(model, &batch.seen), &batch.targets);
                }
            }
            constant.add(&drawn_always, &batch.targets);
        });
    }
    let beside = talk[1..].iter().chain([&silent, &autoencoder, &constant]);
    Ok(DrawingScores {
        own: talk[0].score(),
        beside: beside.filter(|tally| tally.digits > 0).map(Tally::score).collect(),
    })
}

impl Communication {
    /// The evaluation at `epoch` of agents that send `bits_per_image` bits for one image together.
    pub fn new(epoch: f64, bits_per_image: usize, scores: DrawingScores) -> Self {
        let DrawingScores { own, beside } = scores;
        Self { epoch, bits_per_image, drawing: own, beside }
    }

    /// The errors of the drawings, with those of other messages and of models that need none as baselines.
    pub fn card(&self) -> ScoreCard {
        let own = [
            Score::lower(MSE, self.drawing.mse, "", "MSE of the drawings"),
            Score::higher("accuracy", self.drawing.accuracy, "", "share of right pixels"),
            Score::lower("bits_per_image", self.bits_per_image as f64, "bits", "messages for one image"),
        ];
        let agents = self.drawing.agents_mse.iter().enumerate();
        let agents = agents
            .map(|(i, mse)| Score::lower(&format!("agent{i}.mse"), *mse, "", &format!("MSE of agent {i}")));
        let beside = self.beside.iter().map(|score| {
            Score::lower(&format!("{}.mse", score.name), score.mse, "", &format!("MSE, {}", score.words))
        });
        let baseline =
            |score: &DrawingScore| Baseline { name: score.words.into(), value: score.mse, of: MSE.into() };
        ScoreCard {
            scores: own.into_iter().chain(agents).chain(beside).collect(),
            baselines: self.beside.iter().map(baseline).collect(),
            headline: vec![MSE.into()],
        }
    }

    fn scores(&self) -> impl Iterator<Item = &DrawingScore> {
        std::iter::once(&self.drawing).chain(&self.beside)
    }

    /// For a person to read, under a heading that says what agents these are.
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
                score.words.to_owned(),
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

    fn score(words: &'static str, mse: f64) -> DrawingScore {
        DrawingScore { name: "n", words, mse, accuracy: 0.9, agents_mse: vec![mse - 0.01, mse + 0.01] }
    }

    #[test]
    fn errors_and_right_pixels_are_means_over_all_batches() {
        let mut tally = Tally::new("drawing", "", 2, Device::Cpu);
        let image = |values: &[f32], batch: i64| Tensor::from_slice(values).view([batch, 2, 1]);
        tally.add(&image(&[0.6, 0.0, 0.2, 0.4], 2), &image(&[1.0, 0.0, 0.0, 1.0], 2));
        tally.add(&image(&[1.0, 1.0], 1), &image(&[1.0, 0.0], 1));
        let score = tally.score();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        close(score.agents_mse[0], (0.16 + 0.04 + 0.0) / 3.0);
        close(score.agents_mse[1], (0.0 + 0.36 + 1.0) / 3.0);
        close(score.mse, (0.2 + 1.36) / 6.0);
        close(score.accuracy, (3.0 / 3.0 + 1.0 / 3.0) / 2.0);
    }

    #[test]
    fn scores_stand_in_one_table_beside_the_agents_own() {
        let (own, beside) = (score("with messages", 0.02), vec![score("mean image", 0.07)]);
        let found = Communication::new(4.0, 64, DrawingScores { own, beside });
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
