//! The start of a run: its id, its folder, the first records and the background work.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Beside, Run, changes};
use crate::clock::{since_1970, timestamp};
use crate::environment::environment;
use crate::folder::{RunFolder, check_id, earlier_logs, latest_run_id, new_run_id};
use crate::journal::Journal;
use crate::messages::{Environment, Header, Kind, RunRecord, VersionInfo};
use crate::resume::Earlier;
use crate::settings::{Resume, read_settings_files};
use crate::stats::Sampler;
use crate::upload::{Task, Upload, is_uploaded};
use crate::warnings::{Warnings, lock};
use crate::{Error, Mode, Settings};

const FINISH_TIMEOUT: Duration = Duration::from_secs(30);
const STATS_INTERVAL: Duration = Duration::from_secs(10);

impl Run {
    pub(crate) fn start(mut settings: Settings) -> Result<Self, Error> {
        let root = settings.dir.clone().unwrap_or_else(|| ".".into());
        // The uploader runs in another folder, so the path must be absolute.
        let root = std::path::absolute(&root).map_err(|source| Error::Folder { path: root, source })?;
        read_settings_files(&mut settings, &root);
        let warnings = Arc::<Warnings>::default();
        settings.mistakes.iter().for_each(|mistake| warnings.tell(mistake));
        let latest = (settings.resume == Resume::Latest).then(|| latest_run_id(&root)).flatten();
        let id = settings.run_id.clone().or(latest).unwrap_or_else(new_run_id);
        check_id(&id)?;
        let mode = settings.mode.unwrap_or(Mode::Online);
        let mut run = Self {
            id,
            folder: None,
            earlier_step: None,
            warnings,
            journal: Arc::default(),
            beside: Mutex::default(),
            ending: Mutex::default(),
            finish_timeout: settings.finish_timeout.unwrap_or(FINISH_TIMEOUT),
        };
        if mode != Mode::Disabled {
            run.open(settings, &root, mode)?;
        }
        Ok(run)
    }

    fn open(&mut self, settings: Settings, root: &Path, mode: Mode) -> Result<(), Error> {
        let mut logs = if settings.resume == Resume::Never { vec![] } else { earlier_logs(root, &self.id) };
        let resume = settings.resume == Resume::Always || !logs.is_empty();
        let earlier = Earlier::read(&logs);
        let start = since_1970();
        let folder = RunFolder::create(root, &self.id, start.as_secs() as i64)?;
        (self.folder, self.earlier_step) = (Some(folder.path.clone()), earlier.last_step);
        logs.retain(|log| !is_uploaded(log));
        logs.push(folder.log.clone());
        let environment = environment(&settings.vars, start);
        let record = run_record(&settings, &self.id, &environment, &earlier, resume);
        let mut journal = Journal::create(folder, earlier, self.warnings.clone())?;
        let producer = concat!("wandb-rs ", env!("CARGO_PKG_VERSION")).into();
        journal.put(Kind::Header(Header { version_info: Some(VersionInfo { producer }) }))?;
        journal.put(Kind::Run(record))?;
        journal.put(Kind::Environment(environment))?;
        *lock(&self.journal) = Some(journal);
        let interval = settings.stats_interval.unwrap_or(STATS_INTERVAL);
        let _sampler = Some(Sampler::start(self.journal.clone(), interval));
        let upload = (mode == Mode::Online).then(|| self.upload(settings, &logs));
        *lock(&self.beside) = Beside { _sampler, upload, logs };
        Ok(())
    }

    fn upload(&self, settings: Settings, logs: &[PathBuf]) -> Upload {
        let (log, earlier) = logs.split_last().expect("the open log is among them");
        let (log, earlier) = (log.clone(), earlier.to_vec());
        Upload::start(Task { settings, log, earlier, warnings: self.warnings.clone() })
    }
}

fn run_record(settings: &Settings, id: &str, at: &Environment, earlier: &Earlier, resume: bool) -> RunRecord {
    let text = |setting: &Option<String>| setting.clone().unwrap_or_default();
    RunRecord {
        run_id: id.into(),
        entity: text(&settings.entity),
        project: text(&settings.project),
        config: Some(changes(&settings.config)),
        run_group: text(&settings.group),
        job_type: text(&settings.job_type),
        display_name: text(&settings.name),
        notes: text(&settings.notes),
        tags: settings.tags.clone(),
        sweep_id: text(&settings.sweep_id),
        host: at.host.clone(),
        starting_step: earlier.last_step.map_or(0, |last| last as i64 + 1),
        start_time: Some(at.started_at.clone().unwrap_or_else(|| timestamp(since_1970()))),
        resumed: resume,
        runtime: earlier.runtime as i32,
        git: at.git.clone(),
        resume,
    }
}
