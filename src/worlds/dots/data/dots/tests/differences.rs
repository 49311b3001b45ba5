use super::*;

fn differences() -> DotsSettings {
    DotsSettings { frame_difference: true, ..small() }
}

#[test]
fn inputs_are_differences_of_clean_images_however_strong_the_fixed_noise() {
    let clean = batch(small());
    for static_noise in [0.0, 1.0, 1e6] {
        let dots = Dots::new(DotsSettings { static_noise, ..differences() }).unwrap();
        let (seen, paths) = (dots.batch("train", 4, 5), dots.paths("train", 4, 0));
        assert_eq!((&seen.locations, &seen.actions), (&clean.locations, &clean.actions));
        assert_eq!(seen.states.dim(), clean.states.dim());
        for (sequence, path) in paths.iter().enumerate() {
            let mut before = vec![[0.0; PIXELS]];
            dots.dot.add_to(&mut before[0], path.locations[0], 1.0);
            before.extend((0..4).map(|t| <Image>::try_from(image(&clean, t, sequence)).unwrap()));
            for (t, before) in before.iter().enumerate() {
                let now = image(&clean, t, sequence);
                let expected: Vec<f32> = now.iter().zip(before).map(|(now, before)| now - before).collect();
                assert_eq!(image(&seen, t, sequence), expected, "frame {t}, noise {static_noise}");
            }
        }
    }
}

#[test]
fn rendering_fewer_differences_changes_none() {
    let settings = DotsSettings { noise: 0.5, static_noise: 1.0, static_noise_speed: 0.7, ..differences() };
    let dots = Dots::new(settings).unwrap();
    let (one, all) = (dots.batch("train", 4, 1), dots.batch("train", 4, 5));
    assert_eq!(one.states, all.states.slice(s![..1, .., .., .., ..]));
    assert!(dots.batch("train", 4, 0).states.is_empty());
}

#[test]
fn a_changing_distractor_is_seen_twice_and_a_fixed_one_where_it_moves() {
    let clean = batch(differences());
    let seen = |settings| {
        let noisy = batch(settings);
        (0..5)
            .map(|t| (0..6).flat_map(|b| distractor(&noisy, &clean, t, b)).collect())
            .collect::<Vec<Vec<f32>>>()
    };
    let largest = f64::from(largest(&batch(small()).states));
    let near = |frame: &[f32], variances: f64| {
        let expected = variances * (largest * largest) / 12.0;
        (mean(frame, |p| p * p) / expected - 1.0).abs() < 0.1
    };
    let changing = seen(DotsSettings { noise: 1.0, ..differences() });
    assert!(changing.iter().all(|frame| near(frame, 2.0)));
    // Images -1 to 4 are moved by 0, 0, 1, 1, 2 and 2 pixels.
    let moving = seen(DotsSettings { static_noise: 1.0, static_noise_speed: 0.5, ..differences() });
    for (t, frame) in moving.iter().enumerate() {
        let moves = t % 2 == 1;
        assert!(if moves { near(frame, 2.0) } else { frame.iter().all(|p| p.abs() < 1e-6) }, "frame {t}");
    }
}

#[test]
fn normalised_differences_have_mean_0_and_deviation_1() {
    for noise in [0.0, 0.5] {
        let of = |normalize| {
            let settings = DotsSettings { batch_size: 120, noise, normalize, ..differences() };
            let dots = Dots::new(settings).unwrap();
            (dots.batch("train", 4, 5).states, *dots.normalisation())
        };
        let ((raw, _), (states, units)) = (of(false), of(true));
        assert!((mean(&states, |p| p * p) - 1.0).abs() < 0.02, "{}", mean(&states, |p| p * p));
        assert_eq!(units.image_mean, 0.0);
        let scaled = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b) / units.image_std).abs() < 1e-4;
        assert!(states.iter().zip(&raw).all(scaled));
    }
}
