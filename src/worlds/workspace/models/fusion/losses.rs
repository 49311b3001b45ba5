//! The losses of a workspace with fusion.

use tch::{Kind, Tensor};

use super::calls::{Call, calls};
use super::selection::Choice;
use crate::nn::Masks;
use crate::objectives::LossReport;
use crate::objectives::scalars::Scalars;
use crate::worlds::workspace::models::losses::{CONTRASTIVE, CYCLES, DEMI_CYCLES, FUSED, TRANSLATION};
use crate::worlds::workspace::models::workspace::Workspace;
use crate::worlds::workspace::models::{Coefs, ContrastiveKind, LatentBatch};

/// The loss of one domain's prediction from a fused state.
pub struct FusionTerm {
    /// The name of its family.
    pub family: &'static str,
    /// The index of the group in the batch.
    pub group: usize,
    /// The domains of the state, ascending.
    pub subset: Vec<usize>,
    /// The domains that a cycle goes through, ascending; none if it is no cycle.
    pub through: Vec<usize>,
    /// The predicted domain.
    pub target: usize,
    /// A scalar.
    pub value: Tensor,
}

/// All terms of a batch.
pub struct FusionTerms {
    pub predicted: Vec<FusionTerm>,
    /// The contrastive loss of each pair of domains.
    pub contrasted: Vec<((usize, usize), Tensor)>,
}

/// A source of fusion weights `[N, K]`, given the choice and the number of the selection in the
/// step.
type Weigh<'a> = dyn FnMut(&Choice, u64) -> Tensor + 'a;

impl Workspace {
    /// The weights `[N, K]` of a selection in a training step.
    pub fn fusion_weights(&self, choice: &Choice, step: u64, number: u64) -> Tensor {
        self.selection.weights(choice, self.parameters.seed(), step, number)
    }

    pub(in crate::worlds::workspace::models) fn fusion_loss(
        &self,
        batch: &LatentBatch,
        step: u64,
        coefs: &Coefs,
    ) -> LossReport {
        let mut weigh = |choice: &Choice, number| self.fusion_weights(choice, step, number);
        let terms = self.fusion_terms(batch, coefs.cycles > 0.0, self.masks(step).as_ref(), &mut weigh);
        self.combined(coefs, |family| terms.family(family))
    }

    /// All terms of a batch with weights from `weigh`, and without cycles where these are not
    /// wanted.
    pub fn fusion_terms(
        &self,
        batch: &LatentBatch,
        cycles: bool,
        masks: Option<&Masks>,
        weigh: &mut Weigh,
    ) -> FusionTerms {
        let groups = batch.groups().iter().map(|group| group.domains.as_slice());
        let calls = calls(groups, self.domains.len());
        let each = || 0..self.domains.len();
        let encodings: Vec<Tensor> =
            each().map(|domain| self.encode_masked(domain, batch.latents(domain), masks)).collect();
        let states: Vec<Tensor> =
            calls.iter().map(|call| self.broadcast(batch, &encodings, call, weigh)).collect();
        let rows: Vec<i64> = states.iter().map(|state| state.size()[0]).collect();
        let states = Tensor::cat(&states, 0);
        let predictions: Vec<Vec<Tensor>> = each()
            .map(|domain| self.decode_masked(domain, &states, masks).split_with_sizes(&rows, 0))
            .collect();
        let mut predicted = vec![];
        for (c, call) in calls.iter().enumerate() {
            for &target in &batch.groups()[call.group].domains {
                let value = self.term(batch, call, target, &predictions[target][c]);
                let (family, subset) = (family(call, target), call.subset.clone());
                predicted.push(FusionTerm {
                    family,
                    group: call.group,
                    subset,
                    through: vec![],
                    target,
                    value,
                });
            }
        }
        if cycles {
            self.push_cycles(batch, &calls, &predictions, masks, weigh, &mut predicted);
        }
        FusionTerms { predicted, contrasted: self.fusion_contrasts(batch, &encodings) }
    }

    /// The state of the subset of a call.
    fn broadcast(&self, batch: &LatentBatch, encodings: &[Tensor], call: &Call, weigh: &mut Weigh) -> Tensor {
        let latents: Vec<Tensor> = call.subset.iter().map(|d| batch.of_group(*d, call.group)).collect();
        let rows = batch.groups()[call.group].rows;
        let encodings: Vec<Tensor> = call
            .subset
            .iter()
            .map(|d| encodings[*d].narrow(0, batch.first_row(*d, call.group), rows))
            .collect();
        let choice = Choice { domains: &call.subset, latents: &latents, encodings: &encodings };
        self.fused(&encodings, Some(&weigh(&choice, call.number)))
    }

    /// Adds the cycles of all calls, each through all domains outside of its subset.
    fn push_cycles(
        &self,
        batch: &LatentBatch,
        calls: &[Call],
        predictions: &[Vec<Tensor>],
        masks: Option<&Masks>,
        weigh: &mut Weigh,
        terms: &mut Vec<FusionTerm>,
    ) {
        let cycles: Vec<usize> = (0..calls.len()).filter(|c| !calls[*c].others.is_empty()).collect();
        let adapted: Vec<Vec<Tensor>> = self
            .domains
            .iter()
            .zip(predictions)
            .map(|(domain, predictions)| predictions.iter().map(|x| domain.adapt(x)).collect())
            .collect();
        let of_calls = |within: &dyn Fn(&Call) -> bool| -> Vec<usize> {
            cycles.iter().copied().filter(|c| within(&calls[*c])).collect()
        };
        let encoded: Vec<Vec<(usize, Tensor)>> = (0..self.domains.len())
            .map(|domain| {
                let inside = of_calls(&|call| call.others.contains(&domain));
                let inputs: Vec<&Tensor> = inside.iter().map(|c| &adapted[domain][*c]).collect();
                joined(&inside, &inputs, |x| self.encode_masked(domain, x, masks))
            })
            .collect();
        let states: Vec<Tensor> = cycles
            .iter()
            .map(|c| {
                let call = &calls[*c];
                let of = |domain: usize| {
                    let (_, encoding) =
                        encoded[domain].iter().find(|(of, _)| of == c).expect("it was encoded");
                    encoding.shallow_clone()
                };
                let encodings: Vec<Tensor> = call.others.iter().map(|d| of(*d)).collect();
                let latents: Vec<Tensor> =
                    call.others.iter().map(|d| adapted[*d][*c].shallow_clone()).collect();
                let choice = Choice { domains: &call.others, latents: &latents, encodings: &encodings };
                self.fused(&encodings, Some(&weigh(&choice, call.number + 1)))
            })
            .collect();
        for target in 0..self.domains.len() {
            let inside = of_calls(&|call| call.subset.contains(&target));
            let inputs: Vec<&Tensor> = inside
                .iter()
                .map(|c| &states[cycles.iter().position(|of| of == c).expect("it is a cycle")])
                .collect();
            for (c, prediction) in joined(&inside, &inputs, |x| self.decode_masked(target, x, masks)) {
                let call = &calls[c];
                let value = self.term(batch, call, target, &prediction);
                let (subset, through) = (call.subset.clone(), call.others.clone());
                terms.push(FusionTerm { family: CYCLES, group: call.group, subset, through, target, value });
            }
        }
    }

    /// The loss of a prediction of the target for the rows of a call's group.
    fn term(&self, batch: &LatentBatch, call: &Call, target: usize, predicted: &Tensor) -> Tensor {
        let losses = self.domains[target].row_losses(predicted, &batch.of_group(target, call.group));
        losses.mean_dim([0].as_slice(), false, Kind::Float).sum(Kind::Float)
    }

    fn fusion_contrasts(&self, batch: &LatentBatch, encodings: &[Tensor]) -> Vec<((usize, usize), Tensor)> {
        let most = self.contrasted_up_to();
        let side = |domain: usize, g: usize, rows: i64| {
            let encoding = encodings[domain].narrow(0, batch.first_row(domain, g), rows);
            if self.settings.contrastive == ContrastiveKind::Encoding { encoding } else { encoding.tanh() }
        };
        let pairs = (0..self.domains.len()).flat_map(|a| (a + 1..self.domains.len()).map(move |b| (a, b)));
        pairs
            .filter_map(|(a, b)| {
                let groups = batch.groups().iter().enumerate();
                let both = groups.filter(|(_, g)| g.has(a) && g.has(b) && g.domains.len() <= most);
                let (of_a, of_b): (Vec<Tensor>, Vec<Tensor>) =
                    both.map(|(g, group)| (side(a, g, group.rows), side(b, g, group.rows))).unzip();
                let value = || self.contrast(&Tensor::cat(&of_a, 0), &Tensor::cat(&of_b, 0));
                (!of_a.is_empty()).then(|| ((a, b), value()))
            })
            .collect()
    }

    /// The terms of a batch of validation, with weights as outside of training.
    pub(in crate::worlds::workspace::models) fn fusion_scalars(&self, batch: &LatentBatch) -> Scalars {
        let mut weigh = |choice: &Choice, _: u64| {
            let pairs: Vec<(usize, &Tensor)> = choice.domains.iter().copied().zip(choice.latents).collect();
            self.selection.expected(&pairs, choice.encodings)
        };
        let terms = self.fusion_terms(batch, true, None, &mut weigh);
        let mut scalars = Scalars::default();
        for term in &terms.predicted {
            scalars.push(term.name(self, batch), &term.value);
        }
        for ((a, b), value) in &terms.contrasted {
            let [a, b] = [a, b].map(|domain| &self.domains[*domain].name);
            scalars.push(format!("{CONTRASTIVE}_{a}_and_{b}"), value);
        }
        for family in [TRANSLATION, CONTRASTIVE, DEMI_CYCLES, CYCLES, FUSED] {
            if let Some(value) = terms.family(family) {
                scalars.push(family, &value);
            }
        }
        scalars
    }
}

/// The family of a broadcast's term: a subset of one domain translates, or reconstructs itself.
fn family(call: &Call, target: usize) -> &'static str {
    match call.subset.as_slice() {
        [alone] if *alone == target => DEMI_CYCLES,
        subset if !subset.contains(&target) => TRANSLATION,
        _ => FUSED,
    }
}

/// `network` of all `inputs` at once, split again, each behind its number.
fn joined(
    numbers: &[usize],
    inputs: &[&Tensor],
    network: impl Fn(&Tensor) -> Tensor,
) -> Vec<(usize, Tensor)> {
    if inputs.is_empty() {
        return vec![];
    }
    let rows: Vec<i64> = inputs.iter().map(|x| x.size()[0]).collect();
    let outputs = network(&Tensor::cat(inputs, 0)).split_with_sizes(rows, 0);
    numbers.iter().copied().zip(outputs).collect()
}

impl FusionTerm {
    /// The published name: `from_{attr,v}_through_{t}_to_v_case_{attr,v}_loss`.
    pub fn name(&self, workspace: &Workspace, batch: &LatentBatch) -> String {
        let set = |domains: &[usize]| {
            let mut names: Vec<&str> = domains.iter().map(|d| workspace.domains[*d].name.as_str()).collect();
            names.sort_unstable();
            format!("{{{}}}", names.join(","))
        };
        let (from, to) = (set(&self.subset), &workspace.domains[self.target].name);
        if self.through.is_empty() {
            return format!("from_{from}_to_{to}_loss");
        }
        let case = set(&batch.groups()[self.group].domains);
        format!("from_{from}_through_{}_to_{to}_case_{case}_loss", set(&self.through))
    }
}

impl FusionTerms {
    /// The mean of a family's terms; `None` without terms.
    pub fn family(&self, name: &str) -> Option<Tensor> {
        let values: Vec<&Tensor> = match name {
            CONTRASTIVE => self.contrasted.iter().map(|(_, value)| value).collect(),
            _ => self.predicted.iter().filter(|term| term.family == name).map(|term| &term.value).collect(),
        };
        (!values.is_empty()).then(|| Tensor::stack(&values, 0).mean(Kind::Float))
    }
}
