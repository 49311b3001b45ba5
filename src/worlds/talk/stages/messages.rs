//! Collected messages as training samples, and receivers' passes over them.

use std::cell::RefCell;

use anyhow::{Context as _, Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_base::random::Stream;
use umwelt_language::{
    Context, DecoderLm, Head, IGNORED, Inserted, MessageAdapter, Segment, Supervised, Variant, batch,
    cross_entropies, divergences,
};
use umwelt_messages::{Cache, Folder};

use super::collect::hidden;
use crate::nn::Masks;
use crate::runs::Inputs;
use crate::worlds::talk::models::{file, folder};
use crate::worlds::talk::settings::{COLLECTED, TalkSettings};
use crate::worlds::talk::tasks::{Problem, Task};
use crate::worlds::talk::text::Renderer;

/// A problem with the plan and the hidden states that a sender wrote for it.
pub struct Sample {
    pub problem: Problem,
    /// The plan in the receiver's tokens.
    pub plan: Vec<i64>,
    /// `[L, d_s]`
    pub hidden: Tensor,
}

/// The collected messages of a task, in training and held-out ones.
pub struct Collected {
    cache: RefCell<Cache>,
    task: Task,
    most: usize,
    device: Device,
    pub training: Vec<String>,
    pub held_out: Vec<String>,
    /// The number of features of a hidden state, d_s.
    pub width: i64,
}

impl Collected {
    /// # Errors
    /// When the files cannot be read, or hold too few messages for a batch.
    pub fn open(talk: &TalkSettings, task: Task, seed: u64, inputs: &Inputs, device: Device) -> Result<Self> {
        let files = Folder::open(&folder(file(inputs, COLLECTED)?)).context(COLLECTED)?;
        let mut keys = files.keys().to_vec();
        Stream::new(seed, "held-out messages").at(&[]).shuffle(&mut keys);
        let count = ((keys.len() as f64 * talk.actor.eval_ratio) as usize).max(1);
        ensure!(count < keys.len(), "{COLLECTED}: {} messages are too few to train on", keys.len());
        let held_out: Vec<String> = keys.drain(..count).collect();
        let mut cache = Cache::new(files, talk.cache_mb << 20);
        let width = cache.row(&held_out[0])?.width as i64;
        Ok(Self {
            cache: RefCell::new(cache),
            task,
            most: talk.actor.max_message,
            device,
            training: keys,
            held_out,
            width,
        })
    }

    /// The samples of these keys.
    ///
    /// # Errors
    /// When a row cannot be read or has no hidden states.
    pub fn samples<'a>(
        &self,
        keys: impl Iterator<Item = &'a String>,
        renderer: &Renderer,
    ) -> Result<Vec<Sample>> {
        let sample = |key: &String| {
            let row = self.cache.borrow_mut().row(key)?;
            ensure!(row.length() > 0, "{COLLECTED}: {key} has no hidden states");
            Ok(Sample {
                problem: self.task.by_id(key)?,
                plan: renderer.plan(&row.plan)?,
                hidden: hidden(&row, self.most, self.device),
            })
        };
        keys.map(sample).collect()
    }
}

/// The messages `[L, d]` that an adapter makes of hidden states `[L, d_s]`.
///
/// # Errors
/// When a message is empty.
pub fn adapted(adapter: &MessageAdapter, hidden: &[Tensor], dropout: Option<&Masks>) -> Result<Vec<Tensor>> {
    let lengths: Vec<i64> = hidden.iter().map(|rows| rows.size()[0]).collect();
    let padded = Tensor::pad_sequence(hidden, true, 0.0, "right");
    let rows = adapter.forward(&padded, &lengths, dropout)?;
    Ok((0i64..).zip(&lengths).map(|(row, length)| rows.get(row).narrow(0, 0, *length)).collect())
}

/// A receiver's pass over conversations.
pub struct Pass {
    /// The hidden states that predict labels, `[N, d]`.
    pub rows: Tensor,
    pub supervised: Supervised,
    head: Head,
}

impl Pass {
    /// # Errors
    /// When a text does not fit the model or has no supervised position.
    pub fn of(receiver: &DecoderLm, texts: &[Inserted]) -> Result<Self> {
        let batch = batch(receiver, texts)?;
        // Rows that are padded on the right need no mask.
        let hidden = receiver.hidden(&batch.embeddings, None);
        let supervised = Supervised::new(&batch.labels, 1)?;
        Ok(Self { rows: supervised.rows(&hidden), supervised, head: Head::of(receiver) })
    }

    /// [`Self::of`] texts that go on from a context.
    ///
    /// # Errors
    /// As [`Self::of`], and when the context does not fit.
    pub fn after(context: &mut Context, receiver: &DecoderLm, texts: &[Inserted]) -> Result<Self> {
        let segments: Vec<&[Segment]> = texts.iter().map(|text| text.segments.as_slice()).collect();
        let hidden = receiver.extend(context, &segments)?;
        // Each text is at the right end.
        let width = hidden.size()[1] as usize;
        let padded =
            |text: &Inserted| [vec![IGNORED; width - text.labels.len()], text.labels.clone()].concat();
        let labels: Vec<i64> = texts.iter().flat_map(padded).collect();
        let labels = Tensor::from_slice(&labels).view([-1, width as i64]).to_device(receiver.device());
        let supervised = Supervised::new(&labels, 1)?;
        Ok(Self { rows: supervised.rows(&hidden), supervised, head: Head::of(receiver) })
    }

    /// The sum of the cross-entropies (nats) over a number of labels, which is that of the batch.
    pub fn cross_entropy(&self, labels: i64) -> Tensor {
        cross_entropies(&self.head, &self.rows, &self.supervised.targets).sum(Kind::Float) / labels as f64
    }

    /// The mean cross-entropy (nats).
    pub fn mean_cross_entropy(&self) -> f64 {
        self.cross_entropy(self.supervised.counts.iter().sum()).double_value(&[])
    }

    /// The divergence (bits) from the distributions of another pass over the same answers, averaged
    /// over samples.
    pub fn bits_from(&self, other: &Self) -> f64 {
        let nats = divergences(Variant::Fixed, &self.head, &self.rows, &other.rows, &self.supervised);
        nats.mean(Kind::Double).double_value(&[]) / std::f64::consts::LN_2
    }
}

/// The number of labels of texts.
pub fn labels(texts: &[Inserted]) -> i64 {
    let supervised = |text: &Inserted| text.labels.iter().filter(|label| **label != IGNORED).count() as i64;
    texts.iter().map(supervised).sum()
}

/// The conversations of samples with these messages.
///
/// # Errors
/// When a text cannot be encoded.
pub fn conversations<'a>(
    renderer: &Renderer,
    samples: impl Iterator<Item = &'a Sample>,
    messages: impl Iterator<Item = Option<Vec<Segment>>>,
) -> Result<Vec<Inserted>> {
    samples.zip(messages).map(|(sample, message)| renderer.conversation(&sample.problem, message)).collect()
}
