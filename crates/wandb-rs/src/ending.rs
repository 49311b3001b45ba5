use std::fmt;
use std::path::PathBuf;

/// How a run ended; it displays as a line for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server has the whole run.
    Uploaded {
        /// The run's page, if the server told its address.
        url: Option<String>,
    },
    /// The run is on disk, whole, and waits for `wandb sync`.
    Offline {
        /// Where it is; with those of earlier starts that wait as well, the oldest first.
        folders: Vec<PathBuf>,
        /// Why, if it should have been uploaded.
        reason: Option<String>,
    },
    /// Nothing was kept.
    Disabled,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uploaded { url: Some(url) } => write!(f, "W&B: {url}"),
            Self::Uploaded { url: None } => write!(f, "W&B: uploaded"),
            Self::Offline { folders, .. } => {
                write!(f, "W&B: kept on disk; to upload it: wandb sync")?;
                folders.iter().try_for_each(|folder| write!(f, " {}", quoted(&folder.to_string_lossy())))
            }
            Self::Disabled => write!(f, "W&B: disabled"),
        }
    }
}

/// As a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+=:@%".contains(c));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offline_run_tells_the_command_that_uploads_it() {
        let folders = vec!["/a/wandb/offline-run-1".into(), "/b c/it's".into()];
        let told = Ending::Offline { folders, reason: None }.to_string();
        assert_eq!(
            told,
            r"W&B: kept on disk; to upload it: wandb sync /a/wandb/offline-run-1 '/b c/it'\''s'"
        );
    }
}
