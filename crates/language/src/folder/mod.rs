//! Models on disk: Hugging Face folders are read and written, GGUF files are read.

mod files;
mod places;
mod shards;

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use tch::{Device, Kind, Tensor};

use self::files::write_json;
use crate::config::{Keys, LmConfig, ids};
use crate::decoder::DecoderLm;
use crate::gguf::GgufFile;
use crate::tokenizer::TextTokenizer;

pub(crate) use self::files::{read_json, tokenizer_config};
pub use self::places::Places;
pub use self::shards::{SHARD_BYTES, Shards};

/// A decoder with the files that stand beside it in a folder.
pub struct LanguageModel {
    pub decoder: DecoderLm,
    pub tokenizer: Option<TextTokenizer>,
    /// The content of `tokenizer_config.json`, with the chat template.
    pub tokenizer_config: Value,
    /// The content of `generation_config.json`.
    pub generation_config: Value,
}

impl LanguageModel {
    /// Reads a Hugging Face folder or a GGUF file, with weights in the number format `kind`.
    ///
    /// # Errors
    /// When a file is missing or damaged, the architecture is unknown, a tensor is missing, extra
    /// or of another shape, or the tokenizer does not fit; the error names the file and the cause.
    pub fn load(path: &Path, kind: Kind, device: Device) -> Result<Self> {
        let model = if path.is_file() {
            Self::from_gguf(path, kind, device)
        } else {
            Self::from_folder(path, kind, device)
        };
        let model = model.with_context(|| format!("could not load the model {}", path.display()))?;
        if let Some(tokenizer) = &model.tokenizer {
            let vocabulary = model.decoder.config().vocabulary;
            tokenizer.check_fits(vocabulary).with_context(|| format!("the model {}", path.display()))?;
        }
        Ok(model)
    }

    fn from_folder(folder: &Path, kind: Kind, device: Device) -> Result<Self> {
        let file = folder.join("config.json");
        let json = read_json(&file)?.with_context(|| format!("{} is missing", file.display()))?;
        let config = LmConfig::from_json(&json).with_context(|| file.display().to_string())?;
        let mut shards = Shards::open(folder)?;
        shards.check(&config)?;
        let tokenizer = folder.join("tokenizer.json");
        let tokenizer = tokenizer.is_file().then(|| TextTokenizer::from_file(&tokenizer)).transpose()?;
        Ok(Self {
            decoder: DecoderLm::new(config, &mut shards, kind, device)?,
            tokenizer,
            tokenizer_config: tokenizer_config(folder)?,
            generation_config: read_json(&folder.join("generation_config.json"))?
                .unwrap_or_else(|| json!({})),
        })
    }

    fn from_gguf(path: &Path, kind: Kind, device: Device) -> Result<Self> {
        let mut file = GgufFile::open(path)?;
        let config = file.config().clone();
        let (tokenizer, tokenizer_config) = (Some(file.tokenizer()?), file.tokenizer_config());
        let eos: Map<String, Value> = config
            .others
            .iter()
            .filter(|(key, _)| key.ends_with("_token_id"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        Ok(Self {
            decoder: DecoderLm::new(config, &mut file, kind, device)?,
            tokenizer,
            tokenizer_config,
            generation_config: Value::Object(eos),
        })
    }

    /// The same files around another decoder.
    #[must_use]
    pub fn with_decoder(&self, decoder: DecoderLm) -> Self {
        Self {
            decoder,
            tokenizer: self.tokenizer.clone(),
            tokenizer_config: self.tokenizer_config.clone(),
            generation_config: self.generation_config.clone(),
        }
    }

    /// The ids that end a text: every `eos_token_id` of the generation settings, else of the
    /// configuration, and the token `end_of_turn` of a chat template.
    ///
    /// # Errors
    /// When `eos_token_id` holds anything else than ids.
    pub fn stop_ids(&self, end_of_turn: Option<&str>) -> Result<Vec<i64>> {
        let of = |map: &Map<String, Value>| ids(Keys(map), "eos_token_id");
        let mut stop = self.generation_config.as_object().map(of).transpose()?.unwrap_or_default();
        if stop.is_empty() {
            stop = of(&self.decoder.config().others)?;
        }
        let turn = end_of_turn.and_then(|token| self.tokenizer.as_ref()?.id(token));
        stop.extend(turn.filter(|id| !stop.contains(id)));
        Ok(stop)
    }

    /// Adds the special tokens that the tokenizer lacks, in this order, and grows the embedding
    /// where it has no rows for them; their ids.
    ///
    /// # Errors
    /// When the model has no tokenizer, or a token cannot be added.
    pub fn add_special(&mut self, tokens: &[&str], seed: u64) -> Result<Vec<i64>> {
        let tokenizer =
            self.tokenizer.as_mut().context("the model has no tokenizer.json to add tokens to")?;
        let ids = tokenizer.add_special(tokens)?;
        let rows = tokenizer.rows();
        if rows > self.decoder.config().vocabulary {
            self.decoder = self.decoder.grown(rows, seed)?;
        }
        Ok(ids)
    }

    /// Writes a Hugging Face folder, in shards above 2 GiB.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        self.save_in_shards(folder, SHARD_BYTES)
    }

    /// [`Self::save`] with shards of at most `limit` bytes.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save_in_shards(&self, folder: &Path, limit: usize) -> Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        let mut config = self.decoder.config().to_json();
        // The names of the key in releases of transformers before and after 4.56.
        ["torch_dtype", "dtype"].into_iter().try_for_each(|key| {
            config[key] = json!(dtype(self.decoder.kind())?);
            Ok::<_, anyhow::Error>(())
        })?;
        write_json(&folder.join("config.json"), &config)?;
        write_json(&folder.join("generation_config.json"), &self.generation_config)?;
        if let Some(tokenizer) = &self.tokenizer {
            tokenizer.save(&folder.join("tokenizer.json"))?;
            write_json(&folder.join("tokenizer_config.json"), &self.tokenizer_config)?;
        }
        let kind = self.decoder.kind();
        let rounded = |(name, tensor): (String, Tensor)| (name, tensor.to_kind(kind));
        let tensors: Vec<_> = self.decoder.parameters().named().into_iter().map(rounded).collect();
        shards::write(folder, &tensors, limit)
    }
}

fn dtype(kind: Kind) -> Result<&'static str> {
    Ok(match kind {
        Kind::Float => "float32",
        Kind::BFloat16 => "bfloat16",
        Kind::Half => "float16",
        other => bail!("models are not saved in {other:?}"),
    })
}
