//! Stages: runs that other runs need, made once and shared. Tested with the example world.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::{fails, json, output, succeeds, text, umwelt, wait_for};

/// `train` of the example in the folder `at`.
fn example(at: &Path, values: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    let every = ["device=cpu", "threads=1", "safe_every_n_epochs=1", "eval_at_the_end_only=true"];
    command.current_dir(at).arg("--values").args(every).args(values);
    command
}

fn variance(at: &Path, values: &[&str]) -> Command {
    example(at, &[&["model_type=ExampleVariance"], values].concat())
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The folders of the stages.
fn stages(at: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(at.join("runs/stages")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The steps in the metrics of a run.
fn steps(run: &Path) -> Vec<u64> {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let step =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap();
    lines.lines().map(step).collect()
}

#[test]
fn a_stage_is_made_first_recorded_and_found_again() {
    let at = tempfile::tempdir().unwrap();
    let made = output(variance(at.path(), &["output_path=a"]));
    let printed = text(&made.stderr);
    assert!(made.status.success(), "{printed}");
    assert!(
        printed.contains("stage 1 of 2: mean") && printed.contains("stage 2 of 2: the run itself"),
        "{printed}"
    );
    let [stage] = &stages(at.path())[..] else { panic!("one stage") };
    let name = stage.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("mean-"), "{name}");
    // Only the table of the run itself is printed.
    assert_eq!(text(&made.stdout).lines().count(), 1, "{}", text(&made.stdout));
    let input = json(&at.path().join("a/environment.json"))["inputs"][0].clone();
    assert_eq!(input["key"], "example.mean_path");
    assert_eq!(input["checkpoint"], format!("runs/stages/{name}/checkpoints/best.safetensors"));
    assert_eq!(input["sha256"].as_str().unwrap().len(), 64);

    let found = output(variance(at.path(), &["output_path=b", "seed=7", "example.variance_lr=0.02"]));
    assert!(text(&found.stderr).contains("is finished"), "{}", text(&found.stderr));
    assert_eq!(stages(at.path()).len(), 1, "neither a seed nor a later setting makes another stage");
    let table = succeeds(variance(at.path(), &["output_path=a"]));
    assert_eq!(table, text(&made.stdout), "a finished run prints its result");

    let named = format!("example.mean_path=runs/stages/{name}");
    assert_eq!(succeeds(variance(at.path(), &["output_path=c", &named])), table);
    succeeds(variance(at.path(), &["output_path=d", "example.std=2"]));
    assert_eq!(stages(at.path()).len(), 2, "a setting of the stage makes another");
}

#[test]
fn two_runs_at_once_share_one_stage() {
    let at = tempfile::tempdir().unwrap();
    let run = |values: &[&str]| start(variance(at.path(), &[values, &["example.epochs=300"]].concat()));
    let both = [run(&["output_path=a"]), run(&["output_path=b", "example.variance_lr=0.02"])];
    let printed = both.map(|run| {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr)
    });
    let [stage] = &stages(at.path())[..] else { panic!("one stage") };
    let steps = steps(stage);
    assert!(steps.is_sorted() && steps.last() == Some(&3000), "no step was taken twice: {steps:?}");
    let found = printed.iter().filter(|printed| printed.contains("is finished"));
    assert_eq!(found.count(), 1, "one run made the stage, and the other found it: {printed:?}");
    let sha = |run: &str| json(&at.path().join(run).join("environment.json"))["inputs"][0]["sha256"].clone();
    assert_eq!(sha("a"), sha("b"));
}

#[test]
fn a_killed_stage_is_continued() {
    let at = tempfile::tempdir().unwrap();
    let whole = tempfile::tempdir().unwrap();
    let values = ["output_path=a", "example.epochs=400"];
    let mut run = start(variance(at.path(), &values));
    let is_begun = || {
        let checkpoints = stages(at.path()).pop().map(|stage| fs::read_dir(stage.join("checkpoints")));
        checkpoints.is_some_and(|files| files.into_iter().flatten().flatten().any(is_checkpoint))
    };
    wait_for("a checkpoint of the stage", is_begun);
    run.kill().unwrap();
    run.wait().unwrap();
    let stage = stages(at.path()).pop().unwrap();
    assert_eq!(json(&stage.join("status.json"))["state"], "running", "it was killed on the way");
    let printed = output(variance(at.path(), &values));
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    assert!(text(&printed.stderr).contains("going on from step"), "{}", text(&printed.stderr));
    assert_eq!(stages(at.path()), std::slice::from_ref(&stage));
    succeeds(variance(whole.path(), &values));
    let best = |at: &Path| fs::read(stages(at)[0].join("checkpoints/best.safetensors")).unwrap();
    assert!(best(at.path()) == best(whole.path()), "the stage is bit for bit that of a run never killed");
}

fn is_checkpoint(entry: fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with("step-")
}

#[test]
fn a_sweep_of_six_makes_one_stage() {
    let at = tempfile::tempdir().unwrap();
    let file = "values: {model_type: ExampleVariance, device: cpu, threads: 1, eval_at_the_end_only: true}\n\
                parameters: {example.variance_lr: [0.01, 0.02, 0.05]}\nseeds: 2\n";
    fs::write(at.path().join("six.yaml"), file).unwrap();
    let printed = succeeds(umwelt(at.path(), &["sweep", "six.yaml", "--jobs", "2"]));
    assert!(printed.contains("6 runs: 6 finished"), "{printed}");
    let [stage] = &stages(at.path())[..] else { panic!("one stage") };
    assert_eq!(steps(stage).last(), Some(&40));
}

#[test]
fn what_cannot_be_an_input_is_told() {
    let at = tempfile::tempdir().unwrap();
    let printed = fails(example(at.path(), &["model_type=ExampleMean", "load_checkpoint_path=auto"]), 2);
    assert!(printed.contains("load_checkpoint_path: names a run folder or a checkpoint"), "{printed}");
    let printed = fails(variance(at.path(), &["example.mean_path=nowhere"]), 1);
    assert!(printed.contains("example.mean_path: could not read checkpoint nowhere"), "{printed}");
    let foreign = fails(example(at.path(), &["model_type=ExampleMean", "vicreg.epochs=1"]), 2);
    assert!(foreign.contains("the moving dots"), "{foreign}");
    // The error message of a failed stage names the stage.
    let printed = fails(variance(at.path(), &["example.mean=1e300"]), 1);
    assert!(printed.contains("stage mean") && printed.contains("squared"), "{printed}");
}
