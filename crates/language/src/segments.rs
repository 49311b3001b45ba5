//! Texts in pieces: token ids, and embeddings that stand among them.

use anyhow::{Result, ensure};
use tch::Tensor;

use crate::decoder::DecoderLm;

/// A piece of a text.
#[derive(Debug)]
pub enum Segment {
    Ids(Vec<i64>),
    /// One row for each position, `[N, d]`.
    Embeddings(Tensor),
}

impl Segment {
    /// The number of positions.
    pub fn length(&self) -> i64 {
        match self {
            Self::Ids(ids) => ids.len() as i64,
            Self::Embeddings(rows) => rows.size()[0],
        }
    }

    fn check(&self, model: &DecoderLm) -> Result<()> {
        let (vocabulary, hidden) = (model.config().vocabulary, model.config().hidden);
        match self {
            Self::Ids(ids) => match ids.iter().find(|id| !(0..vocabulary).contains(*id)) {
                Some(id) => anyhow::bail!("token id {id} is outside of the vocabulary of {vocabulary}"),
                None => Ok(()),
            },
            Self::Embeddings(rows) => {
                let size = rows.size();
                ensure!(
                    size.len() == 2 && size[1] == hidden,
                    "embeddings among ids are [N, {hidden}], not {size:?}"
                );
                Ok(())
            }
        }
    }
}

/// The positions of a text before `at`, and the others.
pub fn split(text: Vec<Segment>, at: i64) -> [Vec<Segment>; 2] {
    let (mut before, mut behind, mut left) = (vec![], vec![], at);
    for segment in text {
        let taken = left.min(segment.length());
        left -= taken;
        match segment {
            whole if taken == whole.length() => before.push(whole),
            whole if taken == 0 => behind.push(whole),
            Segment::Ids(mut ids) => {
                behind.push(Segment::Ids(ids.split_off(taken as usize)));
                before.push(Segment::Ids(ids));
            }
            Segment::Embeddings(rows) => {
                behind.push(Segment::Embeddings(rows.narrow(0, taken, rows.size()[0] - taken)));
                before.push(Segment::Embeddings(rows.narrow(0, 0, taken)));
            }
        }
    }
    [before, behind]
}

/// The side of a text on which its padding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// Texts as one batch of embeddings.
pub struct EmbeddedRows {
    /// `[B, T, d]`, 0 at padding.
    pub embeddings: Tensor,
    /// False at padding, `[B, T]`; absent where all texts are of one length.
    pub mask: Option<Tensor>,
}

/// The embeddings of texts, padded to the longest. Gradients reach the embedding and the segments.
///
/// # Errors
/// When there is no text or one is empty, an id is not in the vocabulary or embeddings have another
/// size than the model's.
pub fn embed_rows<T: AsRef<[Segment]>>(model: &DecoderLm, texts: &[T], side: Side) -> Result<EmbeddedRows> {
    texts.iter().flat_map(|text| text.as_ref()).try_for_each(|segment| segment.check(model))?;
    ensure!(!texts.is_empty(), "there is no text to embed");
    let lengths: Vec<i64> =
        texts.iter().map(|text| text.as_ref().iter().map(Segment::length).sum()).collect();
    ensure!(lengths.iter().all(|length| *length > 0), "a text has no position");
    let width = lengths.iter().copied().max().unwrap_or(0);
    let mut layout = Layout::new(texts.len(), width as usize);
    for (row, (text, length)) in texts.iter().zip(&lengths).enumerate() {
        layout.place(row, text.as_ref(), if side == Side::Left { (width - length) as usize } else { 0 });
    }
    Ok(layout.embed(model, lengths.iter().all(|length| *length == width)))
}

/// The ids of a batch, with 0 in place of embeddings and padding.
struct Layout<'a> {
    width: usize,
    ids: Vec<i64>,
    mask: Vec<bool>,
    /// The flat places of embedded rows, in the order of `embedded`.
    places: Vec<i64>,
    embedded: Vec<&'a Tensor>,
}

impl<'a> Layout<'a> {
    fn new(batch: usize, width: usize) -> Self {
        let cells = batch * width;
        Self { width, ids: vec![0; cells], mask: vec![false; cells], places: vec![], embedded: vec![] }
    }

    fn place(&mut self, row: usize, text: &'a [Segment], start: usize) {
        let mut at = row * self.width + start;
        for segment in text {
            let count = segment.length() as usize;
            self.mask[at..at + count].fill(true);
            match segment {
                Segment::Ids(ids) => self.ids[at..at + count].copy_from_slice(ids),
                Segment::Embeddings(rows) => {
                    self.places.extend((at..at + count).map(|place| place as i64));
                    self.embedded.push(rows);
                }
            }
            at += count;
        }
    }

    /// One look-up of all ids, and one assignment of all embedded rows.
    fn embed(&self, model: &DecoderLm, full: bool) -> EmbeddedRows {
        let (device, kind) = (model.device(), model.kind());
        let on = |tensor: Tensor| tensor.to_device(device);
        let mut flat = model.embed(&on(Tensor::from_slice(&self.ids)));
        if !self.places.is_empty() {
            let rows: Vec<Tensor> =
                self.embedded.iter().map(|rows| rows.to_device(device).to_kind(kind)).collect();
            let places = on(Tensor::from_slice(&self.places));
            flat = flat.index_put(&[Some(places)], &Tensor::cat(&rows, 0), false);
        }
        let mask = on(Tensor::from_slice(&self.mask));
        if !full {
            flat = flat.masked_fill(&mask.logical_not().unsqueeze(1), 0.0);
        }
        let width = self.width as i64;
        let embeddings = flat.view([-1, width, model.config().hidden]);
        EmbeddedRows { embeddings, mask: (!full).then(|| mask.view([-1, width])) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_splits_between_and_within_its_segments() {
        let lengths = |at: i64| {
            let rows = Tensor::from_slice2(&[[1f32, 2.0], [3.0, 4.0]]);
            let text = vec![Segment::Ids(vec![5, 6, 7]), Segment::Embeddings(rows), Segment::Ids(vec![8])];
            split(text, at).map(|part| part.iter().map(Segment::length).collect::<Vec<_>>())
        };
        assert_eq!(lengths(0), [vec![], vec![3, 2, 1]]);
        assert_eq!(lengths(2), [vec![2], vec![1, 2, 1]]);
        assert_eq!(lengths(3), [vec![3], vec![2, 1]]);
        assert_eq!(lengths(4), [vec![3, 1], vec![1, 1]]);
        assert_eq!(lengths(6), [vec![3, 2, 1], vec![]]);
        let [before, behind] = split(vec![Segment::Ids(vec![5, 6, 7])], 1);
        let [Segment::Ids(before)] = &before[..] else { panic!("{before:?}") };
        let [Segment::Ids(behind)] = &behind[..] else { panic!("{behind:?}") };
        assert_eq!((&before[..], &behind[..]), (&[5i64][..], &[6, 7][..]));
    }
}
