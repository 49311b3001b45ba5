//! A loss: total and named, weighted terms.

use tch::{Kind, Tensor};

/// The value of a term that a step leaves out. No loss comes near it, nor to its sum over the parts
/// of a batch.
const SKIPPED: f64 = -1e30;

/// A total loss with its named terms, all on the device.
pub struct LossReport {
    /// The scalar that training minimises.
    pub total: Tensor,
    /// The unweighted terms, detached.
    pub terms: Vec<(&'static str, Tensor)>,
}

impl LossReport {
    /// The sum of `weight * term`. A term of weight 0 is reported, but neither summed nor
    /// differentiated.
    pub fn weighted(parts: Vec<(&'static str, f64, Tensor)>) -> Self {
        let weighted =
            parts.iter().filter(|(_, weight, _)| *weight != 0.0).map(|(_, weight, term)| term * *weight);
        let zero = || parts[0].2.detach() * 0.0;
        Self {
            total: weighted.reduce(|a, b| a + b).unwrap_or_else(zero),
            terms: parts.iter().map(|(name, _, term)| (*name, term.detach())).collect(),
        }
    }

    /// Adds terms that this step leaves out; others of the run have them.
    #[must_use]
    pub fn skipping(mut self, names: &[&'static str]) -> Self {
        let skipped = self.total.detach().full_like(SKIPPED);
        self.terms.extend(names.iter().map(|name| (*name, skipped.shallow_clone())));
        self
    }

    /// False where [`Self::values`] are of terms that were left out.
    pub fn is_computed(values: &Tensor) -> Tensor {
        values.le(SKIPPED / 10.0).logical_not()
    }

    /// The same numbers without their graph.
    #[must_use]
    pub fn detached(&self) -> Self {
        let terms = self.terms.iter().map(|(name, term)| (*name, term.detach())).collect();
        Self { total: self.total.detach(), terms }
    }

    /// The sums of the totals and of each term of two parts of a batch, which have the same terms.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let pairs = self.terms.iter().zip(&other.terms);
        let terms = pairs.map(|((name, ours), (_, theirs))| (*name, ours + theirs)).collect();
        Self { total: &self.total + &other.total, terms }
    }

    /// The names of the entries of [`Self::values`].
    pub fn names(&self) -> Vec<&'static str> {
        std::iter::once("loss").chain(self.terms.iter().map(|(name, _)| *name)).collect()
    }

    /// The total and all terms as one tensor `[1 + terms]` on the device.
    pub fn values(&self) -> Tensor {
        let terms = self.terms.iter().map(|(_, term)| term.to_kind(Kind::Float));
        Tensor::stack(&std::iter::once(self.total.detach()).chain(terms).collect::<Vec<_>>(), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_without_their_graphs() {
        let x = Tensor::from(2.0f32).set_requires_grad(true);
        let part = |factor: f64| LossReport::weighted(vec![("a", 2.0, &x * factor), ("b", 1.0, &x + factor)]);
        let sum = part(3.0).plus(&part(5.0)).detached();
        // 2 (6 + 10) + (5 + 7), 6 + 10, 5 + 7
        assert_eq!(Vec::<f32>::try_from(sum.values()).expect("floats"), [44.0, 16.0, 12.0]);
        assert!(!sum.total.requires_grad());
    }

    #[test]
    fn terms_are_weighted_in_the_total_and_plain_in_the_report() {
        let term = |value: f32| Tensor::from(value).set_requires_grad(true);
        let (a, b, idle) = (term(2.0), term(3.0), term(5.0));
        let report = LossReport::weighted(vec![
            ("a", 10.0, a.shallow_clone()),
            ("b", 1.0, b.shallow_clone()),
            ("idle", 0.0, idle.shallow_clone()),
        ]);
        assert_eq!(Vec::<f32>::try_from(report.values()).expect("floats"), [23.0, 2.0, 3.0, 5.0]);
        assert_eq!(report.names(), ["loss", "a", "b", "idle"]);
        report.total.backward();
        assert_eq!(a.grad().double_value(&[]), 10.0);
        assert!(!idle.grad().defined());
    }
}
