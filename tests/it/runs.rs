//! Whole runs: their results, and interruptions without losses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{ENDLESS, baseline, fails, json, output, signal, succeeds, text, train};
use serde_json::Value;

const RSSM: &[&str] = &["model_type=RSSM", "rssm.epochs=3", "rssm.arch=menet5", "rssm.embedding_size=16"];

fn checkpoints(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| !path.ends_with("best.safetensors")).collect();
    found.sort();
    found
}

/// Waits until the run has logged `lines` lines.
fn wait_for_lines(child: &mut Child, run: &Path, lines: usize) {
    let started = Instant::now();
    while fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default().lines().count() < lines {
        assert!(started.elapsed() < Duration::from_secs(120), "the run logs nothing");
        assert!(child.try_wait().unwrap().is_none(), "the run ended too early");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn start(at: &Path, values: &[&str]) -> Child {
    train(at, values).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_run_leaves_its_scores_figures_settings_and_checkpoints() {
    let at = tempfile::tempdir().unwrap();
    let table = succeeds(train(at.path(), &["output_path=run"]));
    let run = at.path().join("run");
    for line in [
        "one dot, changing noise 0.5",
        "prediction (5 frames)",
        "encoding (frame 0)",
        "baselines: simulator 0 | ",
    ] {
        assert!(table.contains(line), "{table}");
    }
    let evaluation = json(&run.join("evaluation.json"));
    assert_eq!(evaluation["epoch"], 3.0);
    assert_eq!(evaluation["prediction"]["per_step_px"].as_array().unwrap().len(), 5);
    assert_eq!(evaluation["prediction"]["per_dot_px"].as_array().unwrap().len(), 1);
    let rmse = evaluation["encoding"]["rmse_px"].as_f64().unwrap();
    assert!((evaluation["encoding"]["rmse_unit"].as_f64().unwrap() * 28.0 - rmse).abs() < 1e-9);
    assert!(baseline(&evaluation, "centre") > 8.0);
    for figure in ["loss_terms", "rmse_per_step", "frames"] {
        assert!(fs::read(run.join(format!("figures/{figure}.png"))).unwrap().starts_with(b"\x89PNG"));
        assert!(fs::read_to_string(run.join(format!("figures/{figure}.svg"))).unwrap().starts_with("<svg"));
    }
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let steps: Vec<u64> = metrics
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [3, 6, 9, 12, 12]);
    assert_eq!(json(&run.join("status.json"))["state"], "finished");
    assert_eq!(json(&run.join("environment.json"))["libtorch"], "2.13.0");
    assert!(fs::read_to_string(run.join("settings.yaml")).unwrap().contains("embedding_size: 16"));
    assert_eq!(checkpoints(&run).len(), 2);
    assert!(run.join("checkpoints/best.safetensors").is_file());
}

#[test]
fn a_finished_run_prints_its_result_again_and_other_settings_are_refused() {
    let at = tempfile::tempdir().unwrap();
    let first = succeeds(train(at.path(), &["output_path=run"]));
    let before = fs::read(at.path().join("run/metrics.jsonl")).unwrap();
    assert_eq!(succeeds(train(at.path(), &["output_path=run"])), first);
    assert_eq!(fs::read(at.path().join("run/metrics.jsonl")).unwrap(), before);
    let error = fails(train(at.path(), &["output_path=run", "vicreg.base_lr=0.3", "seed=7"]), 1);
    insta::assert_snapshot!(error);
}

#[test]
fn a_finished_run_is_shown_without_a_write_to_its_folder() {
    let at = tempfile::tempdir().unwrap();
    let table = succeeds(train(at.path(), &["output_path=run"]));
    let lock = at.path().join("run/run.lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    assert_eq!(succeeds(train(at.path(), &["output_path=run"])), table);
    let error = fails(train(at.path(), &["output_path=run", "seed=7"]), 1);
    assert!(error.contains("holds a run of other settings:\n  seed: 42 there, 7 now"), "{error}");
}

/// The folders below `at` that hold a run, sorted.
fn run_folders(at: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut left = vec![at.to_owned()];
    while let Some(folder) = left.pop() {
        if folder.join("settings.yaml").exists() {
            found.push(folder.strip_prefix(at).unwrap().to_owned());
        } else {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            left.extend(entries.filter(|path| path.is_dir()));
        }
    }
    found.sort();
    found
}

#[test]
fn the_default_folder_is_named_by_what_affects_a_result() {
    let at = tempfile::tempdir().unwrap();
    let table = succeeds(train(at.path(), &["vicreg.epochs=1"]));
    let folder = run_folders(at.path()).pop().unwrap();
    assert!(folder.to_string_lossy().starts_with("runs/VICReg-"), "{folder:?}");
    let same: [&[&str]; 3] = [
        &["vicreg.epochs=1", "dataset_noise=5e-1", "seed=42"],
        &["vicreg.epochs=1", "tensorboard=true", "threads=2"],
        &["vicreg.epochs=1", "rssm.epochs=9"],
    ];
    for values in same {
        assert_eq!(succeeds(train(at.path(), values)), table);
    }
    assert_eq!(run_folders(at.path()), std::slice::from_ref(&folder));
    let earlier = at.path().join("runs/VICReg-0123abcd");
    fs::rename(at.path().join(&folder), &earlier).unwrap();
    assert_eq!(succeeds(train(at.path(), &["vicreg.epochs=1"])), table);
    assert_eq!(run_folders(at.path()), [PathBuf::from("runs/VICReg-0123abcd")]);
}

#[test]
fn names_and_groups_are_one_folder_each_below_runs() {
    let at = tempfile::tempdir().unwrap();
    let values = [
        &["run_name=../../up"][..],
        &["run_group=/abs", "run_name=a"],
        &["run_name=lr=0.1/wd=0.2"],
        &["run_name=''", "seed=1"],
        &["run_name=..", "run_group=..", "seed=2"],
    ];
    for values in values {
        succeeds(train(at.path(), &[&["quick_debug=true"], values].concat()));
    }
    let folders = run_folders(at.path());
    let without_identity = |folder: &PathBuf| folder.to_string_lossy().rsplit_once('-').unwrap().0.to_owned();
    let names: Vec<String> = folders.iter().map(without_identity).collect();
    assert_eq!(names, ["runs/VICReg", "runs/VICReg", "runs/_.._up", "runs/_abs/a", "runs/lr=0.1_wd=0.2"]);
}

#[test]
fn killed_at_any_moment_a_run_ends_with_the_same_bits() {
    ends_with_the_same_bits(&["vicreg.epochs=12", "log_every=1", "vicreg.projector=24-24"]);
}

#[test]
fn killed_at_any_moment_an_rssm_run_draws_the_same_samples() {
    ends_with_the_same_bits(&[RSSM, &["rssm.epochs=12", "log_every=1"]].concat());
}

fn ends_with_the_same_bits(long: &[&str]) {
    let at = tempfile::tempdir().unwrap();
    succeeds(train(at.path(), &[long, &["output_path=whole"]].concat()));
    let (whole, killed) = (at.path().join("whole"), at.path().join("killed"));
    for lines in [2, 11, 29, 45] {
        let mut child = start(at.path(), &[long, &["output_path=killed"]].concat());
        wait_for_lines(&mut child, &killed, lines);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeeds(train(at.path(), &[long, &["output_path=killed"]].concat()));
    let both = |file: &str| (fs::read(whole.join(file)).unwrap(), fs::read(killed.join(file)).unwrap());
    for file in ["metrics.jsonl", "evaluation.json", "checkpoints/best.safetensors"] {
        let (whole, killed) = both(file);
        assert!(whole == killed, "{file} differs");
    }
    let last = |run: &Path| fs::read(checkpoints(run).pop().unwrap()).unwrap();
    assert!(last(&whole) == last(&killed), "the weights differ");
}

#[test]
fn models_that_decode_log_their_reconstruction_and_draw_what_they_imagine() {
    let at = tempfile::tempdir().unwrap();
    for (name, values) in [("rssm", RSSM), ("vicreg", &["vicreg.decoding_coeff=1"]), ("plain", &[])] {
        let path = format!("output_path={name}");
        succeeds(train(at.path(), &[values, &[&path, "precision=bf16"]].concat()));
        let run = at.path().join(name);
        let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let errors = metrics
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["reconstruction"].as_f64());
        let errors: Vec<f64> = errors.flatten().collect();
        let decodes = name != "plain";
        assert_eq!(errors.len(), if decodes { 4 } else { 0 });
        assert!(!decodes || errors[3] < errors[0], "{errors:?}");
        assert_eq!(run.join("figures/reconstructions.png").is_file(), decodes);
    }
    let hidden =
        [RSSM, &["quick_debug=true", "output_path=hidden", "rssm.log_recontructed_image=false"]].concat();
    succeeds(train(at.path(), &hidden));
    assert!(!at.path().join("hidden/figures/reconstructions.png").exists());
}

#[test]
fn a_signal_leaves_a_checkpoint_and_the_same_command_goes_on() {
    let at = tempfile::tempdir().unwrap();
    let values = ["output_path=run", ENDLESS, "safe_every_n_epochs=1000000000", "log_every=2"];
    for (name, lines) in [("-INT", 3), ("-TERM", 9), ("-HUP", 15), ("-XCPU", 21), ("-USR2", 27)] {
        let mut child = start(at.path(), &values);
        wait_for_lines(&mut child, &at.path().join("run"), lines);
        assert!(signal(child.id(), name));
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let printed = text(&output.stderr);
        assert!(
            printed.contains(&format!("stopped by SIG{}; the same command goes on", &name[1..])),
            "{printed}"
        );
        let status = json(&at.path().join("run/status.json"));
        assert_eq!(status["state"], "interrupted");
        let step = status["step"].as_u64().unwrap();
        assert!(
            checkpoints(&at.path().join("run"))
                .pop()
                .unwrap()
                .ends_with(format!("step-{step:010}.safetensors"))
        );
    }
    let mut child = start(at.path(), &values);
    wait_for_lines(&mut child, &at.path().join("run"), 33);
    child.kill().unwrap();
    assert!(text(&child.wait_with_output().unwrap().stderr).contains("going on from step"));
}

#[test]
fn a_sigterm_behind_a_hangup_does_not_cut_the_checkpoint_short() {
    let at = tempfile::tempdir().unwrap();
    let values = ["output_path=run", ENDLESS, "safe_every_n_epochs=1000000000", "log_every=1"];
    let mut child = start(at.path(), &values);
    wait_for_lines(&mut child, &at.path().join("run"), 2);
    let pid = child.id().to_string();
    let both = "kill -HUP \"$0\"; kill -TERM \"$0\"";
    assert!(Command::new("sh").args(["-c", both, &pid]).status().unwrap().success());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(json(&at.path().join("run/status.json"))["state"], "interrupted");
    assert_eq!(checkpoints(&at.path().join("run")).len(), 1);
}

#[test]
fn a_hangup_is_ignored_under_nohup() {
    let at = tempfile::tempdir().unwrap();
    let run = train(at.path(), &["output_path=run", "vicreg.epochs=30", "log_every=1"]);
    let mut command = Command::new("nohup");
    command.current_dir(at.path()).arg(run.get_program()).args(run.get_args());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_lines(&mut child, &at.path().join("run"), 5);
    assert!(signal(child.id(), "-HUP"));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(json(&at.path().join("run/status.json"))["state"], "finished");
}

#[test]
fn a_file_beyond_the_limit_is_an_error_like_a_full_disk() {
    let at = tempfile::tempdir().unwrap();
    let run = train(at.path(), &["output_path=run", "vicreg.embedding_size=64"]);
    let mut command = Command::new("bash");
    command.current_dir(at.path()).args(["-c", "ulimit -f 100; exec \"$0\" \"$@\""]);
    let printed = fails_with(command.arg(run.get_program()).args(run.get_args()), 1);
    assert!(printed.contains("could not write run/checkpoints/step-0000000004.safetensors"), "{printed}");
    assert!(printed.contains("File too large"), "{printed}");
    assert_eq!(json(&at.path().join("run/status.json"))["state"], "failed");
}

fn fails_with(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn a_flipped_bit_costs_a_warning_where_the_run_goes_on_and_is_an_error_where_the_file_was_named() {
    let at = tempfile::tempdir().unwrap();
    let expected = succeeds(train(at.path(), &["output_path=run"]));
    let run = at.path().join("run");
    let newest = checkpoints(&run).pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&newest, &damaged).unwrap();
    fs::write(run.join("checkpoints/best.safetensors"), &damaged).unwrap();
    let from = ["output_path=other", "eval_only=true", "load_checkpoint_path=run"];
    let printed = fails(train(at.path(), &from), 1);
    let best = "load_checkpoint_path: checkpoint run/checkpoints/best.safetensors is cut short or damaged: its checksum is";
    assert!(printed.contains(best), "{printed}");
    fs::remove_file(run.join("status.json")).unwrap();
    let output = output(train(at.path(), &["output_path=run"]));
    let printed = text(&output.stderr);
    assert!(
        printed.contains("step-0000000012.safetensors is cut short or damaged: its checksum is"),
        "{printed}"
    );
    assert!(printed.contains("going on from step 8 of 12"), "{printed}");
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(fs::read(newest).unwrap(), bytes);
}

#[test]
fn statistics_that_overflow_stop_the_run_though_its_loss_is_finite() {
    let at = tempfile::tempdir().unwrap();
    let loud = ["output_path=run", "dataset_noise=1e20", "dataset_normalize=false", "log_every=1"];
    let error = fails(train(at.path(), &loud), 1);
    assert!(error.contains(" became ") && error.contains(" step 1; "), "{error}");
    assert_eq!(json(&at.path().join("run/status.json"))["state"], "failed");
    assert!(checkpoints(&at.path().join("run")).is_empty());
}

#[test]
fn a_truncated_checkpoint_costs_a_warning_and_the_one_before_is_used() {
    let at = tempfile::tempdir().unwrap();
    let expected = succeeds(train(at.path(), &["output_path=run"]));
    let run = at.path().join("run");
    let newest = checkpoints(&run).pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_file(run.join("status.json")).unwrap();
    let output = output(train(at.path(), &["output_path=run"]));
    let printed = text(&output.stderr);
    assert!(printed.contains("step-0000000012.safetensors is cut short or damaged"), "{printed}");
    assert!(printed.contains("going on from step 8 of 12"), "{printed}");
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(fs::read(newest).unwrap(), bytes);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint() {
    let at = tempfile::tempdir().unwrap();
    let wild = ["output_path=run", "vicreg.base_lr=1e30", "vicreg.epochs=12"];
    let error = fails(train(at.path(), &wild), 1);
    assert!(error.contains("error: loss term `"), "{error}");
    assert!(error.contains(" at step "), "{error}");
    assert_eq!(json(&at.path().join("run/status.json"))["state"], "failed");
    let metrics = fs::read_to_string(at.path().join("run/metrics.jsonl")).unwrap();
    assert!(!metrics.contains("null"), "{metrics}");
}

#[test]
fn a_second_process_in_the_same_folder_is_refused() {
    let at = tempfile::tempdir().unwrap();
    let values = ["output_path=run", ENDLESS];
    let mut child = start(at.path(), &values);
    wait_for_lines(&mut child, &at.path().join("run"), 1);
    let error = fails(train(at.path(), &values), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(error, "error: another process is running run\n");
}

#[test]
fn a_full_disk_is_reported_and_finished_work_stays() {
    let at = tempfile::tempdir().unwrap();
    let disk = at.path().join("disk");
    fs::create_dir(&disk).unwrap();
    // A private mount. A user other than root needs a user namespace for it.
    let namespace = if rootless() { vec!["--user", "--map-root-user", "--mount"] } else { vec!["--mount"] };
    let inner = train(at.path(), &["output_path=disk/run", "vicreg.embedding_size=64"]);
    let script = "mount -t tmpfs -o size=900k none \"$0\" && { \"$@\"; code=$?; ls -A \"$0\"/run/checkpoints; \
                  cat \"$0\"/run/status.json; exit $code; }";
    let mut command = Command::new("unshare");
    command
        .args(namespace)
        .args(["sh", "-c", script])
        .arg(&disk)
        .arg(inner.get_program())
        .args(inner.get_args());
    let output = command.current_dir(at.path()).output().unwrap();
    let (printed, left) = (text(&output.stderr), text(&output.stdout));
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("could not write disk/run/checkpoints/step-"), "{printed}");
    assert!(printed.contains("No space left on device"), "{printed}");
    assert!(left.contains("step-0000000004.safetensors"), "{left}");
    assert!(left.contains("\"state\": \"failed\""), "{left}");
    assert!(!left.lines().any(|line| line.starts_with(".writing-")), "{left}");
}

fn rootless() -> bool {
    text(&Command::new("id").arg("-u").output().unwrap().stdout).trim() != "0"
}

#[test]
fn a_checkpoint_of_another_run_can_be_judged_and_a_foreign_one_is_refused() {
    let at = tempfile::tempdir().unwrap();
    let first = succeeds(train(at.path(), &["output_path=run"]));
    let judged = ["output_path=judged", "eval_only=true", "load_checkpoint_path=run"];
    assert_eq!(succeeds(train(at.path(), &judged)), first);
    let other = ["output_path=other", "load_checkpoint_path=run", "vicreg.embedding_size=17"];
    let error = fails(train(at.path(), &other), 1);
    assert!(error.contains("best.safetensors holds another model: tensor "), "{error}");
    let missing = fails(train(at.path(), &["output_path=gone", "load_checkpoint_path=no.safetensors"]), 1);
    assert!(missing.contains("could not read checkpoint no.safetensors"), "{missing}");
}

#[test]
fn evaluation_leaves_training_untouched_and_comes_before_training_too() {
    let at = tempfile::tempdir().unwrap();
    succeeds(train(at.path(), &["output_path=plain"]));
    succeeds(train(at.path(), &["output_path=judged", "eval_at_the_end_only=false"]));
    let lines = |run: &str| fs::read_to_string(at.path().join(run).join("metrics.jsonl")).unwrap();
    let (first, rest) = lines("judged").split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(first.starts_with("{\"step\":0,\"epoch\":0.0,\"score\":"), "{first}");
    assert_eq!(rest, lines("plain"));
}

#[test]
fn the_supervised_probe_beats_the_random_one_and_both_leave_the_model_alone() {
    let at = tempfile::tempdir().unwrap();
    let common = ["eval_only=true", "probing_cfg.solver=adam", "dataset_noise=0", "val_dataset_size=320"];
    let rmse = |name: &str, values: &[&str]| {
        let path = format!("output_path={name}");
        succeeds(train(at.path(), &[&common[..], values, &[&path]].concat()));
        json(&at.path().join(name).join("evaluation.json"))["prediction"]["rmse_px"].as_f64().unwrap()
    };
    let budget = ["probing_cfg.epochs=10", "probing_cfg.epochs_enc=1", "probing_cfg.lr=0.01"];
    let random = rmse("random", &budget);
    let supervised = rmse("supervised", &[&budget[..], &["probing_cfg.full_finetune=true"]].concat());
    assert!(supervised < 0.8 * random, "supervised {supervised} random {random}");
    let best = |run: &str| fs::read(at.path().join(run).join("checkpoints/best.safetensors")).unwrap();
    assert!(best("random") == best("supervised"));
}

#[test]
fn diagnostics_are_logged_and_planning_is_told_where_they_are_asked_for() {
    let at = tempfile::tempdir().unwrap();
    let values =
        ["output_path=run", "dataset_noise=0", "dataset_static_noise=1", "probe_mpc=true", "eval_mpcs=3"];
    let table = succeeds(train(at.path(), &values));
    for line in ["slow features ", "noise read-out R2 ", "planning (3 problems)", "gradient  ", "oracle  "] {
        assert!(table.contains(line), "{line} is not in {table}");
    }
    let run = at.path().join("run");
    let evaluation = json(&run.join("evaluation.json"));
    for planner in ["cem", "gradient", "random", "oracle"] {
        let score = &evaluation["planning"][planner];
        let [mse, rmse] = ["mse_px2", "rmse_px"].map(|key| score[key].as_f64().unwrap());
        assert!((rmse * rmse - mse).abs() < 1e-9, "{planner} {score}");
    }
    let rank = evaluation["diagnostics"]["rankme"].as_f64().unwrap();
    assert!((1.0..=16.0).contains(&rank), "{rank}");
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines: Vec<Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for key in ["encodings/std/flat", "encodings/cosine/3", "slow_feature_ratio", "rankme", "lidar", "loss"] {
        assert!(lines[..4].iter().all(|line| line[key].is_number()), "{key}");
    }
    for key in ["noise_probe.r2", "planning.cem.rmse_px", "planning.cem.within_2px", "diagnostics.rankme"] {
        assert!(lines[4][key].is_number(), "{key}");
    }
    let terms = fs::read_to_string(run.join("figures/loss_terms.svg")).unwrap();
    assert!(terms.contains("repr") && !terms.contains("encodings") && !terms.contains("rankme"));
    let diagnostics = fs::read_to_string(run.join("figures/diagnostics.svg")).unwrap();
    assert!(diagnostics.contains("noise read-out R2"), "the last evaluation is in its own figure");
    for figure in ["diagnostics", "planning"] {
        assert!(run.join(format!("figures/{figure}.png")).is_file(), "{figure}");
    }
}

#[test]
fn without_diagnostics_the_same_losses_are_logged_alone() {
    let at = tempfile::tempdir().unwrap();
    let line = |values: &[&str]| {
        succeeds(train(at.path(), values));
        let run = at.path().join(values[0].strip_prefix("output_path=").unwrap());
        let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        serde_json::from_str::<Value>(metrics.lines().nth(2).unwrap()).unwrap()
    };
    let (with, without) = (line(&["output_path=with"]), line(&["output_path=without", "diagnostics=false"]));
    assert!(with.get("rankme").is_some() && without.get("rankme").is_none());
    for (key, value) in without.as_object().unwrap() {
        assert_eq!(*value, with[key], "{key}");
    }
}
