//! Measurements in turns with a baseline in Python.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};

/// A Python process that answers `WORK COUNT` with the seconds that the work took.
pub struct Baseline {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub versions: String,
}

impl Baseline {
    /// Starts a script of `benches` with this number of threads.
    pub fn start(script: &str, threads: i32) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (python, script) = (root.join(".venv-bench/bin/python"), root.join("benches").join(script));
        let mut command = Command::new(&python);
        command
            .arg(script)
            .args(["--threads", &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child =
            command.spawn().with_context(|| format!("no {}; run `make bench`", python.display()))?;
        let requests = child.stdin.take().context("a pipe")?;
        let mut answers = BufReader::new(child.stdout.take().context("a pipe")?);
        let mut versions = String::new();
        answers.read_line(&mut versions)?;
        Ok(Self { child, requests, answers, versions: versions.trim().to_owned() })
    }

    pub fn seconds(&mut self, work: &str, count: usize) -> Result<f64> {
        writeln!(self.requests, "{work} {count}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        answer.trim().parse().with_context(|| format!("the baseline answered {answer:?}"))
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A measurement: a request to the baseline, `count` units at once, in `pairs` turns with ours.
#[derive(Clone, Copy)]
pub struct Work {
    pub request: &'static str,
    pub count: usize,
    pub pairs: usize,
}

/// True if one of the words behind `--` of the command is in `name`, or there are none.
pub fn is_wanted(name: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--")).peekable();
    words.peek().is_none() || words.any(|word| name.contains(&word))
}

/// Measures `ours` in turns with the baseline, and prints both rates and the median ratio, if
/// the name [is wanted](is_wanted).
pub fn compare(
    name: &str,
    baseline: &mut Baseline,
    work: Work,
    ours: &mut dyn FnMut(usize) -> Result<f64>,
) -> Result<()> {
    if !is_wanted(name) {
        return Ok(());
    }
    let Work { request, count, pairs } = work;
    baseline.seconds(request, count)?;
    ours(count)?;
    let (mut theirs_all, mut ours_all, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..pairs {
        let (theirs, ours) = (baseline.seconds(request, count)?, ours(count)?);
        theirs_all.push(count as f64 / theirs);
        ours_all.push(count as f64 / ours);
        ratios.push(theirs / ours);
    }
    let (theirs, ours, ratio) = (median(theirs_all), median(ours_all), median(ratios));
    println!("{name:<34}{theirs:>12.2}{ours:>12.2}{ratio:>8.2}");
    if request == "data" {
        println!("{:<34}{:>12.0}{:>12.0}", "  sequences", theirs * 128.0, ours * 128.0);
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
