//! Inputs: checkpoints of other runs that a run starts from or builds on.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{preferred_checkpoint, read_json};

/// The file of a run folder that lists its inputs.
const ENVIRONMENT: &str = "environment.json";

/// A checkpoint of another run, under the setting that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The dotted key of the setting.
    pub key: String,
    pub checkpoint: PathBuf,
    /// The SHA-256 of the checkpoint file in hexadecimal digits.
    pub sha256: String,
}

impl Input {
    /// The input that the setting `key` names by `path`: a file, or a run folder, of which the first
    /// of the files `results` is taken that it has. Without `results` the best checkpoint is taken,
    /// else the newest.
    ///
    /// # Errors
    /// The run has no such file, or the file cannot be read.
    pub fn read(key: &str, path: &Path, results: &[&str]) -> Result<Self> {
        let checkpoint = match (path.is_dir(), results) {
            (false, _) => Ok(path.to_owned()),
            (true, []) => preferred_checkpoint(path),
            (true, results) => first_of(path, results),
        };
        let checkpoint = checkpoint.with_context(|| key.to_owned())?;
        let failure = || format!("{key}: could not read checkpoint {}", checkpoint.display());
        let sha256 = sha256_of(&checkpoint).with_context(failure)?;
        Ok(Self { key: key.into(), checkpoint, sha256 })
    }
}

/// The first of these files that the folder has.
fn first_of(folder: &Path, names: &[&str]) -> Result<PathBuf> {
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{} has none of {}", folder.display(), names.join(", ")))
}

/// The SHA-256 of a file in hexadecimal digits.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_of(file: &Path) -> std::io::Result<String> {
    let (mut reader, mut digest) = (BufReader::with_capacity(1 << 16, File::open(file)?), Sha256::new());
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        digest.update(bytes);
        let read = bytes.len();
        reader.consume(read);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The inputs of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inputs(Vec<Input>);

impl Inputs {
    /// These inputs, at most one for each key.
    pub fn new(inputs: Vec<Input>) -> Self {
        Self(inputs)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The checkpoint file of the input under the setting `key`.
    pub fn checkpoint(&self, key: &str) -> Option<&Path> {
        self.0.iter().find(|input| input.key == key).map(|input| input.checkpoint.as_path())
    }

    /// The SHA-256 of the input under the setting `key`, in hexadecimal digits.
    pub fn sha256(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|input| input.key == key).map(|input| input.sha256.as_str())
    }

    /// A warning for each input whose checkpoint is another one than at the last start of the run
    /// in the folder `run`.
    pub fn warnings(&self, run: &Path) -> Vec<String> {
        let before = read_json(&run.join(ENVIRONMENT)).remove("inputs").unwrap_or_default();
        let before: Vec<Input> = serde_json::from_value(before).unwrap_or_default();
        let was = |input: &Input| before.iter().find(|before| before.key == input.key);
        let changed = self.0.iter().filter(|input| was(input).is_some_and(|was| was.sha256 != input.sha256));
        let warning = |input: &Input| {
            format!(
                "{}: checkpoint {} has changed since the run was last started",
                input.key,
                input.checkpoint.display()
            )
        };
        changed.map(warning).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{best_checkpoint_path, checkpoint_path};
    use std::fs;

    #[test]
    fn an_input_is_a_file_or_the_best_checkpoint_of_a_run_with_its_hash() {
        let run = tempfile::tempdir().unwrap();
        let error = format!("{:#}", Input::read("a.b", run.path(), &[]).unwrap_err());
        assert!(error.starts_with("a.b: no checkpoint in "), "{error}");
        fs::create_dir(run.path().join("checkpoints")).unwrap();
        fs::write(checkpoint_path(run.path(), 1), "abc").unwrap();
        let input = Input::read("a.b", run.path(), &[]).unwrap();
        // printf abc | sha256sum
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((input.checkpoint, &*input.sha256), (checkpoint_path(run.path(), 1), digest));
        fs::write(best_checkpoint_path(run.path()), "").unwrap();
        let best = Input::read("a.b", run.path(), &[]).unwrap();
        assert_eq!(best, Input::read("a.b", &best_checkpoint_path(run.path()), &[]).unwrap());
        let error = format!("{:#}", Input::read("k", &run.path().join("none"), &[]).unwrap_err());
        assert!(error.starts_with("k: could not read checkpoint "), "{error}");
        fs::write(run.path().join("second"), "").unwrap();
        let result = Input::read("a.b", run.path(), &["first", "second"]).unwrap();
        assert_eq!(result.checkpoint, run.path().join("second"));
        let error = format!("{:#}", Input::read("a.b", run.path(), &["first"]).unwrap_err());
        assert!(error.ends_with(" has none of first"), "{error}");
    }

    #[test]
    fn a_changed_checkpoint_is_warned_of() {
        let run = tempfile::tempdir().unwrap();
        let input = |sha256: &str| Input { key: "k".into(), checkpoint: "c".into(), sha256: sha256.into() };
        let now = Inputs::new(vec![input("1")]);
        assert!(now.warnings(run.path()).is_empty());
        for (before, warnings) in [("1", 0), ("2", 1)] {
            let environment = serde_json::json!({ "inputs": [input(before)] });
            fs::write(run.path().join(ENVIRONMENT), environment.to_string()).unwrap();
            assert_eq!(now.warnings(run.path()).len(), warnings);
        }
        assert_eq!((now.checkpoint("k"), now.checkpoint("other")), (Some(Path::new("c")), None));
    }
}
