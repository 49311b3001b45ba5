//! A sweep file, and the trials that it stands for.

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
    early_stopping::EarlyStopping,
    plain::{Method, Metric, ReportWishes},
    point::{Point, Told, by_point},
    samplers::{Drawn, Grid, Random, Sampler, Sobol, Tpe},
    setting::Setting,
    space::Space,
    trial::Trial,
};
use umwelt_settings::Origin;

/// What to try, how to choose, and what is good.
#[derive(Clone, Debug)]
pub struct SweepFile {
    /// Name of the sweep.
    pub name: String,
    /// What the sweep is for, in the author's words.
    pub description: Option<String>,
    /// Folder of the sweep.
    pub output_path: PathBuf,
    /// How points are chosen.
    pub method: Method,
    /// What the sweep is about.
    pub metric: Metric,
    /// How many points are asked for; a grid may do without.
    pub budget: Option<usize>,
    /// What the sampler's draws are derived from.
    pub sampler_seed: u64,
    /// When runs without prospects are ended.
    pub early_stopping: Option<EarlyStopping>,
    /// How often a run that failed is started again.
    pub retries: usize,
    /// How the report is to be laid out.
    pub report: ReportWishes,
    /// What varies, but for the seed.
    pub space: Space,
    /// Settings files of every trial, each with where it was named.
    pub(super) configs: Vec<(String, Origin)>,
    /// The seeds of each point; none if the settings say the seed.
    pub(super) seeds: Vec<Setting>,
    /// All points, if they can be counted.
    points: Option<Vec<Point>>,
    /// The points that random draws or Sobol's sequence have brought so far.
    drawn: Drawn,
}

impl SweepFile {
    /// How many trials there are in all: points times seeds.
    pub fn len(&self) -> usize {
        let counted = self.points.as_ref().map_or(usize::MAX, Vec::len);
        counted.min(self.budget.unwrap_or(counted)) * self.seeds_per_point()
    }

    /// Whether there is no trial at all, which only `budget: 0` brings about.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a trial depends on how earlier ones went.
    pub fn is_adaptive(&self) -> bool {
        self.method == Method::Tpe
    }

    /// The trial number `index` given what is known of others; the seeds are the inner loop.
    ///
    /// A pure function of the file, `index` and `told`. An adaptive sweep keeps the point that `told` has for the
    /// index or for another seed of it, so tell a trial as pending before the next one is asked for.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    pub fn trial(&self, index: usize, told: &[Told]) -> Trial {
        assert!(index < self.len(), "trial {index} of a sweep with {}", self.len());
        let told = if self.is_adaptive() { by_point(told, self.seeds_per_point()) } else { Vec::new() };
        let number = index / self.seeds_per_point();
        let known = told.iter().find(|observed| observed.index == number);
        let point = known.map_or_else(|| self.sampler().ask(number, &told), |known| known.point.clone());
        self.trial_at(index, point)
    }

    /// The trial number `index` at a point that was chosen before.
    pub fn trial_at(&self, index: usize, point: Point) -> Trial {
        Trial::assemble(self, index, point, self.seeds.get(index % self.seeds_per_point()))
    }

    /// The names of all that varies, in order: parameters by their dotted keys, groups, labels, and `seed` last.
    pub fn dimensions(&self) -> Vec<String> {
        let names = self.space.dimensions.iter().map(|dimension| dimension.name.clone());
        names.chain((!self.seeds.is_empty()).then(|| "seed".to_owned())).collect()
    }

    /// How many trials each point has.
    pub fn seeds_per_point(&self) -> usize {
        self.seeds.len().max(1)
    }

    fn sampler(&self) -> Box<dyn Sampler + '_> {
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
