//! States of one model inside another.

use anyhow::{Result, ensure};
use tch::Tensor;

use crate::context::Context;
use crate::decoder::DecoderLm;
use crate::segments::{Segment, Side, embed_rows};

/// The change of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraftRule {
    /// The other state takes its place.
    Put,
    /// The other state is added.
    Add,
    /// The mean of both takes its place.
    Mean,
}

/// States that change those of the last position of each text after some blocks.
pub struct Graft {
    /// The number of blocks before the change.
    pub blocks: i64,
    /// `[B, d]`
    pub states: Tensor,
    pub rule: GraftRule,
}

impl Graft {
    fn applied(&self, x: &Tensor) -> Tensor {
        let (before, last) = (x.size()[1] - 1, x.narrow(1, x.size()[1] - 1, 1));
        let other = self.states.unsqueeze(1).to_kind(x.kind());
        let changed = match self.rule {
            GraftRule::Put => other,
            GraftRule::Add => last + other,
            GraftRule::Mean => (last + other) / 2.0,
        };
        Tensor::cat(&[x.narrow(1, 0, before), changed], 1)
    }
}

impl DecoderLm {
    /// The states `[B, d]` of the last positions of texts after some blocks.
    ///
    /// # Errors
    /// When there are fewer blocks, or a text does not fit the model.
    pub fn states_after<T: AsRef<[Segment]>>(&self, texts: &[T], blocks: i64) -> Result<Tensor> {
        self.has_blocks(blocks)?;
        let rows = embed_rows(self, texts, Side::Left)?;
        let mut found = None;
        let mut take = |number, x: Tensor| {
            if number == blocks {
                found = Some(x.select(1, -1));
            }
            x
        };
        let mut context = Context::new(self, texts.len() as i64);
        let _ = self.advance_with(&mut context, &rows.embeddings, rows.mask.as_ref(), &mut take);
        Ok(found.expect("the model has as many blocks"))
    }

    /// [`Self::extend`] with changed states at the last position of each piece.
    ///
    /// # Errors
    /// As [`Self::extend`], and when there are fewer blocks or the states are of another size.
    pub fn extend_grafted<T: AsRef<[Segment]>>(
        &self,
        context: &mut Context,
        pieces: &[T],
        graft: &Graft,
    ) -> Result<Tensor> {
        self.has_blocks(graft.blocks)?;
        let (expected, found) = ([pieces.len() as i64, self.config().hidden], graft.states.size());
        ensure!(found == expected, "states should be {expected:?}, they are {found:?}");
        let rows = embed_rows(self, pieces, Side::Left)?;
        let mut change = |number, x: Tensor| if number == graft.blocks { graft.applied(&x) } else { x };
        Ok(self.advance_with(context, &rows.embeddings, rows.mask.as_ref(), &mut change))
    }

    fn has_blocks(&self, blocks: i64) -> Result<()> {
        let all = self.config().layers;
        ensure!((0..=all).contains(&blocks), "there is no state after {blocks} of {all} blocks");
        Ok(())
    }
}
