//! Messages of single problems, for people to read.

use anyhow::{Context, Result, bail, ensure};
use tch::{Device, Kind, Tensor, no_grad};

use super::channel::{Channel, Counts, expanded};
use super::encode::Encoded;
use super::gloss::Near;
use super::sources::{Sent, Sources};
use crate::charts::{Align, Table};
use crate::runs::Inputs;
use crate::training::RunKeys;
use crate::worlds::talk::settings::TalkSettings;

/// A question about a message.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The key of a problem: `chainmath/seen/17`.
    pub task: &'a str,
    /// The name of a channel.
    pub channel: &'a str,
    /// The key of another problem, whose message is compared row by row.
    pub diff: Option<&'a str>,
}

/// The message of a problem as a table of its rows; with another problem, the cosines of each pair
/// of their rows before the adapter.
///
/// # Errors
/// When the run has no sender and receiver, or the problem or the channel is unknown.
pub fn message(
    talk: &TalkSettings,
    run: &RunKeys,
    inputs: &Inputs,
    device: Device,
    question: Question,
) -> Result<String> {
    let (name, channel) = channel(question.channel, talk.counts())?;
    let sources = Sources::load(talk, run.seed, device, inputs)?;
    no_grad(|| {
        let (sent, encoded) = sources.one(question.task, (&name, channel))?;
        let heading = format!("{} by {name}\nplan: {}\n", question.task, sent.said(0));
        match question.diff {
            None => Ok(format!("{heading}\n{}", sources.rows(channel, &sent, &encoded)?)),
            Some(other) => {
                let (second, other_encoded) = sources.one(other, (&name, channel))?;
                let pairs = pairs(question.task, &encoded, other, &other_encoded)?;
                Ok(format!("{heading}{other}\nplan: {}\n\n{pairs}", second.said(0)))
            }
        }
    })
}

fn channel(name: &str, counts: Counts) -> Result<(String, Channel)> {
    let all = expanded(name, counts).map_err(|reason| anyhow::anyhow!("--channel {reason}"))?;
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    ensure!(all.len() == 1, "--channel {name} is several channels; choose one of {}", names.join(", "));
    let (name, channel) = all.into_iter().next().context("there is a channel")?;
    if matches!(channel, Channel::CrossTask | Channel::CrossText | Channel::CrossFamily { .. }) {
        bail!("--channel {name} is the message of another problem; name that problem by --task");
    }
    Ok((name, channel))
}

impl Sources {
    /// The plan and the message of the problem with this key.
    fn one(&self, task: &str, channel: (&str, Channel)) -> Result<(Sent, Encoded)> {
        let problem = self.task.by_id(task)?;
        let plans = self.write(std::slice::from_ref(&problem))?;
        let sent = Sent { problems: vec![problem], plans, tested: 0..1 };
        let encoded = self.encode(channel, &sent, 0..1)?.pop().context("a problem has a message")?;
        Ok((sent, encoded))
    }

    fn rows(&self, channel: Channel, sent: &Sent, encoded: &Encoded) -> Result<Table> {
        let rows = self.message_rows(channel, sent, encoded)?;
        if rows.iter().all(|row| row.hidden.is_none()) {
            let columns = [("row", Align::Right), ("token", Align::Left)];
            return Ok(rows.into_iter().enumerate().fold(Table::new(columns), |table, (at, row)| {
                table.row([at.to_string(), row.token.unwrap_or_default()])
            }));
        }
        let several = sent.plans.len() > 1;
        let of_sender = several.then_some(("sender", Align::Right));
        let others = [
            ("plan", Align::Left),
            ("the sender's head", Align::Left),
            ("nearest embeddings behind the adapter", Align::Left),
            ("norm", Align::Right),
            ("cosine", Align::Right),
        ];
        let mut table = Table::new([("row", Align::Right)].into_iter().chain(of_sender).chain(others));
        for (at, row) in rows.into_iter().enumerate() {
            let Some(hidden) = row.hidden else { continue };
            let others = [
                row.token.unwrap_or_default(),
                listed(&hidden.sender),
                listed(&hidden.receiver),
                format!("{:.2}", hidden.norm),
                hidden.cosine.map_or("-".to_owned(), |cosine| format!("{cosine:.3}")),
            ];
            let of_sender = several.then(|| hidden.who.to_string());
            table = table.row([at.to_string()].into_iter().chain(of_sender).chain(others));
        }
        Ok(table)
    }
}

/// `mug .93, pen .04`
fn listed(near: &[Near]) -> String {
    let one = |(token, value): &Near| format!("{} {value:.2}", token.escape_debug());
    near.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The norms of hidden states `[L, d]`.
pub fn norms(hidden: &Tensor) -> Result<Vec<f64>> {
    let hidden = hidden.to_kind(Kind::Double);
    Ok(Vec::try_from(hidden.square().sum_dim_intlist(-1, false, Kind::Double).sqrt())?)
}

/// The cosine of each hidden state but the first, of `[L, d]`, with the one before: `L - 1`.
pub fn successive(hidden: &Tensor) -> Result<Vec<f64>> {
    let length = hidden.size()[0];
    if length < 2 {
        return Ok(vec![]);
    }
    let hidden = hidden.to_kind(Kind::Double);
    let (before, after) = (hidden.narrow(0, 0, length - 1), hidden.narrow(0, 1, length - 1));
    Ok(Vec::try_from(Tensor::cosine_similarity(&before, &after, 1, 1e-12))?)
}

/// The cosines of the rows of two messages before the adapter.
fn pairs(first: &str, one: &Encoded, second: &str, other: &Encoded) -> Result<Table> {
    let ([one], [other]) = (&one.latents[..], &other.latents[..]) else {
        bail!(
            "--diff compares the hidden states of one sender, and this channel has none, or those of several"
        );
    };
    let (one, other) = (&one.hidden, &other.hidden);
    let columns: Vec<String> = (0..other.size()[0]).map(|row| row.to_string()).collect();
    let heading = format!("rows of {first}, by those of {second}");
    let columns = columns.iter().map(|row| (row.as_str(), Align::Right));
    let mut table = Table::new([(heading.as_str(), Align::Right)].into_iter().chain(columns));
    for row in 0..one.size()[0] {
        let cosines = Tensor::cosine_similarity(&one.narrow(0, row, 1), other, 1, 1e-12);
        let cosines: Vec<f64> = Vec::try_from(cosines.to_kind(Kind::Double))?;
        let cells = cosines.into_iter().map(|cosine| format!("{cosine:.2}"));
        table = table.row([row.to_string()].into_iter().chain(cells));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_and_cosines_are_those_of_closed_forms() {
        let hidden = Tensor::from_slice2(&[[3.0, 4.0], [6.0, 8.0], [-8.0, 6.0]]);
        assert_eq!(norms(&hidden).unwrap(), [5.0, 10.0, 10.0]);
        let cosines = successive(&hidden).unwrap();
        assert!((cosines[0] - 1.0).abs() < 1e-12 && cosines[1].abs() < 1e-12, "{cosines:?}");
        assert!(successive(&hidden.narrow(0, 0, 1)).unwrap().is_empty());
    }

    #[test]
    fn a_message_is_of_one_channel_and_of_its_own_problem() {
        let channel =
            |name: &str, latents: &[usize]| channel(name, Counts { latents, senders: 1, is_chain: false });
        assert_eq!(channel("latent_k", &[8]).unwrap().0, "latent_k_8");
        let error = |name: &str, ks: &[usize]| channel(name, ks).unwrap_err().to_string();
        let several = "--channel latent_k is several channels; choose one of latent_k_8, latent_k_4";
        assert_eq!(error("latent_k", &[8, 4]), several);
        assert!(
            error("cross_task", &[]).starts_with("--channel cross_task is the message of another problem")
        );
        assert!(error("tele", &[]).starts_with("--channel has no channel `tele`; known: core,"));
    }
}
