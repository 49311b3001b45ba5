//! A sweep file: search space, sampler, metric and budget.

mod clash;
mod keys;
mod overrides;
mod placeholders;
mod read;
mod seeds;
mod verify;

use std::path::PathBuf;

pub(super) use read::safe_name;

use super::{
    domain::Domain,
    early_stopping::EarlyStopping,
    metric::Metric,
    plain::{Method, ReportOptions},
    point::Point,
    samplers::{Drawn, Grid, Random, Sampler, Sobol, Tpe},
    setting::Setting,
    space::Space,
};
use umwelt_settings::Origin;

/// A sweep file.
#[derive(Clone, Debug)]
pub struct SweepFile {
    /// Name of the sweep.
    pub name: String,
    /// The author's description.
    pub description: Option<String>,
    /// Folder of the sweep.
    pub output_path: PathBuf,
    /// The sampler.
    pub method: Method,
    /// The number to optimise.
    pub metric: Metric,
    /// The number of points; `None` only for a grid.
    pub budget: Option<usize>,
    /// The seed of the sampler's draws.
    pub sampler_seed: u64,
    /// The early-stopping rule.
    pub early_stopping: Option<EarlyStopping>,
    /// The number of restarts of a failed run.
    pub retries: usize,
    /// The layout of the report.
    pub report: ReportOptions,
    /// The search space, without the seed.
    pub space: Space,
    /// The settings files of every trial, each with its place in the sweep file.
    pub(super) configs: Vec<(String, Origin)>,
    /// The seeds of each point; empty if the settings give the seed.
    pub(super) seeds: Vec<Setting>,
    /// All points, or `None` if they are too many or uncountable.
    points: Option<Vec<Point>>,
    /// The points drawn so far, at random or from Sobol's sequence.
    drawn: Drawn,
}

impl SweepFile {
    /// The number of trials: points times seeds.
    pub fn len(&self) -> usize {
        let counted = self.points.as_ref().map_or(usize::MAX, Vec::len);
        counted.min(self.budget.unwrap_or(counted)) * self.seeds_per_point()
    }

    /// True if there is no trial, which only `budget: 0` causes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if a trial depends on the results of earlier ones.
    pub fn is_adaptive(&self) -> bool {
        self.method == Method::Tpe
    }

    /// The names of the dimensions in order: parameters by dotted key, groups, labels, and `seed`
    /// last.
    pub fn dimensions(&self) -> Vec<String> {
        let names = self.space.dimensions.iter().map(|dimension| dimension.name.clone());
        names.chain((!self.seeds.is_empty()).then(|| "seed".to_owned())).collect()
    }

    /// The names of the parameters that are drawn on a logarithmic scale.
    pub fn logarithmic(&self) -> Vec<String> {
        let is_log = |domain: &Domain| matches!(domain, Domain::Numbers(numbers) if numbers.log);
        let dimensions = self.space.dimensions.iter().filter(|dimension| is_log(&dimension.domain));
        dimensions.map(|dimension| dimension.name.clone()).collect()
    }

    /// The number of trials of each point.
    pub fn seeds_per_point(&self) -> usize {
        self.seeds.len().max(1)
    }

    pub(super) fn sampler(&self) -> Box<dyn Sampler + '_> {
        let (space, points, seed) = (&self.space, self.points.as_deref(), self.sampler_seed);
        let drawn = &self.drawn;
        let random = Random { space, points, seed, drawn };
        match self.method {
            Method::Grid => Box::new(Grid(points.expect("a grid was counted when it was read"))),
            Method::Random => Box::new(random),
            Method::Sobol => Box::new(Sobol { space, points, seed, drawn }),
            Method::Tpe => Box::new(Tpe { random, goal: self.metric.goal }),
        }
    }
}
