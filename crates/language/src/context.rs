//! Batches of texts whose keys and values are kept, so that later positions go on from them.

use anyhow::{Context as _, Result, ensure};
use tch::{Kind, Tensor};

use crate::cache::LayerCache;
use crate::decoder::{DecoderLm, Rotation, Visible, readable};
use crate::segments::{Segment, Side, embed_rows};

/// The state of a batch of texts inside a model.
pub struct Context {
    caches: Vec<LayerCache>,
    /// False at padding, `[B, length]`.
    mask: Tensor,
    /// The number of positions of every row without padding, `[B]`.
    counts: Tensor,
    /// The batch holds padding.
    padded: bool,
    /// The numbers of blocks, of heads of keys and of their features.
    shape: [i64; 3],
}

fn shape(model: &DecoderLm) -> [i64; 3] {
    let config = model.config();
    [config.layers, config.kv_heads, config.head]
}

impl Context {
    /// An empty context of `batch` texts.
    pub fn new(model: &DecoderLm, batch: i64) -> Self {
        Self {
            caches: (0..model.config().layers).map(|_| LayerCache::default()).collect(),
            mask: Tensor::ones([batch, 0], (Kind::Bool, model.device())),
            counts: Tensor::zeros([batch], (Kind::Int64, model.device())),
            padded: false,
            shape: shape(model),
        }
    }

    /// The number of texts.
    pub fn batch(&self) -> i64 {
        self.mask.size()[0]
    }

    /// The number of positions of the longest text with its padding.
    pub fn length(&self) -> i64 {
        self.mask.size()[1]
    }

    /// The number of positions of every text without padding, `[B]`.
    pub fn counts(&self) -> &Tensor {
        &self.counts
    }

    /// Hides the first positions of each text, as many as `counts` says. Later positions keep their
    /// numbers.
    ///
    /// # Errors
    /// When there is not one count for each text.
    pub fn hide_first(&mut self, counts: &[i64]) -> Result<()> {
        ensure!(counts.len() as i64 == self.batch(), "{} counts for {} texts", counts.len(), self.batch());
        let ordinals = self.mask.cumsum(1, Kind::Int64);
        let counts = Tensor::from_slice(counts).to_device(self.mask.device()).unsqueeze(1);
        self.mask = self.mask.logical_and(&ordinals.gt_tensor(&counts));
        self.padded = true;
        Ok(())
    }

    /// The rotation of the last `count` positions of each text.
    pub(crate) fn last_rotation(&self, model: &DecoderLm, count: i64) -> Rotation {
        let places = Tensor::arange_start(-count, 0, (Kind::Int64, self.mask.device())).unsqueeze(0);
        let positions = (self.counts.unsqueeze(1) + places).clamp_min(0);
        model.rotation(&positions, self.length())
    }

    /// Keys and values `[B, kv, count, hd]` of the last positions in the block that `behind - 1`
    /// blocks follow.
    pub(crate) fn last(&self, behind: usize, count: i64) -> Result<[Tensor; 2]> {
        let block = self.caches.len().checked_sub(behind).map(|at| &self.caches[at]);
        let found = block.and_then(|block| block.last(count));
        found.with_context(|| {
            let (blocks, length) = (self.caches.len(), self.length());
            format!("a cache of {blocks} blocks and {length} positions has no {count} positions in its last {behind}")
        })
    }

    /// Puts other keys and values in the place of those of [`Self::last`].
    pub(crate) fn replace_last(&mut self, behind: usize, new: [Tensor; 2]) {
        let at = self.caches.len() - behind;
        self.caches[at].replace_last(new);
    }

    /// Keeps the texts at `rows` in this order, and frees the others.
    pub fn keep(&mut self, rows: &[i64]) {
        let rows = Tensor::from_slice(rows).to_device(self.mask.device());
        self.caches.iter_mut().for_each(|cache| cache.keep(&rows));
        self.mask = self.mask.index_select(0, &rows);
        self.counts = self.counts.index_select(0, &rows);
    }

    /// Hides the last `count` positions of the text at `row`, as if they had not been added.
    pub fn forget(&mut self, row: i64, count: i64) {
        if count == 0 {
            return;
        }
        let places = self.mask.get(row).nonzero().squeeze_dim(1);
        let last = places.narrow(0, places.size()[0] - count, count);
        let _ = self.mask.get(row).index_fill_(0, &last, 0);
        let _ = self.counts.get(row).g_sub_scalar_(count);
        self.padded = true;
    }

    /// Adds the positions of `mask` `[B, T]` (all, without one); the new positions' numbers
    /// `[B, T]`, padding aside, and the pairs that attention reads.
    fn add(&mut self, time: i64, mask: Option<&Tensor>) -> (Tensor, Visible) {
        let (start, options) = (self.length(), (Kind::Bool, self.mask.device()));
        if !self.padded && mask.is_none() {
            return self.add_to_all(start, time);
        }
        let ones = || Tensor::ones([self.batch(), time], options);
        let new = mask.map_or_else(ones, |mask| mask.to_kind(Kind::Bool));
        self.padded |= mask.is_some();
        self.mask = Tensor::cat(&[&self.mask, &new], 1);
        let ordinals = self.counts.unsqueeze(1) + new.cumsum(1, Kind::Int64);
        self.counts = ordinals.select(1, time - 1);
        ((ordinals - 1).clamp_min(0), Visible::Masked(readable(&self.mask, start)))
    }

    /// [`Self::add`] of positions without padding, to texts without any.
    fn add_to_all(&mut self, start: i64, time: i64) -> (Tensor, Visible) {
        let (end, device) = (start + time, self.mask.device());
        self.mask = Tensor::ones([self.batch(), end], (Kind::Bool, device));
        self.counts = &self.counts + time;
        let positions = Tensor::arange_start(start, end, (Kind::Int64, device)).unsqueeze(0);
        let visible = match (start, time) {
            (0, _) => Visible::Causal,
            (_, 1) => Visible::All,
            _ => Visible::Masked(readable(&self.mask, start)),
        };
        (positions, visible)
    }
}

impl DecoderLm {
    /// A new context with these texts, and the hidden states `[B, T, d]` of their positions, each
    /// text at the right end.
    ///
    /// # Errors
    /// As [`Self::extend`].
    pub fn prefill<T: AsRef<[Segment]>>(&self, texts: &[T]) -> Result<(Context, Tensor)> {
        let mut context = Context::new(self, texts.len() as i64);
        let hidden = self.extend(&mut context, texts)?;
        Ok((context, hidden))
    }

    /// Goes on with one piece of text for each text of the context; the hidden states `[B, T, d]`
    /// of the new positions, each text at the right end. T is the length of the longest piece.
    ///
    /// The context may be another model's of the same architecture: this one goes on from its keys
    /// and values.
    ///
    /// # Errors
    /// When the context is a model's of other sizes, there is not one piece for each text, a piece
    /// is empty, an id is not in the vocabulary or embeddings have another size than the model's.
    pub fn extend<T: AsRef<[Segment]>>(&self, context: &mut Context, pieces: &[T]) -> Result<Tensor> {
        let batch = context.batch();
        ensure!(pieces.len() as i64 == batch, "{} pieces cannot extend {batch} texts", pieces.len());
        let (found, own) = (context.shape, shape(self));
        ensure!(
            found == own,
            "a cache of {found:?} blocks, heads and features does not fit a model of {own:?}"
        );
        let rows = embed_rows(self, pieces, Side::Left)?;
        Ok(self.advance(context, &rows.embeddings, rows.mask.as_ref()))
    }

    /// Goes on with embeddings `[B, T, d]`; their hidden states `[B, T, d]`.
    ///
    /// The boolean mask `[B, T]` is false at padding. Under a gradient, the backward pass reaches
    /// all positions of the context.
    pub fn advance(&self, context: &mut Context, embeddings: &Tensor, mask: Option<&Tensor>) -> Tensor {
        self.advance_with(context, embeddings, mask, &mut |_, x| x)
    }

    /// [`Self::advance`], in which `between` may change the state `[B, T, d]` after a number of
    /// blocks.
    pub(crate) fn advance_with(
        &self,
        context: &mut Context,
        embeddings: &Tensor,
        mask: Option<&Tensor>,
        between: &mut dyn FnMut(i64, Tensor) -> Tensor,
    ) -> Tensor {
        let (positions, visible) = context.add(embeddings.size()[1], mask);
        let end = context.length();
        let caches = Some(context.caches.as_mut_slice());
        self.run_with(embeddings, (&positions, end), visible, caches, between)
    }
}
