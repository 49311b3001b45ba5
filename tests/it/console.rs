//! Consoles that cannot be written: the pipe is closed or the disk is full. The work continues.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::{json, succeeds, sweep_file, text, train, umwelt};

/// A file on which every write fails as on a full disk.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn state(at: &Path, run: &str) -> String {
    json(&at.join(run).join("status.json"))["state"].as_str().unwrap().to_owned()
}

fn outcome(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_run_goes_on_without_its_console() {
    let at = tempfile::tempdir().unwrap();
    let table = succeeds(train(at.path(), &["output_path=whole"]));
    for (name, stderr) in [("full", full()), ("closed", closed())] {
        let mut command = train(at.path(), &[&format!("output_path={name}")]);
        let output = command.stderr(stderr).output().unwrap();
        assert_eq!(outcome(&output), (Some(0), table.clone(), String::new()), "{name}");
        assert_eq!(state(at.path(), name), "finished");
    }
}

#[test]
fn a_closed_pipe_is_no_error_and_a_result_that_cannot_be_printed_names_its_folder() {
    let at = tempfile::tempdir().unwrap();
    let run = |stdout| {
        let mut command = train(at.path(), &["output_path=run", "vicreg.epochs=1"]);
        outcome(&command.stdout(stdout).stderr(Stdio::piped()).output().unwrap())
    };
    let (code, _, printed) = run(full());
    let end = printed.lines().last().unwrap();
    let expected = "error: the run is over, and its result lies in run: \
                    could not write to standard output: No space left on device (os error 28)";
    assert_eq!((code, end), (Some(1), expected));
    assert_eq!(state(at.path(), "run"), "finished");
    assert!(fs::read_to_string(at.path().join("run/result.txt")).unwrap().contains("prediction (5 frames)"));
    let (code, _, printed) = run(closed());
    assert_eq!((code, printed.contains("error")), (Some(0), false), "{printed}");
}

#[test]
fn what_prints_much_may_be_cut_short_by_its_reader() {
    let at = tempfile::tempdir().unwrap();
    let print_config = ["train", "--values", "model_type=VICReg", "--print-config"];
    let cases: [&[&str]; 5] =
        [&["completions", "bash"], &["--help"], &["train", "--help"], &["doctor"], &print_config];
    for arguments in cases {
        let output = umwelt(at.path(), arguments).stdout(closed()).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
    }
    for arguments in [&["completions", "bash"][..], &["doctor"], &print_config] {
        let output = umwelt(at.path(), arguments).stdout(full()).output().unwrap();
        let printed = "error: could not write to standard output: No space left on device (os error 28)\n";
        assert_eq!((output.status.code(), &*text(&output.stderr)), (Some(1), printed), "{arguments:?}");
    }
}

#[test]
fn a_sweep_goes_on_without_its_console_and_without_its_runs_logs() {
    let at = tempfile::tempdir().unwrap();
    sweep_file(at.path(), "noise", &["vicreg.epochs=1"], "parameters: {dataset_noise: [0.5, 1]}\n");
    let sweep = |arguments: &[&str], stdout: Stdio| {
        let all = [&["sweep", "noise.yaml", "--jobs", "1"], arguments].concat();
        umwelt(at.path(), &all).stdout(stdout).stderr(closed()).output().unwrap()
    };
    assert_eq!(sweep(&["--limit", "1"], closed()).status.code(), Some(0));
    let first = fs::read_dir(at.path().join("runs/noise")).unwrap().map(|entry| entry.unwrap().path());
    let first = first.into_iter().find(|path| path.is_dir()).unwrap();
    // The same run again, with its log on a full disk.
    fs::remove_dir_all(&first).unwrap();
    fs::create_dir(&first).unwrap();
    symlink("/dev/full", first.join("output.log")).unwrap();
    assert_eq!(sweep(&[], full()).status.code(), Some(1), "the table cannot be printed");
    let printed = succeeds(umwelt(at.path(), &["sweep", "noise.yaml", "--status"]));
    assert!(printed.contains("2 runs: 2 finished"), "{printed}");
    assert!(!at.path().join("runs/noise/failures.jsonl").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn arguments_that_are_not_utf8_are_paths_like_others() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let at = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"na\xefve.yaml");
    let file = crate::common::SMALL
        .iter()
        .filter(|value| !value.contains('.'))
        .map(|value| value.replacen('=', ": ", 1));
    fs::write(at.path().join(name), file.collect::<Vec<_>>().join("\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.current_dir(at.path()).arg("--configs").arg(name).arg("--values");
    command.args(crate::common::SMALL.iter().filter(|value| value.contains('.'))).arg("output_path=run");
    succeeds(command);
    let words = json(&at.path().join("run/environment.json"))["command"].clone();
    assert!(words.as_array().unwrap().contains(&"na\u{fffd}ve.yaml".into()), "{words}");

    sweep_file(at.path(), "noise", &["vicreg.epochs=1"], "parameters: {dataset_noise: [0.5]}\n");
    let mut sweep = umwelt(at.path(), &["sweep", "noise.yaml", "--jobs", "1", "--output"]);
    let output = sweep.arg(OsStr::from_bytes(b"na\xefve")).output().unwrap();
    let printed = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("is not UTF-8, which settings must be; choose another folder with --output"),
        "{printed}"
    );
}
