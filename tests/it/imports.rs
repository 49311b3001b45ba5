//! The directions of imports that ARCHITECTURE.md states, read from manifests and source files.

use std::fs;
use std::path::{Path, PathBuf};

use umwelt::worlds::{MODELS, WorldSettings};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names under `[dependencies]` in the manifest of a crate.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap();
    let names = section.lines().skip(1).filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_owned).collect()
}

/// The Rust files below a folder with their code, without tests and comments.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = vec![];
    collect(&root().join(folder), &mut files);
    assert!(!files.is_empty(), "{folder} has no sources");
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    let paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let is_code = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let texts = paths.iter().filter(is_code).map(|path| (path, fs::read_to_string(path).unwrap()));
    let texts: Vec<_> = texts.collect();
    let is_test = |path: &Path| {
        let name = path.file_stem().unwrap().to_string_lossy();
        name == "tests" || texts.iter().any(|(_, text)| text.contains(&format!("#[cfg(test)]\nmod {name};")))
    };
    for (path, text) in texts.iter().filter(|(path, _)| !is_test(path)) {
        let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = own.lines().filter(|line| !line.trim_start().starts_with("//"));
        files.push(((*path).clone(), code.map(|line| format!("{line}\n")).collect()));
    }
    for path in paths.iter().filter(|path| path.is_dir() && !path.ends_with("tests")) {
        collect(path, files);
    }
}

/// Asserts that no line of code below `folder` contains one of `words`.
fn assert_free_of(folder: &str, words: &[String]) {
    for (path, text) in sources(folder) {
        for line in text.lines() {
            let found = words.iter().find(|word| line.contains(word.as_str()));
            assert!(found.is_none(), "{}: {line}\n  must not name {}", path.display(), found.unwrap());
        }
    }
}

#[test]
fn crates_below_depend_on_no_crate_above() {
    let none_of = |name: &str, forbidden: &[&str]| {
        let dependencies = dependencies(name);
        let found = forbidden.iter().find(|crate_| dependencies.iter().any(|known| known == *crate_));
        assert!(found.is_none(), "crates/{name} must not depend on {}", found.unwrap());
    };
    let all = [
        "umwelt-base",
        "umwelt-settings",
        "umwelt-charts",
        "umwelt-runs",
        "umwelt-serve",
        "umwelt-torch",
        "umwelt-language",
        "tch",
    ];
    none_of("settings", &all);
    none_of("base", &all);
    let above_torch = ["umwelt-serve", "umwelt-torch", "umwelt-language", "tch"];
    none_of("charts", &[&above_torch[..], &["umwelt-settings", "umwelt-runs"]].concat());
    none_of("runs", &above_torch);
    none_of("torch", &["umwelt-settings", "umwelt-runs", "umwelt-charts", "umwelt-language"]);
    none_of("language", &["umwelt-settings", "umwelt-runs", "umwelt-charts"]);
    for name in ["weightless", "messages"] {
        none_of(name, &[&above_torch[..], &["umwelt-settings", "umwelt-runs", "umwelt-charts"]].concat());
    }
    none_of("wandb-rs", &all);
    none_of("serve", &["umwelt-digits", "umwelt-weightless", "umwelt-torch", "tch"]);
    none_of("digits", &["umwelt-runs", "umwelt-torch", "tch"]);
}

#[test]
fn the_loop_knows_no_world_and_no_world_knows_another() {
    let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_free_of("src/training", &words(&["crate::worlds", "crate::schema", "crate::cli"]));
    assert_free_of(
        "src/datasets",
        &words(&["crate::worlds", "crate::schema", "crate::cli", "crate::training"]),
    );
    let worlds: Vec<String> = fs::read_dir(root().join("src/worlds"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(worlds.len() >= 3, "{worlds:?}");
    for world in &worlds {
        let others = worlds.iter().filter(|other| *other != world);
        let mut forbidden: Vec<String> = others
            .flat_map(|other| [format!("worlds::{other}"), format!("super::super::{other}::")])
            .collect();
        forbidden.extend(words(&["crate::schema", "crate::cli"]));
        assert_free_of(&format!("src/worlds/{world}"), &forbidden);
    }
}

#[test]
fn generic_crates_name_no_model_and_no_score_of_a_world() {
    // Every run logs `loss`, `score` and `lr`. Short names of one word have other meanings too.
    let scores = WorldSettings::all().into_iter().flat_map(|world| world.metric_names());
    let scores = scores.filter(|name| name.contains(['.', '_'])).map(|name| name.replace('*', ""));
    let quoted = |name: String| format!("\"{name}");
    let models = MODELS.iter().map(|model| format!("\"{model}\""));
    let words: Vec<String> = scores.map(quoted).chain(models).chain(["_px".to_owned()]).collect();
    for folder in ["crates/base/src", "crates/charts/src", "crates/runs/src", "crates/serve/src"] {
        assert_free_of(folder, &words);
    }
}
