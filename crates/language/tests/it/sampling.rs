//! Sampling, compared with recorded probabilities.

use tch::{Kind, Tensor};
use umwelt_language::Sampling;

use crate::recorded::{Recorded, close};

#[test]
fn probabilities_are_the_recorded_ones() {
    let recorded = Recorded::load("lm_sampling");
    let logits: Vec<Vec<f32>> = Vec::try_from(&recorded.tensors["input.logits"]).unwrap();
    let previous: Vec<Vec<i64>> = Vec::try_from(&recorded.tensors["input.previous_ids"]).unwrap();
    let cases = recorded.case["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for (number, case) in cases.iter().enumerate() {
        let number_of = |key: &str| case[key].as_f64().unwrap();
        let sampling = Sampling {
            repetition_penalty: number_of("repetition_penalty"),
            temperature: number_of("temperature"),
            top_k: number_of("top_k") as usize,
            top_p: number_of("top_p"),
        };
        let rows = logits.iter().zip(&previous).map(|(logits, previous)| {
            Tensor::from_slice(&sampling.probabilities(logits, previous)).to_kind(Kind::Float)
        });
        let ours = Tensor::stack(&rows.collect::<Vec<_>>(), 0);
        let expected = &recorded.tensors[&format!("expect.probabilities.{number}")];
        close(&format!("case {number}"), &ours, expected);
        assert_eq!(ours.gt(0.0), expected.gt(0.0), "case {number}: other tokens are kept");
    }
}
