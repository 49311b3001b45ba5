//! The losses of validation by their published names.

use tch::{Kind, no_grad};

use super::batch::LatentBatch;
use super::losses::{CONTRASTIVE, CYCLES, DEMI_CYCLES, TRANSLATION, Terms};
use super::plan::Term;
use super::workspace::Workspace;
use crate::objectives::scalars::Scalars;

impl Workspace {
    /// All losses of a batch by their published names, whatever their coefficients: each term with
    /// its parts (`translation/domain_attr-v` is of `attr` from `v`, `.._0` its first part), each
    /// family, and the totals. With `gw.fusion` they are the terms of the broadcast from each
    /// subset (`from_{attr,v}_to_t_loss`). A term without rows is left out.
    pub fn validation_losses(&self, batch: &LatentBatch) -> Scalars {
        no_grad(|| {
            if self.settings.fusion {
                return self.fusion_scalars(batch);
            }
            let terms = self.all_terms(batch);
            let mut scalars = Scalars::default();
            self.push_terms(&terms, &mut scalars);
            self.push_totals(&terms, &mut scalars);
            scalars
        })
    }

    fn push_terms(&self, terms: &Terms, scalars: &mut Scalars) {
        for (names, values) in &terms.predicted {
            for (term, values) in names.iter().zip(values.unbind(0)) {
                let name = self.term_name(*term);
                for (part, value) in values.unbind(0).iter().enumerate() {
                    scalars.push(format!("{name}_{part}"), value);
                }
                scalars.push(name, &values.sum(Kind::Float));
            }
        }
        for ((a, b), value) in &terms.contrasted {
            let [a, b] = [a, b].map(|domain| &self.domains[*domain].name);
            scalars.push(format!("{CONTRASTIVE}_s_{a}-s_{b}"), value);
        }
    }

    fn term_name(&self, term: Term) -> String {
        let name = |domain: usize| self.domains[domain].name.as_str();
        let (of, other) = match term {
            Term::Translation { from, of } => (of, name(from)),
            Term::DemiCycle { of } => (of, "u"),
            Term::Cycle { of, through } => (of, name(through)),
        };
        format!("{}/domain_{}-{other}", term.family(), name(of))
    }

    /// The families, and their sums with and without coefficients: supervised ones, the others and
    /// all.
    fn push_totals(&self, terms: &Terms, scalars: &mut Scalars) {
        let coefs = self.settings.coefs;
        let mut totals = [[0, 1], [0, 1]].map(|pair| pair.map(|_| self.scale.zeros_like()));
        for (name, coefficient, kind) in [
            (TRANSLATION, coefs.translation, 0),
            (CONTRASTIVE, coefs.contrastive, 0),
            (DEMI_CYCLES, coefs.demi_cycles, 1),
            (CYCLES, coefs.cycles, 1),
        ] {
            let Some(value) = terms.family(name) else { continue };
            scalars.push(name, &value);
            totals[kind][0] += &value * coefficient;
            totals[kind][1] += value;
        }
        let all = |with: usize| &totals[0][with] + &totals[1][with];
        for (with, suffix) in [(0, ""), (1, "_no_coefs")] {
            scalars.push(format!("supervised{suffix}"), &totals[0][with]);
            scalars.push(format!("unsupervised{suffix}"), &totals[1][with]);
            scalars.push(format!("total{suffix}"), &all(with));
        }
    }
}
