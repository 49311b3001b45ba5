//! The speed of training the quick profile next to four busy processes, as a share of its speed on
//! a quiet machine: `cargo bench --bench busy_machine`. With `-- --all` it compares other ways for
//! OpenMP's threads to wait.
//!
//! The fair share: a scheduler gives every thread that wants to run the same time. The T threads of
//! the run and B busy processes of one thread each share C cores, so each has C / (T + B) of a core
//! where T + B exceeds C; on a quiet machine each thread of the run has a core of its own, for T is
//! at most C. So the speed should be C / (T + B) of the quiet one: a third on two cores, with two
//! threads next to four processes. Nothing else may run on the machine.

#![allow(clippy::print_stdout, reason = "a bench prints its measurements")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs, hint, process, thread};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const BUSY: usize = 4;
/// The number of pairs of a quiet and a busy run; the medians are printed.
const PAIRS: usize = 3;
const BATCH: usize = 128;
const STEPS: usize = 20;
/// The share of the fair share that a run should keep.
const GOAL: f64 = 0.8;

/// Ways for threads to wait: the default, and others for comparison. libgomp's own default is
/// 300,000 spins.
const DEFAULT: Wait = Wait { label: "default", variable: None };
const OTHERS: [Wait; 7] = [
    Wait { label: "passive", variable: Some(("OMP_WAIT_POLICY", "passive")) },
    Wait { label: "active", variable: Some(("OMP_WAIT_POLICY", "active")) },
    Wait { label: "100 spins", variable: Some(("GOMP_SPINCOUNT", "100")) },
    Wait { label: "1,000 spins", variable: Some(("GOMP_SPINCOUNT", "1000")) },
    Wait { label: "10,000 spins", variable: Some(("GOMP_SPINCOUNT", "10000")) },
    Wait { label: "100,000 spins", variable: Some(("GOMP_SPINCOUNT", "100000")) },
    Wait { label: "300,000 spins", variable: Some(("GOMP_SPINCOUNT", "300000")) },
];

#[derive(Clone, Copy)]
struct Wait {
    label: &'static str,
    variable: Option<(&'static str, &'static str)>,
}

fn main() -> Result<()> {
    let asked = |flag: &str| env::args().any(|argument| argument == flag);
    if asked("--busy") {
        keep_busy();
    }
    let cores = thread::available_parallelism()?.get();
    let fair = (cores as f64 / (cores + BUSY) as f64).min(1.0);
    println!(
        "the quick profile, {cores} threads on {cores} cores, beside {BUSY} busy processes; goal {GOAL} of the fair share\n\n\
         {:<16}{:>14}{:>14}{:>8}{:>8}{:>10}",
        "threads wait", "quiet seq./s", "busy seq./s", "share", "fair", "of fair"
    );
    let others: &[Wait] = if asked("--all") { &OTHERS } else { &[] };
    for &wait in [DEFAULT].iter().chain(others) {
        let (quiet, busy, share) = measured(wait, cores)?;
        println!("{:<16}{quiet:>14.0}{busy:>14.0}{share:>8.3}{fair:>8.3}{:>10.2}", wait.label, share / fair);
    }
    Ok(())
}

/// Medians over pairs: the quiet speed, the busy one, and the share that the second is of the
/// first.
fn measured(wait: Wait, threads: usize) -> Result<(f64, f64, f64)> {
    let (mut quiet, mut busy, mut shares) = (vec![], vec![], vec![]);
    for _ in 0..PAIRS {
        quiet.push(sequences_per_second(wait, threads)?);
        let beside = (0..BUSY).map(|_| BusyProcess::start()).collect::<Result<Vec<_>>>()?;
        busy.push(sequences_per_second(wait, threads)?);
        drop(beside);
        shares.push(busy[busy.len() - 1] / quiet[quiet.len() - 1]);
    }
    Ok((median(quiet), median(busy), median(shares)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The speed of a short run of the quick profile, its evaluation not counted.
fn sequences_per_second(wait: Wait, threads: usize) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let quick = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/quick.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.current_dir(&folder).env_remove("OMP_WAIT_POLICY").env_remove("GOMP_SPINCOUNT");
    command.envs(wait.variable).arg("--configs").arg(quick).arg("--values").args([
        "output_path=run",
        "device=cpu",
        "vicreg.epochs=1",
        "diagnostics=false",
        "val_dataset_size=128",
        "probing_cfg.solver=ridge",
        "probing_cfg.ridge_sequences=128",
    ]);
    command.args([
        format!("threads={threads}"),
        format!("dataset_batch_size={BATCH}"),
        format!("dataset_size={}", STEPS * BATCH),
    ]);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let status: Value = serde_json::from_slice(&fs::read(folder.path().join("run/status.json"))?)?;
    let seconds = status["training_seconds"].as_f64().context("status.json has training_seconds")?;
    Ok((STEPS * BATCH) as f64 / seconds)
}

/// A process that does nothing but compute. It ends with this value, or with this process, however
/// that ends.
struct BusyProcess(Child);

impl BusyProcess {
    fn start() -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        let mut busy = Self(command.arg("--busy").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
        let mut line = String::new();
        BufReader::new(busy.0.stdout.as_mut().context("a pipe")?).read_line(&mut line)?;
        ensure!(line == "busy\n", "a busy process said {line:?}");
        Ok(busy)
    }
}

impl Drop for BusyProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Computes until the pipe from the process that measures is closed.
fn keep_busy() -> ! {
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        process::exit(0);
    });
    println!("busy");
    let mut x = 1u64;
    loop {
        x = hint::black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
