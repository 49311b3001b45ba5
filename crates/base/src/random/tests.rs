use super::*;

const DRAWS: u64 = 200_000;

fn rng(name: &str) -> Rng {
    Stream::new(7, name).at(&[0])
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    values.sum::<f64>() / DRAWS as f64
}

fn near(ours: f64, expected: f64, deviation: f64) {
    let error = 5.0 * deviation / (DRAWS as f64).sqrt();
    assert!((ours - expected).abs() < error, "{ours} is not {expected} +- {error}");
}

/// If a number here changes, no earlier run can be repeated or continued.
#[test]
fn draws_never_change() {
    let mut rng = Stream::new(42, "dots/train/walks").at(&[3, 1]);
    assert_eq!([rng.bits(), rng.bits()], [8951572002451689488, 5628105103363731263]);
    let mut values = [0.0; 11];
    rng.fill_uniform(&mut values, -1.0, 1.0);
    let first =
        [0x3f0a5550, 0x3f7a266e, 0xbf628d5a, 0x3f362d62, 0xbea4c190, 0xbf5ef686, 0x3eef585c, 0x3f618834];
    assert_eq!(values.map(f32::to_bits)[..8], first);
    assert_eq!(values.map(f32::to_bits)[8..], [0x3e85a8e4, 0x3ebb9bfc, 0x3cbffdc0]);
    assert!((rng.normal() - 0.20932069009420154).abs() < 1e-12);
    assert!((rng.von_mises(1.0, 0.2) - 0.9086545795858374).abs() < 1e-12);
}

#[test]
fn the_scalar_generator_is_xoshiro256_plus_plus() {
    let mut rng = Rng { state: [1, 2, 3, 4] };
    let reference = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205];
    assert_eq!(reference.map(|_| rng.bits()), reference);
}

#[test]
fn the_lanes_are_xsadd() {
    let mut lanes = Lanes { state: [[1; LANES], [2; LANES], [3; LANES], [4; LANES]] };
    let reference = [40965, 83994627, 222468101, 348366855, 1296182277];
    assert_eq!(reference.map(|_| lanes.bits()[5]), reference);
}

#[test]
fn draws_can_be_added() {
    let (mut filled, mut added) = ([0.0; 20], [1.5; 20]);
    rng("fill").fill_uniform(&mut filled, 0.0, 3.0);
    rng("fill").add_uniform(&mut added, 3.0);
    assert!(filled.iter().zip(added).all(|(filled, added)| 1.5 + filled == added));
}

#[test]
fn every_part_of_the_address_counts() {
    let first = |seed, name: &str, index: &[u64]| Stream::new(seed, name).at(index).bits();
    let mut seen =
        vec![first(0, "a", &[]), first(0, "a", &[0]), first(0, "a", &[0, 0]), first(0, "a", &[0, 1])];
    seen.extend([
        first(0, "a", &[1, 0]),
        first(1, "a", &[0, 0]),
        first(0, "b", &[0, 0]),
        first(0, "a\0", &[0, 0]),
    ]);
    seen.extend((2..1000).map(|i| first(0, "a", &[0, i])));
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn neighbouring_indices_are_uncorrelated() {
    let stream = Stream::new(7, "neighbours");
    let firsts: Vec<f64> = (0..=DRAWS).map(|i| stream.at(&[i]).uniform() - 0.5).collect();
    near(mean(firsts.windows(2).map(|pair| pair[0] * pair[1])), 0.0, 1.0 / 12.0);
    near(mean(firsts.iter().copied()), 0.0, 0.289);
}

#[test]
fn filled_values_are_uniform_and_uncorrelated() {
    let mut values = vec![0.0; DRAWS as usize];
    rng("fill").fill_uniform(&mut values, 2.0, 5.0);
    assert!(values.iter().all(|value| (2.0..=5.0).contains(value)));
    let unit: Vec<f64> = values.iter().map(|&value| (f64::from(value) - 2.0) / 3.0 - 0.5).collect();
    near(mean(unit.iter().copied()), 0.0, 0.289);
    near(mean(unit.iter().map(|u| u * u)), 1.0 / 12.0, 0.0745);
    for lag in [1, LANES, LANES + 1, 28] {
        near(mean(unit.iter().zip(&unit[lag..]).map(|(a, b)| a * b)), 0.0, 1.0 / 12.0);
    }
}

#[test]
fn a_short_fill_begins_like_a_long_one() {
    let (mut short, mut long) = ([0.0; 5], [0.0; 16]);
    rng("fill").fill_uniform(&mut short, 0.0, 1.0);
    rng("fill").fill_uniform(&mut long, 0.0, 1.0);
    assert_eq!(short, long[..5]);
}

#[test]
fn normal_draws_have_normal_moments() {
    let mut rng = rng("normal");
    let values: Vec<f64> = (0..DRAWS).map(|_| rng.normal()).collect();
    let moment = |power| mean(values.iter().map(|value| value.powi(power)));
    near(moment(1), 0.0, 1.0);
    near(moment(2), 1.0, 2f64.sqrt());
    near(moment(3), 0.0, 15f64.sqrt());
    near(moment(4), 3.0, 96f64.sqrt());
}

/// The modified Bessel function I_n by its power series.
fn bessel(n: i32, x: f64) -> f64 {
    let term = |k: i32| {
        let factorial = |m: i32| (1..=m).map(f64::from).product::<f64>();
        (x / 2.0).powi(2 * k + n) / (factorial(k) * factorial(k + n))
    };
    (0..60).map(term).sum()
}

#[test]
fn von_mises_has_the_resultant_of_its_concentration() {
    for kappa in [0.0, 0.2, 1.0, 6.0] {
        let (mut rng, mu) = (rng("von Mises"), 2.5);
        let angles: Vec<f64> = (0..DRAWS).map(|_| rng.von_mises(mu, kappa)).collect();
        assert!(angles.iter().all(|angle| (-PI..PI).contains(angle)));
        for n in [1, 2] {
            let turned = |f: fn(f64) -> f64| mean(angles.iter().map(|angle| f(f64::from(n) * (angle - mu))));
            near(turned(f64::cos), bessel(n, kappa) / bessel(0, kappa), 0.707);
            near(turned(f64::sin), 0.0, 0.707);
        }
    }
}

#[test]
fn every_order_of_a_shuffle_and_every_number_below_is_as_frequent() {
    let mut orders = std::collections::BTreeMap::<[u8; 3], u32>::new();
    let mut counts = [0; 5];
    for i in 0..6000 {
        let mut rng = Stream::new(1, "orders").at(&[i]);
        let mut order = [0, 1, 2];
        rng.shuffle(&mut order);
        *orders.entry(order).or_default() += 1;
        counts[rng.below(5)] += 1;
    }
    // Binomial deviations: 29 of 1,000 and 31 of 1,200.
    assert!(orders.len() == 6 && orders.values().all(|count| (850..1150).contains(count)), "{orders:?}");
    assert!(counts.iter().all(|count| (1045..1355).contains(count)), "{counts:?}");
    assert_eq!(rng("none").below(0), 0);
}
