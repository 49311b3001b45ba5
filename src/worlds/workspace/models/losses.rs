//! The losses of a workspace without fusion: each term goes from one domain to one.

use std::rc::Rc;

use tch::{Kind, Tensor, no_grad};

use super::batch::LatentBatch;
use super::plan::{FAMILIES, Plan, Predictions, Term, Wanted};
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
    /// Terms of predictions, with their parts `[terms, parts]`, one entry for each decoder and
    /// pass.
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
        let wanted = self.wanted(&coefs);
        let plan = self.plan(batch, &wanted);
        let terms = self.terms(batch, &plan, wanted.cycles(), self.masks(step).as_ref());
        let Some(weights) = &plan.total else { return self.combined(&coefs, |_| None) };
        let values = terms.values();
        let families = plan.families.mv(&values.detach());
        let named = FAMILIES.into_iter().zip(families.unbind(0));
        LossReport {
            total: values.dot(weights),
            terms: named.filter(|(name, _)| self.trains(name)).collect(),
        }
    }

    /// True if a family has a coefficient above 0, in whatever epoch.
    fn trains(&self, family: &str) -> bool {
        let coefs = families(&self.settings.coefficients());
        coefs.into_iter().any(|(name, coefficient)| name == family && coefficient > 0.0)
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
            coefs: *coefs,
            combine: self.settings.combination(),
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
        let all = Coefs { translation: 1.0, contrastive: 1.0, demi_cycles: 1.0, cycles: 1.0, fused: 0.0 };
        let wanted = Wanted { untranslated: vec![], ..self.wanted(&all) };
        no_grad(|| self.terms(batch, &self.plan(batch, &wanted), true, None))
    }

    fn plan(&self, batch: &LatentBatch, wanted: &Wanted) -> Rc<Plan> {
        let mut last = self.plan.borrow_mut();
        match last.as_ref().filter(|plan| plan.fits(batch, wanted)) {
            Some(plan) => plan.clone(),
            None => {
                let plan = Plan::new(batch, &self.domains, wanted, self.parameters.device());
                last.insert(Rc::new(plan)).clone()
            }
        }
    }

    fn terms(&self, batch: &LatentBatch, plan: &Plan, cycles: bool, masks: Option<&Masks>) -> Terms {
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
        if cycles {
            let back: Vec<Vec<Tensor>> = each()
                .map(|through| self.states_of(through, plan, direct[through].as_ref(), masks))
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

    /// Decodes the states of `inputs`, adds the losses of the predictions to `losses`, and returns
    /// the predictions as the domain encodes latents.
    fn predictions(
        &self,
        of: usize,
        pass: &Predictions,
        inputs: &[Tensor],
        batch: &LatentBatch,
        masks: Option<&Masks>,
        losses: &mut Vec<(Vec<Term>, Tensor)>,
    ) -> Option<Tensor> {
        let states = match inputs {
            [] => return None,
            [alone] => alone.shallow_clone(),
            several => Tensor::cat(several, 0),
        };
        let outputs = self.networks[of].decode(&states, masks);
        let targets = pass.targets.of(batch.latents(of));
        let (adapted, values) = self.domains[of].adapted_losses(&outputs, &targets, &pass.weights);
        if !pass.terms.is_empty() {
            losses.push((pass.terms.clone(), values));
        }
        Some(adapted)
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
        let states = self.encode_masked(through, &others, masks).tanh();
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
    /// The values of all terms and parts, `[values]`.
    fn values(&self) -> Tensor {
        let predicted = self.predicted.iter().map(|(_, values)| values.flatten(0, -1));
        let contrasted = self.contrasted.iter().map(|(_, value)| value.view([1]));
        Tensor::cat(&predicted.chain(contrasted).collect::<Vec<_>>(), 0)
    }

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
