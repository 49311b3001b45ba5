use super::*;

#[test]
fn ties_with_the_last_of_top_k_stay() {
    let sampling = Sampling { temperature: 1.0, top_k: 2, ..Sampling::GREEDY };
    let probabilities = sampling.probabilities(&[1.0, 3.0, 1.0, 0.0], &[]);
    let total = 3f64.exp() + 2.0 * 1f64.exp();
    for (ours, expected) in probabilities.iter().zip([1f64.exp(), 3f64.exp(), 1f64.exp(), 0.0]) {
        assert!((ours - expected / total).abs() < 1e-12);
    }
}

#[test]
fn top_p_keeps_the_token_that_reaches_the_sum_and_at_least_one() {
    let logits = [0.5f32, 0.3, 0.2].map(f32::ln);
    for (top_p, expected) in [(0.4, [1.0, 0.0, 0.0]), (0.6, [0.625, 0.375, 0.0]), (0.9, [0.5, 0.3, 0.2])] {
        let sampling = Sampling { temperature: 1.0, top_p, ..Sampling::GREEDY };
        let ours = sampling.probabilities(&logits, &[]);
        assert!(ours.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{top_p}: {ours:?}");
    }
}

#[test]
fn tokens_are_drawn_in_the_order_of_their_ids() {
    let logits = [0.5f32, 0.3, 0.2].map(f32::ln);
    let sampling = Sampling { temperature: 1.0, ..Sampling::GREEDY };
    for (draw, expected) in [(0.0, 0), (0.49, 0), (0.51, 1), (0.79, 1), (0.81, 2), (0.999_999_999, 2)] {
        assert_eq!(sampling.choose(&logits, &[], draw), expected);
    }
    assert_eq!(Sampling::GREEDY.choose(&[1.0, 2.0, 2.0], &[], 0.99), 1);
    let penalised = Sampling { repetition_penalty: 3.0, ..Sampling::GREEDY };
    assert_eq!(penalised.choose(&[1.0, 2.0, -0.5], &[1, 1], 0.0), 0);
    assert_eq!(penalised.choose(&[-1.0, -2.0, -0.5], &[2], 0.0), 0);
}

#[test]
fn draws_follow_from_seed_task_and_step() {
    assert_eq!(draw(1, "a", 2), draw(1, "a", 2));
    let others = [draw(2, "a", 2), draw(1, "b", 2), draw(1, "a", 3)];
    assert!(others.iter().all(|other| *other != draw(1, "a", 2)));
    let mean = (0..1000).map(|step| draw(1, "a", step)).sum::<f64>() / 1000.0;
    assert!((mean - 0.5).abs() < 4.0 / 12f64.sqrt() / 1000f64.sqrt());
}

#[test]
fn numbers_out_of_range_are_named() {
    for (sampling, expected) in [
        (Sampling { temperature: -1.0, ..Sampling::GREEDY }, "temperature is -1"),
        (Sampling { top_p: 0.0, ..Sampling::GREEDY }, "top_p is 0"),
        (Sampling { repetition_penalty: 0.0, ..Sampling::GREEDY }, "repetition_penalty is 0"),
    ] {
        assert!(sampling.check().unwrap_err().to_string().starts_with(expected));
    }
}
