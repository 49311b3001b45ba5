//! Training of decoders: recomputation, number formats and weights of low rank.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};
use umwelt_language::{DecoderLm, Head, InitialWeights, LanguageModel, LowRankShape, cross_entropies};
use umwelt_torch::native::clear_gradients;
use umwelt_torch::nn::Parameters;

use crate::models::{config, decoder, gap, model};

const KINDS: [&str; 2] = ["qwen2", "llama"];

/// The gradients of the cross-entropy of two texts, by the name of the parameter.
fn gradients(model: &DecoderLm, parameters: &Parameters) -> HashMap<String, Tensor> {
    let all: Vec<Tensor> = parameters.named().into_iter().map(|(_, tensor)| tensor).collect();
    clear_gradients(&all);
    let ids: Vec<i64> = (0..2 * 12).map(|i| (i * 7 + 3) % 29).collect();
    let ids = Tensor::from_slice(&ids).view([2, 12]);
    let mask = Tensor::ones([2, 12], (Kind::Bool, Device::Cpu));
    let _ = mask.get(1).narrow(0, 4, 2).fill_(0);
    let hidden = model.hidden(&model.embed(&ids), Some(&mask)).flatten(0, 1);
    let targets = ids.roll([1], [1]).flatten(0, 1);
    cross_entropies(&Head::of(model), &hidden, &targets).mean(Kind::Float).backward();
    let gradient = |(name, tensor): (String, Tensor)| (name, tensor.grad());
    parameters.trainable().into_iter().map(gradient).collect()
}

fn same(ours: &HashMap<String, Tensor>, expected: &HashMap<String, Tensor>, most: f64) {
    assert_eq!(ours.len(), expected.len());
    for (name, expected) in expected {
        let largest = expected.abs().max().double_value(&[]);
        assert!(largest > 0.0 || name.contains("lora_A"), "{name} has no gradient");
        let gap = gap(&ours[name], expected);
        assert!(gap <= most * largest, "{name}: {gap} of {largest}");
    }
}

fn low_rank() -> LowRankShape {
    LowRankShape { rank: 3, alpha: 6.0, layers: ["q", "v", "o"].map(str::to_owned).to_vec() }
}

/// A model with weights of low rank that are not 0.
fn adapted(kind: &str) -> (DecoderLm, Parameters) {
    let mut model = decoder(kind, 4);
    let parameters = model.add_low_rank(&low_rank(), 5).unwrap();
    for (number, (_, mut tensor)) in parameters.named().into_iter().enumerate() {
        let values = umwelt_torch::native::normals(&tensor.size(), Device::Cpu, number as u64) * 0.3;
        tch::no_grad(|| tensor.copy_(&values));
    }
    (model, parameters)
}

#[test]
fn blocks_that_are_computed_again_have_the_same_gradients() {
    for kind in KINDS {
        let model = decoder(kind, 4);
        let expected = gradients(&model, model.parameters());
        let model = model.recomputing(true);
        same(&gradients(&model, model.parameters()), &expected, 1e-6);
    }
}

#[test]
fn weights_of_low_rank_get_the_gradients_of_a_merged_weight() {
    for kind in KINDS {
        let (model, parameters) = adapted(kind);
        assert_eq!(parameters.count(), 2 * 3 * ((24 + 32) + (24 + 16) + (32 + 24)));
        assert!(model.parameters().trainable().is_empty());
        let ours = gradients(&model, &parameters);
        let merged = model.merged().unwrap();
        let whole = gradients(&merged, merged.parameters());
        let named: HashMap<_, _> = parameters.named().into_iter().collect();
        // W' = W + 2 B A, so that dB = 2 dW' A^T and dA = 2 B^T dW'.
        for layer in ["q", "v", "o"] {
            let name = |part: &str| format!("model.layers.1.self_attn.{layer}_proj{part}.weight");
            let (down, up) = (&named[&name(".lora_A")], &named[&name(".lora_B")]);
            let whole = &whole[&name("")];
            let expected = [whole.matmul(&down.transpose(0, 1)), up.transpose(0, 1).matmul(whole)];
            for (part, expected) in [".lora_B", ".lora_A"].iter().zip(expected) {
                let found = gap(&ours[&name(part)], &(expected.detach() * 2.0));
                assert!(found < 1e-5, "{kind} {layer} {part}: {found}");
            }
        }
        // The same where blocks are computed again, although their inputs carry no gradient.
        let again = gradients(&model.recomputing(true), &parameters);
        same(&again, &ours, 1e-6);
    }
}

#[test]
fn weights_of_low_rank_change_nothing_at_the_start_and_are_merged_when_saved() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let ids = Tensor::from_slice(&[3i64, 12, 0, 7]).view([1, 4]);
        let hidden = |model: &DecoderLm| model.hidden(&model.embed(&ids), None);
        let (plain, mut start) = (decoder(kind, 4), decoder(kind, 4));
        start.add_low_rank(&low_rank(), 5).unwrap();
        assert_eq!(gap(&hidden(&start), &hidden(&plain)), 0.0);
        let (adapted, _) = adapted(kind);
        assert!(gap(&hidden(&adapted), &hidden(&plain)) > 1e-2);
        let saved = LanguageModel { decoder: adapted.merged().unwrap(), ..model(kind) };
        saved.save(&folder.path().join(kind)).unwrap();
        let read = LanguageModel::load(&folder.path().join(kind), Kind::Float, Device::Cpu).unwrap();
        assert!(gap(&hidden(&adapted), &hidden(&read.decoder)) < 1e-5);
    }
    let mut model = decoder("qwen2", 1);
    let unknown = LowRankShape { layers: vec!["gate".into()], ..low_rank() };
    let error = model.add_low_rank(&unknown, 1).err().unwrap().to_string();
    assert_eq!(error, "layers has `gate`; known: q, k, v, o");
}

#[test]
fn weights_stay_exact_where_products_are_rounded() {
    for kind in KINDS {
        let (exact, rounded) = (decoder(kind, 4), decoder(kind, 4).computing_in(Kind::BFloat16));
        let expected = gradients(&exact, exact.parameters());
        for model in [rounded, decoder(kind, 4).computing_in(Kind::BFloat16).recomputing(true)] {
            let ours = gradients(&model, model.parameters());
            assert!(ours.values().all(|gradient| gradient.kind() == Kind::Float));
            // Numbers have 8 places in bfloat16.
            same(&ours, &expected, 0.1);
            assert!(ours.iter().any(|(name, ours)| gap(ours, &expected[name]) > 0.0));
            let ids = Tensor::from_slice(&[3i64, 12]).view([1, 2]);
            assert_eq!(model.hidden(&model.embed(&ids), None).kind(), Kind::BFloat16);
        }
    }
}

#[test]
fn a_model_is_saved_in_the_format_of_its_products() {
    let folder = tempfile::tempdir().unwrap();
    let (saved, path) = (model("llama"), folder.path());
    let saved = LanguageModel { decoder: saved.decoder.computing_in(Kind::BFloat16), ..saved };
    saved.save(path).unwrap();
    let config = std::fs::read_to_string(path.join("config.json")).unwrap();
    assert!(config.contains("\"dtype\": \"bfloat16\""), "{config}");
    let read = LanguageModel::load(path, Kind::BFloat16, Device::Cpu).unwrap().decoder;
    let named = |model: &DecoderLm| model.parameters().named();
    for ((name, ours), (_, read)) in named(&saved.decoder).into_iter().zip(named(&read)) {
        assert_eq!((ours.kind(), read.kind()), (Kind::Float, Kind::BFloat16), "{name}");
        assert_eq!(ours.to_kind(Kind::BFloat16), read, "{name}");
    }
}

#[test]
fn a_frozen_model_in_bfloat16_passes_gradients_to_float32_parameters() {
    let mut weights = InitialWeights { seed: 4, range: 0.2 };
    let mut model = DecoderLm::new(config("qwen2"), &mut weights, Kind::BFloat16, Device::Cpu).unwrap();
    let parameters = model.add_low_rank(&low_rank(), 5).unwrap();
    let gradients = gradients(&model, &parameters);
    assert!(gradients.iter().all(|(_, gradient)| gradient.kind() == Kind::Float));
    assert!(
        gradients.iter().any(|(name, gradient)| {
            name.contains("lora_B") && gradient.abs().max().double_value(&[]) > 0.0
        })
    );
    assert_eq!(model.merged().unwrap().embedding().kind(), Kind::BFloat16);
}

#[test]
fn a_pass_without_gradients_sees_every_change_of_a_weight() {
    for kind in KINDS {
        let model = decoder(kind, 4);
        let ids = Tensor::from_slice(&[3i64, 12, 0, 7]).view([1, 4]);
        let hidden = || model.hidden(&model.embed(&ids), None).detach();
        let before = tch::no_grad(hidden);
        let mut adam = umwelt_torch::optim::Adam::new(model.parameters().trainable(), 1e-8);
        gradients(&model, model.parameters());
        umwelt_torch::optim::Optimiser::step(&mut adam, umwelt_torch::optim::Rates::constant(0.05));
        let after = tch::no_grad(hidden);
        assert!(gap(&after, &before) > 0.05);
        assert!(gap(&after, &hidden()) < 1e-5, "{kind}: {}", gap(&after, &hidden()));
    }
}

#[test]
fn single_positions_in_bfloat16_are_those_of_a_whole_text() {
    for kind in KINDS {
        let mut weights = InitialWeights { seed: 4, range: 0.2 };
        let model = DecoderLm::new(config(kind), &mut weights, Kind::BFloat16, Device::Cpu).unwrap();
        let text: Vec<i64> = (0..20).map(|i| (i * 7 + 3) % 29).collect();
        let whole = model.hidden(&model.embed(&Tensor::from_slice(&text).unsqueeze(0)), None);
        tch::no_grad(|| {
            let piece = |ids: &[i64]| [[umwelt_language::Segment::Ids(ids.to_vec())]];
            let (mut context, first) = model.prefill(&piece(&text[..5])).unwrap();
            let rest = text[5..].iter().map(|id| model.extend(&mut context, &piece(&[*id])).unwrap());
            let all: Vec<Tensor> = [first].into_iter().chain(rest).collect();
            // Hidden states are about 1, and numbers have 8 places in bfloat16.
            let gap = gap(&Tensor::cat(&all, 1), &whole.detach());
            assert!(gap < 0.1, "{kind}: {gap}");
            let logits = model.logits(&all[7]);
            let exact =
                all[7].to_kind(Kind::Double).matmul(&model.head().to_kind(Kind::Double).transpose(0, 1));
            let largest = exact.abs().max().double_value(&[]);
            assert!(crate::models::gap(&logits, &exact) <= largest / 256.0);
        });
    }
}
