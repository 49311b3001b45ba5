//! Groups of parameters with learning rates of their own.

use tch::Tensor;

use super::{Optimiser, OptimizerKind, Rates, build};

/// Optimisers of one kind, each for some of the parameters and with a factor on the learning rate.
pub struct Groups(Vec<(f64, Box<dyn Optimiser>)>);

impl Groups {
    /// An optimiser for each different `factor` of the parameters' names.
    pub fn new(kind: OptimizerKind, parameters: Vec<(String, Tensor)>, factor: impl Fn(&str) -> f64) -> Self {
        let mut groups: Vec<(f64, Vec<(String, Tensor)>)> = vec![];
        for (name, parameter) in parameters {
            let own = factor(&name);
            match groups.iter_mut().find(|(known, _)| *known == own) {
                Some((_, group)) => group.push((name, parameter)),
                None => groups.push((own, vec![(name, parameter)])),
            }
        }
        Self(groups.into_iter().map(|(factor, group)| (factor, build(kind, group))).collect())
    }
}

impl Optimiser for Groups {
    fn step(&mut self, rates: Rates) {
        for (factor, optimiser) in &mut self.0 {
            optimiser.step(Rates { lr: *factor * rates.lr, ..rates });
        }
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.0.iter().flat_map(|(_, optimiser)| optimiser.state()).collect()
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn each_group_steps_with_its_own_rate_and_keeps_its_state() {
        let parameter = || Tensor::from_slice(&[1.0f32]).set_requires_grad(true);
        let named: Vec<(String, Tensor)> = ["a", "b", "c"].map(|name| (name.to_owned(), parameter())).into();
        let all: Vec<Tensor> = named.iter().map(|(_, tensor)| tensor.shallow_clone()).collect();
        let kind = OptimizerKind::AdamW { epsilon: 0.0, weight_decay: 0.0 };
        let mut groups = Groups::new(kind, named, |name| if name == "b" { 3.0 } else { 1.0 });
        (&all[0] + &all[1] + &all[2]).sum(Kind::Float).backward();
        groups.step(Rates::constant(0.1));
        // The first step of Adam is the learning rate times the sign of the gradient.
        let found: Vec<f64> = all.iter().map(|tensor| tensor.double_value(&[0])).collect();
        assert!(found.iter().zip([0.9, 0.7, 0.9]).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        assert_eq!(groups.state().len(), 9);
    }
}
