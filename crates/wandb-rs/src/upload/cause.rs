use std::path::PathBuf;

/// The reason why an online run is not uploaded. Its message says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error(
        "W&B runs offline: its uploader was not found; `pip install wandb` brings it, WANDB_MODE=offline silences \
         this"
    )]
    NoCore,
    #[error("W&B runs offline: {} is no program; WANDB_CORE must name the wandb-core of the Python wheel", .0.display())]
    NotThere(PathBuf),
    #[error("W&B runs offline: wandb-core did not start ({0}); `pip install --upgrade wandb` may mend it")]
    NoStart(String),
    #[error("W&B runs offline: the server's address is not known; set WANDB_BASE_URL")]
    NoAddress,
    #[error(
        "W&B runs offline: there is no API key for {0}; run `wandb login` or set WANDB_API_KEY, WANDB_MODE=offline \
         silences this"
    )]
    NoKey(String),
    #[error("W&B is offline for now: {0} cannot be reached ({1}); it is tried again until the run ends")]
    Unreachable(String, String),
    #[error("W&B did not take the run: {0}; if the key is wrong, run `wandb login --relogin`")]
    Refused(String),
    #[error("W&B's uploader ended too early ({0})")]
    CoreLeft(String),
    #[error("W&B's upload was not complete after {0} s")]
    Late(f64),
    #[error("W&B's log is not whole, so its upload was ended")]
    Torn,
}
