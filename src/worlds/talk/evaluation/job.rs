//! The run of an evaluation.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use tch::Device;
use umwelt_base::atomic;

use super::channel::Channel;
use super::figures;
use super::report::{Line, Report};
use super::sources::Sources;
use super::unit::Tested;
use crate::runs::{Inputs, Progress as _, ProgressReporter};
use crate::training::{Evaluated, Job, RunKeys, Session, object};
use crate::worlds::talk::settings::TalkSettings;
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
}

impl Evaluation {
    /// # Errors
    /// When a model cannot be read.
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let all = talk
            .evaluate
            .all(&talk.compress.k)
            .map_err(|reason| anyhow::anyhow!("talk.evaluate.channels {reason}"))?;
        Ok(Self { sources: Sources::load(talk, run.seed, device, inputs)?, channels: all })
    }

    /// Channels and splits, in the order in which they are tested.
    fn units(&self) -> Vec<(&(String, Channel), Split)> {
        let both = |channel| Split::EVALUATED.map(|split| (channel, split));
        self.channels.iter().flat_map(both).collect()
    }

    fn report(&self, results: &Results) -> Result<Report> {
        let line = |(name, _): &(String, Channel)| {
            let [seen, unseen] = Split::EVALUATED.map(|split| results.get(&key(name, split)).cloned());
            let missing = || format!("channel {name} was not tested");
            Ok(Line {
                channel: name.clone(),
                seen: seen.with_context(missing)?,
                unseen: unseen.with_context(missing)?,
            })
        };
        let (sources, sent) = (&self.sources, self.sources.sent(Split::Seen)?);
        let pairs = sent.problems.iter().zip(&sent.plans);
        let right = pairs.filter(|(problem, plan)| sources.task.is_right(problem, &plan.text)).count();
        Ok(Report {
            lines: self.channels.iter().map(line).collect::<Result<_>>()?,
            best_guess: sources.task.best_guess(),
            plans_right: right as f64 / sent.plans.len() as f64,
            latents: sources.students.keys().copied().collect(),
        })
    }

    fn evaluated(&self, results: &Results) -> Result<Evaluated> {
        let report = self.report(results)?;
        let table = format!("{}\n{}", report.groups(), report.table(self.sources.task.name()));
        Ok(Evaluated { card: report.card(), figures: figures::all(&report), table, report: object(&report)? })
    }
}

fn key(channel: &str, split: Split) -> String {
    format!("{}.{channel}", split.name())
}

impl Job for Evaluation {
    fn title(&self) -> String {
        let count = self.channels.len();
        format!("{count} channels, {} problems of each split", self.sources.talk.eval_tasks)
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let folder = session.run.path().to_owned();
        let mut results: Results = match std::fs::read(folder.join(RESULTS)) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{RESULTS} is damaged"))?,
            Err(_) => Results::new(),
        };
        std::fs::create_dir_all(folder.join(EPISODES))?;
        let units = self.units();
        session.run.resume_at(results.len() as u64)?;
        session.run.update(|status| status.steps = units.len() as u64)?;
        for (done, ((name, channel), split)) in units.iter().enumerate() {
            let progress = ProgressReporter::new(&mut session.run, session.console, session.stop);
            progress.update("channels", done as u64, units.len() as u64)?;
            let key = key(name, *split);
            if results.contains_key(&key) {
                continue;
            }
            let (tested, lines) = self.sources.test((name, *channel), *split)?;
            let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
            atomic::write(&folder.join(EPISODES).join(format!("{key}.jsonl")), lines.as_bytes())?;
            results.insert(key, tested);
            session.run.write_json(RESULTS, &results)?;
            session.run.at_step(done as u64 + 1);
        }
        if !session.is_evaluated(units.len() as u64)? {
            finish(session, units.len() as u64, self.evaluated(&results)?)?;
        }
        Ok(None)
    }
}
