//! The run of a weightless agent.

use anyhow::Result;
use serde_json::Value;

use super::WeightlessSettings;
use super::figures;
use super::pictures::Pictures;
use super::report::Report;
use super::trainer::Trainer;
use super::units::{RESULTS, Results, Unit, units};
use crate::runs::{ProgressReporter, Record};
use crate::training::{Evaluated, Job, RunKeys, Session, object};
use umwelt_base::threads::cores;

/// Learns, tests, and writes the agent and its report.
pub struct WeightlessJob {
    settings: WeightlessSettings,
    pictures: Pictures,
    threads: usize,
}

impl WeightlessJob {
    /// The job of these settings.
    ///
    /// # Errors
    /// The digits are missing or damaged, or too few.
    pub fn new(settings: &WeightlessSettings, run: &RunKeys) -> Result<Self> {
        let threads = match run.threads {
            0 => cores(),
            threads => threads,
        };
        Ok(Self { settings: settings.clone(), pictures: Pictures::new(settings, run.seed)?, threads })
    }

    fn work(&self, unit: Unit, results: &Results, session: &mut Session) -> Result<Value> {
        let folder = session.run.path().to_owned();
        let progress = ProgressReporter::new(&mut session.run, session.console, session.stop);
        let Self { settings, pictures, threads } = self;
        let trainer = Trainer { settings, pictures, threads: *threads, progress: &progress };
        unit.work(&trainer, &folder, results)
    }

    fn evaluated(&self, results: &Results, units: &[Unit]) -> Result<Evaluated> {
        let report = Report::new(results, units, self.pictures.classes())?;
        let figures = figures::all(&report, &self.pictures)?;
        let (card, table) = (report.card(), report.table(&self.title()));
        Ok(Evaluated { card, report: object(&report)?, table, figures })
    }
}

impl Job for WeightlessJob {
    fn title(&self) -> String {
        let kind = self.settings.agent(0, self.pictures.classes()).kind;
        let (learnt, tested) = (self.pictures.training().len(), self.pictures.test().len());
        format!("{} agent, {learnt} digits to learn, {tested} test digits", kind.name())
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let (units, mut results) =
            (units(&self.settings, self.pictures.classes()), Results::read(session.run.path())?);
        let done = units.iter().take_while(|unit| results.has(**unit)).count();
        let count = units.len();
        if done > 0 && done < count {
            session.console.say(&format!("going on with part {} of {count}", done + 1));
        }
        session.run.resume_at(done as u64)?;
        session.run.update(|status| status.steps = count as u64)?;
        for (at, unit) in units.iter().enumerate().skip(done) {
            let result = self.work(*unit, &results, session)?;
            results.insert(*unit, result);
            session.run.write_json(RESULTS, &results)?;
            session.run.at_step(at as u64 + 1);
            if at + 1 < count {
                session.run.append(record(at + 1, count, numbers(*unit, results.value(*unit))))?;
            }
        }
        if !session.is_evaluated(count as u64)? {
            self.finish(&results, &units, session)?;
        }
        Ok(None)
    }
}

impl WeightlessJob {
    /// Writes the evaluation and the last line of the metrics: the numbers of the last unit with the
    /// scores.
    fn finish(&self, results: &Results, units: &[Unit], session: &mut Session) -> Result<()> {
        let last = units.last().map(|unit| numbers(*unit, results.value(*unit))).unwrap_or_default();
        let record = record(units.len(), units.len(), last);
        let evaluated = self.evaluated(results, units)?;
        let scores = evaluated.scores()?;
        session.write_evaluation(evaluated, &[])?;
        session.run.update(|status| status.scores = scores.clone())?;
        session.run.append(record.into_iter().chain(scores).collect())
    }
}

/// A line of the metrics.
fn record(step: usize, steps: usize, numbers: Record) -> Record {
    let place = [("step".into(), step.into()), ("epoch".into(), (step as f64 / steps as f64).into())];
    Record::from_iter(place).into_iter().chain(numbers).collect()
}

/// The numbers of a result for the metrics.
fn numbers(unit: Unit, result: Option<&Value>) -> Record {
    let prefix = match unit {
        Unit::Draw { .. } | Unit::All | Unit::Cost => "",
        Unit::Mistakes => "mistakes.",
        Unit::Forgetting(_) => "forgetting.",
        Unit::WrongLabels => "wrong_labels.",
        Unit::Fonts => "fonts.",
        Unit::Training => return Record::new(),
    };
    let numbers =
        result.and_then(Value::as_object).into_iter().flatten().filter(|(_, value)| value.is_number());
    let known = |name: &str| !["seconds", "sample_bytes"].contains(&name);
    numbers
        .filter(|(name, _)| known(name))
        .map(|(name, value)| (format!("{prefix}{name}"), value.clone()))
        .collect()
}
