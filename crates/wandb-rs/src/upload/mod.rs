//! The upload of a run while the program runs: a thread starts wandb-core, a process that follows
//! the growing log.

mod cause;
mod child;
mod core;
mod protocol;
mod server;
mod wheel;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use self::cause::Cause;
use self::child::Slot;
use self::core::Core;
use self::protocol::{CoreSettings, Flag, Notice, Text};
use self::server::Server;
use self::wheel::Wheel;
use crate::settings::Settings;
use crate::warnings::Warnings;

/// The time between attempts to reach a server.
const RETRY: Duration = Duration::from_secs(15);
/// Severities with the numbers of Python's logging.
const WARNING: i32 = 30;
const ERROR: i32 = 40;

/// The logs to upload and their settings.
pub(crate) struct Task {
    pub settings: Settings,
    /// The open log.
    pub log: PathBuf,
    /// Logs of earlier starts whose upload is incomplete, the oldest first.
    pub earlier: Vec<PathBuf>,
    pub warnings: Arc<Warnings>,
}

/// An upload in progress.
pub(crate) struct Upload {
    slot: Arc<Slot>,
    /// Dropping it tells the thread that the log has ended.
    open: Option<Sender<()>>,
    end: Receiver<Result<Option<String>, Cause>>,
    warnings: Arc<Warnings>,
}

impl Upload {
    pub fn start(task: Task) -> Self {
        let (open, closing) = channel();
        let (ended, end) = channel();
        let slot = Arc::new(Slot::default());
        let (warnings, own) = (task.warnings.clone(), slot.clone());
        let work = move || {
            let result = task.follow(&own, &closing);
            if let (Err(cause), false) = (&result, own.is_closed()) {
                task.warnings.tell(cause);
            }
            let _ = ended.send(result);
        };
        // If the thread cannot start, `ended` is dropped and `finish` reports an early end.
        let _ = std::thread::Builder::new().name("wandb-upload".into()).spawn(work);
        Self { slot, open: Some(open), end, warnings }
    }

    /// Waits for the upload of a log that has ended. Returns the address of the run's page, or the
    /// reason for a failure.
    pub fn finish(mut self, log_is_whole: bool, timeout: Duration) -> Result<Option<String>, String> {
        self.open.take();
        let end = match log_is_whole {
            true => self.end.recv_timeout(timeout).unwrap_or_else(|failure| Err(too_late(failure, timeout))),
            false => Err(Cause::Torn),
        };
        self.slot.close();
        end.map_err(|cause| {
            self.warnings.tell(&cause);
            cause.to_string()
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.slot.close();
    }
}

fn too_late(failure: RecvTimeoutError, timeout: Duration) -> Cause {
    match failure {
        RecvTimeoutError::Timeout => Cause::Late(timeout.as_secs_f64()),
        RecvTimeoutError::Disconnected => Cause::CoreLeft("its thread ended".into()),
    }
}

impl Task {
    fn follow(&self, slot: &Slot, closing: &Receiver<()>) -> Result<Option<String>, Cause> {
        let wheel = Wheel::find(&self.settings, slot)?;
        let server = Server::of(&self.settings, &wheel)?;
        self.wait_for(&server, closing)?;
        let folder = self.log.parent().unwrap_or(Path::new("."));
        let mut core = Core::start(&wheel.core, &folder.join("logs"), slot)?;
        for log in &self.earlier {
            if let Err(cause) = self.sync(&mut core, log, &server, false) {
                self.warnings.tell(cause);
            }
        }
        self.sync(&mut core, &self.log, &server, true)
    }

    /// Waits until the server can be reached. Fails if it cannot when the log has ended.
    fn wait_for(&self, server: &Server, closing: &Receiver<()>) -> Result<(), Cause> {
        let Err(first) = server.check() else { return Ok(()) };
        self.warnings.tell(&first);
        loop {
            let open = closing.recv_timeout(RETRY) == Err(RecvTimeoutError::Timeout);
            match server.check() {
                Ok(()) => return Ok(()),
                Err(_) if open => {}
                Err(_) => return Err(first),
            }
        }
    }

    /// Uploads one log. Returns the address of the run's page, if core reports it.
    fn sync(
        &self,
        core: &mut Core,
        log: &Path,
        server: &Server,
        live: bool,
    ) -> Result<Option<String>, Cause> {
        let (mut page, mut refusal) = (None, None);
        core.sync(log, self.settings_for(server), live, |Notice { severity, content }| {
            if severity >= ERROR {
                refusal.get_or_insert(content);
            } else if severity >= WARNING {
                self.warnings.tell(format!("W&B: {content}"));
            } else if let Some((_, url)) =
                content.rsplit_once(" at ").filter(|_| content.contains("View run"))
            {
                page = Some(url.to_owned());
            }
        })?;
        match refusal {
            None if is_uploaded(log) => Ok(page),
            refusal => Err(Cause::Refused(refusal.unwrap_or_else(|| "no reason was given".into()))),
        }
    }

    fn settings_for(&self, server: &Server) -> CoreSettings {
        let text = |value: &str| Some(Text { value: value.into() });
        CoreSettings {
            api_key: text(&server.api_key),
            base_url: text(&server.base_url),
            app_url: text(&server.app_url),
            wandb_dir: self.log.ancestors().nth(2).and_then(|dir| text(&dir.to_string_lossy())),
            primary: Some(Flag { value: true }),
            update_finish_state: Some(Flag { value: true }),
        }
    }
}

/// True if core has created the marker file of a completely uploaded log.
pub(crate) fn is_uploaded(log: &Path) -> bool {
    let mut mark = log.as_os_str().to_owned();
    mark.push(".synced");
    Path::new(&mark).exists()
}
