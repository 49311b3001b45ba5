//! Saved folders, read back by transformers where `$UMWELT_TRANSFORMERS_PYTHON` names a Python that
//! has it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use umwelt_language::{LanguageModel, LowRankShape, SPECIAL_TOKENS, TextTokenizer};

use crate::models::{gap, model, recorded_model};
use crate::recorded::path;

const SCRIPT: &str = r#"
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer, logging
logging.set_verbosity_error()
folder, ids, text = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
with torch.no_grad():
    logits = model(torch.tensor([ids])).logits[0].float()
loading = sorted(str(x) for key in ("missing_keys", "unexpected_keys", "mismatched_keys") for x in info[key])
tokens = AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"] if text else []
answer = {"logits": logits.flatten().tolist(), "dtype": str(model.dtype)}
print(json.dumps(answer | {"loading": loading, "tokens": tokens}))
"#;

/// The answer of transformers about a folder.
fn asked(python: &Path, folder: &Path, ids: &[i64], text: &str) -> Value {
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).arg(folder).arg(json!(ids).to_string()).arg(text);
    let output = command.env("HF_HUB_OFFLINE", "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn logits(model: &LanguageModel, ids: &[i64]) -> Tensor {
    let decoder = &model.decoder;
    let hidden = decoder.hidden(&decoder.embed(&Tensor::from_slice(ids).unsqueeze(0)), None);
    decoder.logits(&hidden).get(0).flatten(0, -1).to_kind(Kind::Float).detach()
}

#[test]
fn saved_models_are_read_back() {
    let Some(python) = std::env::var_os("UMWELT_TRANSFORMERS_PYTHON") else {
        println!("skipped: UMWELT_TRANSFORMERS_PYTHON names no Python with transformers");
        return;
    };
    let with_tokenizer = |kind: &str| {
        let mut model = model(kind);
        let file = path("lm_tokenizers/qwen2_tokenizer.json");
        model.tokenizer = Some(TextTokenizer::from_file(&file).unwrap());
        model.tokenizer_config = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
        model.add_special(&SPECIAL_TOKENS, 1).unwrap();
        model
    };
    let merged = || {
        let mut model = model("llama");
        let layers = vec!["q".into(), "o".into()];
        let shape = LowRankShape { rank: 2, alpha: 4.0, layers };
        for (_, mut tensor) in model.decoder.add_low_rank(&shape, 3).unwrap().named() {
            let values = umwelt_torch::native::normals(&tensor.size(), Device::Cpu, 5) * 0.3;
            tch::no_grad(|| tensor.copy_(&values));
        }
        model.with_decoder(model.decoder.merged().unwrap())
    };
    for (number, dtype, tolerance) in
        [(Kind::Float, "torch.float32", 1e-5), (Kind::BFloat16, "torch.bfloat16", 0.02)]
    {
        for model in [
            recorded_model("tiny_qwen2"),
            recorded_model("tiny_llama3"),
            with_tokenizer("qwen2"),
            with_tokenizer("llama"),
            merged(),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let float = folder.path().join("float");
            model.save(&float).unwrap();
            let model = LanguageModel::load(&float, number, Device::Cpu).unwrap();
            let saved = folder.path().join("saved");
            model.save_in_shards(&saved, 20_000).unwrap();
            assert!(fs::exists(saved.join("model.safetensors.index.json")).unwrap());
            let (ids, text) = ([5, 17, 3, 28, 11], "Hello <bop>12345<eop> Straße");
            let text = model.tokenizer.as_ref().map_or("", |_| text);
            let answer = asked(Path::new(&python), &saved, &ids, text);
            assert_eq!((&answer["loading"], &answer["dtype"]), (&json!([]), &json!(dtype)));
            let theirs: Vec<f64> = serde_json::from_value(answer["logits"].clone()).unwrap();
            let (ours, theirs) = (logits(&model, &ids), Tensor::from_slice(&theirs));
            let largest = theirs.abs().max().double_value(&[]);
            assert!(gap(&ours, &theirs) < tolerance * largest, "{} of {largest}", gap(&ours, &theirs));
            if let Some(tokenizer) = &model.tokenizer {
                assert_eq!(answer["tokens"], json!(tokenizer.encode(text).unwrap()));
            }
        }
    }
}
