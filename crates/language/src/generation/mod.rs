//! Writing texts in batches.

mod writer;

use anyhow::Result;
use tch::{Tensor, no_grad};

use self::writer::Writer;
use crate::context::Context;
use crate::decoder::DecoderLm;
use crate::graft::Graft;
use crate::sampling::Sampling;
use crate::segments::Segment;

/// A text that a model goes on with.
#[derive(Debug)]
pub struct Prompt {
    /// The name of the task. With the seed and the step it decides the random numbers, so that a
    /// text depends on nothing else in its batch.
    pub task: String,
    pub segments: Vec<Segment>,
}

/// The settings of writing.
#[derive(Clone, Debug)]
pub struct Writing {
    pub sampling: Sampling,
    pub seed: u64,
    /// The most tokens that are written.
    pub max_new_tokens: usize,
    /// The ids that end a text.
    pub stop: Vec<i64>,
    /// The hidden states that are kept.
    pub hidden: Kept,
}

/// Hidden states of written tokens that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    #[default]
    None,
    /// Those that predict the tokens.
    Tokens,
    /// Those that predict the tokens, and the one that predicts the id which ends the text.
    TokensAndEnd,
}

/// A text that a model wrote.
#[derive(Debug)]
pub struct Written {
    /// The tokens, without the one that ended the text.
    pub ids: Vec<i64>,
    /// The hidden states that predict the tokens, and perhaps the end, `[L, d]`, if they are kept.
    pub hidden: Option<Tensor>,
    /// The id that ended the text; `None` where `max_new_tokens` did.
    pub stop: Option<i64>,
}

impl DecoderLm {
    /// Goes on with each prompt. Texts that ended leave the batch once half of it have.
    ///
    /// # Errors
    /// When a prompt is empty or does not fit the model, or a setting is out of range.
    pub fn generate(&self, prompts: &[Prompt], writing: &Writing) -> Result<Vec<Written>> {
        if prompts.is_empty() {
            return Ok(vec![]);
        }
        no_grad(|| {
            let texts: Vec<&[Segment]> = prompts.iter().map(|prompt| prompt.segments.as_slice()).collect();
            let mut context = Context::new(self, prompts.len() as i64);
            let hidden = self.extend(&mut context, &texts)?;
            Writer::new(self, writing, prompts)?.write(&mut context, hidden, true)
        })
    }

    /// Goes on with each text of a context after the segments of its prompt. All texts stay in the
    /// context, with the tokens that were written and without the ones that ended them.
    ///
    /// The penalty on repetition counts the tokens of these segments and the written ones.
    ///
    /// # Errors
    /// As [`Self::generate`], and when there is not one prompt for each text of the context.
    pub fn generate_turn(
        &self,
        context: &mut Context,
        prompts: &[Prompt],
        writing: &Writing,
    ) -> Result<Vec<Written>> {
        self.generate_grafted(context, prompts, writing, None)
    }

    /// [`Self::generate_turn`] with changed states at the last position of each prompt.
    ///
    /// # Errors
    /// As [`Self::generate_turn`] and [`Self::extend_grafted`].
    pub fn generate_grafted(
        &self,
        context: &mut Context,
        prompts: &[Prompt],
        writing: &Writing,
        graft: Option<&Graft>,
    ) -> Result<Vec<Written>> {
        no_grad(|| {
            let texts: Vec<&[Segment]> = prompts.iter().map(|prompt| prompt.segments.as_slice()).collect();
            let hidden = match graft {
                Some(graft) => self.extend_grafted(context, &texts, graft)?,
                None => self.extend(context, &texts)?,
            };
            Writer::new(self, writing, prompts)?.write(context, hidden, false)
        })
    }
}
