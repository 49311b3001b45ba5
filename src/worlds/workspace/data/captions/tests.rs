//! Statistics of drawn captions, their classes, and what a sentence tells about its shape.

use umwelt_base::random::Rng;

use super::*;
use crate::worlds::workspace::data::Shape;

const DRAWS: u64 = 20_000;

/// Shapes of the default distribution (Section 1.1). Red, green and blue are those of the textbook
/// HSL formula.
fn shape(rng: &mut Rng) -> Shape {
    let mut whole = |low: f64, high: f64| rng.between(low, high + 1.0).floor();
    let (class, size) = (whole(0.0, 2.0) as u8, whole(7.0, 14.0) as f32);
    let (x, y) = (whole(7.0, 24.0) as f32, whole(7.0, 24.0) as f32);
    let hls = [whole(0.0, 180.0), whole(46.0, 255.0), whole(0.0, 255.0)];
    let (hue, lightness, saturation) = (hls[0] / 30.0, hls[1] / 255.0, hls[2] / 255.0);
    let chroma = saturation * f64::min(lightness, 1.0 - lightness);
    let channel = |of: f64| {
        let k = (of + 2.0 * hue) % 12.0;
        255.0 * (lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0))
    };
    let rgb = [0.0, 8.0, 4.0].map(|of| channel(of).round() as u8);
    let rotation = rng.between(0.0, std::f64::consts::TAU) as f32;
    Shape { class, x, y, size, rotation, rgb, hls: hls.map(|value| value as u8) }
}

/// Drawn items: a shape and the choices of its caption.
fn items() -> impl Iterator<Item = (Shape, Choices)> {
    let (shapes, choices) = (Stream::new(3, "shapes"), stream(3, "train"));
    (0..DRAWS).map(move |i| {
        let shape = shape(&mut shapes.at(&[i]));
        (shape, Choices::draw(&shape, &mut choices.at(&[i])))
    })
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() < tolerance, "{what}: {found} is not {expected}");
}

/// True where a sentence has the variant or writer of the class `name`.
fn used(name: &str, choices: &Choices) -> bool {
    let Choices { template, variants, rotation, location, .. } = choices;
    let comma = |variant: usize| matches!(variants[variant], 2 | 3);
    match name.strip_prefix("variant_") {
        Some("object" | "link2") => matches!(template, 1..4),
        Some("colored?") => matches!(template, 5 | 6),
        Some("colorBefore") => matches!(template, 0 | 1),
        Some("colorAfter") => *template == 3,
        Some("colorBoth") => matches!(template, 2 | 4),
        Some("link3") => *template == 4,
        Some(",?") => comma(7) || comma(8) || comma(9),
        Some(_) => true,
        None => match name.strip_prefix("writer_rotation_").or(name.strip_prefix("writer_location_")) {
            Some(writer) if name.contains("rotation") => writer.starts_with(&rotation.writer.to_string()),
            Some(writer) => writer.starts_with(&location.writer.to_string()),
            None => true,
        },
    }
}

#[test]
fn classes_are_uniform_where_they_are_used_and_0_elsewhere() {
    for (head, (name, size)) in heads().iter().enumerate() {
        let mut counts = vec![0.0; usize::from(*size)];
        for (_, choices) in items() {
            let class = choices.grammar()[head];
            match used(name, &choices) {
                true => counts[usize::from(class)] += 1.0,
                false => assert_eq!(class, 0, "{name}"),
            }
        }
        let total: f64 = counts.iter().sum();
        for (class, count) in counts.into_iter().enumerate() {
            let expected = match (head, class) {
                (0, 0..12) => 1.0 / 14.0,
                (0, _) => 1.0 / 42.0,
                _ => 1.0 / f64::from(*size),
            };
            near(count / total, expected, 5.0 * (expected / total).sqrt(), &format!("{name} {class}"));
        }
    }
}

#[test]
fn synonyms_are_uniform() {
    let mut counts = [0.0; 16];
    items().for_each(|(shape, choices)| counts[usize::from(Phrases::of(&shape, &choices).shape)] += 1.0);
    for (word, count) in counts.into_iter().enumerate() {
        let expected = if word < 14 { 1.0 / 21.0 } else { 1.0 / 6.0 };
        near(count / DRAWS as f64, expected, 5.0 * (expected / DRAWS as f64).sqrt(), &format!("word {word}"));
    }
}

#[test]
fn choices_are_a_function_of_seed_split_and_index() {
    let shape = Shape::default();
    let draw = |seed, split, i| Choices::draw(&shape, &mut stream(seed, split).at(&[i]));
    let first = draw(0, "train", 0);
    assert_eq!(first, draw(0, "train", 0));
    for other in [draw(1, "train", 0), draw(0, "val", 0), draw(0, "train", 1)] {
        assert_ne!(first, other);
    }
}

/// The classes carry the whole sentence: nothing else of a caption depends on the shape or the
/// choices, of which `of_image` and unused options have no words.
#[test]
fn the_classes_of_a_caption_give_it_back() {
    for (shape, choices) in items() {
        let (grammar, phrases) = (choices.grammar(), Phrases::of(&shape, &choices));
        let read = Choices::of_grammar(&grammar);
        let classes = phrases.classes().map(|class| class.unwrap_or(200));
        assert_eq!(Phrases::of_classes(&read, &classes), phrases);
        assert_eq!(sentence(&read, &Phrases::of_classes(&read, &classes)), caption(&shape, &choices));
        assert_eq!(read.grammar(), grammar);
    }
}

#[test]
fn any_classes_make_a_sentence_of_the_grammar() {
    for i in 0..DRAWS {
        let mut rng = Stream::new(8, "classes").at(&[i]);
        let mut class = |size: u8| (rng.uniform() * f64::from(size)) as u8;
        let grammar = std::array::from_fn(|head| class(heads()[head].1));
        let choices = Choices::of_grammar(&grammar);
        let phrases = Phrases::of_classes(&choices, &PHRASE_HEADS.map(|(_, size)| class(size)));
        let sentence = sentence(&choices, &phrases);
        assert!(
            sentence.ends_with('.') && !sentence.contains("  ") && !sentence.contains(" ."),
            "{sentence}"
        );
    }
}

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
