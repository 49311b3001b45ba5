//! The decoder, compared with recorded checkpoints.

use tch::{Device, Tensor};
use umwelt_language::{DecoderLm, Kept, Prompt, Sampling, Segment, Side, Writing, embed_rows};

use crate::models::{decoder, gap, recorded_model};
use crate::recorded::{Recorded, close};

const CHECKPOINTS: [&str; 2] = ["tiny_qwen2", "tiny_llama3"];

fn ids(tensor: &Tensor) -> Vec<i64> {
    Vec::try_from(tensor).unwrap()
}

fn recorded(name: &str) -> (DecoderLm, Recorded) {
    (recorded_model(name).decoder, Recorded::load(&format!("{name}/expect")))
}

#[test]
fn hidden_states_and_logits_are_those_of_the_recorded_checkpoints() {
    for name in CHECKPOINTS {
        let (model, recorded) = recorded(name);
        let hidden = model.hidden(&model.embed(&recorded.tensors["input.ids"]), None);
        close(&format!("{name}: hidden"), &hidden, &recorded.tensors["expect.last_hidden"]);
        close(&format!("{name}: logits"), &model.logits(&hidden), &recorded.tensors["expect.logits"]);
    }
}

#[test]
fn embeddings_among_ids_give_the_recorded_logits() {
    for name in CHECKPOINTS {
        let (model, recorded) = recorded(name);
        let text = |row: i64| {
            let ids = ids(&recorded.tensors["input.ids"].get(row));
            vec![
                Segment::Ids(ids[..5].to_vec()),
                Segment::Embeddings(recorded.tensors["input.extra_embeds"].get(row)),
                Segment::Ids(ids[5..].to_vec()),
            ]
        };
        let (_, hidden) = model.prefill(&[text(0), text(1)]).unwrap();
        close(name, &model.logits(&hidden), &recorded.tensors["expect.mixed_logits"]);
    }
}

#[test]
fn greedy_texts_are_the_recorded_ones() {
    for name in CHECKPOINTS {
        let (model, recorded) = recorded(name);
        let expected = ids(&recorded.tensors["expect.greedy"].get(0));
        let (prompt, written) = expected.split_at(expected.len() - 12);
        let prompt = Prompt { task: "a".into(), segments: vec![Segment::Ids(prompt.to_vec())] };
        let writing = Writing {
            sampling: Sampling::GREEDY,
            seed: 0,
            max_new_tokens: 12,
            stop: vec![],
            hidden: Kept::None,
        };
        assert_eq!(model.generate(&[prompt], &writing).unwrap()[0].ids, written, "{name}");
    }
}

#[test]
fn a_text_in_pieces_has_the_hidden_states_of_the_whole() {
    for kind in ["qwen2", "llama"] {
        let model = decoder(kind, 1);
        let text: Vec<i64> = (0..90).map(|i| (i * 7 + 3) % 29).collect();
        let whole = model.hidden(&model.embed(&Tensor::from_slice(&text).view([1, 90])), None);
        for tracked in [false, true] {
            let in_pieces = || {
                let (mut context, first) = model.prefill(&[[Segment::Ids(text[..3].to_vec())]]).unwrap();
                let mut pieces = vec![first];
                for (from, to) in [(3, 4), (4, 5), (5, 70), (70, 71), (71, 90)] {
                    let piece = Segment::Ids(text[from..to].to_vec());
                    pieces.push(model.extend(&mut context, &[[piece]]).unwrap());
                }
                assert_eq!((context.length(), ids(context.counts())), (90, vec![90]));
                Tensor::cat(&pieces, 1)
            };
            let pieces = if tracked { in_pieces() } else { tch::no_grad(in_pieces) };
            assert!(gap(&pieces, &whole) < 1e-5, "{kind}: {}", gap(&pieces, &whole));
        }
    }
}

#[test]
fn gradients_through_a_context_are_those_of_the_whole_text() {
    let model = decoder("qwen2", 1);
    let text: Vec<i64> = (0..9).map(|i| (i * 5 + 2) % 29).collect();
    // The squares of normalised states always have the same sum, so their gradient is rounding.
    let weights = umwelt_torch::native::normals(&[1, 9, model.config().hidden], Device::Cpu, 2);
    let gradient = |hidden: &Tensor| {
        let embedding = model.embedding();
        let loss = (hidden * &weights).sum(tch::Kind::Float);
        Tensor::run_backward(&[loss], &[embedding], false, false).remove(0)
    };
    let whole = gradient(&model.hidden(&model.embed(&Tensor::from_slice(&text).view([1, 9])), None));
    let (mut context, first) = model.prefill(&[[Segment::Ids(text[..4].to_vec())]]).unwrap();
    let rest = model.extend(&mut context, &[[Segment::Ids(text[4..].to_vec())]]).unwrap();
    let pieces = gradient(&Tensor::cat(&[first, rest], 1));
    let largest = whole.abs().max().double_value(&[]);
    assert!(gap(&whole, &pieces) < 1e-5 * largest, "{} of {largest}", gap(&whole, &pieces));
}

#[test]
fn texts_of_several_lengths_have_the_hidden_states_of_each_alone() {
    for kind in ["qwen2", "llama"] {
        let model = decoder(kind, 2);
        let text =
            |start: i64, length: i64| vec![Segment::Ids((0..length).map(|i| (start + 3 * i) % 29).collect())];
        let turns = [[text(1, 2), text(2, 9), text(3, 5)], [text(4, 4), text(5, 1), text(6, 3)]];
        let (mut context, first) = model.prefill(&turns[0]).unwrap();
        let second = model.extend(&mut context, &turns[1]).unwrap();
        context.keep(&[2, 0]);
        let third = model.extend(&mut context, &[text(7, 2), text(8, 6)]).unwrap();
        for (row, kept) in [(0, Some(1)), (1, None), (2, Some(0))] {
            let (mut alone, hidden) = model.prefill(&turns[0][row..=row]).unwrap();
            let compare = |batch: &Tensor, row: usize, hidden: &Tensor| {
                let (all, own) = (batch.size()[1], hidden.size()[1]);
                let batch = batch.get(row as i64).narrow(0, all - own, own);
                assert!(gap(&batch, &hidden.get(0)) < 1e-5, "{kind}: row {row}");
            };
            compare(&first, row, &hidden);
            compare(&second, row, &model.extend(&mut alone, &turns[1][row..=row]).unwrap());
            if let Some(kept) = kept {
                let piece = if kept == 0 { text(7, 2) } else { text(8, 6) };
                compare(&third, kept, &model.extend(&mut alone, &[piece]).unwrap());
            }
        }
    }
}

#[test]
fn padding_is_zero_and_stands_on_the_side_that_is_asked_for() {
    let model = decoder("qwen2", 2);
    let message = Tensor::full([2, 24], 0.5, tch::kind::FLOAT_CPU);
    let texts = [
        vec![Segment::Ids(vec![4])],
        vec![Segment::Ids(vec![5]), Segment::Embeddings(message.shallow_clone()), Segment::Ids(vec![6])],
    ];
    for (side, at) in [(Side::Left, 3), (Side::Right, 0)] {
        let rows = embed_rows(&model, &texts, side).unwrap();
        let expected = Tensor::zeros([2, 4, 24], tch::kind::FLOAT_CPU);
        expected.get(0).get(at).copy_(&model.embedding().get(4).detach());
        expected.get(1).copy_(
            &Tensor::cat(
                &[
                    model.embedding().narrow(0, 5, 1),
                    message.shallow_clone(),
                    model.embedding().narrow(0, 6, 1),
                ],
                0,
            )
            .detach(),
        );
        assert_eq!(gap(&rows.embeddings, &expected), 0.0);
        let mask = rows.mask.unwrap();
        assert_eq!(
            mask,
            Tensor::from_slice(&[at == 0, false, false, at == 3, true, true, true, true]).view([2, 4])
        );
    }
}

#[test]
fn texts_that_do_not_fit_the_model_are_refused() {
    let model = decoder("qwen2", 2);
    let wide = Tensor::zeros([2, 25], tch::kind::FLOAT_CPU);
    for (text, expected) in [
        (vec![Segment::Ids(vec![1, 29])], "token id 29 is outside of the vocabulary of 29"),
        (vec![Segment::Ids(vec![-1])], "token id -1 is outside"),
        (vec![Segment::Embeddings(wide)], "embeddings among ids are [N, 24], not [2, 25]"),
        (vec![], "a text has no position"),
    ] {
        let error = model.prefill(&[text]).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let none: [Vec<Segment>; 0] = [];
    assert_eq!(model.prefill(&none).err().unwrap().to_string(), "there is no text to embed");
    let (mut context, _) = model.prefill(&[[Segment::Ids(vec![1])]]).unwrap();
    let two = [[Segment::Ids(vec![1])], [Segment::Ids(vec![2])]];
    let error = model.extend(&mut context, &two).unwrap_err().to_string();
    assert_eq!(error, "2 pieces cannot extend 1 texts");
}
