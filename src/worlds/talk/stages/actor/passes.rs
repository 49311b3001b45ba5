//! The three passes of a step: the right message with a gradient, plan and wrong message without.

use std::f64::consts::LN_2;
use std::ops::Range;

use anyhow::Result;
use tch::{Kind, Tensor, no_grad};
use umwelt_language::{
    Answers, Head, ReceiverTerms, Segment, Variant, Whole, batch, receiver_terms, weights,
};

use super::reader::Reader;
use crate::objectives::LossReport;
use crate::worlds::talk::settings::Switch;
use crate::worlds::talk::stages::messages::{Sample, conversations, hidden_of};

/// The terms of passes with the plan as text and with a wrong message.
const COMPARED: [&str; 5] = ["plan", "contrast", "js_bits", "weight.plan", "weight.contrast"];

/// The samples of a step, with what is drawn for them.
pub struct Batch {
    pub samples: Vec<Sample>,
    /// Hidden states of each sender for other samples.
    wrong: Vec<Vec<Tensor>>,
    /// The part of latents in the message of each sample.
    pub ratios: Vec<f64>,
    pub step: u64,
    whole: Whole,
}

/// A part of a batch, with its passes without a gradient.
pub struct Part {
    samples: Range<usize>,
    plan: Answers,
    wrong: Answers,
}

/// A batch in parts, before the passes with a gradient.
pub struct Prepared {
    pub parts: Vec<Part>,
    pub weighting: Weighting,
}

/// The weights of plan similarity and contrast.
pub enum Weighting {
    /// They follow from the terms of the only part.
    OfPart,
    /// They followed from the terms of the whole batch.
    Known {
        weights: [Tensor; 2],
        /// The derivatives of the total by the two terms: the weights, where these carry no
        /// gradient.
        slopes: [Tensor; 2],
    },
}

impl Reader {
    /// # Errors
    /// When there is a single sample.
    pub fn batch(&self, samples: Vec<Sample>, step: u64) -> Result<Batch> {
        let whole = Whole { samples: samples.len(), labels: self.labels(&samples)? };
        Ok(Batch { wrong: self.wrong(&samples, step)?, ratios: self.ratios(step), samples, step, whole })
    }

    /// The passes without a gradient. The weights of terms are functions of the whole batch, so a
    /// batch of several parts needs its right messages here too.
    ///
    /// # Errors
    /// When a message does not fit the receiver.
    pub fn prepared(&self, batch: &Batch, parts: Vec<Range<usize>>) -> Result<Prepared> {
        no_grad(|| {
            let parts = parts.into_iter().map(|samples| self.without_gradient(batch, samples));
            let parts: Vec<Part> = parts.collect::<Result<_>>()?;
            if parts.len() == 1 {
                return Ok(Prepared { parts, weighting: Weighting::OfPart });
            }
            let mut sums = [Tensor::from(0f32), Tensor::from(0f32)];
            for part in &parts {
                let terms = self.terms(batch, part)?;
                sums = [&sums[0] + terms.plan, &sums[1] + terms.contrast];
            }
            Ok(Prepared { parts, weighting: self.known(sums) })
        })
    }

    /// The loss of a part.
    ///
    /// # Errors
    /// When a message does not fit the receiver.
    pub fn report(&self, batch: &Batch, part: &Part, weighting: &Weighting) -> Result<LossReport> {
        let terms = self.terms(batch, part)?;
        let (total, weights) = match weighting {
            Weighting::OfPart => {
                let weights = self.weights(&terms.plan, &terms.contrast);
                (terms.total(&weights), weights)
            }
            Weighting::Known { weights, slopes } => {
                let rest = [0, 1].map(|at| &weights[at] - &slopes[at]);
                let constant = &rest[0] * terms.plan.detach() + &rest[1] * terms.contrast.detach();
                (terms.total(slopes) + constant, [0, 1].map(|at| weights[at].shallow_clone()))
            }
        };
        let share = (part.samples.len() as f64) / batch.whole.samples as f64;
        let [plan_weight, contrast_weight] = weights.map(|weight| weight.detach() * share);
        let compared = [
            terms.plan.detach(),
            terms.contrast.detach(),
            terms.divergence / LN_2,
            plan_weight,
            contrast_weight,
        ];
        let first = [("cross_entropy", terms.cross_entropy.detach())];
        Ok(LossReport { total, terms: first.into_iter().chain(COMPARED.into_iter().zip(compared)).collect() })
    }

    /// The loss of a part by the cross-entropy with right messages, without the other passes.
    ///
    /// # Errors
    /// When a message does not fit the receiver.
    pub fn right_alone(&self, batch: &Batch, part: Range<usize>) -> Result<LossReport> {
        let messages = self.right(batch, part.clone())?.into_iter().map(Some);
        let loss = self.pass(&batch.samples[part], messages)?.cross_entropy(batch.whole.labels);
        Ok(LossReport::weighted(vec![("cross_entropy", 1.0, loss)]).skipping(&COMPARED))
    }

    /// The right messages of a part.
    fn right(&self, batch: &Batch, part: Range<usize>) -> Result<Vec<Vec<Segment>>> {
        let hidden = hidden_of(&batch.samples[part.clone()], self.collected.widths.len());
        self.messages(batch, part, &hidden.iter().map(Vec::as_slice).collect::<Vec<_>>(), 0)
    }

    fn terms(&self, batch: &Batch, part: &Part) -> Result<ReceiverTerms> {
        let samples = &batch.samples[part.samples.clone()];
        let right = self.answers(samples, self.right(batch, part.samples.clone())?)?;
        let head = Head::of(&self.receiver.decoder);
        receiver_terms(self.variant(), &head, batch.whole, [&right, &part.plan, &part.wrong])
    }

    fn without_gradient(&self, batch: &Batch, range: Range<usize>) -> Result<Part> {
        let samples = &batch.samples[range.clone()];
        let plans = samples.iter().map(|sample| sample.text(&self.renderer));
        let plan = self.answers(samples, plans.collect())?;
        let wrong: Vec<&[Tensor]> = batch.wrong.iter().map(|hidden| &hidden[range.clone()]).collect();
        let wrong = self.messages(batch, range.clone(), &wrong, 1)?;
        let wrong = self.answers(samples, wrong)?;
        Ok(Part { samples: range, plan, wrong })
    }

    /// The messages of each sender's hidden states, mixed with plans. The masks of dropout are those
    /// of right (0) or wrong (1) messages.
    fn messages(
        &self,
        batch: &Batch,
        range: Range<usize>,
        hidden: &[&[Tensor]],
        pass: u64,
    ) -> Result<Vec<Vec<Segment>>> {
        let masks = self.dropout.masks(self.seed, 2 * batch.step + pass).starting_at(range.start as u64);
        let of = |(who, hidden): (usize, &&[Tensor])| {
            let latents = self.adapter.1.adapted(who, hidden, Some(&masks))?;
            Ok(self.mixed(who, &latents, batch, range.clone()))
        };
        let senders: Vec<_> = hidden.iter().enumerate().map(of).collect::<Result<_>>()?;
        Ok(self.renderer.joined_by_problem(senders))
    }

    fn answers(&self, samples: &[Sample], messages: Vec<Vec<Segment>>) -> Result<Answers> {
        let texts = conversations(&self.renderer, samples.iter(), messages.into_iter().map(Some))?;
        let batch = batch(&self.receiver.decoder, &texts)?;
        Answers::new(self.variant(), &batch.hidden(&self.receiver.decoder), &batch.labels)
    }

    fn variant(&self) -> Variant {
        match self.settings.switch {
            Switch::Fixed => Variant::Fixed,
            Switch::Repo => Variant::Repo,
            Switch::Paper => Variant::Paper,
        }
    }

    fn weights(&self, plan: &Tensor, contrast: &Tensor) -> [Tensor; 2] {
        match self.settings.weights.as_deref() {
            Some([plan_weight, contrast_weight]) => [(plan, plan_weight), (contrast, contrast_weight)]
                .map(|(term, weight)| term.detach().ones_like() * *weight),
            _ => weights(self.variant(), plan, contrast),
        }
    }

    /// The weighting by the terms of a whole batch.
    fn known(&self, terms: [Tensor; 2]) -> Weighting {
        let terms = terms.map(|term| term.to_kind(Kind::Float).set_requires_grad(true));
        tch::with_grad(|| {
            let weights = self.weights(&terms[0], &terms[1]);
            let total = &weights[0] * &terms[0] + &weights[1] * &terms[1];
            let slopes = Tensor::run_backward(&[total], &[&terms[0], &terms[1]], false, false);
            let slopes = <[Tensor; 2]>::try_from(slopes).expect("one for each term");
            Weighting::Known { weights: weights.map(|weight| weight.detach()), slopes }
        })
    }
}
