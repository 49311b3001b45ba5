//! The report of an evaluation: table, score card, and what it says.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::alarms::{alarms, reading};
use super::checkpoints::AtCheckpoint;
use super::statistics::{mcnemar, wilson};
use super::tested::Tested;
use crate::charts::{Align, Table};
use crate::runs::{Baseline, Score, ScoreCard};
use crate::worlds::talk::tasks::Split;

/// A channel with what it came to on both splits.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub channel: String,
    pub seen: Tested,
    pub unseen: Tested,
}

/// The results of all channels.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub lines: Vec<Line>,
    /// The success of the best guess without a message, where a program knows it.
    pub best_guess: Option<f64>,
    /// The share of the sender's plans that are right, of seen problems.
    pub plans_right: Option<f64>,
    /// Numbers of latents of trained students.
    pub latents: Vec<usize>,
    /// Whole messages with each kept checkpoint of the receiver, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<AtCheckpoint>,
}

impl Report {
    pub fn line(&self, channel: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.channel == channel)
    }

    /// Scores by channel and split, the best guess as a baseline, and the hidden states' success as
    /// the headline.
    pub fn card(&self) -> ScoreCard {
        let score = |line: &Line, split: Split, tested: &Tested| {
            let name = format!("{}.{}", split.name(), line.channel);
            Score::higher(
                &name,
                100.0 * tested.share(),
                "%",
                &format!("{} solved, {}", split.name(), line.channel),
            )
        };
        let of_line = |line: &Line| {
            let both = [(Split::Seen, line.seen.clone()), (Split::Unseen, line.unseen.clone())];
            let tested = both.into_iter().filter(|(_, tested)| !tested.right.is_empty());
            tested.map(|(split, tested)| score(line, split, &tested)).collect::<Vec<_>>()
        };
        let scores: Vec<Score> = self.lines.iter().flat_map(of_line).collect();
        let main =
            self.line("latent_full").or(self.lines.first()).map(|line| format!("seen.{}", line.channel));
        let others = self.lines.iter().filter(|line| Some(format!("seen.{}", line.channel)) != main);
        let baseline = |name: &str, value: f64| Baseline {
            name: name.into(),
            value: 100.0 * value,
            of: main.clone().unwrap_or_default(),
        };
        let known = others.map(|line| baseline(&line.channel, line.seen.share()));
        let guess = self.best_guess.map(|guess| baseline("best guess", guess));
        let baselines = guess.into_iter().chain(known).collect();
        ScoreCard { scores, baselines, headline: main.clone().into_iter().collect() }
    }

    /// The table, with baselines, alarms and a sentence that reads it below.
    pub fn table(&self, title: &str) -> String {
        let count =
            |split: fn(&Line) -> &Tested| self.lines.first().map_or(0, |line| split(line).right.len());
        let heading =
            format!("{title}, {} seen, {} unseen", count(|line| &line.seen), count(|line| &line.unseen));
        let right = [
            "seen %",
            "interval",
            "unseen %",
            "positions",
            "bytes",
            "sender steps",
            "nats",
            "JS bits",
            "p text",
            "p silence",
        ];
        let columns =
            [(heading.as_str(), Align::Left)].into_iter().chain(right.map(|name| (name, Align::Right)));
        let table = self.lines.iter().fold(Table::new(columns), |table, line| table.row(self.row(line)));
        let known = [("best guess without a message", self.best_guess), ("plans right", self.plans_right)];
        let known =
            known.into_iter().filter_map(|(name, share)| Some(format!("{name} {:.1}", 100.0 * share?)));
        let known: Vec<String> = known.collect();
        let mut text = table.to_string();
        if !known.is_empty() {
            text += &format!("baselines: {}\n", known.join(" | "));
        }
        for line in alarms(self).into_iter().map(|alarm| format!("ALARM: {alarm}")).chain([reading(self)]) {
            text += &format!("{line}\n");
        }
        text
    }

    fn row(&self, line: &Line) -> [String; 11] {
        let Tested { positions, bytes, sender_steps, cross_entropy, js_bits, .. } = &line.seen;
        let (low, high) = wilson(line.seen.solved(), line.seen.right.len());
        // Of distributions over reference answers; a cross-entropy of 0 says that there are none.
        let of_reference = |value: f64| match *cross_entropy == 0.0 {
            true => "-".to_owned(),
            false => format!("{value:.3}"),
        };
        let against = |name: &str| match self.line(name).filter(|other| other.channel != line.channel) {
            Some(other) => p(mcnemar(&line.seen.right, &other.seen.right)),
            None => "-".to_owned(),
        };
        [
            line.channel.clone(),
            format!("{:.1}", 100.0 * line.seen.share()),
            format!("{:.1}-{:.1}", 100.0 * low, 100.0 * high),
            percent(&line.unseen),
            format!("{positions:.1}"),
            format!("{bytes:.0}"),
            format!("{sender_steps:.1}"),
            of_reference(*cross_entropy),
            of_reference(*js_bits),
            against("text"),
            against("no_comm"),
        ]
    }

    /// The tables of seen problems by group, and by subject where there are any.
    pub fn groups(&self) -> String {
        let by = |title: &str, of: fn(&Tested) -> &Groups| {
            let names: BTreeSet<&String> = self.lines.iter().flat_map(|line| of(&line.seen).keys()).collect();
            let columns = [(title, Align::Left)].into_iter();
            let columns = columns.chain(names.iter().map(|group| (group.as_str(), Align::Right)));
            let table = self.lines.iter().fold(Table::new(columns), |table, line| {
                let share = |group: &&String| match of(&line.seen).get(*group) {
                    Some((solved, all)) => format!("{:.0}", 100.0 * *solved as f64 / *all as f64),
                    None => "-".to_owned(),
                };
                table.row([line.channel.clone()].into_iter().chain(names.iter().map(share)))
            });
            if names.is_empty() { String::new() } else { format!("{table}\n") }
        };
        by("seen, % solved", |tested| &tested.groups) + &by("by subject", |tested| &tested.subjects)
    }

    /// The table of several samples; empty where there is one.
    pub fn samples(&self) -> String {
        let columns = ["one sample %", "any of all %", "majority %", "tokens"];
        let columns = columns.map(|name| (name, Align::Right));
        let mut table = Table::new([("samples, seen", Align::Left)].into_iter().chain(columns));
        let share =
            |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share));
        let mut is_empty = true;
        for line in &self.lines {
            let Some([one, any]) = line.seen.pass else { continue };
            is_empty = false;
            let tokens = format!("{:.1}", line.seen.written);
            table = table.row([
                line.channel.clone(),
                share(Some(one)),
                share(Some(any)),
                share(line.seen.majority),
                tokens,
            ]);
        }
        if is_empty { String::new() } else { format!("{table}\n") }
    }
}

/// Solved problems and all, by group.
type Groups = BTreeMap<String, (usize, usize)>;

/// The share of solved problems; a dash where none was tested.
fn percent(tested: &Tested) -> String {
    if tested.right.is_empty() { "-".to_owned() } else { format!("{:.1}", 100.0 * tested.share()) }
}

fn p(value: f64) -> String {
    if value < 0.001 { "<.001".to_owned() } else { format!("{value:.3}") }
}
