use super::*;
use std::f64::consts::{PI, TAU};

const SIDE: usize = 64;

/// |DFT|^2 of a picture under Hann's window, by the definition, axis by axis. The window is needed
/// because opposite edges of a picture differ.
fn power(picture: &[f64]) -> Vec<f64> {
    let window = |i: usize| (PI * (i as f64 + 0.5) / SIDE as f64).sin().powi(2);
    let mean = picture.iter().sum::<f64>() / picture.len() as f64;
    let shown = |y: usize, x: usize| (picture[y * SIDE + x] - mean) * window(x) * window(y);
    let waves: Vec<(f64, f64)> = (0..SIDE).map(|i| (TAU * i as f64 / SIDE as f64).sin_cos()).collect();
    let sum = |values: &dyn Fn(usize) -> (f64, f64), k: usize| {
        (0..SIDE).fold((0.0, 0.0), |(re, im), i| {
            let ((a, b), (sin, cos)) = (values(i), waves[i * k % SIDE]);
            (re + a * cos + b * sin, im + b * cos - a * sin)
        })
    };
    let along_x = |i: usize| sum(&|x| (shown(i / SIDE, x), 0.0), i % SIDE);
    let rows: Vec<_> = (0..SIDE * SIDE).map(along_x).collect();
    let both = (0..SIDE * SIDE).map(|i| sum(&|y| rows[y * SIDE + i % SIDE], i / SIDE));
    both.map(|(re, im)| re * re + im * im).collect()
}

/// The exponent a of the power 1 / f^a, by least squares over the logarithms of rings of 3 to 20
/// waves a picture.
fn exponent(pictures: impl Iterator<Item = Vec<f64>>) -> f64 {
    let mut rings = vec![(0.0, 0.0); SIDE];
    for picture in pictures {
        for (i, power) in power(&picture).into_iter().enumerate() {
            let frequency = |k: usize| k.min(SIDE - k) as f64;
            let ring = &mut rings[frequency(i / SIDE).hypot(frequency(i % SIDE)).round() as usize];
            *ring = (ring.0 + power, ring.1 + 1.0);
        }
    }
    let points: Vec<_> = (3..=20).map(|f| ((f as f64).ln(), (rings[f].0 / rings[f].1).ln())).collect();
    let mean = |part: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    -mean(&|p| (p.0 - x) * (p.1 - y)) / mean(&|p| (p.0 - x).powi(2))
}

#[test]
fn power_falls_with_frequency_as_in_natural_pictures_and_not_in_noise() {
    let stream = Stream::new(7, "spectrum");
    let grey = |grey: u16| f64::from(grey) / 65535.0;
    let leaves = (0..60).map(|i| picture(&mut stream.at(&[i]), SIDE).into_iter().map(grey).collect());
    let noise = (0..60).map(|i| {
        let mut rng = stream.at(&[1, i]);
        (0..SIDE * SIDE).map(|_| rng.uniform()).collect()
    });
    let (leaves, noise) = (exponent(leaves), exponent(noise));
    assert!((1.5..2.5).contains(&leaves), "{leaves}");
    assert!(noise.abs() < 0.1, "{noise}");
}

#[test]
fn discs_are_as_if_all_were_drawn_and_those_that_do_not_reach_the_picture_left_out() {
    let (stream, radii) = (Stream::new(7, "radii"), Radii::reaching(32.0));
    let discs: Vec<Disc> = (0..20_000).map(|i| Disc::draw(&mut stream.at(&[i]), &radii)).collect();
    let within = |at: f64, r: f64| (-r..=32.0 + r).contains(&at);
    let reaches = |d: &Disc| within(d.x, d.radius) && within(d.y, d.radius);
    assert!(discs.iter().all(|disc| (1.0..=24.0).contains(&disc.radius) && reaches(disc)));
    // The integral of r^-3 (32 + 2 r)^2 by the midpoint rule.
    let density = |r: f64| r.powi(-3) * (32.0 + 2.0 * r).powi(2);
    let above = |least: f64| {
        let width = (24.0 - least) / 10_000.0;
        (0..10_000).map(|i| density(least + (f64::from(i) + 0.5) * width) * width).sum::<f64>()
    };
    for least in [1.5f64, 3.0, 8.0] {
        let expected = above(least) / above(1.0);
        let share = discs.iter().filter(|disc| disc.radius > least).count() as f64 / 20_000.0;
        assert!((share - expected).abs() < 4.0 * (expected / 20_000.0).sqrt(), "{least}: {share} {expected}");
    }
}

#[test]
fn a_disc_covers_the_pixels_whose_centres_it_holds() {
    for (x, y, radius) in [(5.2, 6.7, 3.4), (-1.0, 30.5, 4.0), (16.0, 16.0, 1.0), (40.0, 3.0, 2.0)] {
        let disc = Disc { x, y, radius, grey: 0 };
        for row in 0..32 {
            let (left, right) = if disc.rows(32).contains(&row) { disc.columns(row, 32) } else { (0, 0) };
            for column in 0..32 {
                let away = (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y);
                assert_eq!((left..right).contains(&column), away < radius, "({column}, {row})");
            }
        }
    }
}

#[test]
fn greys_are_uniform_and_the_parts_differ() {
    let of = |split| (0..1000).map(move |index| upper_left(split, index)).collect::<Vec<_>>();
    let (training, validation) = (of(Split::Training), of(Split::Validation));
    assert!(training.iter().zip(&validation).all(|(a, b)| a != b));
    let value = |grey: &u16| f64::from(*grey) / 65535.0;
    for part in [training, validation] {
        let corner: Vec<f64> = part.iter().map(|picture| value(&picture[0])).collect();
        let count = corner.len() as f64;
        let mean = corner.iter().sum::<f64>() / count;
        assert!((mean - 0.5).abs() < 4.0 * (1.0 / 12.0 / count).sqrt(), "{mean}");
        let variance = corner.iter().map(|v| (v - 0.5).powi(2)).sum::<f64>() / count;
        assert!((variance - 1.0 / 12.0).abs() < 4.0 * 0.0745 / count.sqrt(), "{variance}");
    }
}
