//! Many small classifiers at once.

use tch::{Kind, Reduction, Tensor};

/// The target of a row that a classifier leaves out.
pub const NO_CLASS: i64 = -100;
/// A logit that has no probability.
const IMPOSSIBLE: f64 = -1e9;

/// The columns of several classifiers, one after the other in one row of logits.
pub struct Classes {
    counts: Vec<i64>,
    /// The column of class c of classifier k at `[k, c]`; those beyond the last class point to a
    /// column after all logits.
    columns: Tensor,
}

impl Classes {
    /// Classifiers with these numbers of classes.
    pub fn new(counts: &[i64], device: tch::Device) -> Self {
        let (most, total) = (counts.iter().copied().max().unwrap_or(0), counts.iter().sum::<i64>());
        let mut first = 0;
        let mut columns = vec![];
        for count in counts {
            columns.extend((0..most).map(|class| if class < *count { first + class } else { total }));
            first += count;
        }
        Self { counts: counts.to_vec(), columns: Tensor::from_slice(&columns).to_device(device) }
    }

    /// The number of classifiers, K.
    pub fn classifiers(&self) -> i64 {
        self.counts.len() as i64
    }

    /// The number of classes of all classifiers together, C.
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// Logits `[N, C]` -> `[N, K, most classes]`, where classes that do not exist are impossible
    fn apart(&self, logits: &Tensor) -> Tensor {
        let none = Tensor::full([logits.size()[0], 1], IMPOSSIBLE, (logits.kind(), logits.device()));
        let padded = Tensor::cat(&[logits, &none], 1).index_select(1, &self.columns);
        padded.view([logits.size()[0], self.classifiers(), -1])
    }

    /// The cross-entropies of logits `[N, C]` against classes `[N, K]`, summed over classifiers and
    /// averaged over rows. A target of [`NO_CLASS`] costs nothing.
    pub fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Tensor {
        let rows = logits.size()[0] as f64;
        let apart = self.apart(logits).flatten(0, 1).log_softmax(-1, Kind::Float);
        let none = None::<Tensor>;
        apart.g_nll_loss(&targets.flatten(0, 1), none, Reduction::Sum, NO_CLASS) / rows
    }

    /// The most likely class of each classifier, `[N, K]`.
    pub fn choose(&self, logits: &Tensor) -> Tensor {
        self.apart(logits).argmax(-1, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn classifiers_of_any_size_are_as_each_alone() {
        let classes = Classes::new(&[3, 2, 4], Device::Cpu);
        assert_eq!((classes.classifiers(), classes.total()), (3, 9));
        let logits = Tensor::from_slice(&(0..18).map(|i| (f64::from(i) * 2.3).sin()).collect::<Vec<_>>());
        let logits = logits.view([2, 9]);
        let targets = Tensor::from_slice2(&[[2i64, NO_CLASS, 0], [1, 1, 3]]);
        let mut expected = 0.0;
        for (k, (from, count)) in [(0i64, 3), (3, 2), (5, 4)].into_iter().enumerate() {
            for row in 0..2 {
                let own = logits.get(row).narrow(0, from, count);
                let target = targets.int64_value(&[row, k as i64]);
                if target != NO_CLASS {
                    expected += own.logsumexp([0i64].as_slice(), false).double_value(&[]);
                    expected -= own.double_value(&[target]);
                }
                let chosen = classes.choose(&logits).int64_value(&[row, k as i64]);
                assert_eq!(chosen, own.argmax(0, false).int64_value(&[]));
            }
        }
        let found = classes.cross_entropy(&logits, &targets).double_value(&[]);
        assert!((found - expected / 2.0).abs() < 1e-5, "{found} {}", expected / 2.0);
    }
}
