//! `umwelt evaluate`: a checkpoint of a finished run is evaluated again, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{fails, hold, json, signal, succeeds, train, umwelt, wait_for};

/// The folders of the evaluations of `run`.
fn evaluations(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.join("evaluations")).into_iter().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn an_evaluation_repeats_the_scores_of_the_run_and_other_settings_make_another() {
    let at = tempfile::tempdir().unwrap();
    let table = succeeds(train(at.path(), &["output_path=runs/first"]));
    let run = at.path().join("runs/first");
    let before = fs::read(run.join("metrics.jsonl")).unwrap();

    assert_eq!(succeeds(umwelt(at.path(), &["evaluate", "runs/first"])), table);
    let [same] = &evaluations(&run)[..] else { panic!("one evaluation") };
    assert!(same.file_name().unwrap().to_string_lossy().starts_with("best-step-12-"), "{same:?}");
    let scores = |folder: &Path| json(&folder.join("evaluation.json"))["scores"].clone();
    assert_eq!(scores(same), scores(&run));
    let status = json(&same.join("status.json"));
    assert_eq!((&status["state"], &status["step"]), (&"finished".into(), &12.into()));
    let input = &json(&same.join("environment.json"))["inputs"][0];
    assert_eq!(input["checkpoint"], "runs/first/checkpoints/best.safetensors");
    assert_eq!(input["sha256"].as_str().unwrap().len(), 64);
    assert!(same.join("figures/frames.png").is_file());

    let again = umwelt(at.path(), &["evaluate", "first"]).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("is already finished"));
    assert_eq!(String::from_utf8_lossy(&again.stdout), table);

    let noise = ["evaluate", "first", "--checkpoint", "12", "--values", "dataset_noise=2"];
    assert_ne!(succeeds(umwelt(at.path(), &noise)), table);
    assert_eq!(evaluations(&run).len(), 2);
    assert_eq!(fs::read(run.join("metrics.jsonl")).unwrap(), before, "the run itself has not changed");
    let listed = succeeds(umwelt(at.path(), &["runs", "ls"]));
    assert!(!listed.contains("evaluations"), "{listed}");
}

#[test]
fn a_checkpoint_or_model_that_does_not_fit_is_told() {
    let at = tempfile::tempdir().unwrap();
    succeeds(train(at.path(), &["output_path=runs/first"]));
    let printed = fails(umwelt(at.path(), &["evaluate", "first", "--checkpoint", "7"]), 2);
    assert!(
        printed.contains("--checkpoint 7: runs/first has no such checkpoint; choose best, newest, "),
        "{printed}"
    );
    let printed = fails(umwelt(at.path(), &["evaluate", "second"]), 2);
    assert!(printed.contains("there is no run `second` in runs"), "{printed}");
    let other = ["evaluate", "first", "--values", "vicreg.embedding_size=8"];
    let printed = fails(umwelt(at.path(), &other), 1);
    assert!(printed.contains("holds another model: tensor "), "{printed}");
    let unknown = ["evaluate", "first", "--values", "probing_cfg.solve=adam"];
    assert!(fails(umwelt(at.path(), &unknown), 2).contains("did you mean probing_cfg.solver"));
}

#[test]
fn a_stopped_evaluation_is_done_again_by_the_same_command() {
    let at = tempfile::tempdir().unwrap();
    succeeds(train(at.path(), &["output_path=runs/first"]));
    let run = at.path().join("runs/first");
    // The probes have so many epochs that only a signal ends their training.
    let endless = ["probing_cfg.solver=adam", "probing_cfg.epochs=1000000000"];
    let child = umwelt(at.path(), &[&["evaluate", "first", "--values"], &endless[..]].concat())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let evaluating = || {
        let status = fs::read_to_string(evaluations(&run).first()?.join("status.json")).ok()?;
        status.contains(r#""state": "running""#).then_some(())
    };
    wait_for("the evaluation", || evaluating().is_some());
    assert!(hold(child.id()) && signal(child.id(), "-TERM") && signal(child.id(), "-CONT"));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed.contains("stopped by SIGTERM; the same command goes on"), "{printed}");
    assert_eq!(json(&evaluations(&run)[0].join("status.json"))["state"], "interrupted");
    // The same settings have the same folder. No second one is made.
    let print = [&["evaluate", "first", "--print-config", "--values"], &endless[..]].concat();
    assert!(succeeds(umwelt(at.path(), &print)).contains("load_checkpoint_path"));
    assert_eq!(evaluations(&run).len(), 1);
}
