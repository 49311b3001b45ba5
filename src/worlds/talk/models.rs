//! The language models of a run: made here, or read from the results of stages.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use tch::{Device, Kind, Tensor};
use umwelt_language::{
    AdapterShape, DecoderLm, Fuser, LanguageModel, LmConfig, MessageAdapter, SPECIAL_TOKENS, TextTokenizer,
};
use umwelt_torch::checkpoints::{TensorFile, write_tensors};

use super::settings::{AdapterSettings, LmSettings, NumberFormat, Size, TalkSettings};
use crate::nn::{Linear, Masks, Parameters, Scope};
use crate::runs::Inputs;

/// Rows of embeddings come in multiples of this number.
const ROWS: i64 = 64;
/// The entry of the metadata of adapters and students.
const FORMAT: (&str, &str) = ("format", "pt");

/// The configuration of a model of this size for a tokenizer with `tokens` ids.
///
/// # Errors
/// When the settings do not fit each other.
pub fn config(settings: &LmSettings, tokens: i64) -> Result<LmConfig> {
    let (hidden, intermediate, layers, heads, kv, head) = match settings.size {
        Size::Smoke => (64, 176, 2, 2, 1, 32),
        Size::Tiny | Size::LlamaTiny => (128, 352, 4, 4, 2, 32),
        Size::Het => (96, 256, 4, 4, 2, 24),
        Size::Small => (192, 512, 6, 6, 2, 32),
    };
    let llama = settings.size == Size::LlamaTiny;
    let mut json = json!({
        "model_type": if llama { "llama" } else { "qwen2" },
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": settings.layers.unwrap_or(layers),
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "head_dim": head,
        "vocab_size": tokens.div_euclid(ROWS) * ROWS + if tokens % ROWS == 0 { 0 } else { ROWS },
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e4,
        "tie_word_embeddings": !llama,
        "max_position_embeddings": 1024,
        "initializer_range": settings.initializer_range.unwrap_or(f64::from(hidden).powf(-0.5)),
    });
    if llama {
        json["rope_scaling"] = json!({
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 128,
        });
    }
    LmConfig::from_json(&json)
}

/// A model at the start of training, with the files that stand beside it.
///
/// # Errors
/// When the settings do not fit each other.
pub fn initial(
    settings: &LmSettings,
    tokenizer: TextTokenizer,
    seed: u64,
    device: Device,
) -> Result<LanguageModel> {
    let config = config(settings, tokenizer.rows())?;
    let end = tokenizer.required_id("<|im_end|>")?;
    let padding = tokenizer.required_id("<|endoftext|>")?;
    Ok(LanguageModel {
        decoder: DecoderLm::initial(config, seed, device)?,
        tokenizer: Some(tokenizer),
        tokenizer_config: json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": "<unk>",
        }),
        generation_config: json!({ "eos_token_id": [end], "pad_token_id": padding }),
    })
}

/// The file of the input `key`.
///
/// # Errors
/// When the run has no such input.
pub fn file<'a>(inputs: &'a Inputs, key: &str) -> Result<&'a Path> {
    inputs.checkpoint(key).with_context(|| format!("{key} names no run"))
}

/// The model of the input `key`, with the special tokens of messages and weights of this format.
///
/// # Errors
/// When it cannot be read; the error names the file.
pub fn load(
    inputs: &Inputs,
    key: &str,
    seed: u64,
    device: Device,
    format: NumberFormat,
) -> Result<LanguageModel> {
    let file = file(inputs, key)?;
    let is_gguf = file.extension().is_some_and(|extension| extension == "gguf");
    let path = if is_gguf { file.to_owned() } else { folder(file) };
    let load = || -> Result<LanguageModel> {
        let mut model = LanguageModel::load(&path, format.kind(), device)?;
        model.add_special(&SPECIAL_TOKENS, seed)?;
        Ok(model)
    };
    load().with_context(|| key.to_owned())
}

/// A model with exact weights, with products and recomputation as the settings say.
pub fn trained_in(model: LanguageModel, talk: &TalkSettings) -> LanguageModel {
    let decoder = model.decoder.computing_in(talk.dtype.kind()).recomputing(talk.checkpointing);
    LanguageModel { decoder, ..model }
}

/// The folder of a result.
pub fn folder(file: &Path) -> PathBuf {
    file.parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The adapter of all senders to a receiver. Several senders have a projection each, and share what
/// follows.
pub struct SendersAdapter {
    /// To the receiver's features; none where there is one sender.
    projections: Vec<Linear>,
    adapter: MessageAdapter,
    /// The number of features of the receiver, d.
    width: i64,
}

impl SendersAdapter {
    /// Embeddings `[L, d]` of the hidden states `[L, d_s]` of sender `who`. A message without rows
    /// stays without rows.
    ///
    /// # Errors
    /// When the hidden states do not fit the adapter.
    pub fn adapted(&self, who: usize, hidden: &[Tensor], dropout: Option<&Masks>) -> Result<Vec<Tensor>> {
        let lengths: Vec<i64> = hidden.iter().map(|rows| rows.size()[0]).collect();
        if lengths.iter().all(|length| *length == 0) {
            let empty = |rows: &Tensor| Tensor::zeros([0, self.width], (Kind::Float, rows.device()));
            return Ok(hidden.iter().map(empty).collect());
        }
        let padded = Tensor::pad_sequence(hidden, true, 0.0, "right");
        let rows = match self.projections.get(who) {
            Some(projection) => projection.forward(&padded.to_kind(Kind::Float)),
            None => padded,
        };
        // The key mask of a row without keys would have no finite softmax.
        let read: Vec<i64> = lengths.iter().map(|length| (*length).max(1)).collect();
        let rows = self.adapter.forward(&rows, &read, dropout)?;
        Ok((0i64..).zip(&lengths).map(|(row, length)| rows.get(row).narrow(0, 0, *length)).collect())
    }
}

/// The adapter from senders of these numbers of features to the receiver, with its parameters.
///
/// # Errors
/// When the receiver's features cannot be shared among the heads.
pub fn adapter(
    settings: &AdapterSettings,
    widths: &[i64],
    receiver: &DecoderLm,
    seed: u64,
) -> Result<(Parameters, SendersAdapter)> {
    let parameters = Parameters::new(receiver.device(), seed);
    let (d, root) = (receiver.config().hidden, parameters.root());
    let (kind, inner) = settings.kind.parts();
    let projections = match widths {
        [_] => vec![],
        several => (0..).zip(several).map(|(who, width)| projection(&root, who, *width, d)).collect(),
    };
    let width = if projections.is_empty() { widths[0] } else { d };
    let output_scale = settings.output_scale.unwrap_or_else(|| rms(receiver.embedding()) / inner);
    let shape = AdapterShape { kind, sender: width, receiver: d, heads: settings.heads, output_scale };
    let adapter = MessageAdapter::new(&root, &shape)?;
    Ok((parameters, SendersAdapter { projections, adapter, width: d }))
}

/// The projection of sender `who`: at first the identity where the numbers of features are equal,
/// so that the start is that of a single sender.
fn projection(root: &Scope, who: usize, width: i64, d: i64) -> Linear {
    let scope = root.sub(format!("input_proj.{who}"));
    if width != d {
        return Linear::new(&scope, width, d);
    }
    let eye = Tensor::eye(d, (Kind::Float, root.device()));
    Linear::from_tensors(scope.given("weight", eye), Some(scope.constant("bias", &[d], 0.0)))
}

/// A fuser between two models at the start of training.
pub fn fuser(sender: &LanguageModel, receiver: &LanguageModel, talk: &TalkSettings, seed: u64) -> Fuser {
    let configs = [sender, receiver].map(|model| model.decoder.config());
    Fuser::new(configs[0], configs[1], talk.fuser.width as i64, receiver.decoder.device(), seed)
}

/// The root of the mean square.
pub fn rms(values: &Tensor) -> f64 {
    values.detach().to_kind(Kind::Float).square().mean(Kind::Double).double_value(&[]).sqrt()
}

/// Parameters of several models as one set, each under its name.
pub fn joined(parts: &[(&str, &Parameters)]) -> Parameters {
    let all = Parameters::new(parts[0].1.device(), parts[0].1.seed());
    for (name, part) in parts {
        let scope = all.root().sub(name);
        part.named().into_iter().for_each(|(name, tensor)| drop(scope.given(&name, tensor)));
    }
    all
}

/// Writes the parameters of an adapter or of a student's own part.
///
/// # Errors
/// When the file cannot be written.
pub fn save(parameters: &Parameters, path: &Path) -> Result<()> {
    write_tensors(path, FORMAT, &parameters.named())
}

/// Reads what [`save`] wrote.
///
/// # Errors
/// When the file cannot be read, or a tensor is missing, extra or of another shape.
pub fn restore(parameters: &Parameters, path: &Path) -> Result<()> {
    let mut file = TensorFile::open(path)?;
    let names = file.shapes().into_iter().map(|(name, _)| name);
    let names: Vec<String> = names.collect();
    let tensors: HashMap<String, Tensor> =
        names.into_iter().map(|name| Ok((name.clone(), file.read(&name)?))).collect::<Result<_>>()?;
    parameters.assign(&tensors).with_context(|| format!("{} does not fit", path.display()))
}

#[cfg(test)]
mod tests {
    use umwelt_language::{AdapterKind, count, parameter_count};

    use super::*;

    #[test]
    fn sizes_have_the_published_numbers_of_parameters() {
        let counted = |size| count(&config(&LmSettings { size, ..LmSettings::default() }, 100).unwrap());
        let sizes = [Size::Smoke, Size::Tiny, Size::LlamaTiny, Size::Het, Size::Small];
        assert_eq!(sizes.map(counted), [100_928, 755_840, 771_200, 419_424, 2_388_288]);
        assert_eq!(config(&LmSettings::default(), 128).unwrap().vocabulary, 128);
        assert_eq!(config(&LmSettings::default(), 129).unwrap().vocabulary, 192);
    }

    #[test]
    fn an_adapters_first_outputs_are_as_large_as_embeddings() {
        let decoder =
            DecoderLm::initial(config(&LmSettings::default(), 100).unwrap(), 3, Device::Cpu).unwrap();
        let settings: AdapterSettings = serde_json::from_value(json!({ "kind": "linear" })).unwrap();
        let hidden = Tensor::randn([2, 9, 96], (Kind::Float, Device::Cpu)).unbind(0);
        let linear = adapter(&settings, &[96], &decoder, 3).unwrap().1;
        let ratio =
            rms(&Tensor::cat(&linear.adapted(0, &hidden, None).unwrap(), 0)) / rms(decoder.embedding());
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
        let (parameters, adapter) = adapter(&AdapterSettings::default(), &[96], &decoder, 3).unwrap();
        let shape = AdapterShape {
            kind: AdapterKind::Attention,
            sender: 96,
            receiver: 128,
            heads: 8,
            output_scale: 1.0,
        };
        assert_eq!(parameters.count() as i64, parameter_count(&shape));
        let rows = adapter.adapted(0, &hidden, None).unwrap();
        let ratio = rms(&Tensor::cat(&rows, 0)) / rms(decoder.embedding());
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
    }
}
