//! Generated pictures of ten classes.

#![allow(dead_code, reason = "each test program uses its part")]

use umwelt_base::random::Stream;
use umwelt_weightless::{Digit, PIXELS, SIDE};

/// `count` pictures with labels 0, 1, .. 9, 0, ..: a bar at an angle of the class, at a random
/// place and with random ink.
pub fn pictures(count: usize, seed: u64) -> (Vec<Digit>, Vec<u8>) {
    let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
    let images = labels.iter().enumerate().map(|(i, label)| picture(*label, seed, i as u64)).collect();
    (images, labels)
}

fn picture(label: u8, seed: u64, index: u64) -> Digit {
    let mut rng = Stream::new(seed, "pictures").at(&[index]);
    let angle = f64::from(label) * std::f64::consts::PI / 10.0 + 0.12 * rng.normal();
    let (dy, dx, ink) = (2.5 * rng.normal(), 2.5 * rng.normal(), rng.between(120.0, 255.0));
    let width = rng.between(1.0, 2.5);
    let mut picture = [0; PIXELS];
    for (at, value) in picture.iter_mut().enumerate() {
        let (y, x) = ((at / SIDE) as f64 - 13.5 - dy, (at % SIDE) as f64 - 13.5 - dx);
        let (along, across) = (y * angle.cos() + x * angle.sin(), x * angle.cos() - y * angle.sin());
        let shade = (width + 0.8 - across.abs()).clamp(0.0, 1.0) * (9.0 - along.abs()).clamp(0.0, 1.0);
        *value = (ink * shade) as u8;
    }
    picture
}
