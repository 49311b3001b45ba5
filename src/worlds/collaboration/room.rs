//! The page `/worlds/agents` of `umwelt serve`: a digit is drawn or chosen, each agent sees its own
//! strip and completes the rest, with the messages of the others, without them, and with messages
//! that were changed by hand.

use std::path::Path;

use anyhow::{Context, Result};
use ndarray::s;
use serde::Deserialize;
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor, no_grad};
use umwelt_base::UserError;
use umwelt_serve::models::parsed;
use umwelt_serve::{EmbeddedFile, Model};

use super::models::{Como, ComoModel, DigitStrips, MessageCondition, completed};
use super::{DigitViews, Settings};
use crate::datasets::{Digits, IMAGE_SIZE, Split};
use crate::training::load_model_tensors;
use crate::worlds::rooms::{TrainedRun, WorldRoom};

/// Test digits from which the ranges of the numbers in a message are measured.
const DIGITS: usize = 256;
/// Test digits to choose from.
const SHOWN: i64 = 20;
/// The largest number in a changed message.
const LARGEST: f32 = 1e4;
/// The most numbers that a question changes.
const CHANGES: usize = 4096;
const PIXELS: usize = IMAGE_SIZE * IMAGE_SIZE;
const SIDE: i64 = IMAGE_SIZE as i64;

#[derive(rust_embed::RustEmbed)]
#[folder = "src/worlds/collaboration/web/"]
struct Web;

/// Trained agents, with test digits.
struct Agents {
    model: ComoModel,
    /// The number of strips of an image.
    strips: i64,
    /// The numbers in a message; 0 if the agents send none.
    size: usize,
    digits: DigitViews,
    labels: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    /// The digit's pixels row by row, 255 is ink.
    pixels: Vec<u8>,
    /// True for each agent whose strip is blank, though the others are to complete it.
    hidden: Vec<bool>,
    /// The factor on the message of each agent.
    gains: Vec<f32>,
    /// Numbers of messages in place of those sent: agent, place and value.
    changes: Vec<(usize, usize, f32)>,
}

impl WorldRoom for Settings {
    const ROOM: &'static str = "worlds/agents";
    const TITLE: &'static str = "Agents";

    fn file(name: &str) -> Option<EmbeddedFile> {
        Web::get(name)
    }

    fn open(&self, run: &TrainedRun) -> Result<Box<dyn Model>> {
        let como = &self.como;
        let model = ComoModel::new(como, run.keys.seed, run.keys.precision, Device::Cpu);
        model.parameters.assign(&load_model_tensors(&run.checkpoint)?)?;
        let test = Digits::load(Path::new(&como.data_path), Split::Validation).context("como.data_path")?;
        let count = DIGITS.min(test.len());
        let images = test.images().slice(s![..count, .., ..]);
        let digits = DigitViews::new(images, Device::Cpu)?;
        let labels = test.labels()[..count].to_vec();
        let size = if como.communicates() { como.collab_message_size } else { 0 };
        Ok(Box::new(Agents { model, strips: como.strips(), size, digits, labels }))
    }
}

impl Model for Agents {
    fn described(&mut self) -> Result<Value> {
        let digits = self.digits.upright(0, self.digits.count());
        let ranges = no_grad(|| self.agents().messages(&self.cut(&digits).seen)).map(|sent| ranges(&sent));
        let pixels = bytes(&digits.narrow(0, 0, SHOWN.min(self.digits.count())))?;
        let digit = |(label, pixels): (&u8, &[u8])| json!({"label": label, "pixels": pixels});
        let digits: Vec<Value> = self.labels.iter().zip(pixels.chunks(PIXELS)).map(digit).collect();
        Ok(json!({
            "agents": self.agents().count(),
            "strips": self.strips,
            "messages": ranges.transpose()?,
            "digits": digits,
        }))
    }

    fn answer(&mut self, question: Value) -> Result<Value> {
        let question = self.checked(parsed(question)?)?;
        no_grad(|| {
            let image =
                Tensor::from_slice(&question.pixels).view([1, SIDE, SIDE]).to_kind(Kind::Float) / 255.0;
            let mut digit = self.cut(&image);
            digit.seen *= question.shown();
            let sent = self.agents().messages(&digit.seen);
            let received = sent.as_ref().map(|sent| question.change(sent));
            self.drawings(&digit, sent.as_ref(), received.as_ref())
        })
    }
}

impl Agents {
    fn agents(&self) -> &Como {
        &self.model.agents
    }

    fn cut(&self, images: &Tensor) -> DigitStrips {
        DigitStrips::new(images, self.strips, self.agents().count())
    }

    /// The drawings of each agent under each condition, with the messages sent and received.
    fn drawings(
        &self,
        digit: &DigitStrips,
        sent: Option<&Tensor>,
        received: Option<&Tensor>,
    ) -> Result<Value> {
        let (agents, seen) = (self.agents(), &digit.seen);
        let mut rows = vec![];
        match received {
            Some(received) => {
                let conditions = [MessageCondition::Replaced(received), MessageCondition::Zeroed];
                let drawn = agents.draw_each(seen, &conditions);
                rows.push(self.row("with", digit, &drawn.get(0))?);
                rows.push(self.row("without", digit, &drawn.get(1))?);
            }
            None => rows.push(self.row("alone", digit, &agents.draw(seen, MessageCondition::Intact))?),
        }
        let silent = self.model.baselines.as_ref().and_then(|baselines| baselines.silent.as_ref());
        if let Some(silent) = silent {
            rows.push(self.row("silent", digit, &silent.draw(seen, MessageCondition::Intact))?);
        }
        let numbers =
            |messages: Option<&Tensor>| messages.map(|messages| rows_of(&messages.get(0))).transpose();
        Ok(json!({"rows": rows, "sent": numbers(sent)?, "received": numbers(received)?}))
    }

    /// The images `[A, 784]` that the agents complete by reconstructions `[1, A, Q]`, with the mean
    /// squared error of each.
    fn row(&self, name: &str, digit: &DigitStrips, drawn: &Tensor) -> Result<Value> {
        let of_agent = |agent: i64| {
            let (drawn, truth) = (drawn.select(1, agent), digit.targets.select(1, agent));
            let error = (&drawn - truth).square().mean(Kind::Double).double_value(&[]);
            let image = completed(&drawn, &digit.seen.select(1, agent), agent);
            Ok(json!({"pixels": bytes(&image)?, "mse": error}))
        };
        let agents: Vec<Value> = (0..self.agents().count()).map(of_agent).collect::<Result<_>>()?;
        Ok(json!({"name": name, "agents": agents}))
    }

    fn checked(&self, question: Question) -> Result<Question, UserError> {
        let wrong = |text: String| Err(UserError(format!("{text}; load the page again")));
        let agents = self.agents().count() as usize;
        let fits = |number: &f32| number.abs() <= LARGEST;
        if question.pixels.len() != PIXELS {
            return wrong(format!("a digit has {PIXELS} pixels, not {}", question.pixels.len()));
        }
        if question.hidden.len() != agents {
            return wrong(format!("hidden must be {agents} truth values"));
        }
        if question.gains.len() != agents || !question.gains.iter().all(fits) {
            return wrong(format!("gains must be {agents} numbers of at most {LARGEST}"));
        }
        if question.changes.len() > CHANGES {
            return wrong(format!("at most {CHANGES} numbers are changed at a time"));
        }
        let size = self.size;
        let is_right =
            |(agent, place, value): &(usize, usize, f32)| *agent < agents && *place < size && fits(value);
        match question.changes.iter().find(|change| !is_right(change)) {
            Some(change) => wrong(format!(
                "no message has {change:?}: {agents} agents send {size} numbers of at most {LARGEST}"
            )),
            None => Ok(question),
        }
    }
}

impl Question {
    /// 1 for each agent that sees its strip and 0 for the others, `[1, A, 1]`.
    fn shown(&self) -> Tensor {
        let shown: Vec<f32> = self.hidden.iter().map(|hidden| f32::from(u8::from(!hidden))).collect();
        Tensor::from_slice(&shown).view([1, -1, 1])
    }

    /// The messages `[1, A, m]` that arrive in place of those `sent`.
    fn change(&self, sent: &Tensor) -> Tensor {
        let changed = sent.to_kind(Kind::Float).copy();
        for (agent, place, value) in &self.changes {
            let _ = changed.get(0).get(*agent as i64).get(*place as i64).fill_(f64::from(*value));
        }
        (changed * Tensor::from_slice(&self.gains).view([1, -1, 1])).to_kind(sent.kind())
    }
}

/// The mean and the standard deviation of each number of the messages `[B, A, m]` of each agent.
fn ranges(sent: &Tensor) -> Result<Value> {
    let sent = sent.to_kind(Kind::Float);
    let mean = sent.mean_dim([0].as_slice(), false, Kind::Float);
    let deviation = sent.std_dim([0].as_slice(), false, false);
    Ok(json!({"means": rows_of(&mean)?, "deviations": rows_of(&deviation)?}))
}

/// The rows of a matrix.
fn rows_of(matrix: &Tensor) -> Result<Vec<Vec<f32>>> {
    Ok(Vec::<Vec<f32>>::try_from(matrix.to_kind(Kind::Float))?)
}

/// Intensities in [0, 1] as bytes, row by row.
fn bytes(images: &Tensor) -> Result<Vec<u8>> {
    Ok(Vec::try_from((images.clamp(0.0, 1.0) * 255.0).round().to_kind(Kind::Uint8).flatten(0, -1))?)
}
