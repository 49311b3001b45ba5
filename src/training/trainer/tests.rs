use std::ops::Range;
use std::path::Path;

use tch::{Tensor, no_grad};

use super::*;
use crate::charts::Figure;
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::optim;
use crate::optim::OptimizerKind;
use crate::runs::{Opened, Score, ScoreCard, Tracker, read_records};
use crate::schema::RunSettings;
use crate::settings;
use crate::training::Prefetch;
use crate::training::Watch;

/// Learns one weight to be 0. A second one, which the loss does not see, is set to `value` in the batch `at`.
struct Unseen {
    parameters: Parameters,
    at: u64,
    value: f64,
}

impl Unseen {
    fn new(at: u64, value: f64) -> Self {
        let parameters = Parameters::new(tch::Device::Cpu, 1);
        let _seen = parameters.root().constant("seen", &[1], 1.0);
        let _unseen = parameters.root().buffer("unseen", &[2], 1.0);
        Self { parameters, at, value }
    }
}

impl Task for Unseen {
    type Batch = u64;

    fn plan(&self) -> Plan {
        let (steps_per_epoch, checkpoint_every_epochs) = (2, 1);
        let evaluate_every_epochs = None;
        Plan {
            epochs: 6,
            steps_per_epoch,
            log_every: 4,
            checkpoint_every_epochs,
            evaluate_every_epochs,
            clip_norm: None,
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

    fn differentiate(&self, batch: u64, observe: bool) -> Result<Loss> {
        let named = self.parameters.named();
        if batch == self.at {
            let _ = no_grad(|| named[1].1.get(1).fill_(self.value));
        }
        let report = LossReport::weighted(vec![("square", 1.0, named[0].1.square().sum(tch::Kind::Float))]);
        report.total.backward();
        let mut observed = Scalars::default();
        if observe {
            observed.push("rank", &Tensor::from(f64::NAN));
        }
        Ok(Loss { report, observed })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn optimiser(&self) -> Box<dyn Optimiser> {
        optim::build(OptimizerKind::Lars, self.parameters.trainable())
    }

    fn rate(&self, _step: u64) -> f64 {
        0.1
    }

    fn evaluate(&self, _epoch: f64, _watch: &dyn Watch) -> Result<Evaluated> {
        let scores = vec![Score::lower("half", 0.5, "", "half")];
        let card = ScoreCard { scores, baselines: vec![], headline: vec!["half".into()] };
        Ok(Evaluated { card, report: Record::new(), table: "half\n".to_owned(), figures: vec![] })
    }

    fn figures(&self, _records: &[Record]) -> Vec<(&'static str, Figure)> {
        vec![]
    }
}

fn train_by(task: &Unseen, plan: Plan, at: &Path, tracker: Option<Box<dyn Tracker>>) -> Result<String> {
    let settings = settings::load::<RunSettings>(&[], &["model_type=VICReg".into()]).unwrap().settings;
    let Opened::Unfinished(mut run) = RunFolder::open(at, &settings).unwrap() else { panic!("it is over") };
    tracker.into_iter().for_each(|tracker| run.mirror(tracker));
    Trainer::new(task, plan, &mut run, &mut Console::new(true), &Stop::default())?.run()
}

fn error(task: &Unseen, plan: Plan, at: &Path) -> String {
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
    let told = error(&task, Plan { checkpoint_every_epochs: 2, ..task.plan() }, at.path());
    assert_eq!(told, "tensor `unseen` of the model became NaN by step 8; a lower learning rate may help");
    assert_eq!(checkpoints(at.path()), ["step-0000000004.safetensors"]);
}

#[test]
fn a_checkpoint_that_is_not_finite_is_not_written_and_the_good_ones_are_kept() {
    let at = tempfile::tempdir().unwrap();
    let task = Unseen::new(5, f64::INFINITY);
    let told = error(&task, task.plan(), at.path());
    assert!(
        told.ends_with(
            "step-0000000006.safetensors is not written: tensor `model.unseen` is infinite at step 6"
        ),
        "{told}"
    );
    assert_eq!(checkpoints(at.path()), ["step-0000000002.safetensors", "step-0000000004.safetensors"]);
    let status = crate::runs::Status::read(at.path()).unwrap();
    assert_eq!((status.state, status.step, status.message), (State::Failed, 6, Some(told)));
}

#[test]
fn a_diagnostic_that_is_not_finite_is_logged_as_null() {
    let at = tempfile::tempdir().unwrap();
    let task = Unseen::new(99, 0.0);
    assert_eq!(train_by(&task, task.plan(), at.path(), None).unwrap(), "half\n");
    let records = read_records(&at.path().join("metrics.jsonl")).unwrap();
    let ranks: Vec<_> =
        records.iter().filter_map(|record| Some((step_of(record), record.get("rank")?))).collect();
    assert_eq!(ranks, [4, 8, 12].map(|step| (step, &Value::Null)));
}

/// Notes where the run goes on from.
struct Listener(std::sync::mpsc::Sender<u64>);

impl Tracker for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn go_on_from(&mut self, step: u64) -> Result<()> {
        Ok(self.0.send(step)?)
    }

    fn record(&mut self, _record: &Record) -> Result<()> {
        Ok(())
    }

    fn figure(&mut self, _step: u64, _name: &str, _png: &[u8]) -> Result<()> {
        Ok(())
    }

    fn comparison(&mut self, _step: u64, _rows: &[(String, f64)]) -> Result<()> {
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
    let task = Unseen::new(5, f64::NAN);
    train_by(&task, task.plan(), at.path(), Some(Box::new(Listener(sender.clone())))).unwrap_err();
    let task = Unseen::new(99, 0.0);
    train_by(&task, task.plan(), at.path(), Some(Box::new(Listener(sender)))).unwrap();
    assert_eq!(heard.iter().collect::<Vec<_>>(), [0, 4]);
}
