//! The report of an evaluation: table, score card, and what it says.

use std::collections::BTreeMap;

use serde::Serialize;

use super::alarms::{alarms, reading};
use super::statistics::{mcnemar, wilson};
use super::unit::Tested;
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
    /// The success of the best guess without a message.
    pub best_guess: f64,
    /// The share of the sender's plans that are right, of seen problems.
    pub plans_right: f64,
    /// Numbers of latents of trained students.
    pub latents: Vec<usize>,
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
        let of_line =
            |line: &Line| [score(line, Split::Seen, &line.seen), score(line, Split::Unseen, &line.unseen)];
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
        let baselines = [baseline("best guess", self.best_guess)].into_iter().chain(known).collect();
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
        let mut text = format!(
            "{table}baselines: best guess without a message {:.1} | plans right {:.1}\n",
            100.0 * self.best_guess,
            100.0 * self.plans_right
        );
        for line in alarms(self).into_iter().map(|alarm| format!("ALARM: {alarm}")).chain([reading(self)]) {
            text += &format!("{line}\n");
        }
        text
    }

    fn row(&self, line: &Line) -> [String; 11] {
        let Tested { positions, bytes, sender_steps, cross_entropy, js_bits, .. } = &line.seen;
        let (low, high) = wilson(line.seen.solved(), line.seen.right.len());
        let against = |name: &str| match self.line(name).filter(|other| other.channel != line.channel) {
            Some(other) => p(mcnemar(&line.seen.right, &other.seen.right)),
            None => "-".to_owned(),
        };
        [
            line.channel.clone(),
            format!("{:.1}", 100.0 * line.seen.share()),
            format!("{:.1}-{:.1}", 100.0 * low, 100.0 * high),
            format!("{:.1}", 100.0 * line.unseen.share()),
            format!("{positions:.1}"),
            format!("{bytes:.0}"),
            format!("{sender_steps:.1}"),
            format!("{cross_entropy:.3}"),
            format!("{js_bits:.3}"),
            against("text"),
            against("no_comm"),
        ]
    }

    /// The table of seen problems by group.
    pub fn groups(&self) -> Table {
        let groups: BTreeMap<&String, ()> =
            self.lines.iter().flat_map(|line| line.seen.groups.keys()).map(|group| (group, ())).collect();
        let names = groups.keys().map(|group| (group.as_str(), Align::Right));
        let columns = [("seen, % solved", Align::Left)].into_iter().chain(names);
        self.lines.iter().fold(Table::new(columns), |table, line| {
            let share = |group: &&String| match line.seen.groups.get(*group) {
                Some((solved, all)) => format!("{:.0}", 100.0 * *solved as f64 / *all as f64),
                None => "-".to_owned(),
            };
            table.row([line.channel.clone()].into_iter().chain(groups.keys().map(share)))
        })
    }
}

fn p(value: f64) -> String {
    if value < 0.001 { "<.001".to_owned() } else { format!("{value:.3}") }
}
