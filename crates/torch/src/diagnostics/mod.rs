//! Diagnostics of encodings and predictions: pure functions from tensors to scalars.

mod agreement;
mod collapse;
mod lidar;
mod rank;
mod slowness;
mod spread;

use tch::{Tensor, no_grad};

use self::agreement::agreement;
use self::spread::spread;
use crate::objectives::scalars::Scalars;

pub use collapse::{collapse, evenly_spread};
pub use slowness::slow_feature_ratio;

/// The predictions that are also reported one by one, if a sequence has so many.
pub const STEPS: [i64; 5] = [0, 1, 3, 7, 15];

/// The activations of a world model on one batch, detached.
pub struct Activations {
    /// Encodings of the frames, `[T, B, D]`.
    pub encodings: Tensor,
    /// Predicted encodings of frames 1 to T-1, `[T-1, B, D]`.
    pub predictions: Tensor,
    /// Projections of the encodings `[T, B, P]` and of the predictions `[T-1, B, P]`, for models
    /// that compare projections in the loss.
    pub projections: Option<(Tensor, Tensor)>,
}

/// All diagnostics, with names such as `encodings/std/flat` and `projections/cosine/7`, and those
/// of [`collapse`].
///
/// `flat` is computed over all predicted frames together; step k over frame k + 1, the target of
/// prediction k.
pub fn diagnose(activations: &Activations) -> Scalars {
    let mut scalars = Scalars::default();
    no_grad(|| {
        compare(&mut scalars, "encodings", &activations.encodings, &activations.predictions);
        if let Some((projections, predicted)) = &activations.projections {
            compare(&mut scalars, "projections", projections, predicted);
        }
        for (name, value) in collapse(&activations.encodings) {
            scalars.push(name, &value);
        }
    });
    scalars
}

/// True if a key of the metrics is one of [`diagnose`].
pub fn is_diagnostic(name: &str) -> bool {
    name.contains('/') || collapse::NAMES.contains(&name)
}

/// Adds spread and agreement of frames `[T, B, D]` and the predictions `[T-1, B, D]` of all but the
/// first.
fn compare(scalars: &mut Scalars, what: &str, frames: &Tensor, predictions: &Tensor) {
    let predicted = predictions.size()[0];
    let steps: Vec<i64> = STEPS.into_iter().filter(|step| *step < predicted).collect();
    let chosen = Tensor::from_slice(&steps).to_device(frames.device());
    let targets = frames.narrow(0, 1, predicted);
    let flat = spread(&targets.flatten(0, 1).unsqueeze(0));
    let spreads = flat.into_iter().zip(spread(&targets.index_select(0, &chosen)));
    let agreements = agreement(&targets, predictions).into_iter();
    let agreements =
        agreements.map(|(name, of)| ((name, of.mean(of.kind())), (name, of.index_select(0, &chosen))));
    for ((name, flat), (_, stepwise)) in spreads.chain(agreements) {
        scalars.push(format!("{what}/{name}/flat"), &flat);
        for (step, value) in steps.iter().zip(stepwise.unbind(0)) {
            scalars.push(format!("{what}/{name}/{step}"), &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::draws::Draws;

    fn activations(frames: i64, features: i64, projected: bool) -> Activations {
        let draws = Draws::new(3);
        let draw = |t| draws.floats([t, 4, features]);
        let projections = projected.then(|| (draw(frames), draw(frames - 1)));
        Activations { encodings: draw(frames), predictions: draw(frames - 1), projections }
    }

    fn names(activations: &Activations) -> Vec<String> {
        diagnose(activations).read().unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn steps_that_a_sequence_lacks_are_left_out() {
        let stepwise = |frames| {
            let names = names(&activations(frames, 3, false));
            let steps = names.iter().filter_map(|name| name.strip_prefix("encodings/cosine/"));
            steps.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(stepwise(2), ["flat", "0"]);
        assert_eq!(stepwise(8), ["flat", "0", "1", "3"]);
        assert_eq!(stepwise(17), ["flat", "0", "1", "3", "7", "15"]);
    }

    #[test]
    fn the_least_batch_has_all_its_numbers() {
        let least = names(&activations(2, 2, true));
        for name in
            ["encodings/correlation/0", "projections/std/flat", "slow_feature_ratio", "rankme", "lidar"]
        {
            assert!(least.iter().any(|found| found == name), "{name} is not among {least:?}");
        }
        assert_eq!(least.len(), 2 * 7 * 2 + 3);
    }

    #[test]
    fn step_k_is_of_the_frame_that_prediction_k_is_of() {
        let mut activations = activations(5, 3, false);
        activations.predictions = activations.encodings.narrow(0, 1, 4) * 2.0;
        let found = diagnose(&activations).read().unwrap();
        let value = |name: &str| found.iter().find(|(found, _)| found == name).unwrap().1;
        assert!((value("encodings/cosine/3") - 1.0).abs() < 1e-6);
        let deviation = activations.encodings.get(4).std_dim([0].as_slice(), true, false).mean(Kind::Float);
        assert!((value("encodings/std/3") - deviation.double_value(&[])).abs() < 1e-6);
        assert!((value("encodings/predicted_norm/flat") / value("encodings/norm/flat") - 2.0).abs() < 1e-6);
    }
}
