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
