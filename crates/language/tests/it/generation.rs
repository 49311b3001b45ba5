//! Writing in batches.

use tch::{Kind, Tensor};
use umwelt_language::{DecoderLm, Graft, GraftRule, Kept, Prompt, Sampling, Segment, Writing, Written};

use crate::models::{decoder, gap};

const SAMPLED: Sampling = Sampling { repetition_penalty: 1.1, temperature: 1.3, top_k: 20, top_p: 0.95 };

fn writing(sampling: Sampling) -> Writing {
    Writing { sampling, seed: 5, max_new_tokens: 40, stop: vec![3, 17], hidden: Kept::Tokens }
}

fn prompts(count: usize) -> Vec<Prompt> {
    let ids = |i: usize| (0..1 + (i * 5) % 11).map(|t| ((i * 13 + t * 7) % 29) as i64).collect();
    let message = |i: usize| Tensor::full([2, 24], 0.1 * i as f64, tch::kind::FLOAT_CPU);
    let segments = |i: usize| match i % 3 {
        0 => vec![Segment::Ids(ids(i)), Segment::Embeddings(message(i)), Segment::Ids(ids(i + 1))],
        _ => vec![Segment::Ids(ids(i))],
    };
    (0..count).map(|i| Prompt { task: format!("task {i}"), segments: segments(i) }).collect()
}

fn written(model: &DecoderLm, batch: usize, writing: &Writing) -> Vec<Written> {
    let prompts = prompts(21);
    prompts.chunks(batch).flat_map(|prompts| model.generate(prompts, writing).unwrap()).collect()
}

#[test]
fn a_text_depends_on_nothing_else_in_its_batch() {
    for sampling in [Sampling::GREEDY, SAMPLED] {
        let model = decoder("llama", 3);
        let alone = written(&model, 1, &writing(sampling));
        let (ended, lengths): (Vec<_>, Vec<_>) =
            alone.iter().map(|w| (w.stop.is_some(), w.ids.len())).unzip();
        if sampling == SAMPLED {
            assert!(ended.contains(&true) && lengths.iter().max() > lengths.iter().min(), "{lengths:?}");
        }
        for batch in [2, 7, 21] {
            for (i, (batched, alone)) in
                written(&model, batch, &writing(sampling)).iter().zip(&alone).enumerate()
            {
                assert_eq!((&batched.ids, batched.stop), (&alone.ids, alone.stop), "task {i}, batch {batch}");
                let [ours, theirs] = [batched, alone].map(|w| w.hidden.as_ref().unwrap());
                assert!(ours.numel() == 0 || gap(ours, theirs) < 1e-4, "task {i}, batch {batch}");
            }
        }
    }
}

#[test]
fn hidden_states_predict_the_tokens_that_were_written() {
    let model = decoder("qwen2", 3);
    let settings = writing(Sampling::GREEDY);
    for (prompt, written) in prompts(21).iter().zip(written(&model, 21, &settings)) {
        let hidden = written.hidden.unwrap();
        assert_eq!(hidden.size(), [written.ids.len() as i64, 24]);
        let best: Vec<i64> = Vec::try_from(model.logits(&hidden).argmax(-1, false)).unwrap();
        assert_eq!(best, written.ids);
        // The hidden states of the whole text at the positions before each token.
        let Segment::Ids(ids) = &prompt.segments[0] else { panic!("the first segment is ids") };
        if prompt.segments.len() == 1 && !written.ids.is_empty() {
            let whole: Vec<i64> = ids.iter().chain(&written.ids).copied().collect();
            let row = Tensor::from_slice(&whole).unsqueeze(0);
            let states = model.hidden(&model.embed(&row), None).get(0);
            let states = states.narrow(0, ids.len() as i64 - 1, written.ids.len() as i64);
            assert!(gap(&hidden, &states) < 1e-4);
        }
    }
}

#[test]
fn the_state_that_predicts_the_end_can_be_kept_too() {
    let model = decoder("llama", 3);
    let settings = Writing { hidden: Kept::TokensAndEnd, ..writing(SAMPLED) };
    let (with, without) = (written(&model, 7, &settings), written(&model, 7, &writing(SAMPLED)));
    assert!(with.iter().any(|text| text.stop.is_some()) && with.iter().any(|text| text.stop.is_none()));
    for (with, without) in with.iter().zip(&without) {
        let [all, tokens] = [with, without].map(|text| text.hidden.as_ref().unwrap());
        let count = tokens.size()[0];
        assert_eq!(all.size()[0], count + i64::from(with.stop.is_some()));
        assert!(count == 0 || gap(&all.narrow(0, 0, count), tokens) == 0.0);
    }
}

#[test]
fn texts_end_at_stop_ids_and_at_the_longest_length() {
    let model = decoder("llama", 3);
    let all = written(&model, 7, &writing(SAMPLED));
    for written in &all {
        assert!(written.ids.iter().all(|id| ![3, 17].contains(id)));
        assert_eq!(written.stop.is_none(), written.ids.len() == 40, "{written:?}");
    }
    let again = written(&model, 7, &writing(SAMPLED));
    assert!(all.iter().zip(&again).all(|(a, b)| a.ids == b.ids));
    let other = written(&model, 7, &Writing { seed: 6, ..writing(SAMPLED) });
    assert!(all.iter().zip(&other).any(|(a, b)| a.ids != b.ids));
}

#[test]
fn samples_have_the_probabilities_of_the_model() {
    let model = decoder("qwen2", 4);
    let sampling = Sampling { temperature: 1.0, ..Sampling::GREEDY };
    let settings = Writing { sampling, seed: 1, max_new_tokens: 1, stop: vec![], hidden: Kept::None };
    let prompts: Vec<Prompt> = (0..4000)
        .map(|i| Prompt { task: format!("{i}"), segments: vec![Segment::Ids(vec![2, 9])] })
        .collect();
    let mut counts = vec![0.0; 29];
    model.generate(&prompts, &settings).unwrap().iter().for_each(|w| counts[w.ids[0] as usize] += 1.0);
    let (_, hidden) = model.prefill(&[[Segment::Ids(vec![2, 9])]]).unwrap();
    let expected = model.logits(&hidden.select(1, -1)).softmax(-1, Kind::Double).get(0);
    let expected: Vec<f64> = Vec::try_from(expected).unwrap();
    for (count, p) in counts.iter().zip(&expected) {
        let deviation = (p * (1.0 - p) / 4000.0).sqrt();
        assert!((count / 4000.0 - p).abs() < 5.0 * deviation, "{} against {p}", count / 4000.0);
    }
}

#[test]
fn later_turns_go_on_from_the_cache_of_all_texts() {
    let model = decoder("qwen2", 6);
    let settings = writing(SAMPLED);
    let turn = |i: usize, t: usize, ids: Vec<i64>| Prompt {
        task: format!("task {i} turn {t}"),
        segments: vec![Segment::Ids(ids)],
    };
    let talk = |texts: std::ops::Range<usize>| -> Vec<(Vec<i64>, Vec<i64>)> {
        let mut context = umwelt_language::Context::new(&model, texts.len() as i64);
        let first: Vec<_> = texts.clone().map(|i| turn(i, 0, vec![1, i as i64 + 4, 2])).collect();
        let first = model.generate_turn(&mut context, &first, &settings).unwrap();
        let second: Vec<_> = texts.clone().map(|i| turn(i, 1, vec![3, (2 * i) as i64])).collect();
        let second = model.generate_turn(&mut context, &second, &settings).unwrap();
        first.into_iter().zip(second).map(|(a, b)| (a.ids, b.ids)).collect()
    };
    let together = talk(0..6);
    for (i, both) in together.iter().enumerate() {
        assert_eq!(*both, talk(i..i + 1)[0], "text {i}");
    }
    // The second turn is the one that the whole text before it gives. The penalty on repetition is
    // off, since it sees only the new piece of a turn.
    let plain = Writing { sampling: Sampling { repetition_penalty: 1.0, ..SAMPLED }, ..settings };
    let mut context = umwelt_language::Context::new(&model, 1);
    let first = model.generate_turn(&mut context, &[turn(0, 0, vec![1, 4, 2])], &plain).unwrap().remove(0);
    let second = model.generate_turn(&mut context, &[turn(0, 1, vec![3, 0])], &plain).unwrap().remove(0);
    let whole = [vec![1, 4, 2], first.ids, vec![3, 0]].concat();
    assert_eq!(model.generate(&[turn(0, 1, whole)], &plain).unwrap()[0].ids, second.ids);
}

#[test]
fn no_prompt_gives_no_text() {
    assert!(decoder("qwen2", 6).generate(&[], &writing(SAMPLED)).unwrap().is_empty());
}

#[test]
fn settings_out_of_range_are_named() {
    let model = decoder("qwen2", 6);
    let settings = Writing { max_new_tokens: 0, ..writing(SAMPLED) };
    let error = model.generate(&prompts(1), &settings).unwrap_err().to_string();
    assert!(error.starts_with("max_new_tokens is 0"), "{error}");
    let settings = writing(Sampling { top_p: 2.0, ..SAMPLED });
    let error = model.generate(&prompts(1), &settings).unwrap_err().to_string();
    assert!(error.starts_with("top_p is 2"), "{error}");
}

#[test]
fn forgotten_positions_are_as_if_they_had_not_been_added() {
    let model = decoder("qwen2", 3);
    let texts = |ids: [&[i64]; 2]| ids.map(|ids| vec![Segment::Ids(ids.to_vec())]);
    let (mut context, _) = model.prefill(&texts([&[1, 2, 3], &[4, 5]])).unwrap();
    let _ = model.extend(&mut context, &texts([&[6, 7, 8], &[9]])).unwrap();
    context.forget(0, 2);
    context.forget(1, 0);
    let (mut expected, _) = model.prefill(&texts([&[1, 2, 3], &[4, 5]])).unwrap();
    let _ = model.extend(&mut expected, &texts([&[6], &[9]])).unwrap();
    assert_eq!(context.counts(), expected.counts());
    let next = texts([&[10, 11], &[12]]);
    let ours = model.extend(&mut context, &next).unwrap();
    let theirs = model.extend(&mut expected, &next).unwrap();
    // The shorter text is padded on the left.
    assert!(gap(&ours.get(0), &theirs.get(0)) < 1e-5);
    assert!(gap(&ours.get(1).get(1), &theirs.get(1).get(1)) < 1e-5);
}

#[test]
fn a_model_goes_on_from_the_keys_and_values_of_another() {
    let (sender, receiver) = (decoder("llama", 3), decoder("llama", 9));
    let texts = |count: i64| -> Vec<[Segment; 1]> {
        let ids = |i: i64| (0..3 + 2 * i).map(|at| (at * 5 + i) % 29).collect();
        (0..count).map(|i| [Segment::Ids(ids(i))]).collect()
    };
    let prompts = |texts: std::ops::Range<i64>| -> Vec<Prompt> {
        let ids = |i: i64| vec![Segment::Ids(vec![i + 1, 2 * i])];
        texts.map(|i| Prompt { task: format!("{i}"), segments: ids(i) }).collect()
    };
    let written = |rows: std::ops::Range<usize>, hidden: i64| -> Vec<Vec<i64>> {
        let (mut context, _) = sender.prefill(&texts(5)[rows.clone()]).unwrap();
        context.hide_first(&vec![hidden; rows.len()]).unwrap();
        let prompts = prompts(rows.start as i64..rows.end as i64);
        let all = receiver.generate_turn(&mut context, &prompts, &writing(SAMPLED)).unwrap();
        all.into_iter().map(|written| written.ids).collect()
    };
    for hidden in [0, 2] {
        let together = written(0..5, hidden);
        (0..5).for_each(|i| assert_eq!(together[i], written(i..i + 1, hidden)[0], "text {i}"));
    }
    assert_ne!(written(0..5, 0), written(0..5, 2));
    // Positions that are hidden change nothing but the numbers of the later ones.
    let state = |first: i64, hidden: i64| {
        let (mut context, _) = sender.prefill(&[[Segment::Ids(vec![first, 7, 4, 2])]]).unwrap();
        context.hide_first(&[hidden]).unwrap();
        receiver.extend(&mut context, &[[Segment::Ids(vec![5])]]).unwrap()
    };
    assert!(gap(&state(1, 1), &state(20, 1)) > 1e-4, "the sender's later states know the first position");
    assert_eq!(gap(&state(1, 4), &state(20, 4)), 0.0);
    let small = crate::models::decoder("qwen2", 3);
    let (mut context, _) = crate::models::recorded_model("tiny_qwen2").decoder.prefill(&texts(1)).unwrap();
    let error = small.extend(&mut context, &texts(1)).unwrap_err().to_string();
    assert!(error.contains("blocks, heads and features does not fit a model of [2, 2, 8]"), "{error}");
}

#[test]
fn states_of_another_model_change_a_text_and_depend_on_nothing_else_in_the_batch() {
    let (sender, receiver) = (decoder("llama", 3), decoder("llama", 9));
    let text = |i: i64| vec![Segment::Ids((0..3 + 2 * i).map(|at| (at * 5 + i) % 29).collect())];
    let state = |rows: std::ops::Range<i64>, blocks: i64| {
        sender.states_after(&rows.map(text).collect::<Vec<_>>(), blocks).unwrap()
    };
    // After no block a state is the embedding, and after all of them the norm makes it the hidden one.
    assert_eq!(state(1..2, 0).get(0), sender.embedding().get(21));
    let written = |rows: std::ops::Range<i64>, rule: GraftRule, blocks: i64| -> Vec<Vec<i64>> {
        let mut context = umwelt_language::Context::new(&receiver, rows.end - rows.start);
        let prompts: Vec<Prompt> =
            rows.clone().map(|i| Prompt { task: format!("{i}"), segments: text(4 - i) }).collect();
        let graft = Graft { blocks, states: state(rows, 1), rule };
        let all = receiver.generate_grafted(&mut context, &prompts, &writing(SAMPLED), Some(&graft)).unwrap();
        all.into_iter().map(|written| written.ids).collect()
    };
    for rule in [GraftRule::Put, GraftRule::Add, GraftRule::Mean] {
        let together = written(0..5, rule, 1);
        (0..5).for_each(|i| assert_eq!(together[i], written(i as i64..i as i64 + 1, rule, 1)[0], "text {i}"));
    }
    // What is put in after the last block is the hidden state before its normalisation.
    let prefill = |rule: GraftRule, states: Tensor, blocks: i64| {
        let mut context = umwelt_language::Context::new(&receiver, 1);
        receiver.extend_grafted(&mut context, &[text(2)], &Graft { blocks, states, rule }).unwrap()
    };
    let own = receiver.states_after(&[text(2)], 1).unwrap();
    let (_, plain) = receiver.prefill(&[text(2)]).unwrap();
    assert!(gap(&prefill(GraftRule::Put, own.copy(), 1), &plain) < 1e-6);
    assert!(gap(&prefill(GraftRule::Mean, own.copy(), 1), &plain) < 1e-6);
    assert!(gap(&prefill(GraftRule::Add, own.zeros_like(), 1), &plain) < 1e-6);
    assert!(gap(&prefill(GraftRule::Add, own.copy(), 1), &plain) > 1e-3);
    let error = receiver.states_after(&[text(2)], 3).unwrap_err().to_string();
    assert_eq!(error, "there is no state after 3 of 2 blocks");
}
