//! The run of an evaluation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tch::Device;

use super::channel::Channel;
use super::checkpoints::{self, Checkpoints, training_run};
use super::episodes::Episodes;
use super::figures;
use super::report::{Line, Report};
use super::settings::{EvaluateSettings, part_of};
use super::sources::Sources;
use super::tested::Tested;
use crate::runs::{Inputs, Progress as _, ProgressReporter};
use crate::training::{Evaluated, Job, RunKeys, Session, object};
use crate::worlds::talk::models::folder;
use crate::worlds::talk::settings::{StageName, TRAINED, TalkSettings};
use crate::worlds::talk::stages::finish;
use crate::worlds::talk::tasks::Split;

/// The results of the channels that are done.
const RESULTS: &str = "channels.json";
/// The folder of files with a line for each problem.
const EPISODES: &str = "episodes";

/// The results of channels, by channel and split.
type Results = BTreeMap<String, Tested>;

/// The run of the stage: every channel on both splits.
pub struct Evaluation {
    sources: Sources,
    channels: Vec<(String, Channel)>,
    /// The run that trained the receiver.
    trained: PathBuf,
    /// The runs that evaluated a part each.
    parts: Vec<PathBuf>,
}

impl Evaluation {
    /// # Errors
    /// When a model cannot be read.
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let all = talk
            .evaluate
            .all(talk.counts())
            .map_err(|reason| anyhow::anyhow!("talk.evaluate.channels {reason}"))?;
        let (sources, trained) =
            (Sources::load(talk, run.seed, device, inputs)?, training_run(inputs, TRAINED)?);
        let parts = (0..talk.evaluate.parts).filter_map(|part| inputs.checkpoint(&part_of(part)));
        Ok(Self { sources, channels: all, trained, parts: parts.map(folder).collect() })
    }

    /// Channels and splits, in the order in which they are tested.
    fn units(&self) -> Vec<(&(String, Channel), Split)> {
        let splits = self.sources.splits();
        let of = |channel| splits.iter().map(move |split| (channel, *split));
        self.channels.iter().flat_map(of).collect()
    }

    /// Tests a channel on a split, from where an earlier start of the run left it.
    fn test(&self, (name, channel): &(String, Channel), split: Split, folder: &Path) -> Result<Tested> {
        let name_of_file = Path::new(EPISODES).join(format!("{}.jsonl", key(name, split)));
        let (file, samples) = (folder.join(&name_of_file), self.sources.talk.evaluate.samples);
        let mut episodes = Episodes::read(&file)?;
        if !self.parts.is_empty() {
            let parts = self.parts.iter().map(|part| Episodes::read(&part.join(&name_of_file)));
            parts.collect::<Result<Vec<_>>>()?.into_iter().for_each(|part| episodes.extend(part));
            let problems = self.sources.problems(split)?;
            let keys = || problems.iter().map(|problem| problem.id.as_str());
            episodes.write(&file, keys())?;
            return Ok(episodes.tested(keys(), samples));
        }
        let sent = self.sources.sent(split)?;
        let keep = |episodes: &Episodes| episodes.write(&file, sent.keys());
        self.sources.test((name, *channel), split, &mut episodes, keep)?;
        Ok(episodes.tested(sent.keys(), samples))
    }

    /// The share of seen problems with right plans; `None` where no program can tell.
    fn plans_right(&self) -> Result<Option<f64>> {
        let sources = &self.sources;
        if sources.talk.task.is_real() {
            return Ok(None);
        }
        let sent = sources.sent(Split::Seen)?;
        let is_right = |at: usize| {
            let mut plans = sources.senders.iter().zip(&sent.plans);
            plans.try_fold(true, |all, (sender, plans)| {
                Some(all && sources.task.is_right(&sent.problems[at].read_by(sender.who), &plans[at].text)?)
            })
        };
        let right: Vec<bool> = sent.tested.clone().filter_map(is_right).collect();
        let count = right.iter().filter(|right| **right).count();
        Ok((!right.is_empty()).then(|| count as f64 / right.len() as f64))
    }

    fn report(&self, results: &Results) -> Result<Report> {
        let line = |(name, _): &(String, Channel)| {
            // A split without problems was not tested.
            let [seen, unseen] =
                Split::EVALUATED.map(|split| results.get(&key(name, split)).cloned().unwrap_or_default());
            Line { channel: name.clone(), seen, unseen }
        };
        let sources = &self.sources;
        Ok(Report {
            lines: self.channels.iter().map(line).collect(),
            best_guess: sources.task.best_guess(),
            plans_right: self.plans_right()?,
            latents: sources.students.keys().copied().collect(),
            checkpoints: match (sources.talk.evaluate.checkpoints, sources.talk.stage) {
                (Checkpoints::All, StageName::All | StageName::Evaluate) => {
                    sources.at_checkpoints(&self.trained)?
                }
                _ => vec![],
            },
        })
    }

    fn evaluated(&self, results: &Results) -> Result<Evaluated> {
        let report = self.report(results)?;
        let (groups, samples) = (report.groups(), report.samples());
        let samples = samples + &checkpoints::table(&report.checkpoints);
        let table = format!("{groups}{samples}{}", report.table(self.sources.task.name()));
        Ok(Evaluated { card: report.card(), figures: figures::all(&report), table, report: object(&report)? })
    }
}

fn key(channel: &str, split: Split) -> String {
    format!("{}.{channel}", split.name())
}

impl Job for Evaluation {
    fn title(&self) -> String {
        let (count, talk) = (self.channels.len(), &self.sources.talk);
        let all = format!("{count} channels, {} problems of each split", talk.eval_tasks);
        let EvaluateSettings { parts, part, .. } = talk.evaluate;
        match talk.stage {
            StageName::Part => format!("{all}, part {part} of {parts}"),
            _ => all,
        }
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let folder = session.run.path().to_owned();
        let mut results: Results = match std::fs::read(folder.join(RESULTS)) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{RESULTS} is damaged"))?,
            Err(_) => Results::new(),
        };
        std::fs::create_dir_all(folder.join(EPISODES))?;
        let units = self.units();
        ensure!(!units.is_empty(), "talk.data holds no problem to evaluate");
        session.run.resume_at(results.len() as u64)?;
        session.run.update(|status| status.steps = units.len() as u64)?;
        for (done, (named, split)) in units.iter().enumerate() {
            let progress = ProgressReporter::new(&mut session.run, session.console, session.stop);
            progress.update("channels", done as u64, units.len() as u64)?;
            let key = key(&named.0, *split);
            if results.contains_key(&key) {
                continue;
            }
            results.insert(key, self.test(named, *split, &folder)?);
            session.run.write_json(RESULTS, &results)?;
            session.run.at_step(done as u64 + 1);
        }
        if !session.is_evaluated(units.len() as u64)? {
            finish(session, units.len() as u64, self.evaluated(&results)?)?;
        }
        Ok(None)
    }
}
