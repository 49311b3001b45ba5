//! The errors of the attributes that a sentence tells.

use super::*;

/// The mean absolute errors of x, y, size (pixels), the angle (degrees) and RGB of a guess.
fn errors(guesses: impl Iterator<Item = (Shape, Shape)>) -> [f64; 5] {
    let mut sums = [0.0; 5];
    for (truth, guess) in guesses {
        let turn = (truth.rotation - guess.rotation).to_degrees().rem_euclid(360.0);
        let colour = truth.rgb.iter().zip(guess.rgb).map(|(a, b)| f32::from(a.abs_diff(b))).sum::<f32>();
        let differences = [
            truth.x - guess.x,
            truth.y - guess.y,
            truth.size - guess.size,
            turn.min(360.0 - turn),
            colour / 3.0,
        ];
        sums.iter_mut().zip(differences).for_each(|(sum, error)| *sum += f64::from(error.abs()));
    }
    sums.map(|sum| sum / DRAWS as f64)
}

/// The mean colour `[141][3]` of the shapes with the same colour name.
fn mean_colours(told: &[(Shape, Shape)]) -> Vec<[u8; 3]> {
    let mut sums = vec![([0.0; 3], 0.0); COLOURS.names.len()];
    for (truth, guess) in told {
        let (sum, count) = &mut sums[usize::from(COLOURS.nearest(guess.rgb))];
        sum.iter_mut().zip(truth.rgb).for_each(|(sum, value)| *sum += f64::from(value));
        *count += 1.0;
    }
    sums.into_iter().map(|(sum, count)| sum.map(|sum| f64::round(sum / count) as u8)).collect()
}

/// The expected errors of x, y, size and angle are the mean distances to the middle of a phrase's
/// range, averaged over the writers. A named colour is 13.45 from the colours it stands for; their
/// mean, which no phrase tells, is 11.9 from them (Section 3.3).
#[test]
fn a_sentence_tells_the_attributes_so_far_and_no_further() {
    let told = items().map(|(shape, choices)| (shape, Phrases::of(&shape, &choices).attributes()));
    let told: Vec<_> = told.collect();
    assert!(told.iter().all(|(truth, guess)| truth.class == guess.class));
    let expected = [13.0 / 12.0, 13.0 / 12.0, 0.5, (4303.125 + 2088.28125) / 720.0, 13.45];
    for (found, expected) in errors(told.iter().copied()).into_iter().zip(expected) {
        near(found, expected, 0.02 * expected, "the error of a caption");
    }
    let means = mean_colours(&told);
    let mean_of = |guess: Shape| Shape { rgb: means[usize::from(COLOURS.nearest(guess.rgb))], ..guess };
    let [.., colour] = errors(told.iter().map(|(truth, guess)| (*truth, mean_of(*guess))));
    near(colour, 11.9, 0.2, "the error of the mean colour of a name");
}

#[test]
fn a_blind_guess_has_the_errors_of_the_default_distribution() {
    let blind = Shape { x: 15.5, y: 15.5, size: 10.5, rotation: 1.0, rgb: [151; 3], ..Shape::default() };
    let blind = errors(items().map(|(shape, _)| (shape, blind)));
    for (found, expected) in blind.into_iter().zip([4.5, 4.5, 2.0, 90.0, 63.8]) {
        near(found, expected, 0.02 * expected, "the error of a blind guess");
    }
}
