//! Success and cross-entropy over the part of a message that the receiver gets.

use anyhow::Result;
use serde::Serialize;
use umwelt_language::Control;

use crate::charts::{Figure, LineChart, Series, panels};
use crate::worlds::talk::evaluation::{Channel, Episodes, Sources};
use crate::worlds::talk::tasks::Split;

/// Parts of a message that are kept, in tenths.
const TENTHS: usize = 10;

/// The results of all parts and of all students.
#[derive(Debug, Serialize)]
pub struct Rates {
    /// By the share of a message's first rows, from 0 on.
    pub kept: Vec<Rate>,
    /// By the number of a student's latents.
    pub latents: Vec<Rate>,
}

/// The receiver's success with a part.
#[derive(Debug, Serialize)]
pub struct Rate {
    /// The share of rows, or the number of latents.
    pub amount: f64,
    /// The share of solved problems.
    pub solved: f64,
    /// The cross-entropy (nats) of the reference answer.
    pub cross_entropy: f64,
}

/// The scores of messages of which a share of the rows is kept, and of k latents.
///
/// # Errors
/// As [`Sources::test`].
pub fn rates(sources: &Sources) -> Result<Rates> {
    let kept = (0..=TENTHS).map(|tenths| {
        let share = tenths as f64 / TENTHS as f64;
        let channel = match tenths {
            0 => Channel::Nothing,
            _ => Channel::Changed(Control::Truncated(share)),
        };
        rate(sources, share, channel)
    });
    let students = sources.students.keys().map(|k| rate(sources, *k as f64, Channel::Student(*k)));
    Ok(Rates { kept: kept.collect::<Result<_>>()?, latents: students.collect::<Result<_>>()? })
}

fn rate(sources: &Sources, amount: f64, channel: Channel) -> Result<Rate> {
    let mut episodes = Episodes::default();
    sources.test(("analysis", channel), Split::Seen, &mut episodes, |_| Ok(()))?;
    let keys = sources.sent(Split::Seen)?.keys();
    let tested = episodes.tested(keys, sources.talk.evaluate.samples);
    Ok(Rate { amount, solved: tested.share(), cross_entropy: tested.cross_entropy })
}

impl Rates {
    pub fn figure(&self) -> Figure {
        let chart = |title: &str, rates: &[Rate], x: &str, scale: f64| {
            let points = |of: fn(&Rate) -> f64| rates.iter().map(|r| (scale * r.amount, of(r))).collect();
            let series = |name: &str, of: fn(&Rate) -> f64| Series {
                name: name.into(),
                points: points(of),
                ..Series::default()
            };
            [("solved (%)", (|r: &Rate| 100.0 * r.solved) as fn(&Rate) -> f64), ("nats", |r| r.cross_entropy)]
                .map(|(label, of)| LineChart {
                    title: title.into(),
                    x_label: x.into(),
                    y_label: label.into(),
                    series: vec![series(label, of)],
                    legend_elsewhere: true,
                    ..LineChart::default()
                })
        };
        let mut charts = Vec::from(chart("First rows of a message", &self.kept, "kept (%)", 100.0));
        if !self.latents.is_empty() {
            charts.extend(chart("Latents of a student", &self.latents, "latents", 1.0));
        }
        panels("What the receiver makes of parts of messages", charts, 2)
    }
}
