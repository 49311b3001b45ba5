//! Collected messages as training samples, and receivers' passes over them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_base::random::Stream;
use umwelt_language::{
    Context, DecoderLm, Head, IGNORED, Inserted, Segment, Supervised, Variant, batch, cross_entropies,
    divergences,
};
use umwelt_messages::{Cache, Folder};

use super::collect::hidden;
use crate::runs::Inputs;
use crate::training::{Prefetch, Shuffle};
use crate::worlds::talk::models::{file, folder};
use crate::worlds::talk::play::Start;
use crate::worlds::talk::settings::{COLLECTED, CONVERSATIONS, Missing, TalkSettings};
use crate::worlds::talk::tasks::conversations::read;
use crate::worlds::talk::tasks::{Problem, Task};
use crate::worlds::talk::text::Renderer;

/// A problem with what each sender wrote for it.
pub struct Sample {
    pub problem: Problem,
    pub written: Vec<Collection>,
}

/// The plan and the hidden states that a sender wrote.
pub struct Collection {
    /// The plan in the receiver's tokens.
    pub plan: Vec<i64>,
    /// `[L, d_s]`; without rows where no message was collected.
    pub hidden: Tensor,
}

impl Sample {
    /// What the first sender wrote, which is the only one but in the stage `actor`.
    pub fn first(&self) -> &Collection {
        &self.written[0]
    }

    /// The message of all plans as text.
    pub fn text(&self, renderer: &Renderer) -> Vec<Segment> {
        renderer.joined(self.written.iter().map(|written| vec![Segment::Ids(written.plan.clone())]).collect())
    }
}

/// The collected messages of the input `key`.
///
/// # Errors
/// When the files cannot be read.
pub fn opened(inputs: &Inputs, key: &str) -> Result<Folder> {
    Folder::open(&folder(file(inputs, key)?)).with_context(|| key.to_owned())
}

/// Collected messages with at most so many bytes of them in memory, and the number of features of
/// their hidden states.
///
/// # Errors
/// When there is no message, or the first one cannot be read.
pub fn cached(files: Folder, bytes: usize) -> Result<(Cache, i64)> {
    let some = files.keys().first().cloned().context("there is no message")?;
    let mut cache = Cache::new(files, bytes);
    let width = cache.row(&some)?.width as i64;
    Ok((cache, width))
}

/// The collected messages of a task, in training and held-out ones.
pub struct Collected {
    /// The files of each sender.
    caches: Vec<RefCell<Cache>>,
    task: Task,
    /// The conversations to learn from by key; the task's own problems, without them.
    conversations: Option<HashMap<String, Problem>>,
    /// The sender of a chain that reads the messages; none for the receiver.
    reader: Option<usize>,
    missing: Missing,
    most: usize,
    device: Device,
    pub training: Vec<String>,
    pub held_out: Vec<String>,
    /// The number of features of a hidden state of each sender, d_s.
    pub widths: Vec<i64>,
}

impl Collected {
    /// # Errors
    /// When the files cannot be read or hold too few messages, or a conversation has none.
    pub fn open(talk: &TalkSettings, task: Task, seed: u64, inputs: &Inputs, device: Device) -> Result<Self> {
        let keys = talk.collected_keys();
        let files: Vec<Folder> = keys.iter().map(|key| opened(inputs, key)).collect::<Result<_>>()?;
        let conversations = known(&task, inputs.checkpoint(CONVERSATIONS))?;
        let mut keys = match &conversations {
            Some(conversations) => paired(conversations, &files, talk.actor.missing)?,
            None => of_all(&files, files[0].keys().iter()),
        };
        Stream::new(seed, "held-out messages").at(&[]).shuffle(&mut keys);
        let count = ((keys.len() as f64 * talk.actor.eval_ratio) as usize).max(1);
        ensure!(count < keys.len(), "{COLLECTED}: {} messages are too few to train on", keys.len());
        let held_out: Vec<String> = keys.drain(..count).collect();
        let (mut caches, mut widths) = (vec![], vec![]);
        let bytes = (talk.cache_mb << 20) / files.len();
        for files in files {
            let (cache, width) = cached(files, bytes)?;
            caches.push(RefCell::new(cache));
            widths.push(width);
        }
        Ok(Self {
            caches,
            task,
            conversations: conversations.map(|all| all.into_iter().map(|p| (p.id.clone(), p)).collect()),
            reader: talk.actor.reader,
            missing: talk.actor.missing,
            most: talk.actor.max_message,
            device,
            training: keys,
            held_out,
            widths,
        })
    }

    /// # Errors
    /// When there are fewer training messages than a batch has; `key` is the setting of its size.
    pub fn check_batch(&self, key: &str, size: usize) -> Result<()> {
        let count = self.training.len();
        ensure!(count >= size, "{key}: {count} messages make no batch of {size}");
        Ok(())
    }

    /// The numbers of the training messages of each batch.
    pub fn batches(&self, seed: u64, size: usize, steps: Range<u64>) -> Prefetch<Vec<i64>> {
        let shuffle = Shuffle::new(seed, self.training.len(), size);
        Prefetch::new(steps, move |step| shuffle.batch(step))
    }

    /// The samples of a batch.
    ///
    /// # Errors
    /// As [`Self::samples`].
    pub fn batch(&self, numbers: &[i64], renderer: &Renderer) -> Result<Vec<Sample>> {
        self.samples(numbers.iter().map(|number| &self.training[*number as usize]), renderer)
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
        keys.map(|key| self.sample(key, renderer)).collect()
    }

    fn sample(&self, key: &str, renderer: &Renderer) -> Result<Sample> {
        let problem = match &self.conversations {
            Some(all) => all.get(key).cloned().with_context(|| format!("{key} is no conversation"))?,
            None => self.task.by_id(key)?,
        };
        let problem = match self.reader {
            Some(who) => problem.read_by(who).as_relayed(),
            None => problem,
        };
        let written = self.caches.iter().zip(&self.widths);
        let written =
            written.map(|(cache, width)| self.written(key, &mut cache.borrow_mut(), *width, renderer));
        Ok(Sample { problem, written: written.collect::<Result<_>>()? })
    }

    /// What a sender wrote for the problem with this key.
    fn written(&self, key: &str, cache: &mut Cache, width: i64, renderer: &Renderer) -> Result<Collection> {
        if self.missing == Missing::Silent && cache.folder().place(key).is_none() {
            let hidden = Tensor::zeros([0, width], (Kind::Float, self.device));
            return Ok(Collection { plan: vec![], hidden });
        }
        let row = cache.row(key)?;
        ensure!(row.length() > 0, "{COLLECTED}: {key} has no hidden states");
        Ok(Collection { plan: renderer.plan(&row.plan)?, hidden: hidden(&row, self.most, self.device) })
    }
}

/// The hidden states of each of `senders` senders for samples.
pub fn hidden_of(samples: &[Sample], senders: usize) -> Vec<Vec<Tensor>> {
    let of = |who: usize| samples.iter().map(|sample| sample.written[who].hidden.shallow_clone()).collect();
    (0..senders).map(of).collect()
}

/// The keys of which each sender has a message.
fn of_all<'a>(files: &[Folder], keys: impl Iterator<Item = &'a String>) -> Vec<String> {
    keys.filter(|key| files.iter().all(|files| files.place(key).is_some())).cloned().collect()
}

/// The conversations to learn from: those of a file, or the training problems of ALFWorld.
fn known(task: &Task, path: Option<&Path>) -> Result<Option<Vec<Problem>>> {
    if let Some(path) = path {
        let read = read(path).context(CONVERSATIONS)?;
        return Ok(Some(read.into_iter().map(|found| task.of_conversation(found)).collect()));
    }
    Ok(match task {
        Task::AlfWorld(task) => Some(task.training().to_vec()),
        _ => None,
    })
}

/// The keys of conversations that have a message, or may do without one.
fn paired(conversations: &[Problem], files: &[Folder], missing: Missing) -> Result<Vec<String>> {
    let has_message = |problem: &&Problem| files.iter().all(|files| files.place(&problem.id).is_some());
    let (with, without): (Vec<&Problem>, Vec<&Problem>) = conversations.iter().partition(has_message);
    let keys = |problems: &[&Problem]| problems.iter().map(|problem| problem.id.clone()).collect::<Vec<_>>();
    let Some(first) = without.first() else { return Ok(keys(&with)) };
    let count = format!("{} of {} conversations have no message", without.len(), conversations.len());
    let fate = match missing {
        Missing::Error => bail!(
            "{COLLECTED}: {count}, {} first; talk.actor.missing=skip leaves them out, and silent gives them \
             an empty one",
            first.id
        ),
        Missing::Skip => "they are left out",
        Missing::Silent => "it is empty",
    };
    umwelt_base::terminal::note(format!("warning: {COLLECTED}: {count}: {fate}"));
    Ok(if missing == Missing::Skip { keys(&with) } else { keys(&conversations.iter().collect::<Vec<_>>()) })
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
        let supervised = Supervised::new(&batch.labels, 1)?;
        let rows = supervised.rows(&batch.hidden(receiver));
        Ok(Self { rows, supervised, head: Head::of(receiver) })
    }

    /// The mean cross-entropy (nats) of each conversation's labels, `[B]`.
    pub fn losses(&self) -> Tensor {
        self.supervised.means(&cross_entropies(&self.head, &self.rows, &self.supervised.targets))
    }

    /// [`Self::of`] texts that begin with these openings and go on from `start`. They are of ids
    /// alone.
    ///
    /// # Errors
    /// As [`Self::of`], and when the start does not fit.
    pub fn after(
        start: Start,
        receiver: &DecoderLm,
        openings: Vec<Vec<Segment>>,
        texts: &[Inserted],
    ) -> Result<Self> {
        let length = |opening: &Vec<Segment>| opening.iter().map(Segment::length).sum::<i64>() as usize;
        let lengths: Vec<usize> = openings.iter().map(length).collect();
        let unread = openings.into_iter().enumerate().map(|(row, opening)| start.unread(row, opening));
        let openings: Vec<Vec<Segment>> = unread.collect();
        let mut context = start.context.unwrap_or_else(|| Context::new(receiver, texts.len() as i64));
        let opened = match &start.graft {
            Some(graft) => receiver.extend_grafted(&mut context, &openings, graft)?,
            None => receiver.extend(&mut context, &openings)?,
        };
        let rests: Vec<(Vec<i64>, &[i64])> = texts
            .iter()
            .zip(lengths)
            .map(|(text, length)| (ids(text)[length..].to_vec(), &text.labels[length..]))
            .collect();
        let pieces: Vec<[Segment; 1]> = rests.iter().map(|(ids, _)| [Segment::Ids(ids.clone())]).collect();
        let rest = receiver.extend(&mut context, &pieces)?;
        // The rests are at the right end. What predicts their first labels stands before them.
        let (last, width) = (opened.narrow(1, opened.size()[1] - 1, 1), rest.size()[1] as usize);
        let hidden = Tensor::cat(&[&last, &rest], 1);
        let mut labels = vec![];
        for (row, (_, own)) in (0i64..).zip(&rests) {
            let before = width - own.len();
            hidden.get(row).get(before as i64).copy_(&last.get(row).get(0));
            labels.extend([vec![IGNORED; before + 1], own.to_vec()].concat());
        }
        let labels = Tensor::from_slice(&labels).view([-1, width as i64 + 1]).to_device(receiver.device());
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

    /// The divergence (bits) of each conversation's distributions, `[B]`, from those of another pass
    /// over the same answers.
    pub fn bits(&self, other: &Self) -> Tensor {
        let nats = divergences(Variant::Fixed, &self.head, &self.rows, &other.rows, &self.supervised);
        nats / std::f64::consts::LN_2
    }

    /// The mean of [`Self::bits`].
    pub fn bits_from(&self, other: &Self) -> f64 {
        self.bits(other).mean(Kind::Double).double_value(&[])
    }
}

/// The ids of a text without embeddings.
fn ids(text: &Inserted) -> Vec<i64> {
    let ids = |segment: &Segment| match segment {
        Segment::Ids(ids) => ids.clone(),
        Segment::Embeddings(_) => vec![],
    };
    text.segments.iter().flat_map(ids).collect()
}

/// The number of labels of texts.
pub fn labels(texts: &[Inserted]) -> i64 {
    let supervised = |text: &Inserted| text.labels.iter().filter(|label| **label != IGNORED).count() as i64;
    texts.iter().map(supervised).sum()
}

/// The number of labels of samples, which their messages do not change.
///
/// # Errors
/// When a text cannot be encoded.
pub fn sample_labels(renderer: &Renderer, samples: &[Sample]) -> Result<i64> {
    Ok(labels(&conversations(renderer, samples.iter(), samples.iter().map(|_| None))?))
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
