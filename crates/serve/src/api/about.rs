//! `/api/about`: the server and its root.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::json;

use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::groups::sweep_of;
use crate::query::Parameters;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name of this machine, which does not change while the server runs.
fn host() -> &'static Option<String> {
    static HOST: OnceLock<Option<String>> = OnceLock::new();
    HOST.get_or_init(umwelt_runs::host)
}

pub fn about(dashboard: &Dashboard, _: &Parameters) -> Answer {
    let snapshot = dashboard.runs()?;
    let sweeps: BTreeSet<&str> =
        snapshot.runs.iter().map(|run| sweep_of(run)).filter(|name| !name.is_empty()).collect();
    let root = dashboard.registry.root();
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    json(&json!({
        "version": VERSION,
        "root_name": root.file_name().map(|name| name.to_string_lossy()),
        "runs": snapshot.runs.len(),
        "sweeps": sweeps,
        "warning": snapshot.warning,
        "actions": dashboard.options.actions,
        "rooms": dashboard.rooms.get(),
        "host": host(),
        "poll": dashboard.options.poll.as_secs_f64(),
        "stamp": snapshot.number,
    }))
}
