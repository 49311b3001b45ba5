use std::fmt;
use std::path::PathBuf;

/// The outcome of a finished run. It displays as a line for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server has the whole run.
    Uploaded {
        /// The address of the run's page, if the server sent it.
        url: Option<String>,
    },
    /// The run is on disk; `wandb sync` uploads it.
    Offline {
        /// The run folders to upload, with those of earlier starts, the oldest first.
        folders: Vec<PathBuf>,
        /// The reason for a failed upload. None if no upload was intended.
        reason: Option<String>,
    },
    /// W&B was disabled and nothing was written.
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

/// The path quoted as one word of a shell command.
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
