//! The results of eight short commands, compared bit for bit: two runs of this build, or one of
//! this build and one of an older build.
//!
//! `UMWELT_BASELINE` names a folder with the `train` and `umwelt` of the older build; `make
//! same-bits BASE=REF` makes one from a commit of this repository. Both builds must have the same
//! profile and run on the same machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{SMALL, idx, succeeds, sweep_file};
use safetensors::SafeTensors;
use serde_json::Value;
use sha2::{Digest, Sha256};
use umwelt::settings::is_identity;

const VICREG: &[&str] = &["vicreg.projector=24-24"];
const BF16: &[&str] = &["precision=bf16", "vicreg.projector=24-24"];
const SIMCLR: &[&str] = &[
    "model_type=SimCLR",
    "simclr.epochs=3",
    "simclr.arch=menet5",
    "simclr.predictor=rnn",
    "simclr.embedding_size=16",
];
const RSSM: &[&str] = &["model_type=RSSM", "rssm.epochs=3", "rssm.arch=menet5", "rssm.embedding_size=16"];
const THREE_DOTS: &[&str] = &["dataset_type=Multiple", "vicreg.channels=3", "dataset_static_noise=0.5"];
const STRUCTURED: &[&str] = &["dataset_structured_noise=true", "dataset_structured_noise_path=dead_leaves"];
const COMO: &[&str] = &[
    "model_type=CoMo",
    "device=cpu",
    "threads=1",
    "dataset_batch_size=16",
    "log_every=2",
    "eval_every_n_epochs=1",
    "como.data_path=digits",
    "como.epochs=2",
    "como.encoding_dim=16",
    "como.state_size=3",
    "como.num_heads=2",
    "como.collab_message_size=5",
    "como.collab_dec_depth=1",
];

/// Numbers that an older build logs under another name: its name and ours.
const RENAMED: [(&str, &str); 1] = [("\"rate\":", "\"lr\":")];

/// The results in the folder of a run or a sweep, by their path in it.
type Results = BTreeMap<PathBuf, Content>;

/// The content of a file of results.
#[derive(Debug)]
enum Content {
    /// The SHA-256 of metrics, or of the tensors of a checkpoint.
    Digest(String),
    /// The numbers of an evaluation by their dotted keys. Other builds may have more or fewer.
    Numbers(BTreeMap<String, String>),
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Digest(a), Self::Digest(b)) => a == b,
            (Self::Numbers(a), Self::Numbers(b)) => {
                let mut shared = a.iter().filter_map(|(key, value)| Some((value, b.get(key)?))).peekable();
                shared.peek().is_some() && shared.all(|(a, b)| a == b)
            }
            _ => false,
        }
    }
}

fn results(root: &Path) -> Results {
    let mut found = BTreeMap::new();
    collect(root, root, &mut found);
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Results) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(root, &path, found);
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = || fs::read(&path).unwrap();
        let content = match name.as_str() {
            "metrics.jsonl" => Content::Digest(format!("{:x}", Sha256::digest(renamed(&bytes())))),
            "evaluation.json" => {
                let mut numbers = BTreeMap::new();
                flatten("", &serde_json::from_slice(&bytes()).unwrap(), &mut numbers);
                Content::Numbers(numbers)
            }
            _ if name.ends_with(".safetensors") => Content::Digest(format!("{:x}", tensors(&bytes()))),
            _ => continue,
        };
        found.insert(without_marks(path.strip_prefix(root).unwrap()), content);
    }
}

fn renamed(metrics: &[u8]) -> String {
    let text = String::from_utf8(metrics.to_vec()).unwrap();
    RENAMED.iter().fold(text, |text, (before, after)| text.replace(before, after))
}

fn flatten(key: &str, value: &Value, numbers: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, numbers))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| flatten(&format!("{key}.{i}"), value, numbers));
        }
        Value::Number(number) => drop(numbers.insert(key.to_owned(), number.to_string())),
        _ => {}
    }
}

/// The digest of a checkpoint's tensors in the order of their names, without the metadata, which
/// has versions.
fn tensors(bytes: &[u8]) -> sha2::digest::Output<Sha256> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let mut digest = Sha256::new();
    for (name, view) in tensors {
        digest.update(format!("{name} {:?} {:?}", view.dtype(), view.shape()));
        digest.update(view.data());
    }
    digest.finalize()
}

/// A path without the identities at the end of run folders' names. Other builds may compute other
/// ones.
fn without_marks(path: &Path) -> PathBuf {
    let cleaned = |part: &std::ffi::OsStr| {
        let part = part.to_string_lossy().into_owned();
        part.rsplit_once('-')
            .filter(|(_, mark)| is_identity(mark))
            .map_or(part.clone(), |(name, _)| name.to_owned())
    };
    path.iter().map(cleaned).collect()
}

fn train(program: &Path, at: &Path, values: &[&str]) -> Results {
    let mut command = Command::new(program);
    command.current_dir(at).args(["train", "--quiet", "--values"]).args(values).arg("output_path=run");
    succeeds(command);
    results(&at.join("run"))
}

fn sweep(program: &Path, at: &Path) -> Results {
    let mut command = Command::new(program);
    command.current_dir(at).args(["sweep", "four.yaml", "--jobs", "2", "--threads", "1"]);
    succeeds(command);
    results(&at.join("runs/four"))
}

/// Runs a command by the baseline build, if given, and by this build, and compares their results.
/// Each must leave `files` files of results.
fn compare(files: usize, run: impl Fn(&Path, &Path) -> Results) {
    let this = PathBuf::from(env!("CARGO_BIN_EXE_umwelt"));
    let baseline = std::env::var_os("UMWELT_BASELINE").map(|folder| PathBuf::from(folder).join("umwelt"));
    let [before, after] = [baseline.as_ref().unwrap_or(&this), &this].map(|program| {
        let at = tempfile::tempdir().unwrap();
        idx::write(&at.path().join("digits"), 64, 20);
        sweep_file(
            at.path(),
            "four",
            &[],
            "parameters: {dataset_noise: [0.5, 1], vicreg.base_lr: [0.1, 0.2]}\n",
        );
        run(program, at.path())
    });
    assert_eq!(after.len(), files, "{after:?}");
    assert_eq!(before, after);
}

fn compare_small(values: &[&str]) {
    compare(5, |program, at| train(program, at, &[SMALL, values].concat()));
}

#[test]
fn vicreg() {
    compare_small(VICREG);
}

#[test]
fn vicreg_in_bfloat16() {
    compare_small(BF16);
}

#[test]
fn simclr() {
    compare_small(SIMCLR);
}

#[test]
fn rssm() {
    compare_small(RSSM);
}

#[test]
fn three_dots() {
    compare_small(THREE_DOTS);
}

#[test]
fn structured_noise() {
    compare_small(STRUCTURED);
}

#[test]
fn como() {
    compare(5, |program, at| train(program, at, COMO));
}

#[test]
fn a_sweep_of_four() {
    compare(4 * 5, sweep);
}
