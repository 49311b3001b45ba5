//! Messages inside texts, compared with recorded batches.

use std::collections::HashMap;

use serde_json::json;
use tch::{Device, Tensor};
use umwelt_language::{
    DecoderLm, IGNORED, Insertion, LabelledText, LmConfig, Marker, Segment, batch, latent_first, scattered,
    token_first,
};

use crate::models::{self, gap};
use crate::recorded::Recorded;

/// A decoder whose embedding is the recorded one.
fn decoder(embedding: &Tensor) -> DecoderLm {
    let json = json!({
        "model_type": "llama", "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "vocab_size": 40, "tie_word_embeddings": true,
    });
    let model = DecoderLm::initial(LmConfig::from_json(&json).unwrap(), 0, Device::Cpu).unwrap();
    let mut named: HashMap<_, _> = model.parameters().named().into_iter().collect();
    named.insert("model.embed_tokens.weight".into(), embedding.shallow_clone());
    model.parameters().assign(&named).unwrap();
    model
}

struct Case<'a> {
    recorded: &'a Recorded,
    settings: &'a serde_json::Value,
}

impl Case<'_> {
    fn tensor(&self, part: &str, name: &str) -> Option<&Tensor> {
        self.recorded.tensors.get(&format!("{part}.{}.{name}", self.settings["tag"].as_str().unwrap()))
    }

    fn input(&self, name: &str) -> Vec<Vec<i64>> {
        Vec::try_from(self.tensor("input", name).unwrap()).unwrap()
    }

    fn texts(&self) -> Vec<LabelledText> {
        let lengths: Vec<i64> = Vec::try_from(self.tensor("input", "lengths").unwrap()).unwrap();
        let cut = |(row, length): (&Vec<i64>, &i64)| row[..*length as usize].to_vec();
        let ids = self.input("input_ids").iter().zip(&lengths).map(cut).collect::<Vec<_>>();
        let labels = self.input("labels").iter().zip(&lengths).map(cut).collect::<Vec<_>>();
        ids.into_iter().zip(labels).map(|(ids, labels)| LabelledText { ids, labels }).collect()
    }

    /// The message of a sample; without latents an empty pair.
    fn message(&self, sample: usize) -> Option<Vec<Segment>> {
        let most = self.settings["prepended_length"].as_i64().unwrap();
        let latents = self.tensor("input", &format!("latents.{sample}"));
        let latents = latents.map(|all| all.narrow(0, 0, most.min(all.size()[0])));
        let plan = self.tensor("input", &format!("plan_ids.{sample}"));
        let plan: Vec<i64> = plan.map_or(vec![], |plan| Vec::try_from(plan).unwrap());
        let ratio = || self.settings["ratio"].as_f64().unwrap();
        let mixed = |mix: fn(&Tensor, &[i64], f64) -> Vec<Segment>| {
            latents.as_ref().map_or(vec![], |latents| mix(latents, &plan, ratio()))
        };
        match self.settings["message"].as_str().unwrap() {
            "none" => None,
            "latent" => Some(latents.map_or(vec![], |latents| vec![Segment::Embeddings(latents)])),
            "plan" => Some(vec![Segment::Ids(plan)]),
            "mix_latent_first" => Some(mixed(latent_first)),
            "mix_token_first" => Some(mixed(token_first)),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn batches_are_the_recorded_ones() {
    let recorded = Recorded::load("lm_insert");
    let model = decoder(&recorded.tensors["param.embed_tokens.weight"]);
    let id = |key: &str| recorded.case[key].as_i64().unwrap();
    let batches = recorded.case["batches"].as_array().unwrap();
    assert_eq!(batches.len(), 13);
    for settings in batches {
        let case = Case { recorded: &recorded, settings };
        let insertion = Insertion {
            marker: id("marker_id"),
            begin: id("bop_id"),
            end: id("eop_id"),
            padding: id("pad_id"),
            slot: if settings["marker_slot"] == "keep" { Marker::Keep } else { Marker::Drop },
            max_len: settings["max_len"].as_u64().unwrap() as usize,
        };
        let texts = case.texts();
        let texts: Vec<_> =
            texts.iter().enumerate().map(|(i, text)| insertion.insert(text, case.message(i))).collect();
        let batch = batch(&model, &texts).unwrap();
        let expected = |name: &str| case.tensor("expect", name).unwrap();
        let tag = &settings["tag"];
        assert_eq!(gap(&batch.embeddings, expected("inputs_embeds")), 0.0, "{tag}");
        assert_eq!(batch.mask.to_kind(tch::Kind::Int64), *expected("attention_mask"), "{tag}");
        assert_eq!(batch.labels, *expected("labels"), "{tag}");
        let places: Vec<i64> = texts.iter().map(|text| text.place.map_or(-1, |place| place as i64)).collect();
        assert_eq!(places, Vec::<i64>::try_from(expected("insert_pos")).unwrap(), "{tag}");
        let latent: Vec<Vec<i64>> = Vec::try_from(expected("is_latent")).unwrap();
        for (text, expected) in texts.iter().zip(&latent) {
            let flags = text.segments.iter().flat_map(|segment| {
                let flag = i64::from(matches!(segment, Segment::Embeddings(_)));
                vec![flag; segment.length() as usize]
            });
            let flags: Vec<i64> = flags.chain(std::iter::repeat(0)).take(expected.len()).collect();
            assert_eq!(flags, *expected, "{tag}");
        }
    }
}

#[test]
fn a_kept_place_of_a_marker_moves_what_follows_and_is_read_by_nothing() {
    let model = models::decoder("qwen2", 3);
    let text = LabelledText { ids: vec![5, 12, 6, 7], labels: vec![IGNORED, IGNORED, 6, 7] };
    let hidden = |slot: Marker, padding: i64| {
        let insertion = Insertion { marker: 12, begin: 10, end: 11, padding, slot, max_len: 100 };
        let inserted = insertion.insert(&text, Some(vec![Segment::Ids(vec![8])]));
        tch::no_grad(|| batch(&model, &[inserted]).unwrap().hidden(&model))
    };
    let (kept, dropped) = (hidden(Marker::Keep, 1), hidden(Marker::Drop, 1));
    assert_eq!((kept.size()[1], dropped.size()[1]), (7, 6));
    let ends = |all: &Tensor| (all.narrow(1, 0, 4), all.narrow(1, all.size()[1] - 2, 2));
    let ((begin, end), (own_begin, own_end)) = (ends(&kept), ends(&dropped));
    assert_eq!(gap(&begin, &own_begin), 0.0);
    // What follows is one position further from what stands before.
    assert!(gap(&end, &own_end) > 1e-4);
    let (other_begin, other_end) = ends(&hidden(Marker::Keep, 2));
    assert_eq!((gap(&begin, &other_begin), gap(&end, &other_end)), (0.0, 0.0));
}

#[test]
fn counts_of_latents_are_rounded_as_recorded() {
    let recorded = Recorded::load("lm_insert");
    let rounded: Vec<Vec<i64>> = Vec::try_from(&recorded.tensors["expect.rounded"]).unwrap();
    for (k, row) in rounded.iter().enumerate() {
        for (length, expected) in row.iter().enumerate().skip(1) {
            let latents = Tensor::zeros([length as i64, 2], tch::kind::FLOAT_CPU);
            let mixed = latent_first(&latents, &[], k as f64 / 10.0);
            let count: i64 = mixed.iter().map(Segment::length).sum();
            assert_eq!(count, *expected, "{k} tenths of {length}");
        }
    }
}

#[test]
fn scattered_latents_stand_where_the_coins_say() {
    let latents = Tensor::arange(4, tch::kind::FLOAT_CPU).unsqueeze(1);
    let mixed = |plan: &[i64], coins: &[bool]| {
        let mut coins = coins.iter();
        let pieces = scattered(&latents, plan, || *coins.next().unwrap());
        let read = |piece: &Segment| match piece {
            Segment::Ids(ids) => ids.clone(),
            Segment::Embeddings(rows) => {
                Vec::<f32>::try_from(rows.squeeze_dim(1)).unwrap().iter().map(|x| *x as i64).collect()
            }
        };
        pieces.iter().map(read).collect::<Vec<_>>()
    };
    let plan = [10, 11, 12, 13];
    assert_eq!(mixed(&plan, &[true, false, false, true]), [vec![0], vec![11, 12], vec![3]]);
    assert_eq!(mixed(&plan, &[true; 4]), [vec![0, 1, 2, 3]]);
    assert_eq!(mixed(&plan, &[false; 4]), [vec![10, 11, 12, 13]]);
    // Places that only the other kind has.
    assert_eq!(mixed(&[10], &[false, false, true, false]), [vec![10], vec![2]]);
    assert_eq!(mixed(&[10, 11, 12, 13, 14], &[false, true, true, true, true]), [vec![10], vec![1, 2, 3]]);
}

#[test]
fn gradients_reach_the_message_and_its_frame() {
    let recorded = Recorded::load("lm_insert");
    let model = decoder(&recorded.tensors["param.embed_tokens.weight"]);
    let latents = Tensor::ones([2, 8], tch::kind::FLOAT_CPU).set_requires_grad(true);
    let insertion =
        Insertion { marker: 37, begin: 38, end: 39, padding: 0, slot: Marker::Drop, max_len: 100 };
    let text = LabelledText { ids: vec![5, 37, 6], labels: vec![IGNORED, IGNORED, 6] };
    let inserted = insertion.insert(&text, Some(vec![Segment::Embeddings(latents.shallow_clone())]));
    let batch = batch(&model, &[inserted]).unwrap();
    let weights = Tensor::arange_start(1, 7, tch::kind::FLOAT_CPU).view([1, 6, 1]);
    (batch.embeddings * weights).sum(tch::Kind::Float).backward();
    assert_eq!(Vec::<f32>::try_from(latents.grad().select(1, 0)).unwrap(), [3.0, 4.0]);
    let gradient = model.embedding().grad();
    for (id, expected) in [(5, 1.0), (38, 2.0), (39, 5.0), (6, 6.0), (37, 0.0)] {
        assert_eq!(gradient.double_value(&[id, 0]), expected);
    }
}
