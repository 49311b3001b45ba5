//! The run of the analysis.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use tch::{Device, no_grad};

use super::attention::{Attention, attention, attention_figure};
use super::components::{Components, components};
use super::probes::{Probe, probes};
use super::rates::{Rates, rates};
use super::settings::{AnalyseSettings, What};
use super::steps::{Drift, Entropies, drift_figure, drifts, entropies, entropy_figure};
use crate::charts::{Align, Figure, Table};
use crate::runs::{Inputs, Progress as _, ProgressReporter, Score, ScoreCard};
use crate::training::{Evaluated, Job, RunKeys, Session, object};
use crate::worlds::talk::evaluation::{Channel, Latents, Near, Sources, likely, nearest};
use crate::worlds::talk::settings::TalkSettings;
use crate::worlds::talk::stages::finish;
use crate::worlds::talk::tasks::Split;

/// Tokens of a row of a gloss.
const TOKENS: i64 = 5;
/// Problems with a gloss.
const GLOSSES: usize = 20;
/// The file of glosses in the run folder.
const GLOSS: &str = "glosses.json";

/// The run of the stage.
pub struct Analysis {
    settings: AnalyseSettings,
    sources: Sources,
}

/// The results of all parts that were asked for.
#[derive(Debug, Default, Serialize)]
struct Report {
    rates: Option<Rates>,
    entropies: Option<Entropies>,
    drifts: Option<BTreeMap<String, Drift>>,
    attention: Option<Attention>,
    components: Option<Components>,
    probes: Option<Vec<Probe>>,
}

/// The tokens of each row of a problem's message.
#[derive(Debug, Serialize)]
struct ProblemGloss {
    id: String,
    plan: String,
    /// Tokens with their probabilities by the sender's head.
    sender: Vec<Vec<Near>>,
    /// Tokens with the cosines of their embeddings in the receiver.
    receiver: Vec<Vec<Near>>,
}

impl Analysis {
    /// # Errors
    /// When a model cannot be read.
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let settings = talk.analyse.clone();
        let talk = TalkSettings { eval_tasks: talk.eval_tasks.min(settings.problems), ..talk.clone() };
        Ok(Self { settings, sources: Sources::load(&talk, run.seed, device, inputs)? })
    }

    fn glosses(&self) -> Result<Vec<ProblemGloss>> {
        let (sources, sent) = (&self.sources, self.sources.sent(Split::Seen)?);
        let receiver = sources.receiver(Channel::Full)?;
        let count = sent.problems.len().min(GLOSSES);
        let encoded = sources.encode(("latent_full", Channel::Full), sent, 0..count)?;
        let mut all = vec![];
        for (at, encoded) in encoded.iter().enumerate() {
            let Some(Latents { hidden, rows, .. }) = encoded.latents.first() else { continue };
            all.push(ProblemGloss {
                id: sent.problems[at].id.clone(),
                plan: sent.first()[at].text.clone(),
                sender: likely(&sources.sender().model.decoder, &sources.sender().renderer, hidden, TOKENS)?,
                receiver: nearest(&receiver.model.decoder, &receiver.renderer, rows, TOKENS)?,
            });
        }
        Ok(all)
    }
}

impl Report {
    fn figures(&self) -> Vec<(&'static str, Figure)> {
        let all = [
            ("rates", self.rates.as_ref().map(Rates::figure)),
            ("entropy", self.entropies.as_ref().filter(|all| !all.is_empty()).map(entropy_figure)),
            ("drift", self.drifts.as_ref().map(drift_figure)),
            ("attention", self.attention.as_ref().map(attention_figure)),
            ("components", self.components.as_ref().map(Components::figure)),
        ];
        all.into_iter().filter_map(|(name, figure)| Some((name, figure?))).collect()
    }

    /// The scores: cross-entropy with the whole message, and the success of each probe.
    fn scores(&self) -> Vec<Score> {
        let whole = self.rates.iter().filter_map(|rates| rates.kept.last());
        let whole = whole.map(|rate| {
            Score::lower("whole.cross_entropy", rate.cross_entropy, "nats", "with whole messages")
        });
        let probe = |probe: &Probe| {
            let name = format!("probe.{}.{}", probe.features, probe.target).replace(' ', "_");
            Score::higher(&name, probe.right, "", &format!("{} from {}", probe.target, probe.features))
        };
        whole.chain(self.probes.iter().flatten().map(probe)).collect()
    }

    fn table(&self) -> String {
        let mut text = String::new();
        if let Some(rates) = &self.rates {
            let columns = [("message", Align::Left), ("solved %", Align::Right), ("nats", Align::Right)];
            let kept = rates.kept.iter().map(|rate| (format!("first {:.0} %", 100.0 * rate.amount), rate));
            let latents = rates.latents.iter().map(|rate| (format!("{} latents", rate.amount), rate));
            let row = |table: Table, (name, rate): (String, &super::rates::Rate)| {
                table.row([name, format!("{:.1}", 100.0 * rate.solved), format!("{:.3}", rate.cross_entropy)])
            };
            text += &format!("{}\n", kept.chain(latents).fold(Table::new(columns), row));
        }
        if let Some(probes) = self.probes.as_ref().filter(|probes| !probes.is_empty()) {
            let columns = [
                ("probe", Align::Left),
                ("of", Align::Left),
                ("right %", Align::Right),
                ("most frequent %", Align::Right),
            ];
            let row = |table: Table, probe: &Probe| {
                let percent = |share: f64| format!("{:.1}", 100.0 * share);
                let cells = [probe.target.clone(), probe.features.clone()];
                table.row(cells.into_iter().chain([percent(probe.right), percent(probe.baseline)]))
            };
            text += &probes.iter().fold(Table::new(columns), row).to_string();
        }
        text
    }
}

impl Job for Analysis {
    fn title(&self) -> String {
        format!("messages of {} problems", self.sources.talk.eval_tasks)
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let (sources, mut report) = (&self.sources, Report::default());
        let mut parts = 0;
        let mut begin = |session: &mut Session, part: What| -> Result<bool> {
            parts += 1;
            let progress = ProgressReporter::new(&mut session.run, session.console, session.stop);
            progress.update("parts", parts, 7)?;
            Ok(self.settings.has(part))
        };
        session.run.resume_at(0)?;
        session.run.update(|status| status.steps = 1)?;
        if begin(session, What::Rates)? {
            report.rates = Some(rates(sources)?);
        }
        if begin(session, What::Entropy)? {
            report.entropies = Some(no_grad(|| entropies(sources))?);
        }
        if begin(session, What::Drift)? {
            report.drifts = Some(no_grad(|| drifts(sources))?);
        }
        if begin(session, What::Attention)? {
            report.attention = Some(no_grad(|| attention(sources))?);
        }
        if begin(session, What::Components)? {
            report.components = Some(no_grad(|| components(sources))?);
        }
        if begin(session, What::Probes)? {
            report.probes = Some(no_grad(|| probes(sources))?);
        }
        if begin(session, What::Gloss)? {
            session.run.write_json(GLOSS, &no_grad(|| self.glosses())?)?;
        }
        session.run.at_step(1);
        let (mut scores, figures, table) = (report.scores(), report.figures(), report.table());
        if scores.is_empty() {
            scores.push(Score::higher("problems", sources.talk.eval_tasks as f64, "", "problems"));
        }
        let headline = vec![scores[0].name.clone()];
        let card = ScoreCard { scores, baselines: vec![], headline };
        finish(session, 1, Evaluated { card, report: object(&report)?, table, figures })?;
        Ok(None)
    }
}
