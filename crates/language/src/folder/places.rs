//! The places where a model is looked for.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The folders of a machine that hold models. Nothing is ever downloaded.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `$HF_HOME`, or its default `~/.cache/huggingface`.
    pub hf_home: Option<PathBuf>,
    /// `$TRANSFORMERS_CACHE`.
    pub transformers_cache: Option<PathBuf>,
}

impl Places {
    /// The places that the environment names.
    pub fn from_environment() -> Self {
        let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let default = || Some(path("HOME")?.join(".cache/huggingface"));
        Self { hf_home: path("HF_HOME").or_else(default), transformers_cache: path("TRANSFORMERS_CACHE") }
    }

    /// The folder or GGUF file of the model `name`: a path, or `ORG/NAME` of a model in a cache of
    /// Hugging Face.
    ///
    /// # Errors
    /// When it is in none of the places, which the error names.
    pub fn find(&self, name: &str) -> Result<PathBuf> {
        let path = PathBuf::from(name);
        if path.is_file() || path.join("config.json").is_file() {
            return Ok(path);
        }
        let cached = format!("models--{}", name.replace('/', "--"));
        let hub = self.hf_home.as_ref().map(|home| home.join("hub").join(&cached));
        let cache = self.transformers_cache.as_ref().map(|cache| cache.join(&cached));
        let found = [&hub, &cache].into_iter().flatten().find_map(|folder| snapshot(folder));
        let Some(found) = found else {
            let text = |folder: &Option<PathBuf>, name: &str| match folder {
                Some(folder) => format!("{}/snapshots/*", folder.display()),
                None => format!("${name} (not set)"),
            };
            bail!(
                "no model {name}: there is no config.json in {}, {} or {}; put the model's folder into one \
                 of them (nothing is downloaded)",
                path.display(),
                text(&hub, "HF_HOME"),
                text(&cache, "TRANSFORMERS_CACHE"),
            )
        };
        Ok(found)
    }
}

/// The snapshot of `refs/main`, else the last one by name that holds a `config.json`.
fn snapshot(folder: &Path) -> Option<PathBuf> {
    let complete = |path: &PathBuf| path.join("config.json").is_file();
    let main = std::fs::read_to_string(folder.join("refs/main")).ok();
    let main = main.map(|commit| folder.join("snapshots").join(commit.trim())).filter(complete);
    main.or_else(|| {
        let entries = std::fs::read_dir(folder.join("snapshots")).ok()?;
        entries.flatten().map(|entry| entry.path()).filter(complete).max()
    })
}
