//! Messages inside labelled texts.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::decoder::DecoderLm;
use crate::segments::{Segment, Side, embed_rows};

/// The label of a position that is not supervised.
pub const IGNORED: i64 = -100;

/// A text with the label of each of its positions: the id itself, or [`IGNORED`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledText {
    pub ids: Vec<i64>,
    pub labels: Vec<i64>,
}

/// The place of the marker after a message has taken its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Marker {
    /// The marker is removed.
    #[default]
    Drop,
    /// The id for padding takes its place, and no position reads it.
    Keep,
}

/// The settings of insertion.
#[derive(Clone, Copy, Debug)]
pub struct Insertion {
    pub marker: i64,
    pub begin: i64,
    pub end: i64,
    pub padding: i64,
    pub slot: Marker,
    /// The most positions of a text before the message comes in.
    pub max_len: usize,
}

/// A text with its message.
#[derive(Debug)]
pub struct Inserted {
    pub segments: Vec<Segment>,
    pub labels: Vec<i64>,
    /// The position that no other reads: the kept place of the marker.
    pub unread: Option<usize>,
    /// The position of the begin of the message; `None` where the marker was cut off.
    pub place: Option<usize>,
}

impl Insertion {
    /// Puts a message between its begin and its end at the marker of a text.
    ///
    /// Without a message only the marker goes; a message without segments is an empty pair. A text
    /// whose marker was cut off by `max_len` stays as it is.
    pub fn insert(&self, text: &LabelledText, message: Option<Vec<Segment>>) -> Inserted {
        let length = text.ids.len().min(self.max_len);
        let (ids, labels) = (&text.ids[..length], &text.labels[..length]);
        let Some(place) = ids.iter().position(|id| *id == self.marker) else {
            let segments = vec![Segment::Ids(ids.to_vec())];
            return Inserted { segments, labels: labels.to_vec(), unread: None, place: None };
        };
        let message = message.map_or(vec![], |message| self.framed(message));
        let added: usize = message.iter().map(|segment| segment.length() as usize).sum();
        let kept = if self.slot == Marker::Keep { vec![self.padding] } else { vec![] };
        let ignored = vec![IGNORED; added + kept.len()];
        let unread = (self.slot == Marker::Keep).then_some(place + added);
        let mut segments = vec![Segment::Ids(ids[..place].to_vec())];
        segments.extend(message);
        segments.push(Segment::Ids([&kept, &ids[place + 1..]].concat()));
        let labels = [&labels[..place], &ignored, &labels[place + 1..]].concat();
        Inserted { segments, labels, unread, place: Some(place) }
    }

    fn framed(&self, message: Vec<Segment>) -> Vec<Segment> {
        let token = |id: i64| [Segment::Ids(vec![id])];
        token(self.begin).into_iter().chain(message).chain(token(self.end)).collect()
    }
}

/// Texts with their messages as a batch, padded on the right.
pub struct Batch {
    /// `[B, T, d]`, 0 at padding.
    pub embeddings: Tensor,
    /// False at positions that no other reads, `[B, T]`.
    pub mask: Tensor,
    /// `[B, T]`; [`IGNORED`] where nothing is supervised.
    pub labels: Tensor,
    /// The place of a marker was kept.
    has_unread: bool,
}

impl Batch {
    /// The last hidden states `[B, T, d]` of the texts.
    pub fn hidden(&self, model: &DecoderLm) -> Tensor {
        // Padding on the right alone needs no mask.
        model.hidden(&self.embeddings, self.has_unread.then_some(&self.mask))
    }
}

/// Embeds texts with their messages. Gradients reach the embedding and the messages.
///
/// # Errors
/// When an id is not in the vocabulary, or a message has another size than the model.
pub fn batch(model: &DecoderLm, texts: &[Inserted]) -> Result<Batch> {
    let segments: Vec<&[Segment]> = texts.iter().map(|text| text.segments.as_slice()).collect();
    let rows = embed_rows(model, &segments, Side::Right)?;
    let width = rows.embeddings.size()[1] as usize;
    let (mut mask, mut labels) = (vec![], vec![]);
    for text in texts {
        mask.extend((0..width).map(|at| at < text.labels.len() && text.unread != Some(at)));
        labels.extend((0..width).map(|at| text.labels.get(at).copied().unwrap_or(IGNORED)));
    }
    let shape = |flat: Tensor| flat.view([-1, width as i64]).to_device(model.device());
    Ok(Batch {
        embeddings: rows.embeddings,
        mask: shape(Tensor::from_slice(&mask)),
        labels: shape(Tensor::from_slice(&labels)),
        has_unread: texts.iter().any(|text| text.unread.is_some()),
    })
}
