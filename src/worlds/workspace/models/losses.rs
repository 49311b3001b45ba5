//! The losses of a workspace without fusion: each term goes from one domain to one.

use std::rc::Rc;

use tch::{Kind, Tensor, no_grad};

use super::batch::LatentBatch;
use super::plan::{Plan, Predictions, Term, Wanted};
use super::workspace::Workspace;
use super::{Coefs, Combine, ContrastiveGroups, ContrastiveKind};
use crate::nn::Masks;
use crate::objectives::LossReport;

/// The families of losses by their published names.
pub const TRANSLATION: &str = "translation";
pub const CONTRASTIVE: &str = "contrastive";
pub const DEMI_CYCLES: &str = "demi_cycles";
pub const CYCLES: &str = "cycles";
pub const FUSED: &str = "fused";

/// The value of each term of a batch.
pub struct Terms {
    /// Terms of predictions, with their parts `[terms, parts]`, one entry for each decoder and pass.
    pub predicted: Vec<(Vec<Term>, Tensor)>,
    /// The contrastive loss of each pair of domains.
    pub contrasted: Vec<((usize, usize), Tensor)>,
}

impl Workspace {
    /// The loss of a batch in training step `step` of epoch `epoch`, both counted from 0. The terms
    /// are the families with a coefficient above 0. One that is not trained yet, or that the batch
    /// has no rows for, is reported as 0. No term of another family is computed.
    pub fn loss(&self, batch: &LatentBatch, step: u64, epoch: usize) -> LossReport {
        let coefs = self.active(epoch);
        if self.settings.fusion {
            return self.fusion_loss(batch, step, &coefs);
        }
        let terms = self.terms(batch, &self.wanted(&coefs), self.masks(step).as_ref());
        self.combined(&coefs, |family| terms.family(family))
    }

    /// The coefficients in an epoch: cycles join at `gw.unsupervised_after`.
    fn active(&self, epoch: usize) -> Coefs {
        let coefs = self.settings.coefficients();
        match epoch < self.settings.unsupervised_after {
            true => Coefs { demi_cycles: 0.0, cycles: 0.0, ..coefs },
            false => coefs,
        }
    }

    /// The total of the families that have a value and a coefficient in `coefs`, as `gw.combine`
    /// says.
    pub(super) fn combined(&self, coefs: &Coefs, value: impl Fn(&str) -> Option<Tensor>) -> LossReport {
        let zero = || self.scale.zeros_like();
        let active = families(coefs).map(|(_, coefficient)| coefficient);
        let trained = families(&self.settings.coefficients()).into_iter().zip(active);
        let trained = trained.filter(|((_, coefficient), _)| *coefficient > 0.0);
        let mut parts: Vec<(&'static str, f64, Tensor)> = trained
            .map(|((name, _), active)| {
                let value = if active > 0.0 { value(name) } else { None };
                let coefficient = if value.is_some() { active } else { 0.0 };
                (name, coefficient, value.unwrap_or_else(zero))
            })
            .collect();
        let present = parts.iter().filter(|(_, coefficient, _)| *coefficient > 0.0).count();
        if self.settings.combination() == Combine::Mean {
            parts.iter_mut().for_each(|(_, coefficient, _)| *coefficient /= present.max(1) as f64);
        }
        let report = LossReport::weighted(parts);
        match present {
            0 => LossReport { total: zero().set_requires_grad(true), ..report },
            _ => report,
        }
    }

    fn wanted(&self, coefs: &Coefs) -> Wanted {
        let pair = |[a, b]: &[String; 2]| Some((self.domain(a)?, self.domain(b)?));
        let removed = self.settings.remove_sync.iter().filter_map(pair);
        Wanted {
            translation: coefs.translation > 0.0,
            contrastive: coefs.contrastive > 0.0,
            demi_cycles: coefs.demi_cycles > 0.0,
            cycles: coefs.cycles > 0.0,
            untranslated: removed.flat_map(|(a, b)| [(a, b), (b, a)]).collect(),
            contrasted_up_to: self.contrasted_up_to(),
        }
    }

    /// The most domains of a group whose pairs are contrasted.
    pub(super) fn contrasted_up_to(&self) -> usize {
        match self.settings.contrastive_groups {
            ContrastiveGroups::Any => self.domains.len(),
            ContrastiveGroups::Two => 2,
        }
    }

    /// All terms of a batch, the translations of `gw.remove_sync` among them.
    pub(super) fn all_terms(&self, batch: &LatentBatch) -> Terms {
        let wanted = Wanted {
            translation: true,
            contrastive: true,
            demi_cycles: true,
            cycles: true,
            untranslated: vec![],
            contrasted_up_to: self.contrasted_up_to(),
        };
        no_grad(|| self.terms(batch, &wanted, None))
    }

    fn plan(&self, batch: &LatentBatch, wanted: &Wanted) -> Rc<Plan> {
        let mut last = self.plan.borrow_mut();
        match last.as_ref().filter(|plan| plan.fits(batch, wanted)) {
            Some(plan) => plan.clone(),
            None => {
                let plan = Plan::new(batch, self.domains.len(), wanted, self.parameters.device());
                last.insert(Rc::new(plan)).clone()
            }
        }
    }

    fn terms(&self, batch: &LatentBatch, wanted: &Wanted, masks: Option<&Masks>) -> Terms {
        let plan = self.plan(batch, wanted);
        let each = || 0..self.domains.len();
        let encoded = |domain: usize| {
            let latents = batch.latents(domain).narrow(0, 0, plan.encoded[domain]);
            self.encode_masked(domain, &latents, masks)
        };
        let encodings: Vec<Tensor> = each().map(encoded).collect();
        let states: Vec<Tensor> = encodings.iter().map(Tensor::tanh).collect();
        let mut predicted = vec![];
        let direct: Vec<Option<Tensor>> = each()
            .map(|of| {
                let pass = &plan.direct[of];
                let inputs: Vec<Tensor> =
                    pass.blocks.iter().map(|block| block.rows.of(&states[block.from])).collect();
                self.predictions(of, pass, &inputs, batch, masks, &mut predicted)
            })
            .collect();
        if wanted.cycles {
            let back: Vec<Vec<Tensor>> = each()
                .map(|through| self.states_of(through, &plan, direct[through].as_ref(), masks))
                .collect();
            for (of, pass) in plan.cycles.iter().enumerate() {
                let inputs: Vec<Tensor> =
                    pass.blocks.iter().map(|block| back[block.from][of].shallow_clone()).collect();
                self.predictions(of, pass, &inputs, batch, masks, &mut predicted);
            }
        }
        let sides = if self.settings.contrastive == ContrastiveKind::Encoding { &encodings } else { &states };
        let contrast = |pair: &super::plan::Pair| {
            let ((a, b), (of_a, of_b)) = (pair.domains, &pair.rows);
            ((a, b), self.contrast(&of_a.of(&sides[a]), &of_b.of(&sides[b])))
        };
        Terms { predicted, contrasted: plan.contrasts.iter().map(contrast).collect() }
    }

    /// Decodes the states of `inputs`, and adds the losses of the predictions to `losses`.
    fn predictions(
        &self,
        of: usize,
        pass: &Predictions,
        inputs: &[Tensor],
        batch: &LatentBatch,
        masks: Option<&Masks>,
        losses: &mut Vec<(Vec<Term>, Tensor)>,
    ) -> Option<Tensor> {
        let states = if inputs.is_empty() { return None } else { Tensor::cat(inputs, 0) };
        let predicted = self.decode_masked(of, &states, masks);
        if !pass.terms.is_empty() {
            let rows = self.domains[of].row_losses(&predicted, &pass.targets.of(batch.latents(of)));
            losses.push((pass.terms.clone(), pass.weights.matmul(&rows)));
        }
        Some(predicted)
    }

    /// The states of what the domain `through` predicts from each other domain, by that domain.
    fn states_of(
        &self,
        through: usize,
        plan: &Plan,
        predicted: Option<&Tensor>,
        masks: Option<&Masks>,
    ) -> Vec<Tensor> {
        let blocks = &plan.direct[through].blocks;
        let mut of_domain: Vec<Tensor> = self.domains.iter().map(|_| Tensor::new()).collect();
        let Some(predicted) = predicted else { return of_domain };
        let counts: Vec<i64> = blocks.iter().map(|block| block.rows.count()).collect();
        let own = if blocks[0].from == through { 1 } else { 0 };
        let first: i64 = counts[..own].iter().sum();
        let others = predicted.narrow(0, first, predicted.size()[0] - first);
        let states = self.encode_masked(through, &self.domains[through].adapt(&others), masks).tanh();
        let parts = states.split_with_sizes(&counts[own..], 0);
        blocks[own..].iter().zip(parts).for_each(|(block, states)| of_domain[block.from] = states);
        of_domain
    }
}

/// The families of losses with their coefficients.
fn families(coefs: &Coefs) -> [(&'static str, f64); 5] {
    [
        (TRANSLATION, coefs.translation),
        (CONTRASTIVE, coefs.contrastive),
        (DEMI_CYCLES, coefs.demi_cycles),
        (CYCLES, coefs.cycles),
        (FUSED, coefs.fused),
    ]
}

impl Terms {
    /// The mean of a family's terms; `None` without terms.
    pub fn family(&self, name: &str) -> Option<Tensor> {
        if name == CONTRASTIVE {
            let pairs: Vec<&Tensor> = self.contrasted.iter().map(|(_, value)| value).collect();
            return (!pairs.is_empty()).then(|| Tensor::stack(&pairs, 0).mean(Kind::Float));
        }
        let of_family = |(terms, values): &(Vec<Term>, Tensor)| {
            let first = terms.iter().position(|term| term.family() == name)?;
            let count = terms.iter().filter(|term| term.family() == name).count();
            Some((values.narrow(0, first as i64, count as i64).sum(Kind::Float), count))
        };
        let (sums, counts): (Vec<Tensor>, Vec<usize>) = self.predicted.iter().filter_map(of_family).unzip();
        let count: usize = counts.iter().sum();
        (count > 0).then(|| sums.into_iter().reduce(|a, b| a + b).expect("some") / count as f64)
    }
}

impl Term {
    /// The published name of the term's family.
    pub fn family(self) -> &'static str {
        match self {
            Self::Translation { .. } => TRANSLATION,
            Self::DemiCycle { .. } => DEMI_CYCLES,
            Self::Cycle { .. } => CYCLES,
        }
    }
}
