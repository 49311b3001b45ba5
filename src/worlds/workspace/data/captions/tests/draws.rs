//! Statistics of drawn choices.

use super::*;

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
