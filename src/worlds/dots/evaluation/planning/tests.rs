use tch::{Device, Kind};

use super::*;
use crate::nn::{Mode, Parameters};
use crate::worlds::dots::data::{DotsSettings, Trajectories};
use crate::worlds::dots::evaluation::probe::ProbeShape;
use crate::worlds::dots::models::LossOutput;
use umwelt_base::stop::Stop;

const SEED: u64 = 42;

/// A world model that sees where the dot is and imagines by the world's own rule, walls and all.
struct Simulator {
    parameters: Parameters,
    world: Dots,
}

impl Simulator {
    fn new(world: &Dots) -> Self {
        Self { parameters: Parameters::new(Device::Cpu, 0), world: world.clone() }
    }
}

impl WorldModel for Simulator {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn embedding(&self) -> i64 {
        2
    }

    /// The centre of mass of an image without noise is the dot's place, a little off where the edge
    /// cuts it.
    fn encode(&self, images: &Tensor, _mode: Mode) -> Tensor {
        let mass = images.flatten(1, -1);
        let mass = &mass / mass.sum_dim_intlist([1].as_slice(), true, Kind::Float);
        let index = Tensor::arange(28 * 28, (Kind::Float, Device::Cpu));
        let (y, x) = (index.divide_scalar_mode(28.0, "floor"), index.remainder(28.0));
        mass.matmul(&Tensor::stack(&[x, y], 1))
    }

    fn rollout(&self, seen: &Tensor, actions: &Tensor, _draw: u64, _mode: Mode) -> Tensor {
        let (low, high) = self.world.walls();
        let step = |at: &mut Tensor, action: Tensor| {
            *at = (&*at + action).clamp(low, high);
            Some(at.shallow_clone())
        };
        let ends: Vec<Tensor> = actions.unbind(0).into_iter().scan(seen.get(-1), step).collect();
        Tensor::stack(&ends, 0)
    }

    fn loss(&self, _batch: &Trajectories) -> LossOutput {
        unreachable!("it has nothing to learn")
    }
}

fn world() -> Dots {
    Dots::new(DotsSettings { batch_size: 8, ..DotsSettings::default() }).unwrap()
}

/// A probe that says the encoding itself.
fn identity() -> Probe {
    let shape = ProbeShape { embedding: 2, dots: 1, hidden: "", bias: false };
    let probe = Probe::new(&shape, Device::Cpu, 0).unwrap();
    let weight = Tensor::eye(2, (Kind::Float, Device::Cpu));
    probe.parameters.assign(&[("probe.0.weight".to_owned(), weight)].into()).unwrap();
    probe
}

#[test]
fn planners_reach_their_targets_through_a_model_that_is_the_world() {
    let (world, probe) = (world(), identity());
    let model = Simulator::new(&world);
    let problems = Problems::draw(&world, &model, 20, SEED).unwrap();
    let Planned { planning, trips } =
        plan(&world, &model, &probe, &problems, SEED, &Stop::default()).unwrap();
    assert_eq!((planning.problems, trips.len()), (20, SHOWN));
    let (cem, gradient) = (&planning.cem, &planning.gradient);
    assert!(cem.rmse_px < 0.5 && cem.within_1px == 1.0, "{cem:?}");
    // A plan that ends at a wall has no gradient there, and may stay.
    assert!(gradient.rmse_px < 1.0 && gradient.within_1px >= 0.9, "{gradient:?}");
    for score in [cem, gradient] {
        assert!((score.believed_rmse_px.unwrap() - score.rmse_px).abs() < 0.1, "{score:?}");
    }
    assert!(planning.random.rmse_px > 6.0, "{planning:?}");
    assert!(planning.oracle.rmse_px < 1e-4, "{planning:?}");
    for trip in &trips {
        let miss =
            |way: &Trip| (0..2).map(|i| (way.reached()[i] - trip.target[i]).powi(2)).sum::<f32>().sqrt();
        assert!(miss(&trip.cross_entropy) < 1.0 && miss(&trip.gradient) < 1.0);
        assert_eq!((trip.gradient.0.len(), trip.pixels.len()), (17, 784));
    }
}

#[test]
fn no_plan_has_a_step_that_the_world_does_not_know() {
    let (world, probe) = (world(), identity());
    let model = Simulator::new(&world);
    let problems = Problems::draw(&world, &model, 3, SEED).unwrap();
    let imagination = Imagination { model: &model, probe: &probe, units: *world.normalisation() };
    let mut far = problems.narrow(0, 3);
    far.targets = &problems.targets * 100.0;
    for plans in [
        gradient::plans(&imagination, &far, &Stop::default()).unwrap(),
        cross_entropy::plans(&imagination, &far, SEED, &Stop::default()).unwrap(),
        far.straight(),
    ] {
        assert_eq!(plans.size(), [16, 3, 2]);
        assert!(plans.norm_scalaropt_dim(2.0, [-1].as_slice(), false).max().double_value(&[]) <= 4.0001);
    }
}

#[test]
fn a_problem_is_solved_the_same_whatever_stands_beside_it() {
    let (world, probe) = (world(), identity());
    let model = Simulator::new(&world);
    let solve = |count| {
        let problems = Problems::draw(&world, &model, count, SEED).unwrap();
        let imagination = Imagination { model: &model, probe: &probe, units: *world.normalisation() };
        cross_entropy::plans(&imagination, &problems, SEED, &Stop::default()).unwrap()
    };
    let (few, many) = (solve(2), solve(19));
    assert!((few - many.narrow(1, 0, 2)).abs().max().double_value(&[]) < 1e-5);
}

#[test]
fn a_model_deaf_to_actions_is_planned_through_without_harm() {
    struct Deaf(Simulator);
    impl WorldModel for Deaf {
        fn parameters(&self) -> &Parameters {
            self.0.parameters()
        }
        fn embedding(&self) -> i64 {
            2
        }
        fn encode(&self, images: &Tensor, mode: Mode) -> Tensor {
            self.0.encode(images, mode)
        }
        fn rollout(&self, seen: &Tensor, actions: &Tensor, _draw: u64, _mode: Mode) -> Tensor {
            seen.get(-1).unsqueeze(0).repeat([actions.size()[0], 1, 1])
        }
        fn loss(&self, batch: &Trajectories) -> LossOutput {
            self.0.loss(batch)
        }
    }
    let (world, probe) = (world(), identity());
    let model = Deaf(Simulator::new(&world));
    let problems = Problems::draw(&world, &model, 2, SEED).unwrap();
    let planning = plan(&world, &model, &probe, &problems, SEED, &Stop::default()).unwrap().planning;
    assert!(planning.gradient.rmse_px.is_finite() && planning.gradient.believed_rmse_px.unwrap() > 1.0);
}

#[test]
fn a_model_that_is_the_world_believes_the_path_that_is_taken() {
    let (world, probe) = (world(), identity());
    let model = Simulator::new(&world);
    let problems = Problems::draw(&world, &model, 4, SEED).unwrap();
    let imagination = Imagination { model: &model, probe: &probe, units: *world.normalisation() };
    for (planner, target) in [(Planner::Sampling, [6.5, 20.0]), (Planner::Gradient, [21.0, 9.0])] {
        let problem = problems.with_target(2, target);
        let solution = solve(&world, &imagination, &problem, planner, SEED, &Stop::default()).unwrap();
        assert_eq!(solution.trip.0.len() as i64, problems.steps() + 1);
        let apart = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        for (believed, taken) in solution.believed.0.iter().zip(&solution.trip.0) {
            assert!(apart(*believed, *taken) < 0.5, "{planner:?}: {believed:?} {taken:?}");
        }
        assert!(apart(solution.trip.reached(), target) < 1.5, "{planner:?}");
        let misses = imagination.misses(&problem, &problems.narrow(2, 1).random_plans);
        let random = no_grad(|| imagination.path(&problem, &problem.random_plans)).get(-1).get(0);
        let end = [0, 1].map(|at| random.double_value(&[at]) as f32);
        assert!((f64::from(apart(end, target).powi(2)) - misses.double_value(&[0])).abs() < 1e-3);
    }
}
