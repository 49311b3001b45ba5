//! The minimiser L-BFGS (Liu and Nocedal 1989) for smooth convex functions.

use std::collections::VecDeque;

/// Steps whose curvature is kept.
const MEMORY: usize = 10;
/// The decrease, relative to a linear one, that accepts a step.
const ARMIJO: f64 = 1e-4;

/// Moves `x` to the minimum of `f`, which writes its gradient into the second argument and returns
/// its value. Ends when no entry of the gradient exceeds `tolerance`, or after `most` steps.
/// Returns the number of steps.
pub fn minimise(
    x: &mut Vec<f64>,
    tolerance: f64,
    most: usize,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> usize {
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    let mut gradient = vec![0.0; x.len()];
    let mut value = f(x, &mut gradient);
    for step in 0..most {
        if gradient.iter().all(|slope| slope.abs() <= tolerance) {
            return step;
        }
        let direction = direction(&gradient, &pairs);
        let slope = dot(&direction, &gradient);
        // The first direction has no scale yet.
        let mut length = if pairs.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt() } else { 1.0 };
        let (mut next, mut next_gradient) = (x.clone(), vec![0.0; x.len()]);
        let next_value = loop {
            for ((next, x), along) in next.iter_mut().zip(&*x).zip(&direction) {
                *next = x + length * along;
            }
            let next_value = f(&next, &mut next_gradient);
            if next_value <= value + ARMIJO * length * slope {
                break next_value;
            }
            length /= 2.0;
            if length < 1e-12 {
                return step;
            }
        };
        let moved = difference(&next, x);
        let bent = difference(&next_gradient, &gradient);
        if dot(&moved, &bent) > 0.0 {
            pairs.push_back((moved, bent));
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        (*x, gradient, value) = (next, next_gradient, next_value);
    }
    most
}

/// Minus the gradient times the inverse Hessian that the pairs approximate.
fn direction(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut factors = Vec::with_capacity(pairs.len());
    for (moved, bent) in pairs.iter().rev() {
        let factor = dot(moved, &direction) / dot(moved, bent);
        add(&mut direction, bent, -factor);
        factors.push(factor);
    }
    if let Some((moved, bent)) = pairs.back() {
        let scale = dot(moved, bent) / dot(bent, bent);
        direction.iter_mut().for_each(|along| *along *= scale);
    }
    for ((moved, bent), factor) in pairs.iter().zip(factors.into_iter().rev()) {
        let other = dot(bent, &direction) / dot(moved, bent);
        add(&mut direction, moved, factor - other);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f64], other: &[f64], factor: f64) {
    sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += factor * other);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_of_a_stretched_bowl_is_found() {
        // sum of c_i (x_i - i)^2 / 2 + (x_i - i)^4, with c from 1 to 1000.
        let stretch = |i: usize| 1000f64.powf(i as f64 / 19.0);
        let mut x = vec![0.0; 20];
        let steps = minimise(&mut x, 1e-9, 500, |x, gradient| {
            let term = |(i, x): (usize, &f64)| {
                let d = x - i as f64;
                gradient[i] = stretch(i) * d + 4.0 * d.powi(3);
                stretch(i) * d * d / 2.0 + d.powi(4)
            };
            x.iter().enumerate().map(term).sum()
        });
        assert!(x.iter().enumerate().all(|(i, x)| (x - i as f64).abs() < 1e-6), "{x:?}");
        assert!(steps < 300, "{steps}");
    }
}
