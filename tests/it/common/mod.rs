//! Settings so small that a run takes a second or two, and commands to run it.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod idx;
pub mod recorded;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The settings of all test runs; later values win.
pub const SMALL: &[&str] = &[
    "model_type=VICReg",
    "device=cpu",
    "threads=1",
    "n_steps=5",
    "val_n_steps=5",
    "dataset_size=64",
    "val_dataset_size=32",
    "dataset_batch_size=16",
    "dataset_noise=0.5",
    "dataset_normalize=true",
    "log_every=3",
    "safe_every_n_epochs=1",
    "eval_at_the_end_only=true",
    "vicreg.epochs=3",
    "vicreg.arch=menet5",
    "vicreg.predictor=rnn",
    "vicreg.projector=id",
    "vicreg.embedding_size=16",
    "probing_cfg.ridge_sequences=64",
];

/// The file of SmolLM2, where this machine has it. A test that needs it says that it is left out.
#[allow(clippy::print_stdout, reason = "the line of a test that is left out")]
pub fn smollm2() -> Option<PathBuf> {
    let path = std::env::var_os("UMWELT_SMOLLM2").map(PathBuf::from);
    if path.is_none() {
        println!("skipped: UMWELT_SMOLLM2 names no SmolLM2-135M-Instruct.Q4_1.gguf");
    }
    path
}

/// A number of epochs so large that only a signal ends the run.
pub const ENDLESS: &str = "vicreg.epochs=1000000000";

/// Settings of language models that talk so small that all stages take some seconds.
pub const TALK: &[&str] = &[
    "model_type=LatentTalk",
    "device=cpu",
    "threads=1",
    "log_every=5",
    "safe_every_n_epochs=1",
    "talk.lm.size=smoke",
    "talk.train_tasks=24",
    "talk.eval_tasks=4",
    "talk.pretrain.steps=60",
    "talk.pretrain.batch_size=8",
    "talk.pretrain.gate=0",
    "talk.collect.batch_size=8",
    "talk.collect.max_new_tokens=10",
    "talk.actor.steps=20",
    "talk.actor.batch_size=4",
    "talk.compress.k=[4, 2]",
    "talk.compress.steps=10",
    "talk.compress.batch_size=4",
    "talk.fuser.width=16",
    "talk.fuser.steps=10",
    "talk.fuser.batch_size=4",
];

/// Settings of the global workspace so small that a run and its stages take some seconds.
pub const SHAPES: &[&str] = &[
    "device=cpu",
    "threads=1",
    "log_every=2",
    "eval_at_the_end_only=true",
    "shapes.n_train_examples=400",
    "shapes.n_val_examples=60",
    "shapes.n_test_examples=60",
    "vision.hidden=16",
    "vision.channels=4",
    "vision.batch_size=16",
    "vision.steps=6",
    "text.batch_size=16",
    "text.steps=6",
    "attr.batch_size=16",
    "attr.steps=6",
    "gw.paired=100",
    "gw.batch_size=24",
    "gw.steps=6",
    "odd_one_out.rows=200",
    "odd_one_out.batch_size=20",
    "odd_one_out.steps=5",
];

/// The command `train` with [`SMALL`] and `values`, in the folder `at`.
pub fn train(at: &Path, values: &[&str]) -> Command {
    let mut command = listening(env!("CARGO_BIN_EXE_train"));
    command.current_dir(at).arg("--values").args(SMALL).args(values);
    command
}

/// The command `umwelt` in the folder `at`.
pub fn umwelt(at: &Path, arguments: &[&str]) -> Command {
    let mut command = listening(env!("CARGO_BIN_EXE_umwelt"));
    command.current_dir(at).args(arguments);
    command
}

/// A command with the default effect of SIGHUP, which a test started by `nohup` would pass on
/// ignored.
fn listening(program: &str) -> Command {
    let mut command = Command::new(program);
    let reset = || {
        // SAFETY: `signal` may be called between fork and exec.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: `reset` makes one system call and allocates nothing.
    unsafe { command.pre_exec(reset) };
    command
}

/// Runs a command to its end.
pub fn output(mut command: Command) -> Output {
    command.output().expect("train starts")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn json(file: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(file).expect("the file is there")).expect("it is JSON")
}

/// The folders of the stages of `at` whose names begin with `name`.
pub fn stages(at: &Path, name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(at.join("runs/stages")).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with(&format!("{name}-")));
    paths.sort();
    paths
}

/// Sends a signal, such as `-TERM`. Returns false if there is no such process.
pub fn signal(pid: u32, name: &str) -> bool {
    let signal = match name {
        "-INT" => Signal::INT,
        "-TERM" => Signal::TERM,
        "-HUP" => Signal::HUP,
        "-XCPU" => Signal::XCPU,
        "-USR2" => Signal::USR2,
        "-STOP" => Signal::STOP,
        "-CONT" => Signal::CONT,
        "-KILL" => Signal::KILL,
        other => panic!("no test sends {other}"),
    };
    // A system call: the program `kill` would take long to start on a busy machine.
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process has a number"), signal).is_ok()
}

/// Waits until `done`, at most two minutes.
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(120), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Pauses a process until `-CONT` or `-KILL`. Returns false if it has ended.
pub fn hold(pid: u32) -> bool {
    let mut state = Command::new("ps");
    state.args(["-o", "stat=", "-p", &pid.to_string()]);
    let mut stopped = || match text(&state.output().expect("ps is there").stdout).chars().next() {
        None | Some('Z') => Some(false),
        Some('T') => Some(true),
        Some(_) => None,
    };
    signal(pid, "-STOP") && std::iter::repeat_with(&mut stopped).flatten().next() == Some(true)
}

/// Asserts success and returns standard output.
pub fn succeeds(command: Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Asserts failure with `code` and returns standard error.
pub fn fails(command: Command, code: i32) -> String {
    let output = output(command);
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    text(&output.stderr)
}

/// Writes `NAME.yaml`: a sweep with the settings [`SMALL`] and `values`, and the lines `lines`.
pub fn sweep_file(at: &Path, name: &str, values: &[&str], lines: &str) {
    sweep_file_over(at, name, &[SMALL, values].concat(), lines);
}

/// Writes `NAME.yaml`: a sweep with the settings `values` and the further lines `lines`. The last
/// value of a key counts.
pub fn sweep_file_over(at: &Path, name: &str, values: &[&str], lines: &str) {
    let base: std::collections::BTreeMap<&str, &str> =
        values.iter().map(|value| value.split_once('=').expect("KEY=VALUE")).collect();
    let base: String = base.into_iter().map(|(key, value)| format!("  {key}: {value}\n")).collect();
    std::fs::write(at.join(format!("{name}.yaml")), format!("values:\n{base}{lines}"))
        .expect("it is written");
}

/// The value of the first baseline of this name in an `evaluation.json`.
pub fn baseline(evaluation: &serde_json::Value, name: &str) -> f64 {
    let baselines = evaluation["baselines"].as_array().unwrap();
    baselines.iter().find(|baseline| baseline["name"] == name).unwrap()["value"].as_f64().unwrap()
}

/// The settings of the moving dots.
pub fn dots(settings: &umwelt::schema::RunSettings) -> &umwelt::worlds::dots::Settings {
    match &settings.world {
        umwelt::worlds::WorldSettings::Dots(settings) => settings,
        other => panic!("these are settings of {}", other.name()),
    }
}
