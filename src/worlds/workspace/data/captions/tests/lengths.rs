//! Lengths of captions in tokens.

use std::collections::HashSet;

use super::*;

#[test]
fn lengths_are_those_of_the_published_captions() {
    let mut words = HashSet::new();
    let mut lengths: Vec<usize> = items()
        .map(|(shape, choices)| {
            let tokens = encode(&caption(&shape, &choices)).unwrap();
            words.extend(tokens);
            tokens.iter().filter(|token| **token != PADDING).count()
        })
        .collect();
    lengths.sort_unstable();
    near(lengths.iter().sum::<usize>() as f64 / DRAWS as f64, 28.5, 0.2, "the mean length");
    assert!(lengths[DRAWS as usize * 99 / 100] <= 39);
    let unseen: Vec<_> = (0..).zip(vocabulary()).filter(|(token, _)| !words.contains(token)).collect();
    // The default lightness is at least 46.
    assert!(unseen.iter().all(|(_, word)| *word == "black"), "{unseen:?}");
}

/// The number of tokens of the longest sentence with the template and writers of `grammar`. The
/// parts of a sentence add their tokens, so the longest has the longest option of each part.
fn longest(mut grammar: [u8; GRAMMAR_HEADS]) -> usize {
    let mut phrases = [0; PHRASE_HEADS.len()];
    let length = |grammar: &[u8; GRAMMAR_HEADS], phrases: &[u8; PHRASE_HEADS.len()]| {
        let choices = Choices::of_grammar(grammar);
        let tokens = encode(&sentence(&choices, &Phrases::of_classes(&choices, phrases))).unwrap();
        tokens.iter().filter(|token| **token != PADDING).count()
    };
    let fixed = ["structure", "writer_rotation", "writer_location"];
    // A comma has a length once the links that hold it are chosen: in the second round.
    for _ in 0..2 {
        for (head, (_, size)) in
            heads().iter().enumerate().filter(|(_, (name, _))| !fixed.contains(&name.as_str()))
        {
            let of = |class: &u8| length(&replaced(grammar, head, *class), &phrases);
            grammar[head] = (0..*size).max_by_key(of).unwrap();
        }
        for (head, (_, size)) in PHRASE_HEADS.iter().enumerate() {
            let of = |class: &u8| length(&grammar, &replaced(phrases, head, *class));
            phrases[head] = (0..*size).max_by_key(of).unwrap();
        }
    }
    length(&grammar, &phrases)
}

fn replaced<const N: usize>(mut classes: [u8; N], head: usize, class: u8) -> [u8; N] {
    classes[head] = class;
    classes
}

/// By hand, of template 4: start 4, shape 6, link 4, size 2, link 4, colour 5, link 4, place 12,
/// link 4, direction 6, full stop 1.
#[test]
fn the_longest_sentence_fills_a_row_of_tokens() {
    let mut most = 0;
    for template in &templates::GRAMMAR.templates {
        for (rotation, location) in (0..4).flat_map(|rotation| [(rotation, 0), (rotation, 1)]) {
            let mut grammar = [0; GRAMMAR_HEADS];
            (grammar[0], grammar[11], grammar[24]) = (template.first_class, rotation, location);
            most = most.max(longest(grammar));
        }
    }
    assert_eq!(most, TOKENS);
}
