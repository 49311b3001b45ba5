//! Every published settings file trains one step and is evaluated, as a whole command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::text;
use serde_json::Value;

/// The differences from the published files: the budget and one evaluation of few sequences.
const QUICK: &[&str] = &[
    "quick_debug=true",
    "wandb=false",
    "device=cpu",
    "threads=1",
    "dataset_batch_size=16",
    "eval_at_the_end_only=true",
];

/// Writes six CIFAR-10 batches of five pictures each: generating the usual ones takes longer than a
/// step of training.
fn write_cifar(folder: &Path) {
    let names = (1..=5).map(|n| format!("data_batch_{n}.bin")).chain(["test_batch.bin".into()]);
    for (name, base) in names.zip((0_u32..).step_by(5)) {
        let picture = |n: u32| {
            std::iter::once(0).chain((0..3 * 1024_u32).map(move |i| (i / 7 * (n + 3)).to_le_bytes()[0]))
        };
        let batch: Vec<u8> = (base..base + 5).flat_map(picture).collect();
        fs::write(folder.join(name), batch).expect("a batch is written");
    }
}

/// Runs one file. Returns an error if the run fails or its evaluation is wrong.
fn tried(file: &Path, folder: &Path) -> Result<(), String> {
    let run = folder.join(file.file_stem().expect("a file has a name"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.arg("--configs").arg(file).arg("--values").args(QUICK);
    command.arg(format!("dataset_structured_noise_path={}", folder.display()));
    let output = command.arg(format!("output_path={}", run.display())).output().expect("train starts");
    if !output.status.success() {
        return Err(text(&output.stderr));
    }
    let evaluation = fs::read(run.join("evaluation.json")).map_err(|error| error.to_string())?;
    let evaluation: Value = serde_json::from_slice(&evaluation).map_err(|error| error.to_string())?;
    for part in ["prediction", "encoding"] {
        match evaluation[part]["rmse_px"].as_f64() {
            Some(error) if error.is_finite() && error > 0.0 => {}
            other => return Err(format!("{part}: {other:?}")),
        }
    }
    Ok(())
}

#[test]
fn all_published_settings_train_a_step_and_are_probed() {
    let at = tempfile::tempdir().expect("a folder");
    write_cifar(at.path());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reproduce_configs");
    let files = fs::read_dir(folder).expect("the published settings");
    let files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    assert_eq!(files.len(), 144);
    let failed = all_tried(&files, at.path());
    assert!(failed.is_empty(), "{} of 144 failed\n{}", failed.len(), failed.join("\n"));
}

/// The errors of the files that fail. Threads of its own wait for the runs: on Rayon's, they would
/// keep the other tests of this process waiting.
fn all_tried(files: &[PathBuf], folder: &Path) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let share = || {
        let files = std::iter::from_fn(|| files.get(next.fetch_add(1, Ordering::Relaxed)));
        let error =
            |file: &PathBuf| tried(file, folder).err().map(|why| format!("{}: {why}", file.display()));
        files.filter_map(error).collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        let shares: Vec<_> = (0..threads).map(|_| scope.spawn(share)).collect();
        shares.into_iter().flat_map(|share| share.join().expect("no run panics")).collect()
    })
}
