use serde_json::json;

use super::*;

fn config(kind: &str, tied: bool) -> LmConfig {
    let json = json!({
        "model_type": kind, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 13, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": tied, "initializer_range": 0.25,
    });
    LmConfig::from_json(&json).unwrap()
}

fn gap(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[test]
fn initial_weights_follow_from_the_seed_and_have_the_stated_deviation() {
    let weights = |seed| DecoderLm::initial(config("qwen2", true), seed, Device::Cpu).unwrap();
    let (model, again, other) = (weights(1), weights(1), weights(2));
    assert_eq!(model.embedding(), again.embedding());
    assert_ne!(model.embedding(), other.embedding());
    let deviation = model.embedding().std(true).double_value(&[]);
    assert!((deviation / 0.25 - 1.0).abs() < 4.0 / (2.0 * 13.0 * 16.0f64).sqrt(), "{deviation}");
    let named: HashMap<_, _> = model.parameters().named().into_iter().collect();
    assert_eq!(named["model.norm.weight"].sum(Kind::Float).double_value(&[]), 16.0);
    assert_eq!(named["model.layers.1.self_attn.k_proj.bias"].abs().max().double_value(&[]), 0.0);
}

#[test]
fn a_grown_model_keeps_its_rows_and_its_outputs() {
    for tied in [true, false] {
        let model = DecoderLm::initial(config("llama", tied), 1, Device::Cpu).unwrap();
        let grown = model.grown(500, 3).unwrap();
        assert_eq!((grown.config().vocabulary, grown.embedding().size()), (500, vec![500, 16]));
        let ids = Tensor::from_slice(&[3i64, 12, 0, 7]).view([1, 4]);
        let hidden = grown.hidden(&grown.embed(&ids), None);
        assert_eq!(gap(&hidden, &model.hidden(&model.embed(&ids), None)), 0.0);
        assert!(gap(&grown.logits(&hidden).narrow(2, 0, 13), &model.logits(&hidden)) < 1e-6);
        let new = grown.embedding().narrow(0, 13, 487);
        let deviation = new.std(true).double_value(&[]);
        assert!((deviation / 0.25 - 1.0).abs() < 4.0 / (2.0 * 487.0 * 16.0f64).sqrt(), "{deviation}");
        assert_eq!(grown.embedding(), model.grown(500, 3).unwrap().embedding());
        assert_eq!(model.grown(5, 3).unwrap().config().vocabulary, 13);
        // Two steps of growth end as one.
        let twice = model.grown(40, 3).unwrap().grown(500, 3).unwrap();
        assert_eq!(twice.embedding(), grown.embedding());
    }
}

#[test]
fn a_masked_position_changes_nothing_but_itself() {
    let model = DecoderLm::initial(config("qwen2", true), 1, Device::Cpu).unwrap();
    let embeddings = model.embed(&Tensor::from_slice(&[1i64, 2, 3, 4, 5]).view([1, 5])).detach();
    let mask = Tensor::from_slice(&[true, false, true, true, true]).view([1, 5]);
    let changed = &embeddings + Tensor::from_slice(&[0f32, 9.0, 0.0, 0.0, 0.0]).view([1, 5, 1]);
    let outputs = [&embeddings, &changed].map(|x| model.hidden(x, Some(&mask)));
    let differences = (&outputs[0] - &outputs[1]).abs().amax([2], false).flatten(0, -1);
    let differences = Vec::<f64>::try_from(differences).unwrap();
    assert!(differences[1] > 1e-3, "{differences:?}");
    assert!([0, 2, 3, 4].iter().all(|i| differences[*i] == 0.0), "{differences:?}");
    // Without the mask, the change is read by all later positions.
    assert!(gap(&model.hidden(&changed, None), &model.hidden(&embeddings, None)) > 1e-3);
}

#[test]
fn weights_of_whole_numbers_are_refused() {
    let error = DecoderLm::new(
        config("qwen2", true),
        &mut InitialWeights { seed: 0, range: 0.1 },
        Kind::Int64,
        Device::Cpu,
    );
    assert!(error.err().unwrap().to_string().contains("floating-point numbers, not Int64"));
}

#[test]
fn shares_of_attention_are_those_of_keys_and_queries() {
    let model = DecoderLm::initial(config("qwen2", true), 4, Device::Cpu).unwrap();
    let ids = Tensor::from_slice(&[3i64, 12, 0, 7, 5, 5, 9, 1]).view([2, 4]);
    let x = model.embed(&ids);
    let shares = |at: i64| {
        let marked = Tensor::zeros([2, 4], (Kind::Float, Device::Cpu));
        let _ = marked.select(1, at).fill_(1);
        model.attention_shares(&x, &marked)
    };
    let all: Vec<Tensor> = (0..4).map(shares).collect();
    assert_eq!(all[0].size(), [2, 2, 4]);
    // Positions read themselves and those before them, and their shares add up to 1.
    assert!(gap(&Tensor::stack(&all, 0).sum_dim_intlist(0, false, Kind::Float), &all[0].ones_like()) < 1e-6);
    assert_eq!(all[2].narrow(2, 0, 2).abs().max().double_value(&[]), 0.0);
    // The first block's, by the weights.
    let named: HashMap<_, _> = model.parameters().named().into_iter().collect();
    let normed = &x / (x.square().mean_dim(-1, true, Kind::Float) + 1e-6).sqrt();
    let heads = |name: &str, count: i64| {
        let of = |part: &str| &named[&format!("model.layers.0.self_attn.{name}_proj.{part}")];
        let states = normed.linear(of("weight"), Some(of("bias"))).view([2, 4, count, 4]).transpose(1, 2);
        let positions = Tensor::arange(4, (Kind::Int64, Device::Cpu)).unsqueeze(0);
        model.rope.at(&positions, 4, Kind::Float).apply(&states)
    };
    // Two heads of queries share each head of keys.
    let keys = heads("k", 2).unsqueeze(2).expand([-1, -1, 2, -1, -1], false).flatten(1, 2);
    let scores = heads("q", 4).matmul(&keys.transpose(-2, -1)) / 2.0;
    let later = scores.ones_like().triu(1).to_kind(Kind::Bool);
    let expected = scores.masked_fill(&later, f64::NEG_INFINITY).softmax(-1, Kind::Float);
    let expected = expected.mean_dim(1, false, Kind::Float);
    for (at, shares) in (0i64..).zip(&all) {
        assert!(gap(&shares.get(0), &expected.select(2, at)) < 1e-5);
    }
}
