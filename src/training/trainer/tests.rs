use std::ops::Range;
use std::path::Path;

use tch::{Tensor, no_grad};

use super::*;
use crate::charts::Figure;
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::optim::{LrSchedule, OptimizerKind, Recipe};
use crate::runs::{
    Console, Opened, Progress, RunFolder, STOP, Score, ScoreCard, State, Tracker, read_records, step_of,
};
use crate::schema::RunSettings;
use crate::settings;
use crate::training::{Evaluated, GradientDescent, Prefetch};
use umwelt_base::stop::Stop;

/// Learns one weight to be 0. A second one, which the loss does not see, is set to `value` in the
/// batch `at`.
struct Unseen {
    parameters: Parameters,
    descent: GradientDescent,
    at: u64,
    value: f64,
}

impl Unseen {
    fn new(at: u64, value: f64) -> Self {
        let parameters = Parameters::new(tch::Device::Cpu, 1);
        let _seen = parameters.root().constant("seen", &[1], 1.0);
        let _unseen = parameters.root().buffer("unseen", &[2], 1.0);
        let (optimizer, lr) = (OptimizerKind::Lars, LrSchedule::Constant { lr: 0.1, decay_epoch: None });
        let recipe = Recipe { epochs: 6, optimizer, lr, clip_norm: None };
        let descent = GradientDescent::new(&parameters, &recipe, 1, 2);
        Self { parameters, descent, at, value }
    }
}

impl Task for Unseen {
    type Batch = u64;

    fn plan(&self) -> Plan {
        let (steps_per_epoch, checkpoint_every_epochs) = (2, 1);
        let evaluate_every_epochs = None;
        Plan {
            steps: 12,
            steps_per_epoch,
            log_every: 4,
            checkpoint_every_epochs,
            evaluate_every_epochs,
            patience: None,
        }
    }

    fn title(&self) -> String {
        "a weight".into()
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<u64> {
        Prefetch::new(steps, |step| step)
    }

    fn batch_size(&self) -> usize {
        1
    }

    fn step(&mut self, step: u64, batch: u64, observe: bool) -> Result<Step> {
        let named = self.parameters.named();
        if batch == self.at {
            let _ = no_grad(|| named[1].1.get(1).fill_(self.value));
        }
        let report = self.descent.step(step, || {
            let square = named[0].1.square().sum(tch::Kind::Float);
            let report = LossReport::weighted(vec![("square", 1.0, square)]);
            report.total.backward();
            Ok(report)
        })?;
        let mut observed = Scalars::default();
        if observe {
            observed.push("rank", &Tensor::from(f64::NAN));
        }
        Ok(Step { report, observed, lr: Some(self.descent.lr(step)) })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, _epoch: f64, _progress: &dyn Progress) -> Result<Evaluated> {
        let scores = vec![Score::lower("half", 0.5, "", "half")];
        let card = ScoreCard { scores, baselines: vec![], headline: vec!["half".into()] };
        Ok(Evaluated { card, report: Record::new(), table: "half\n".to_owned(), figures: vec![] })
    }

    fn figures(&self, _records: &[Record]) -> Vec<(&'static str, Figure)> {
        vec![]
    }
}

fn train_by(task: Unseen, plan: Plan, at: &Path, tracker: Option<Box<dyn Tracker>>) -> Result<String> {
    let settings = settings::load::<RunSettings>(&[], &["model_type=VICReg".into()]).unwrap().settings;
    let Opened::Unfinished(mut run) = RunFolder::open(at, &settings).unwrap() else { panic!("it is over") };
    tracker.into_iter().for_each(|tracker| run.mirror(tracker));
    let (mut console, stop) = (Console::new(true), Stop::default());
    let mut job = Training { task, plan, start_from: None };
    Session { run, console: &mut console, stop: &stop }.work(&mut job)?;
    Ok(std::fs::read_to_string(at.join("result.txt")).unwrap())
}

fn error(task: Unseen, checkpoint_every_epochs: u64, at: &Path) -> String {
    let plan = Plan { checkpoint_every_epochs, ..task.plan() };
    format!("{:#}", train_by(task, plan, at, None).unwrap_err())
}

fn checkpoints(at: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(at.join("checkpoints")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_model_that_is_not_finite_is_found_when_it_is_logged() {
    let at = tempfile::tempdir().unwrap();
    let task = Unseen::new(5, f64::NAN);
    let printed = error(task, 2, at.path());
    assert_eq!(printed, "tensor `unseen` of the model became NaN by step 8; a lower learning rate may help");
    assert_eq!(checkpoints(at.path()), ["step-0000000004.safetensors"]);
}

#[test]
fn a_checkpoint_that_is_not_finite_is_not_written_and_the_good_ones_are_kept() {
    let at = tempfile::tempdir().unwrap();
    let task = Unseen::new(5, f64::INFINITY);
    let printed = error(task, 1, at.path());
    assert!(
        printed.ends_with(
            "step-0000000006.safetensors is not written: tensor `model.unseen` is infinite at step 6"
        ),
        "{printed}"
    );
    assert_eq!(checkpoints(at.path()), ["step-0000000002.safetensors", "step-0000000004.safetensors"]);
    let status = crate::runs::Status::read(at.path()).unwrap();
    assert_eq!((status.state, status.step, status.message), (State::Failed, 6, Some(printed)));
}

#[test]
fn a_diagnostic_that_is_not_finite_is_logged_as_null() {
    let at = tempfile::tempdir().unwrap();
    let task = Unseen::new(99, 0.0);
    let plan = task.plan();
    assert_eq!(train_by(task, plan, at.path(), None).unwrap(), "half\n");
    let records = read_records(&at.path().join("metrics.jsonl")).unwrap();
    let ranks: Vec<_> =
        records.iter().filter_map(|record| Some((step_of(record), record.get("rank")?))).collect();
    assert_eq!(ranks, [4, 8, 12].map(|step| (step, &Value::Null)));
}

#[test]
fn training_ends_after_evaluations_without_a_better_score() {
    let at = tempfile::tempdir().unwrap();
    let plan = || Plan { evaluate_every_epochs: Some(1), patience: Some(2), ..Unseen::new(99, 0.0).plan() };
    train_by(Unseen::new(99, 0.0), plan(), at.path(), None).unwrap();
    let status = crate::runs::Status::read(at.path()).unwrap();
    let reason = Some("no better score in 2 evaluations".to_owned());
    assert_eq!((status.state, status.message), (State::Stopped, reason));
    let records = read_records(&at.path().join("metrics.jsonl")).unwrap();
    // Of equal scores, that of step 0 is the best; those of steps 2 and 4 are no better.
    assert_eq!(records.iter().map(step_of).max(), Some(4));
}

/// Hears where the run goes on from, and of each line that it logs.
struct Listener<R, L>(R, L);

impl<R: FnMut(u64) -> Result<()>, L: FnMut() -> Result<()>> Tracker for Listener<R, L> {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn resume_at(&mut self, step: u64) -> Result<()> {
        (self.0)(step)
    }

    fn record(&mut self, _record: &Record) -> Result<()> {
        (self.1)()
    }

    fn figure(&mut self, _step: u64, _name: &str, _png: &[u8]) -> Result<()> {
        Ok(())
    }

    fn scores(&mut self, _step: u64, _card: &ScoreCard) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, _state: State) -> Result<Option<String>> {
        Ok(None)
    }
}

#[test]
fn trackers_know_where_the_run_goes_on_from() {
    let at = tempfile::tempdir().unwrap();
    let (sender, heard) = std::sync::mpsc::channel();
    let listener = |sender: std::sync::mpsc::Sender<u64>| {
        Box::new(Listener(move |step| Ok(sender.send(step)?), || Ok(())))
    };
    let task = Unseen::new(5, f64::NAN);
    let plan = task.plan();
    train_by(task, plan, at.path(), Some(listener(sender.clone()))).unwrap_err();
    let task = Unseen::new(99, 0.0);
    let plan = task.plan();
    train_by(task, plan, at.path(), Some(listener(sender))).unwrap();
    assert_eq!(heard.iter().collect::<Vec<_>>(), [0, 4]);
}

#[test]
fn the_file_stop_ends_a_run_at_a_logged_step_until_it_is_started_again() {
    let at = tempfile::tempdir().unwrap();
    let plan = || Plan { checkpoint_every_epochs: 100, ..Unseen::new(99, 0.0).plan() };
    let stop = at.path().join(STOP);
    let asking = Listener(|_| Ok(()), move || Ok(std::fs::write(&stop, "")?));
    let error = train_by(Unseen::new(99, 0.0), plan(), at.path(), Some(Box::new(asking))).unwrap_err();
    assert!(error.is::<Interrupted>(), "{error:#}");
    let status = crate::runs::Status::read(at.path()).unwrap();
    let message = Some("the file `stop`".to_owned());
    assert_eq!((status.state, status.step, status.message), (State::Interrupted, 4, message));
    assert_eq!(checkpoints(at.path()), ["step-0000000004.safetensors"]);
    assert!(is_stop_requested(at.path()), "its sweep can see that it was asked to stop");
    assert_eq!(train_by(Unseen::new(99, 0.0), plan(), at.path(), None).unwrap(), "half\n");
    assert!(!is_stop_requested(at.path()));
}
