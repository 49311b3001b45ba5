//! The steps of writing a batch.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::{Kept, Prompt, Writing, Written};
use crate::context::Context;
use crate::decoder::DecoderLm;
use crate::sampling::draw;
use crate::segments::Segment;

/// The texts of a batch while they are written.
pub struct Writer<'a> {
    model: &'a DecoderLm,
    writing: &'a Writing,
    texts: Vec<Text<'a>>,
}

struct Text<'a> {
    task: &'a str,
    /// The ids that occurred, for the penalty on repetition: the prompt's and the written ones.
    occurred: Vec<i64>,
    ids: Vec<i64>,
    hidden: Vec<Tensor>,
    stop: Option<i64>,
}

impl Text<'_> {
    fn new(prompt: &Prompt) -> Text<'_> {
        let ids = |segment: &Segment| match segment {
            Segment::Ids(ids) => ids.clone(),
            Segment::Embeddings(_) => vec![],
        };
        let occurred = prompt.segments.iter().flat_map(ids).collect();
        Text { task: &prompt.task, occurred, ids: vec![], hidden: vec![], stop: None }
    }

    fn written(self, model: &DecoderLm, kept: Kept) -> Written {
        let none = || Tensor::zeros([0, model.config().hidden], (model.kind(), model.device()));
        let stacked = if self.hidden.is_empty() { none() } else { Tensor::stack(&self.hidden, 0) };
        Written { ids: self.ids, hidden: (kept != Kept::None).then_some(stacked), stop: self.stop }
    }
}

impl<'a> Writer<'a> {
    /// # Errors
    /// When a setting is out of range.
    pub fn new(model: &'a DecoderLm, writing: &'a Writing, prompts: &'a [Prompt]) -> Result<Self> {
        writing.sampling.check()?;
        ensure!(writing.max_new_tokens > 0, "max_new_tokens is 0; it should be positive");
        Ok(Self { model, writing, texts: prompts.iter().map(Text::new).collect() })
    }

    /// Writes all texts, from the hidden states `[B, T, d]` of the prompts. Texts that ended leave
    /// the context if `leave`.
    pub fn write(mut self, context: &mut Context, hidden: Tensor, leave: bool) -> Result<Vec<Written>> {
        let mut rows: Vec<usize> = (0..self.texts.len()).collect();
        let mut last = hidden.select(1, -1);
        for step in 0..self.writing.max_new_tokens {
            let ids = self.choose(&rows, &last, step as u64);
            self.record(&rows, &ids, &last);
            let going: Vec<usize> = (0..rows.len()).filter(|i| self.texts[rows[*i]].stop.is_none()).collect();
            if going.is_empty() || (leave && step + 1 == self.writing.max_new_tokens) {
                break;
            }
            let mut ids = ids;
            if leave && 2 * going.len() <= rows.len() {
                context.keep(&going.iter().map(|i| *i as i64).collect::<Vec<_>>());
                ids = going.iter().map(|i| ids[*i]).collect();
                rows = going.iter().map(|i| rows[*i]).collect();
            }
            last = self.advance(context, &rows, &ids);
        }
        Ok(self.texts.into_iter().map(|text| text.written(self.model, self.writing.hidden)).collect())
    }

    /// The next token of each row, from the last hidden states `[B, d]`.
    fn choose(&self, rows: &[usize], last: &Tensor, step: u64) -> Vec<i64> {
        let Writing { sampling, seed, .. } = self.writing;
        let logits = self.model.logits(last);
        if sampling.is_plain_greedy() {
            return Vec::try_from(logits.argmax(-1, false)).expect("one id for each row");
        }
        let logits: Vec<Vec<f32>> = Vec::try_from(logits.to_kind(Kind::Float)).expect("logits are [B, V]");
        let pick = |(row, logits): (&usize, &Vec<f32>)| {
            let text = &self.texts[*row];
            sampling.choose(logits, &text.occurred, draw(*seed, text.task, step))
        };
        rows.iter().zip(&logits).map(pick).collect()
    }

    fn record(&mut self, rows: &[usize], ids: &[i64], last: &Tensor) {
        for (i, (row, id)) in rows.iter().zip(ids).enumerate() {
            let text = &mut self.texts[*row];
            if text.stop.is_some() {
                continue;
            }
            let ends = self.writing.stop.contains(id);
            let is_kept = match self.writing.hidden {
                Kept::None => false,
                Kept::Tokens => !ends,
                Kept::TokensAndEnd => true,
            };
            if is_kept {
                text.hidden.push(last.get(i as i64));
            }
            if ends {
                text.stop = Some(*id);
                continue;
            }
            text.ids.push(*id);
            text.occurred.push(*id);
        }
    }

    /// Puts one token of each row into the context; texts that ended get padding. The last hidden
    /// states `[B, d]`.
    fn advance(&self, context: &mut Context, rows: &[usize], ids: &[i64]) -> Tensor {
        let going: Vec<bool> = rows.iter().map(|row| self.texts[*row].stop.is_none()).collect();
        let column = |tensor: Tensor| tensor.unsqueeze(1).to_device(self.model.device());
        let mask = going.contains(&false).then(|| column(Tensor::from_slice(&going)));
        let embeddings = self.model.embed(&column(Tensor::from_slice(ids)));
        self.model.advance(context, &embeddings, mask.as_ref()).select(1, 0)
    }
}
