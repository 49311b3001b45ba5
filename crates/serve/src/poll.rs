//! The look at files that change, while somebody looks at a page.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use umwelt_runs::registry::FileStamp;
use umwelt_runs::{METRICS, OUTPUT, RunSummary};

use crate::api::files::log_before;
use crate::api::sweep::standing_of;
use crate::app::Dashboard;
use crate::events::Topic;
use crate::live::Snapshot;
use crate::numbers::number;

/// The least time between two events of changed runs.
const RUNS_EVERY: Duration = Duration::from_secs(1);
/// The time that one poll reads a log for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the streams were last told.
#[derive(Default)]
pub struct Poller {
    runs: Option<(Instant, Arc<Snapshot>)>,
    /// Watched runs as they were when their pages were last told.
    watched: HashMap<String, Arc<RunSummary>>,
    /// The stamps of watched files.
    stamps: HashMap<Topic, Option<FileStamp>>,
    /// The bytes of each watched log that were sent.
    logs: HashMap<String, u64>,
    standings: HashMap<String, Value>,
}

/// Polls until the process ends. Without a stream it waits for one.
pub async fn poll(dashboard: Arc<Dashboard>) {
    let mut poller = Poller::default();
    loop {
        if dashboard.events.topics().is_empty() {
            poller = Poller::default();
            dashboard.events.began.notified().await;
        }
        let shared = dashboard.clone();
        let looked = tokio::task::spawn_blocking(move || {
            // A run that vanishes while it is read is noticed at the next poll.
            let _ = poller.look(&shared);
            poller
        });
        poller = looked.await.unwrap_or_default();
        tokio::time::sleep(dashboard.options.poll).await;
    }
}

impl Poller {
    /// Looks once at everything that the open streams watch, and publishes what has changed.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn look(&mut self, dashboard: &Dashboard) -> Result<()> {
        let topics = dashboard.events.topics();
        let snapshot = dashboard.live.snapshot()?;
        self.tell_runs(dashboard, &snapshot);
        for topic in topics {
            match &topic {
                Topic::Runs | Topic::Room(_) => {}
                Topic::Run(name) => self.tell_series(dashboard, &snapshot, name),
                Topic::Sweep(name) => self.tell_standing(dashboard, name),
                Topic::Log(name) => self.tell_log(dashboard, &snapshot, name),
            }
        }
        Ok(())
    }

    fn tell_runs(&mut self, dashboard: &Dashboard, now: &Arc<Snapshot>) {
        let Some((at, before)) = &self.runs else {
            self.runs = Some((Instant::now(), now.clone()));
            return;
        };
        if at.elapsed() < RUNS_EVERY.min(dashboard.options.poll) || before.number == now.number {
            return;
        }
        let is_new = |run: &&Arc<RunSummary>| before.run(&run.name) != Some(*run);
        let rows: Vec<&RunSummary> = now.runs.iter().filter(is_new).map(|run| &**run).collect();
        let gone = before.runs.iter().filter(|run| now.run(&run.name).is_none());
        let gone: Vec<&str> = gone.map(|run| &*run.name).collect();
        let data = json!({"rows": rows, "gone": gone, "stamp": now.number});
        dashboard.events.publish(Topic::Runs, "runs", &data);
        self.runs = Some((Instant::now(), now.clone()));
    }

    /// True if a file of a watched run has changed since the last look, and at the first look.
    fn has_changed(&mut self, dashboard: &Dashboard, topic: &Topic, name: &str, file: &str) -> bool {
        let path = dashboard.registry.folder_of(name).join(file);
        let stamp = fs::symlink_metadata(path).ok().map(|file| FileStamp::of(&file));
        self.stamps.insert(topic.clone(), stamp) != Some(stamp)
    }

    fn tell_series(&mut self, dashboard: &Dashboard, runs: &Snapshot, name: &str) {
        let topic = Topic::Run(name.to_owned());
        let Some(run) = runs.run(name) else { return };
        // A run that ends writes its state behind the last line of its log.
        let is_new = self.watched.insert(name.to_owned(), run.clone()).as_ref() != Some(run);
        if !self.has_changed(dashboard, &topic, name, METRICS) && !is_new {
            return;
        }
        let folder = dashboard.registry.folder_of(name);
        let data = dashboard.store.with(name, &folder, PATIENCE, |log| {
            let columns = log.columns();
            let keys: Vec<&str> = columns.keys().collect();
            json!({"run": name, "last_step": columns.last_step().map(number), "keys": keys, "complete": log.is_complete()})
        });
        if let Ok(data) = data {
            dashboard.events.publish(topic, "series", &data);
        }
    }

    fn tell_standing(&mut self, dashboard: &Dashboard, name: &str) {
        let Ok(standing) = standing_of(dashboard, name) else { return };
        if self.standings.get(name) != Some(&standing) {
            let data = json!({"name": name, "standing": standing});
            dashboard.events.publish(Topic::Sweep(name.to_owned()), "sweep", &data);
            self.standings.insert(name.to_owned(), standing);
        }
    }

    /// Sends what was appended to a console log. A shorter log was replaced, and is sent anew.
    fn tell_log(&mut self, dashboard: &Dashboard, runs: &Snapshot, name: &str) {
        let topic = Topic::Log(name.to_owned());
        let Some(run) = runs.run(name).filter(|_| self.has_changed(dashboard, &topic, name, OUTPUT)) else {
            return;
        };
        let Ok((start, text)) = log_before(&dashboard.with_folder(run), None) else { return };
        let end = start + text.len() as u64;
        let sent = self.logs.insert(name.to_owned(), end);
        let from = sent.map_or(end, |sent| if sent > end { start } else { sent.max(start) });
        if from < end {
            let text = String::from_utf8_lossy(&text[(from - start) as usize..]);
            let data = json!({"run": name, "text": text, "start": from, "end": end});
            dashboard.events.publish(topic, "log", &data);
        }
    }
}

#[cfg(test)]
mod tests {
    use umwelt_runs::registry::Registry;
    use umwelt_settings::example::RunSettings;

    use super::*;
    use crate::DashboardOptions;

    #[test]
    fn the_page_of_a_run_is_told_of_a_state_without_another_line() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        write("a/settings.yaml", "seed: 3\n");
        write("a/metrics.jsonl", "{\"step\":1,\"epoch\":0.1}\n");
        let options = DashboardOptions { poll: Duration::ZERO, ..DashboardOptions::default() };
        let dashboard = Dashboard::new::<RunSettings>(Registry::new(root.path()), options);
        let mut stream = dashboard.events.subscribe(vec![Topic::Run("a".into())], None);
        let mut poller = Poller::default();
        let mut told = || {
            // Scans take a tenth of the time at most.
            std::thread::sleep(Duration::from_millis(300));
            poller.look(&dashboard).unwrap();
            std::iter::from_fn(|| stream.try_recv().ok()).count()
        };
        assert!(told() > 0);
        assert_eq!(told(), 0);
        write("a/status.json", "{\"state\": \"interrupted\", \"step\": 1, \"steps\": 9}");
        assert_eq!((told(), told()), (1, 0));
    }

    #[tokio::test]
    async fn nothing_is_read_while_nobody_looks() {
        let root = tempfile::tempdir().unwrap();
        let options = DashboardOptions { poll: Duration::from_millis(5), ..DashboardOptions::default() };
        let dashboard = Dashboard::new::<RunSettings>(Registry::new(root.path()), options);
        let polling = tokio::spawn(poll(dashboard.clone()));
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!dashboard.live.was_read());
        let stream = dashboard.events.subscribe(vec![Topic::Runs], None);
        let looked = async {
            while !dashboard.live.was_read() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), looked).await.unwrap();
        drop(stream);
        polling.abort();
    }
}
