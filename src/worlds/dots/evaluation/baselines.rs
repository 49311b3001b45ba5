//! Baselines: predictors of the dots' positions that see no image, though some know the start.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::errors::{Score, SquaredErrors};
use crate::worlds::dots::data::{Dots, HostTrajectories};
use umwelt_torch::NormalEquations;

/// A predictor without images, with its score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub name: String,
    pub score: Score,
}

/// The baselines of a dot whose actions are hidden.
const WITHOUT_ACTIONS: [&str; 2] = ["copy", "centre"];

/// The baselines of every dot in `count` batches of a stream, best first. The first dot, whose
/// actions are known, has all of them; other dots have those that need no actions. Paths start at
/// the last of `burn_in` frames.
///
/// # Errors
/// When the regression on the paths has no solution.
pub fn baselines(world: &Dots, stream: &str, count: u64, burn_in: usize) -> Result<Vec<Vec<Baseline>>> {
    let batches: Vec<HostTrajectories> = (0..count).map(|index| world.batch(stream, index, 0)).collect();
    let of_dot = |dot| {
        let paths = batches.iter().map(|host| Paths::new(world, host, burn_in, dot));
        let paths: Vec<Paths> = paths.collect::<Result<_>>()?;
        baselines_of(&Paths::together(&paths), world.walls(), dot == 0)
    };
    (0..world.roles().len()).map(of_dot).collect()
}

fn baselines_of(paths: &Paths, walls: (f64, f64), actions_known: bool) -> Result<Vec<Baseline>> {
    let free = paths.start() + &paths.travelled;
    let predictions = [
        ("simulator", paths.simulated(walls)),
        ("dead reckoning", free.clamp(walls.0, walls.1)),
        ("linear", paths.regressed(&[&paths.start().expand_as(&paths.travelled), &paths.travelled])?),
        ("no walls", free),
        ("copy", paths.start().expand_as(&paths.travelled)),
        ("summed actions", paths.regressed(&[&paths.travelled])?),
        ("centre", Tensor::full_like(&paths.travelled, f64::midpoint(walls.0, walls.1))),
    ];
    let known = |(name, _): &(&str, Tensor)| actions_known || WITHOUT_ACTIONS.contains(name);
    predictions.into_iter().filter(known).map(|(name, positions)| paths.baseline(name, &positions)).collect()
}

/// True positions of a dot and the cumulative actions of the first dot, `[T, N, 2]` each, in
/// pixels.
struct Paths {
    positions: Tensor,
    travelled: Tensor,
}

impl Paths {
    fn new(world: &Dots, host: &HostTrajectories, burn_in: usize, dot: usize) -> Result<Self> {
        let first = burn_in as i64 - 1;
        let since = |x: Tensor| x.narrow(0, first, x.size()[0] - first).to_kind(Kind::Double);
        let units = world.normalisation();
        let positions = Tensor::try_from(&host.locations)?;
        let actions = since(Tensor::try_from(&host.actions)?);
        let none = Tensor::zeros([1, actions.size()[1], 2], (Kind::Double, Device::Cpu));
        Ok(Self {
            positions: since(positions.select(2, dot as i64)) * units.location_unit + units.location_centre,
            travelled: Tensor::cat(&[none, actions.cumsum(0, Kind::Double) * units.action_unit], 0),
        })
    }

    fn together(parts: &[Self]) -> Self {
        let all = |part: fn(&Self) -> &Tensor| Tensor::cat(&parts.iter().map(part).collect::<Vec<_>>(), 1);
        Self { positions: all(|p| &p.positions), travelled: all(|p| &p.travelled) }
    }

    fn start(&self) -> Tensor {
        self.positions.narrow(0, 0, 1)
    }

    /// The dynamics of the world: each action from the last position, stopped by the walls.
    fn simulated(&self, walls: (f64, f64)) -> Tensor {
        let actions = self.travelled.diff(1, 0, None::<&Tensor>, None::<&Tensor>);
        let step = |at: &mut Tensor, action: Tensor| {
            *at = (&*at + action).clamp(walls.0, walls.1);
            Some(at.shallow_clone())
        };
        let start = self.positions.get(0);
        let later = actions.unbind(0).into_iter().scan(start.shallow_clone(), step);
        Tensor::stack(&std::iter::once(start.shallow_clone()).chain(later).collect::<Vec<_>>(), 0)
    }

    /// Positions `[T, N, 2]` by one affine map of `known`, `[T, N, 2]` each, for all frames. The
    /// map is fitted to these paths by least squares.
    fn regressed(&self, known: &[&Tensor]) -> Result<Tensor> {
        let rows = |x: &Tensor| x.reshape([-1, 2]);
        let one = Tensor::ones([self.travelled.numel() as i64 / 2, 1], (Kind::Double, Device::Cpu));
        let columns: Vec<Tensor> = known.iter().map(|x| rows(x)).chain([one]).collect();
        let x = Tensor::cat(&columns, 1);
        let mut equations = NormalEquations::without_ridge(x.size()[1], 2, Device::Cpu);
        equations.add(&x, &rows(&self.positions));
        Ok(x.matmul(&equations.coefficients()?).view_as(&self.positions))
    }

    fn baseline(&self, name: &str, positions: &Tensor) -> Result<Baseline> {
        let mut errors = SquaredErrors::default();
        errors.add(&positions.unsqueeze(2), &self.positions.unsqueeze(2));
        Ok(Baseline { name: name.into(), score: errors.score(|px| px)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::dots::data::{DatasetType, DotsSettings};

    #[test]
    fn baselines_are_those_that_the_readme_states() {
        let world = Dots::new(DotsSettings { normalize: true, ..DotsSettings::default() }).unwrap();
        let found = &baselines(&world, "score", 78, 1).unwrap()[0];
        let expected = [
            ("simulator", 0.0),
            ("dead reckoning", 1.15),
            ("linear", 2.08),
            ("no walls", 2.93),
            ("copy", 5.82),
            ("summed actions", 7.80),
            ("centre", 9.37),
        ];
        for (baseline, (name, rmse)) in found.iter().zip(expected) {
            assert_eq!(baseline.name, name);
            assert!(
                (baseline.score.rmse_px - rmse).abs() < 0.03 * rmse + 1e-4,
                "{name} {}",
                baseline.score.rmse_px
            );
        }
        assert!((found[6].score.per_step_px[0] - 6.293 * 2f64.sqrt()).abs() < 0.1);
        assert_eq!(found[4].score.per_step_px[0], 0.0);
    }

    #[test]
    fn paths_start_at_the_last_frame_shown() {
        let world = Dots::new(DotsSettings { frames: 6, ..DotsSettings::default() }).unwrap();
        let found = &baselines(&world, "score", 2, 3).unwrap()[0];
        let score = |name: &str| &found.iter().find(|baseline| baseline.name == name).unwrap().score;
        assert!(score("simulator").rmse_px < 1e-6);
        // By hand: the distances of frames 2 to 5 from frame 2.
        let (mut sums, mut count) = ([0f64; 4], 0.0);
        for host in [0, 1].map(|index| world.batch("score", index, 0)) {
            let locations = host.locations.mapv(f64::from);
            for b in 0..locations.dim().1 {
                let squared = |t: usize| {
                    (0..2)
                        .map(|axis| (locations[[t, b, 0, axis]] - locations[[2, b, 0, axis]]).powi(2))
                        .sum::<f64>()
                };
                (0..4).for_each(|t| sums[t] += squared(t + 2));
                count += 1.0;
            }
        }
        for (px, sum) in score("copy").per_step_px.iter().zip(sums) {
            assert!((px - (sum / count).sqrt()).abs() < 1e-6);
        }
        assert_eq!(score("copy").per_step_px.len(), 4);
    }

    #[test]
    fn other_dots_have_the_baselines_that_need_no_actions() {
        let settings = DotsSettings { dataset_type: DatasetType::Multiple, ..DotsSettings::default() };
        let world = Dots::new(settings).unwrap();
        let found = baselines(&world, "score", 20, 1).unwrap();
        let of = |dot: usize| &found[dot];
        assert_eq!((of(0).len(), of(1)[0].name.as_str(), of(1)[1].name.as_str()), (7, "copy", "centre"));
        assert!((of(1)[0].score.rmse_px - 5.82).abs() < 0.3 && (of(1)[1].score.rmse_px - 9.37).abs() < 0.3);
        assert!(of(2)[0].score.rmse_px == 0.0);
        // Uniform over 21.8 pixels on both axes.
        assert!((of(2)[1].score.rmse_px - 21.8 / 6f64.sqrt()).abs() < 0.2);
    }

    #[test]
    fn normalised_units_change_no_baseline() {
        let baseline = |normalize| {
            let world = Dots::new(DotsSettings { normalize, ..DotsSettings::default() }).unwrap();
            baselines(&world, "score", 2, 1).unwrap()[0][2].score.rmse_px
        };
        assert!((baseline(true) - baseline(false)).abs() < 1e-4);
    }
}
