//! Trainings and tests: on threads of their own, in slices, with progress and a stop.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use umwelt_serve::ApiError;
use umwelt_weightless::agent::{Outcome, Progress};
use umwelt_weightless::sampling::Chosen;

use crate::baselines::{self, BaselineResult};
use crate::opened::Opened;
use crate::sources::{Drawn, Part};
use crate::{Digits, NAME};

/// The time for which a job holds its agent.
const SLICE: Duration = Duration::from_millis(10);
/// The time between two copies of an agent that answer during its training.
const SHOW: Duration = Duration::from_millis(500);
/// The time between two reports of progress.
const REPORT: Duration = Duration::from_millis(100);
/// The mistakes of a test that are kept.
const MISTAKES: usize = 24;
/// Training leaves the other cores to runs.
const THREADS: usize = 1;

/// The kind of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    Train,
    Test,
}

/// A job and how far it is.
#[derive(Debug)]
pub struct Job {
    work: Work,
    done: AtomicU64,
    total: AtomicU64,
    is_stopped: AtomicBool,
    is_over: AtomicBool,
}

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Samples that the agent had learnt.
    pub learnt: u64,
    pub right: usize,
    pub answers: usize,
    /// Rows are true classes, columns answers; the last column is "no digit".
    pub confusion: Vec<Vec<usize>>,
    /// The first wrong answers.
    pub mistakes: Vec<Mistake>,
    /// The same test by baselines that learnt the same pictures; none if those are not known.
    #[serde(default)]
    pub baselines: Vec<BaselineResult>,
}

/// A wrong answer of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The picture as base64 of 784 bytes.
    pub digit: String,
    pub label: u8,
    pub answer: Option<usize>,
}

impl Job {
    fn new(work: Work, total: usize) -> Arc<Self> {
        let (done, total) = (0.into(), (total as u64).into());
        Arc::new(Self { work, done, total, is_stopped: false.into(), is_over: false.into() })
    }

    /// Asks the job to end after its slice.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    /// True once the job has ended.
    pub fn is_done(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub fn described(&self) -> Value {
        let read = |number: &AtomicU64| number.load(Ordering::SeqCst);
        json!({"work": self.work, "done": read(&self.done), "total": read(&self.total)})
    }
}

impl Digits {
    /// Begins a job on an agent.
    ///
    /// # Errors
    /// The digits cannot be drawn, the agent is at work, or no thread can be had.
    pub fn begin(self: &Arc<Self>, opened: &Arc<Opened>, work: Work, drawn: Drawn) -> Result<(), ApiError> {
        let part = if work == Work::Train { Part::Training } else { Part::Test };
        self.sources.check(&drawn, part)?;
        let job = Job::new(work, drawn.count);
        opened.begin(job.clone())?;
        let (digits, opened, own) = (self.clone(), opened.clone(), job.clone());
        let run = move || {
            let mut report = Report { digits: &digits, opened: &opened, job: &own, last: None };
            match (digits.sources.draw(&drawn, part, &mut || !own.is_stopped()), work) {
                (Err(refused), _) => digits.failed(&opened, &refused.error),
                (Ok(None), _) => {}
                (Ok(Some(samples)), Work::Train) => train(&mut report, &drawn, &samples),
                (Ok(Some(samples)), Work::Test) => test(&mut report, &samples),
            }
            own.is_over.store(true, Ordering::SeqCst);
            digits.changed();
        };
        let started = thread::Builder::new().name("digits".into()).spawn(run);
        if started.is_err() {
            job.is_over.store(true, Ordering::SeqCst);
        }
        started?;
        Ok(())
    }

    /// Tells all pages that the agents have changed.
    pub fn changed(&self) {
        self.events.publish(NAME, &json!({"changed": true}));
    }

    /// All pictures that an agent has learnt; `None` if they are not known, or the job is stopped.
    fn known(&self, opened: &Opened, job: &Job) -> Option<Chosen> {
        let inner = opened.lock();
        let trained = inner.trained()?.to_vec();
        let (images, labels) =
            inner.agent.journal().iter().map(|taught| (taught.image, taught.label)).unzip();
        drop(inner);
        let mut known = Chosen { images, labels };
        for drawn in trained {
            known.append(self.sources.draw(&drawn, Part::Training, &mut || !job.is_stopped()).ok()??);
        }
        Some(known)
    }

    fn failed(&self, opened: &Opened, error: &str) {
        self.events.publish(NAME, &json!({"agent": opened.id, "error": error}));
    }
}

/// A sender of a job's progress.
struct Report<'a> {
    digits: &'a Digits,
    opened: &'a Opened,
    job: &'a Job,
    last: Option<Instant>,
}

impl Report<'_> {
    fn progress(&mut self, done: u64, total: u64) {
        self.job.done.store(done, Ordering::SeqCst);
        self.job.total.store(total, Ordering::SeqCst);
        if self.last.is_none_or(|last| last.elapsed() >= REPORT) {
            self.last = Some(Instant::now());
            let data = json!({"agent": self.opened.id, "job": self.job.described()});
            self.digits.events.publish(NAME, &data);
        }
    }
}

/// Trains until the end or a stop. A training that is stopped leaves the agent as it was before,
/// with what was taught meanwhile.
fn train(report: &mut Report, drawn: &Drawn, samples: &Chosen) {
    let mut outcome = Ok(Outcome::Stopped);
    let mut shown: Option<Instant> = None;
    while outcome == Ok(Outcome::Stopped) && !report.job.is_stopped() {
        let mut inner = report.opened.lock_for_job();
        if inner.agent.settings().kind.is_trained() && shown.is_none_or(|at| at.elapsed() >= SHOW) {
            report.opened.show(Some(inner.agent.clone()));
            shown = Some(Instant::now());
        }
        let (started, mut progress) = (Instant::now(), None);
        let mut slice = |_: &_, now: Progress| {
            progress = Some(now);
            if started.elapsed() < SLICE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        outcome = inner.agent.train(&samples.samples(), THREADS, &mut slice);
        drop(inner);
        if let Some(progress) = progress {
            report.progress(progress.done, progress.total);
        }
    }
    let mut inner = report.opened.lock_for_job();
    let kept = match &outcome {
        Ok(Outcome::Finished) => inner.keep_training(drawn),
        Ok(Outcome::Stopped) | Err(_) => inner.go_back(),
    };
    drop(inner);
    report.opened.show(None);
    let refused = outcome.err().map(|error| error.to_string());
    if let Some(error) = refused.or(kept.err().map(|error| format!("{error:#}"))) {
        report.digits.failed(report.opened, &error);
    }
}

/// Tests until the end. A test that is stopped has no result.
fn test(report: &mut Report, samples: &Chosen) {
    let (all, total) = (samples.samples(), samples.labels.len() as u64);
    let classes = report.opened.lock().agent.settings().classes;
    let mut result = TestResult {
        learnt: report.opened.lock().agent.learnt().iter().sum(),
        right: 0,
        answers: 0,
        confusion: vec![vec![0; classes + 1]; classes],
        mistakes: vec![],
        baselines: vec![],
    };
    let mut left = all.iter().peekable();
    while left.peek().is_some() && !report.job.is_stopped() {
        let inner = report.opened.lock_for_job();
        let started = Instant::now();
        while let Some((image, label)) = left.next_if(|_| started.elapsed() < SLICE) {
            let answer = inner.agent.answer(image, result.answers as u64);
            result.add(image, label, answer.label());
        }
        drop(inner);
        report.progress(result.answers as u64, total);
    }
    if let Some(known) = report.digits.known(report.opened, report.job) {
        result.baselines = baselines::of(&known, samples, classes, &|| !report.job.is_stopped());
    }
    if !report.job.is_stopped() {
        let kept = report.opened.lock().keep_test(result);
        if let Err(error) = kept {
            report.digits.failed(report.opened, &format!("{error:#}"));
        }
    }
}

impl TestResult {
    fn add(&mut self, image: &umwelt_weightless::Digit, label: u8, answer: Option<usize>) {
        self.answers += 1;
        if let Some(row) = self.confusion.get_mut(usize::from(label)) {
            let column = answer.unwrap_or(row.len() - 1);
            row[column] += 1;
        }
        if answer == Some(usize::from(label)) {
            self.right += 1;
        } else if self.mistakes.len() < MISTAKES {
            self.mistakes.push(Mistake { digit: crate::drawing::encoded(image), label, answer });
        }
    }
}
