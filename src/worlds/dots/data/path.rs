//! The path of a dot: steps around a preferred direction, stopped by walls.

use super::render::IMAGE_SIZE;
use std::f64::consts::TAU;
use umwelt_base::random::Rng;

/// The longest step, in pixels.
pub const MAX_STEP: f64 = 4.0;
/// The von Mises concentration of a sequence's steps around its preferred direction.
pub const DIRECTION_CONCENTRATION: f64 = 0.2;

/// Locations (x, y) of one dot in T frames and the T - 1 steps between them, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub locations: Vec<[f32; 2]>,
    pub actions: Vec<[f32; 2]>,
}

impl Path {
    /// Draws a path of `frames` frames, at least `margin` pixels from the edge, and then `extra`
    /// frames before it, which change none of the others.
    pub fn draw(rng: &mut Rng, frames: usize, extra: usize, margin: f64) -> Self {
        let start = start(rng, margin);
        let preferred = rng.between(0.0, TAU);
        let mut path = Self::follow(start, (1..frames).map(|_| step(rng, preferred)).collect(), margin);
        (0..extra).for_each(|_| path.prepend(step(rng, preferred), margin));
        path
    }

    /// Draws a position that the dot keeps for `frames` frames: every step has length 0.
    pub fn standing(rng: &mut Rng, frames: usize, margin: f64) -> Self {
        Self::follow(start(rng, margin), vec![[0.0; 2]; frames - 1], margin)
    }

    /// Prepends the frame one `action` before the first, or at the wall if the step back would pass
    /// it.
    fn prepend(&mut self, action: [f32; 2], margin: f64) {
        let (low, high) = walls(margin);
        let [x, y] = self.locations[0];
        let before = [x - action[0], y - action[1]].map(|at| at.clamp(low as f32, high as f32));
        self.locations.insert(0, before);
        self.actions.insert(0, action);
    }

    /// The path from `start` under `actions`, all in pixels. A step that would pass a wall ends at
    /// the wall; the action stays as intended.
    pub fn follow(start: [f32; 2], actions: Vec<[f32; 2]>, margin: f64) -> Self {
        let (low, high) = walls(margin);
        let stop = |at: f32| at.clamp(low as f32, high as f32);
        let mut locations = vec![start];
        for (t, action) in actions.iter().enumerate() {
            let [x, y] = locations[t];
            locations.push([stop(x + action[0]), stop(y + action[1])]);
        }
        Self { locations, actions }
    }
}

/// The smallest and the largest coordinate of a dot, in pixels.
pub fn walls(margin: f64) -> (f64, f64) {
    (margin, (IMAGE_SIZE - 1) as f64 - margin)
}

fn start(rng: &mut Rng, margin: f64) -> [f32; 2] {
    let (low, high) = walls(margin);
    [rng.between(low, high) as f32, rng.between(low, high) as f32]
}

fn step(rng: &mut Rng, preferred: f64) -> [f32; 2] {
    let (sin, cos) = rng.von_mises(preferred, DIRECTION_CONCENTRATION).sin_cos();
    let length = rng.between(0.0, MAX_STEP);
    [(length * cos) as f32, (length * sin) as f32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::dots::data::parity;
    use umwelt_base::random::Stream;

    const PATHS: u64 = 20_000;
    const MARGIN: f64 = 2.6;

    fn paths() -> Vec<Path> {
        let stream = Stream::new(1, "walks");
        (0..PATHS).map(|i| Path::draw(&mut stream.at(&[i]), 17, 0, MARGIN)).collect()
    }

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        sum / count
    }

    fn length([x, y]: [f32; 2]) -> f64 {
        f64::from(x).hypot(f64::from(y))
    }

    fn angle([x, y]: [f32; 2]) -> f64 {
        f64::from(y).atan2(f64::from(x))
    }

    /// Four standard errors of the difference between our sample's mean and another's of the same
    /// size.
    fn tolerance(deviation: f64, samples: u64) -> f64 {
        4.0 * deviation * (2.0 / samples as f64).sqrt()
    }

    #[test]
    fn steps_have_the_recorded_moments() {
        let (paths, recorded) = (paths(), parity::statistics());
        let steps = || paths.iter().flat_map(|path| &path.actions).copied();
        let near = |name: &str, ours: f64, recorded: &serde_json::Value, tolerance: f64| {
            let recorded = recorded.as_f64().unwrap();
            assert!((ours - recorded).abs() < tolerance, "{name}: {ours} {recorded} +- {tolerance}");
        };
        let within = |deviation| tolerance(deviation, 16 * PATHS);
        let step_mean = mean(steps().map(length));
        let step_var = mean(steps().map(|a| (length(a) - step_mean).powi(2)));
        near("step_mean", step_mean, &recorded["step_mean"], within(1.155));
        near("step_std", step_var.sqrt(), &recorded["step_std"], within(0.52));
        for axis in 0..2 {
            let second = mean(steps().map(|a| f64::from(a[axis]).powi(2)));
            near("action_std", second.sqrt(), &recorded["action_std"][axis], within(1.1));
        }
    }

    #[test]
    fn directions_have_the_recorded_moments() {
        let (paths, recorded) = (paths(), parity::statistics());
        let resultant = |path: &Path| {
            let component = |f: fn(f64) -> f64| mean(path.actions.iter().map(|&a| f(angle(a))));
            component(f64::cos).hypot(component(f64::sin))
        };
        let expected = recorded["mean_resultant_length_per_sequence"].as_f64().unwrap();
        let ours = mean(paths.iter().map(resultant));
        assert!((ours - expected).abs() < tolerance(0.12, PATHS), "{ours} {expected}");

        let turns = paths.iter().flat_map(|path| path.actions.windows(2).map(|w| angle(w[1]) - angle(w[0])));
        let expected = recorded["turn_cos_mean"].as_f64().unwrap();
        let ours = mean(turns.map(f64::cos));
        assert!((ours - expected).abs() < tolerance(0.707, 15 * PATHS), "{ours} {expected}");
    }

    #[test]
    fn starts_fill_the_room_evenly() {
        let (paths, room) = (paths(), 27.0 - 2.0 * MARGIN);
        for axis in 0..2 {
            let starts = || paths.iter().map(|path| f64::from(path.locations[0][axis]));
            assert!(starts().all(|at| (2.6 - 1e-6..=24.4 + 1e-6).contains(&at)));
            let variance = mean(starts().map(|at| (at - 13.5).powi(2)));
            assert!((mean(starts()) - 13.5).abs() < 4.0 * room / (12.0 * PATHS as f64).sqrt());
            assert!((variance / (room * room / 12.0) - 1.0).abs() < 0.03, "{variance}");
        }
    }

    #[test]
    fn walls_stop_the_dot_and_leave_the_action() {
        let path = Path::follow([3.0, 24.0], vec![[-3.0, 2.0], [1.5, -0.25]], MARGIN);
        assert_eq!(path.locations, [[3.0, 24.0], [2.6, 24.4], [2.6 + 1.5, 24.4 - 0.25]]);
        assert_eq!(path.actions, [[-3.0, 2.0], [1.5, -0.25]]);
    }

    #[test]
    fn a_frame_in_front_is_one_step_back_and_changes_no_other() {
        let stream = Stream::new(1, "walks");
        let draw = |i, lead| Path::draw(&mut stream.at(&[i]), 5, lead, MARGIN);
        let mut free = 0;
        for i in 0..200 {
            let (plain, led) = (draw(i, 0), draw(i, 1));
            assert_eq!((&led.locations[1..], &led.actions[1..]), (&plain.locations[..], &plain.actions[..]));
            for axis in 0..2 {
                let (before, start) = (led.locations[0][axis], plain.locations[0][axis]);
                let back = start - led.actions[0][axis];
                assert_eq!(before, back.clamp(2.6, 24.4));
                free += usize::from(before == back);
            }
        }
        assert!((300..400).contains(&free), "{free} of 400 steps back met no wall");
    }

    #[test]
    fn a_standing_dot_stays_where_it_is_drawn() {
        let path = Path::standing(&mut Stream::new(1, "walks").at(&[3]), 6, MARGIN);
        assert_eq!((path.locations.len(), path.actions), (6, vec![[0.0; 2]; 5]));
        assert!(path.locations.iter().all(|at| *at == path.locations[0]));
        let other = Path::standing(&mut Stream::new(1, "walks").at(&[4]), 6, MARGIN);
        assert_ne!(path.locations[0], other.locations[0]);
    }

    #[test]
    fn locations_agree_with_recorded_ones() {
        let pairs =
            |name| parity::rendering(name).1.chunks_exact(2).map(|p| [p[0], p[1]]).collect::<Vec<_>>();
        let (starts, actions, expected) =
            (pairs("input.start_locations"), pairs("input.actions"), pairs("expect.locations"));
        for (i, &start) in starts.iter().enumerate() {
            let path = Path::follow(start, actions[i * 8..][..8].to_vec(), MARGIN);
            for (ours, theirs) in path.locations.as_flattened().iter().zip(expected[i * 9..].as_flattened()) {
                assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
            }
        }
    }
}
