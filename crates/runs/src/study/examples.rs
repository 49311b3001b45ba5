//! For tests: small sweeps with known numbers.

use super::run::{Outcome, StudyRun};
use crate::{Baseline, Score, ScoreCard};

/// A finished run with a card of these scores, all of them headline scores.
pub fn run(name: &str, varied: &[(&str, &str)], seed: Option<&str>, scores: &[(&str, f64)]) -> StudyRun {
    StudyRun {
        name: name.to_owned(),
        outcome: Outcome::Finished,
        varied: varied.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        seed: seed.map(str::to_owned),
        scores: scores.iter().map(|(name, score)| ((*name).to_owned(), *score)).collect(),
        card: ScoreCard {
            scores: scores.iter().map(|(name, value)| Score::lower(name, *value, "", name)).collect(),
            baselines: vec![],
            headline: scores.iter().map(|(name, _)| (*name).to_owned()).collect(),
        },
        repeats: false,
    }
}

/// A baseline of the prediction.
pub fn baseline(name: &str, value: f64) -> Baseline {
    Baseline { name: name.into(), value, of: "prediction.rmse_px".into() }
}

/// Two methods at noise 0, 1 and 2 with three seeds 0.1 apart: VICReg at 1 + noise, IDM at 0.9.
pub fn noise_sweep() -> Vec<StudyRun> {
    let mut runs = Vec::new();
    for (method, mean) in [("VICReg", [1.0, 2.0, 3.0]), ("IDM", [0.9; 3])] {
        for (noise, mean) in mean.iter().enumerate() {
            runs.extend((0..3).map(|seed| noisy(method, noise, seed, mean + 0.1 * (f64::from(seed) - 1.0))));
        }
    }
    runs
}

fn noisy(method: &str, noise: usize, seed: i32, score: f64) -> StudyRun {
    let varied = [("model_type", method), ("dataset_noise", &noise.to_string())];
    let scores = [("prediction.rmse_px", score), ("encoding.rmse_px", 0.5)];
    let mut run = run(&format!("{method}-n{noise}-s{seed}"), &varied, Some(&seed.to_string()), &scores);
    run.card.scores = vec![
        Score::lower("prediction.rmse_px", score, "px", "prediction RMSE"),
        Score::lower("encoding.rmse_px", 0.5, "px", "encoding RMSE"),
    ];
    run.card.baselines = vec![baseline("simulator", 1e-6), baseline("centre", 9.37), baseline("copy", 2.5)];
    run
}

/// The noise sweep with one and three dots, and with changing and static noise.
pub fn conditions() -> Vec<StudyRun> {
    let worlds = [("1", "false"), ("1", "true"), ("3", "false"), ("3", "true")];
    let with = |mut run: StudyRun, (dots, fixed): (&str, &str)| {
        run.varied.extend([("dots".into(), dots.into()), ("static".into(), fixed.into())]);
        run
    };
    worlds.iter().flat_map(|world| noise_sweep().into_iter().map(move |run| with(run, *world))).collect()
}

/// A search over a learning rate on a logarithmic scale, a coefficient and an architecture.
pub fn search(trials: usize) -> Vec<StudyRun> {
    let trial = |index: usize| {
        let rate = 1e-4 * 10f64.powf(4.0 * index as f64 / trials as f64);
        let coefficient = 10.0 + ((index * 7) % trials) as f64;
        let network = if index.is_multiple_of(3) { "menet5" } else { "resnet18" };
        let score = 1.0 + (rate.log10() + 2.0).powi(2) + 0.01 * coefficient;
        let varied = [
            ("vicreg.base_lr", &*rate.to_string()),
            ("vicreg.sim_coeff", &*coefficient.to_string()),
            ("vicreg.arch", network),
        ];
        run(&format!("trial-{index}"), &varied, None, &[("prediction.rmse_px", score)])
    };
    (0..trials).map(trial).collect()
}
