//! Writing in batches.

use tch::{Kind, Tensor};
use umwelt_language::{DecoderLm, Prompt, Sampling, Segment, Writing, Written};

use crate::models::{decoder, gap};

const SAMPLED: Sampling = Sampling { repetition_penalty: 1.1, temperature: 1.3, top_k: 20, top_p: 0.95 };

fn writing(sampling: Sampling) -> Writing {
    Writing { sampling, seed: 5, max_new_tokens: 40, stop: vec![3, 17], keep_hidden: true }
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
    let settings = Writing { sampling, seed: 1, max_new_tokens: 1, stop: vec![], keep_hidden: false };
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
