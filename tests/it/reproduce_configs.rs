//! The published best settings load and have the values of the published list.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::common::dots;
use serde_json::{Map, Value};
use umwelt::worlds::dots::evaluation::Solver;
use umwelt::{schema::RunSettings, settings};

/// An addition of ours: the published scores were found with this solver, not with our default.
const ADDED: (&str, &str) = ("probing_cfg.solver", "adam");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn published() -> Vec<(String, Map<String, Value>)> {
    let text = fs::read_to_string(root().join("tests/data/best_configs.jsonl")).unwrap();
    let entry = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        (entry["file"].as_str().unwrap().to_owned(), entry["values"].as_object().unwrap().clone())
    };
    text.lines().map(entry).collect()
}

fn leaves(section: &str, value: &Value, into: &mut Map<String, Value>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
                leaves(&key, value, into);
            }
        }
        value => drop(into.insert(section.to_owned(), value.clone())),
    }
}

fn flat(settings: &RunSettings) -> Map<String, Value> {
    let mut flat = Map::new();
    leaves("", &serde_json::to_value(settings).unwrap(), &mut flat);
    flat
}

/// `32` and `32.0` are the same number.
fn same(a: &Value, b: &Value) -> bool {
    a == b || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a.to_bits() == b.to_bits())
}

#[test]
fn each_published_setting_loads_with_each_of_its_values() {
    let defaults = flat(&RunSettings::default());
    for (file, mut expected) in published() {
        let path = root().join("reproduce_configs").join(&file);
        let loaded = settings::load::<RunSettings>(&[path], &[]).unwrap_or_else(|error| panic!("{error}"));
        let loaded = flat(&loaded.settings);
        assert!(expected.insert(ADDED.0.into(), ADDED.1.into()).is_none(), "{file}");
        assert!(expected.keys().all(|key| loaded.contains_key(key)), "{file}");
        for (key, found) in &loaded {
            let wanted = expected.get(key).unwrap_or(&defaults[key]);
            assert!(same(found, wanted), "{file}: {key} is {found}, published as {wanted}");
        }
    }
}

#[test]
fn the_folder_holds_the_published_files_and_no_others() {
    let listed: BTreeSet<String> = published().into_iter().map(|(file, _)| file).collect();
    let entries = fs::read_dir(root().join("reproduce_configs")).unwrap();
    let found: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, listed);
    assert_eq!(found.len(), 144);
}

/// The keys that the published code does not have.
const OURS: [&str; 10] = [
    "dataset_frame_difference:",
    "device:",
    "precision:",
    "threads:",
    "log_every:",
    "  action_pairs:",
    "  solver:",
    "  bias:",
    "  ridge_sequences:",
    "  lr_decay_epoch:",
];

#[test]
fn a_supervised_file_as_published_loads_with_all_its_keys_and_the_extra_one() {
    let everything = settings::to_yaml(&RunSettings::default());
    let published = everything.lines().filter(|line| OURS.iter().all(|key| !line.starts_with(key)));
    let published = published.collect::<Vec<_>>().join("\n");
    let published =
        published.replace("wandb: false", "wandb: true").replace("batch_size: null", "batch_size: 128");
    let published = published.replace("full_finetune: false", "full_finetune: true");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("published.yaml");
    fs::write(&path, published).unwrap();
    let loaded = settings::load::<RunSettings>(&[path], &[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.settings.run.wandb);
    assert_eq!(dots(&loaded.settings).probing_cfg.batch_size, Some(128));
    assert_eq!(dots(&loaded.settings).probing_cfg.solver_in_use(), Solver::Adam);
}
