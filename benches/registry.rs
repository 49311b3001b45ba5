//! The time to list ten thousand runs: `cargo bench --bench registry`.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use umwelt::registry::{self, Query, Registry};
use umwelt::schema::RunSettings;
use umwelt::settings;

const RUNS: usize = 10_000;
const SWEEPS: usize = 20;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    timed("write", || write_runs(folder.path()));
    let registry = Registry::new(folder.path());
    timed("list, no index yet", || list(&registry));
    for _ in 0..3 {
        timed("list, index as it should be", || list(&registry));
    }
    write_status(&folder.path().join("sweep-0/run-00000"), 3);
    timed("list, one run has changed", || list(&registry));
    timed("index --rebuild", || assert_eq!(registry.rebuild().expect("it can be built").runs.len(), RUNS));
}

fn timed(what: &str, measured: impl FnOnce()) {
    let start = Instant::now();
    measured();
    println!("{what:<28} {:>8.0} ms", start.elapsed().as_secs_f64() * 1e3);
}

/// The work of `umwelt runs ls vicreg.base_lr=0.1 --sort prediction.rmse_px`.
fn list(registry: &Registry) {
    let all = registry.runs().expect("the folder can be read").runs;
    let filters = vec!["vicreg.base_lr>=0".parse().expect("a filter")];
    let query = Query { sort: "prediction.rmse_px".into(), ..Query::filtered(filters) };
    let listed = query.select(all, 0.0).expect("the keys exist");
    assert_eq!(listed.len(), RUNS);
    let columns = registry::default_columns(&listed);
    assert_eq!(registry::table(&listed, &columns, 0.0).to_string().lines().count(), RUNS + 2);
}

fn write_runs(root: &Path) {
    for index in 0..RUNS {
        let sweep = format!("sweep-{}", index % SWEEPS);
        let run = root.join(&sweep).join(format!("run-{index:05}"));
        fs::create_dir_all(run.join("checkpoints")).expect("a folder can be made");
        let mut settings = RunSettings::default();
        (settings.run.run_group, settings.run.seed) = (Some(sweep), index as u64);
        let environment = json!({"umwelt": "0.1.0", "command": ["train"], "started_at": index});
        fs::write(run.join("settings.yaml"), settings::to_yaml(&settings)).expect("a file can be written");
        fs::write(run.join("environment.json"), environment.to_string()).expect("a file can be written");
        write_status(&run, index);
    }
}

fn write_status(run: &Path, index: usize) {
    let error = 1.0 + (index * 7919 % RUNS) as f64 / RUNS as f64;
    let status = json!({
        "state": "finished", "step": 468, "steps": 468, "phase": "finished", "training_seconds": 100.5,
        "evaluating_seconds": 6.5, "sequences_per_second": 520.0, "message": null, "pid": 1, "heartbeat": index,
        "scores": {"score": error, "prediction.rmse_px": error, "encoding.rmse_px": error / 2.0},
    });
    fs::write(run.join("status.json"), status.to_string()).expect("a file can be written");
}
