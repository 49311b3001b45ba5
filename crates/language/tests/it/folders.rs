//! Hugging Face folders.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use umwelt_language::{LanguageModel, Places, SPECIAL_TOKENS, TextTokenizer};
use umwelt_torch::checkpoints::{TensorFile, write_tensors};

use crate::models::{gap, model, recorded_model};
use crate::recorded::path;

fn load(folder: &Path) -> anyhow::Result<LanguageModel> {
    LanguageModel::load(folder, Kind::Float, Device::Cpu)
}

fn named(model: &LanguageModel) -> HashMap<String, Tensor> {
    model.decoder.parameters().named().into_iter().collect()
}

/// Asserts that all tensors have the same names, number formats and bits.
fn assert_equal(a: &LanguageModel, b: &LanguageModel) {
    let (a, b) = (named(a), named(b));
    assert_eq!(a.len(), b.len());
    for (name, tensor) in &a {
        assert_eq!((tensor.kind(), tensor), (b[name].kind(), &b[name]), "{name}");
    }
}

fn edit_json(path: &Path, edit: impl Fn(&mut Value)) {
    let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    edit(&mut json);
    fs::write(path, serde_json::to_vec(&json).unwrap()).unwrap();
}

/// Rewrites the tensors of a folder.
fn edit_tensors(folder: &Path, edit: impl Fn(&mut Vec<(String, Tensor)>)) {
    let path = folder.join("model.safetensors");
    let mut file = TensorFile::open(&path).unwrap();
    let mut tensors: Vec<_> =
        file.shapes().into_iter().map(|(name, _)| (name.clone(), file.read(&name).unwrap())).collect();
    edit(&mut tensors);
    write_tensors(&path, ("format", "pt"), &tensors).unwrap();
}

#[test]
fn a_saved_model_is_read_back_exactly_in_one_file_and_in_shards() {
    for kind in ["qwen2", "llama"] {
        for (number, limit) in [(Kind::Float, usize::MAX), (Kind::BFloat16, 4000), (Kind::Half, 1)] {
            let folder = tempfile::tempdir().unwrap();
            let float = folder.path().join("float");
            model(kind).save(&float).unwrap();
            let converted = LanguageModel::load(&float, number, Device::Cpu).unwrap();
            let saved = folder.path().join("saved");
            converted.save_in_shards(&saved, limit).unwrap();
            let again = LanguageModel::load(&saved, number, Device::Cpu).unwrap();
            assert_equal(&converted, &again);
            assert_eq!(again.decoder.kind(), number);
            let config: Value =
                serde_json::from_slice(&fs::read(saved.join("config.json")).unwrap()).unwrap();
            let expected = match number {
                Kind::BFloat16 => "bfloat16",
                Kind::Half => "float16",
                _ => "float32",
            };
            assert_eq!((&config["torch_dtype"], &config["dtype"]), (&json!(expected), &json!(expected)));
            let files = fs::read_dir(&saved).unwrap().filter(|entry| {
                entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "safetensors")
            });
            let files = files.count();
            let tensors = named(&again).len();
            assert!(match limit {
                usize::MAX => files == 1,
                1 => files == tensors,
                _ => files > 1 && files < tensors,
            });
            // Another layout in the same folder takes the place of the old one.
            converted.save(&saved).unwrap();
            assert!(!saved.join("model.safetensors.index.json").exists());
            assert_equal(&converted, &load_as(&saved, number));
        }
    }
}

fn load_as(folder: &Path, kind: Kind) -> LanguageModel {
    LanguageModel::load(folder, kind, Device::Cpu).unwrap()
}

#[test]
fn recorded_checkpoints_keep_their_keys_and_numbers() {
    for name in ["tiny_qwen2", "tiny_llama3"] {
        let folder = tempfile::tempdir().unwrap();
        let model = recorded_model(name);
        model.save(folder.path()).unwrap();
        let again = load(folder.path()).unwrap();
        assert_equal(&model, &again);
        let ids = Tensor::from_slice(&[5i64, 100, 7]).unsqueeze(0);
        let hidden = |model: &LanguageModel| model.decoder.hidden(&model.decoder.embed(&ids), None);
        assert_eq!(gap(&hidden(&model), &hidden(&again)), 0.0);
        let read = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
        let (old, new) = (read(&path(name).join("config.json")), read(&folder.path().join("config.json")));
        for (key, value) in old.as_object().unwrap() {
            assert_eq!(new[key], *value, "{key}");
        }
    }
}

#[test]
fn tensors_that_do_not_belong_are_named() {
    let query = "model.layers.1.self_attn.q_proj.weight";
    type Edit = fn(&mut Vec<(String, Tensor)>);
    let cases: [(Edit, &str); 5] = [
        (
            |all| all.retain(|(name, _)| !name.ends_with("1.self_attn.q_proj.weight")),
            "tensor model.layers.1.self_attn.q_proj.weight is missing",
        ),
        (
            |all| {
                all.push((
                    "model.layers.2.mlp.up_proj.weight".into(),
                    Tensor::zeros([2], tch::kind::FLOAT_CPU),
                ))
            },
            "tensor model.layers.2.mlp.up_proj.weight does not belong to this architecture",
        ),
        (
            |all| {
                let query =
                    all.iter_mut().find(|(name, _)| name.ends_with("1.self_attn.q_proj.weight")).unwrap();
                query.1 = query.1.narrow(0, 0, 31);
            },
            "tensor model.layers.1.self_attn.q_proj.weight should be [32, 24], it is [31, 24]",
        ),
        (
            |all| {
                all.iter_mut()
                    .filter(|(name, _)| name == "model.norm.weight")
                    .for_each(|(name, _)| name.push('s'))
            },
            "tensor model.norm.weight is missing",
        ),
        (
            |all| {
                all.push((
                    "model.layers.0.self_attn.o_proj.bias".into(),
                    Tensor::zeros([24], tch::kind::FLOAT_CPU),
                ))
            },
            "tensor model.layers.0.self_attn.o_proj.bias does not belong",
        ),
    ];
    for (edit, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        model("qwen2").save(folder.path()).unwrap();
        edit_tensors(folder.path(), edit);
        let error = format!("{:#}", load(folder.path()).err().expect(expected));
        assert!(error.contains(expected) && error.contains("could not load the model"), "{error}");
    }
    // What belongs to a tied head or to rotary positions is left aside.
    let folder = tempfile::tempdir().unwrap();
    model("qwen2").save(folder.path()).unwrap();
    edit_tensors(folder.path(), |all| {
        all.push(("lm_head.weight".into(), Tensor::zeros([29, 24], tch::kind::FLOAT_CPU)));
        all.push((
            "model.layers.0.self_attn.rotary_emb.inv_freq".into(),
            Tensor::zeros([4], tch::kind::FLOAT_CPU),
        ));
    });
    assert!(named(&load(folder.path()).unwrap()).contains_key(query));
}

#[test]
fn damaged_folders_are_errors_that_name_the_file() {
    let damage = |edit: &dyn Fn(&Path), limit: usize| {
        let folder = tempfile::tempdir().unwrap();
        model("llama").save_in_shards(folder.path(), limit).unwrap();
        edit(folder.path());
        format!("{:#}", load(folder.path()).err().expect("the folder is damaged"))
    };
    let shard = |folder: &Path| {
        let index: Value =
            serde_json::from_slice(&fs::read(folder.join("model.safetensors.index.json")).unwrap()).unwrap();
        index["weight_map"]["model.norm.weight"].as_str().unwrap().to_owned()
    };
    for (error, expected) in [
        (
            damage(&|folder| fs::remove_file(folder.join("config.json")).unwrap(), 4000),
            "config.json is missing",
        ),
        (
            damage(&|folder| fs::write(folder.join("config.json"), "{").unwrap(), 4000),
            "config.json is no JSON",
        ),
        (
            damage(
                &|folder| edit_json(&folder.join("config.json"), |json| json["model_type"] = json!("gpt2")),
                4000,
            ),
            "model_type `gpt2` is unknown; known: qwen2, llama",
        ),
        (damage(&|folder| fs::remove_file(folder.join(shard(folder))).unwrap(), 4000), "could not read"),
        (
            damage(
                &|folder| {
                    let bytes = fs::read(folder.join(shard(folder))).unwrap();
                    fs::write(folder.join(shard(folder)), &bytes[..bytes.len() - 5]).unwrap();
                },
                4000,
            ),
            "is no whole safetensors file",
        ),
        (
            damage(
                &|folder| {
                    let index = folder.join("model.safetensors.index.json");
                    edit_json(&index, |json| {
                        json["weight_map"]["other"] = json["weight_map"]["lm_head.weight"].clone()
                    });
                },
                4000,
            ),
            "tensor other is in",
        ),
        (
            damage(
                &|folder| {
                    let index = folder.join("model.safetensors.index.json");
                    edit_json(&index, |json| json["weight_map"]["lm_head.weight"] = json!("../secret"));
                },
                4000,
            ),
            "the file of tensor lm_head.weight",
        ),
        (
            damage(&|folder| fs::remove_file(folder.join("model.safetensors")).unwrap(), usize::MAX),
            "holds neither model.safetensors nor model.safetensors.index.json",
        ),
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_tokenizer_that_does_not_fit_is_refused_and_a_growing_one_grows_the_embedding() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = model("qwen2");
    small.tokenizer = Some(TextTokenizer::from_file(&path("lm_tokenizers/word_tokenizer.json")).unwrap());
    small.save(folder.path()).unwrap();
    let error = format!("{:#}", load(folder.path()).err().unwrap());
    assert!(error.contains("the tokenizer has ids up to 95, but the embedding has 29 rows"), "{error}");

    small.decoder = small.decoder.grown(96, 1).unwrap();
    let before = small.decoder.embedding().detach().copy();
    assert_eq!(small.add_special(&SPECIAL_TOKENS, 1).unwrap(), [96, 97, 98]);
    assert_eq!(small.decoder.config().vocabulary, 99);
    assert_eq!(gap(&small.decoder.embedding().narrow(0, 0, 96), &before), 0.0);
    small.save(folder.path()).unwrap();
    let mut again = load(folder.path()).unwrap();
    assert_equal(&small, &again);
    assert_eq!(again.add_special(&SPECIAL_TOKENS, 2).unwrap(), [96, 97, 98]);
    assert_equal(&small, &again);
    // Rows that are there already are used.
    again.decoder = again.decoder.grown(128, 1).unwrap();
    assert_eq!(again.add_special(&["<another>"], 1).unwrap(), [99]);
    assert_eq!(again.decoder.config().vocabulary, 128);
}

#[test]
fn stop_ids_come_from_all_places() {
    let mut model = model("llama");
    assert_eq!(model.stop_ids(None).unwrap(), [3, 5]);
    model.generation_config = json!({"eos_token_id": 7});
    assert_eq!(model.stop_ids(Some("<|im_end|>")).unwrap(), [7]);
    model.tokenizer = Some(TextTokenizer::from_file(&path("lm_tokenizers/word_tokenizer.json")).unwrap());
    assert_eq!(model.stop_ids(Some("<|im_end|>")).unwrap(), [7, 2]);
    model.generation_config = json!({"eos_token_id": [2, "x"]});
    let error = model.stop_ids(None).unwrap_err().to_string();
    assert_eq!(error, "eos_token_id should be a token id or a list of them");
}

#[test]
fn models_are_found_by_path_and_in_caches_and_else_all_places_are_named() {
    let root = tempfile::tempdir().unwrap();
    let (home, cache) = (root.path().join("home"), root.path().join("cache"));
    let places = Places { hf_home: Some(home.clone()), transformers_cache: Some(cache.clone()) };
    let put = |folder: &Path| {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("config.json"), "{}").unwrap();
    };
    let name = "Qwen/Qwen2.5-0.5B";
    let error = places.find(name).unwrap_err().to_string();
    for place in [
        "in Qwen/Qwen2.5-0.5B, ".to_owned(),
        format!("{}/hub/models--Qwen--Qwen2.5-0.5B/snapshots/*", home.display()),
        format!("{}/models--Qwen--Qwen2.5-0.5B/snapshots/*", cache.display()),
    ] {
        assert!(error.contains(&place), "{error}");
    }
    let in_cache = cache.join("models--Qwen--Qwen2.5-0.5B/snapshots/b");
    put(&in_cache);
    assert_eq!(places.find(name).unwrap(), in_cache);
    let hub = home.join("hub/models--Qwen--Qwen2.5-0.5B");
    put(&hub.join("snapshots/a"));
    put(&hub.join("snapshots/c"));
    assert_eq!(places.find(name).unwrap(), hub.join("snapshots/c"));
    fs::create_dir_all(hub.join("refs")).unwrap();
    fs::write(hub.join("refs/main"), "a\n").unwrap();
    assert_eq!(places.find(name).unwrap(), hub.join("snapshots/a"));
    assert_eq!(places.find(in_cache.to_str().unwrap()).unwrap(), in_cache);
    let error = Places::default().find(name).unwrap_err().to_string();
    assert!(
        error.contains("$HF_HOME (not set)") && error.contains("$TRANSFORMERS_CACHE (not set)"),
        "{error}"
    );
}
