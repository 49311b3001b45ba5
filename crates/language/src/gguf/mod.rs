//! GGUF files: models of the architecture `llama` with their tokenizer in one file.

mod config;
mod header;
mod quantised;
mod reader;
mod tokenizer;

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use tch::{Kind, Tensor};

use self::header::Header;
use crate::config::LmConfig;
use crate::decoder::{Weights, shapes};
use crate::tokenizer::TextTokenizer;

/// An open GGUF file.
pub struct GgufFile {
    header: Header,
    config: LmConfig,
}

impl GgufFile {
    /// Reads the header of a file, and checks that it holds exactly the tensors of its
    /// architecture.
    ///
    /// # Errors
    /// When the file cannot be read or is cut short, its architecture or a number format is not
    /// supported, or a tensor is missing, extra or of another shape; the error names it.
    pub fn open(path: &Path) -> Result<Self> {
        let open = || -> Result<Self> {
            let header = Header::read(path)?;
            let config = config::config(&header)?;
            let file = Self { header, config };
            file.check()?;
            Ok(file)
        };
        open().with_context(|| format!("{} cannot be read", path.display()))
    }

    pub fn config(&self) -> &LmConfig {
        &self.config
    }

    fn check(&self) -> Result<()> {
        let mut used = HashSet::new();
        for (name, shape) in shapes(&self.config) {
            let theirs = their_name(&name)?;
            let Some(place) = self.header.tensors.get(&theirs) else { bail!("tensor {theirs} is missing") };
            ensure!(place.shape == shape, "tensor {theirs} should be {shape:?}, it is {:?}", place.shape);
            used.insert(theirs);
        }
        match self.header.tensors.keys().find(|name| !used.contains(*name)) {
            Some(extra) => bail!("tensor {extra} does not belong to this architecture"),
            None => Ok(()),
        }
    }

    /// The tokenizer inside the file.
    ///
    /// # Errors
    /// When it is no byte-level BPE.
    pub fn tokenizer(&self) -> Result<TextTokenizer> {
        TextTokenizer::from_json(&tokenizer::tokenizer_json(&self.header.metadata)?)
    }

    /// The content of a `tokenizer_config.json`: the chat template and the special tokens.
    pub fn tokenizer_config(&self) -> Value {
        let metadata = &self.header.metadata;
        let token = |key: &str| {
            let id = metadata.get(&format!("tokenizer.ggml.{key}_id"))?.as_u64()?;
            metadata.get("tokenizer.ggml.tokens")?.get(usize::try_from(id).ok()?).cloned()
        };
        let mut map = Map::new();
        map.insert("tokenizer_class".into(), json!("PreTrainedTokenizerFast"));
        let mut set =
            |key: &str, value: Option<Value>| map.extend(value.map(|value| (key.to_owned(), value)));
        set("bos_token", token("bos_token"));
        set("eos_token", token("eos_token"));
        set("chat_template", metadata.get("tokenizer.chat_template").cloned());
        Value::Object(map)
    }

    /// The rows of queries and keys in Hugging Face's order.
    ///
    /// The file holds the two rows of each rotary pair of a head one after the other; Hugging Face
    /// puts the first rows of all pairs before the second ones.
    fn unpermuted(&self, rows: &Tensor) -> Tensor {
        let size = rows.size();
        let head = self.config.head;
        let mut pairs = vec![size[0] / head, head / 2, 2];
        pairs.extend(&size[1..]);
        rows.view(pairs.as_slice()).transpose(1, 2).reshape(size.as_slice())
    }
}

impl Weights for GgufFile {
    fn take(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        let theirs = their_name(name)?;
        let place =
            self.header.tensors.get(&theirs).with_context(|| format!("tensor {theirs} is missing"))?;
        self.header.reader.seek(place.start)?;
        let bytes = self.header.reader.bytes(place.length)?;
        let tensor = Tensor::from_slice(&place.encoding.decode(&bytes)).to_kind(Kind::Float).view(shape);
        let rotary = name.contains(".q_proj.") || name.contains(".k_proj.");
        Ok(if rotary { self.unpermuted(&tensor) } else { tensor })
    }
}

/// The name in a GGUF file of a tensor with this Hugging Face name.
fn their_name(name: &str) -> Result<String> {
    const PARTS: [(&str, &str); 9] = [
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];
    let theirs = match name {
        "model.embed_tokens.weight" => Some("token_embd.weight".to_owned()),
        "model.norm.weight" => Some("output_norm.weight".to_owned()),
        "lm_head.weight" => Some("output.weight".to_owned()),
        _ => name.strip_prefix("model.layers.").and_then(|rest| {
            let (layer, rest) = rest.split_once('.')?;
            let (part, kind) = rest.rsplit_once('.')?;
            let (_, theirs) = PARTS.into_iter().find(|(ours, _)| *ours == part)?;
            Some(format!("blk.{layer}.{theirs}.{kind}"))
        }),
    };
    theirs.with_context(|| format!("GGUF files have no tensor {name}"))
}
