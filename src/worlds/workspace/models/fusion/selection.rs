//! The weights of the domains in a fused state.

use std::f64::consts::SQRT_2;

use tch::{Kind, Tensor};
use umwelt_base::random::Stream;

use crate::native::normals;
use crate::nn::{Linear, Scope};
use crate::worlds::workspace::models::workspace::weighted;
use crate::worlds::workspace::models::{Domain, GwSettings, SelectionKind};

/// A rule for the weights of the domains in a fused state.
pub enum Selection {
    /// One random domain in each row.
    Single,
    /// Equal weights.
    Shared,
    /// The softmax of uniform numbers over a temperature.
    Random {
        temperature: f64,
    },
    Attention(Attention),
}

/// Weights from keys of the latents and from queries of the state.
pub struct Attention {
    keys: Vec<Linear>,
    query: Linear,
    /// The state of the first query, fixed numbers from U(0, 1), `[z_size]`.
    initial: Tensor,
    steps: usize,
}

/// The domains to choose among, in one fusion.
pub struct Choice<'a> {
    /// Indices of the domains, K of them.
    pub domains: &'a [usize],
    /// The latents of each, `[N, width]`.
    pub latents: &'a [Tensor],
    /// The encodings of each, `[N, z_size]`.
    pub encodings: &'a [Tensor],
}

impl Selection {
    /// The rule of `gw.selection`, where it has no parameters.
    pub fn without_parameters(settings: &GwSettings) -> Self {
        match settings.selection {
            SelectionKind::Single => Self::Single,
            SelectionKind::Random => Self::Random { temperature: settings.temperature },
            SelectionKind::Shared | SelectionKind::Attention => Self::Shared,
        }
    }

    /// Attention with keys of `gw.attention_head_size` features.
    pub fn attention(scope: &Scope, domains: &[Domain], settings: &GwSettings) -> Self {
        Self::Attention(Attention::new(scope, domains, settings))
    }

    /// The weights `[N, K]` in draw `index` of a training step.
    pub fn weights(&self, choice: &Choice, seed: u64, step: u64, index: u64) -> Tensor {
        let (like, count) = (&choice.encodings[0], choice.domains.len() as i64);
        let normal = || {
            let seed = Stream::new(seed, "fusion weights").at(&[step, index]).bits();
            normals(&[like.size()[0], count], like.device(), seed)
        };
        match self {
            Self::Attention(attention) => attention.weights(choice),
            Self::Shared => equal(like, count),
            Self::Single => {
                let places = Tensor::arange(count, (Kind::Int64, like.device()));
                normal().argmax(1, true).eq_tensor(&places).to_kind(Kind::Float)
            }
            Self::Random { temperature } => {
                // The normal distribution function makes uniform numbers.
                let uniform = ((normal() / SQRT_2).erf() + 1.0) / 2.0;
                (uniform / *temperature).softmax(1, Kind::Float)
            }
        }
    }

    /// The weights `[N, K]` outside of training: those of the attention, or else equal ones.
    pub fn expected(&self, latents: &[(usize, &Tensor)], encodings: &[Tensor]) -> Tensor {
        let (domains, latents): (Vec<usize>, Vec<Tensor>) =
            latents.iter().map(|(domain, latents)| (*domain, latents.shallow_clone())).unzip();
        match self {
            Self::Attention(attention) => {
                attention.weights(&Choice { domains: &domains, latents: &latents, encodings })
            }
            _ => equal(&encodings[0], domains.len() as i64),
        }
    }
}

/// Equal weights `[N, count]` for the rows of `like` `[N, ..]`.
fn equal(like: &Tensor, count: i64) -> Tensor {
    Tensor::full([like.size()[0], count], 1.0 / count as f64, (Kind::Float, like.device()))
}

impl Attention {
    pub fn new(scope: &Scope, domains: &[Domain], settings: &GwSettings) -> Self {
        let (head, state) = (settings.attention_head_size as i64, settings.z_size as i64);
        let key =
            |domain: &Domain| Linear::new(&scope.sub("key_layers").sub(&domain.name), domain.width(), head);
        Self {
            keys: domains.iter().map(key).collect(),
            query: Linear::new(&scope.sub("query_layer"), state, head),
            initial: scope.uniform_buffer("initial_gw_state", &[state]),
            steps: settings.attention_steps,
        }
    }

    /// The weights `[N, K]`: softmax over K of key times query, where each query but the first is
    /// of the state with the weights before.
    pub fn weights(&self, choice: &Choice) -> Tensor {
        let each = choice.domains.iter().zip(choice.latents);
        let keys: Vec<Tensor> = each.map(|(domain, latents)| self.keys[*domain].forward(latents)).collect();
        let keys = Tensor::stack(&keys, 1); // [N, K, head]
        let scored = |state: &Tensor| {
            (&keys * self.query.forward(state).unsqueeze(-2))
                .sum_dim_intlist([-1].as_slice(), false, None)
                .softmax(1, Kind::Float)
        };
        let first = scored(&self.initial.unsqueeze(0));
        (0..self.steps).fold(first, |weights, _| scored(&weighted(choice.encodings, &weights)))
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn choice_of(rows: i64, count: usize) -> (Vec<usize>, Vec<Tensor>) {
        let encoding = Tensor::zeros([rows, 4], (Kind::Float, Device::Cpu));
        ((0..count).collect(), (0..count).map(|_| encoding.shallow_clone()).collect())
    }

    fn weights(selection: &Selection, step: u64) -> Tensor {
        let (domains, encodings) = choice_of(4000, 3);
        let choice = Choice { domains: &domains, latents: &encodings, encodings: &encodings };
        selection.weights(&choice, 7, step, 2)
    }

    #[test]
    fn weights_of_a_row_sum_to_1_and_follow_from_the_step() {
        for selection in [Selection::Single, Selection::Shared, Selection::Random { temperature: 0.2 }] {
            let drawn = weights(&selection, 5);
            let sums = drawn.sum_dim_intlist([1].as_slice(), false, None);
            assert!((sums - 1.0).abs().max().double_value(&[]) < 1e-6);
            assert_eq!(drawn, weights(&selection, 5));
            let fixed = matches!(selection, Selection::Shared);
            assert_eq!(drawn == weights(&selection, 6), fixed);
            let means = Vec::<f64>::try_from(drawn.mean_dim([0].as_slice(), false, Kind::Double)).unwrap();
            assert!(means.iter().all(|mean| (mean - 1.0 / 3.0).abs() < 0.03), "{means:?}");
        }
    }

    #[test]
    fn one_domain_of_each_row_is_selected() {
        let drawn = weights(&Selection::Single, 0);
        assert!(bool::try_from(drawn.eq(0.0).logical_or(&drawn.eq(1.0)).all()).unwrap());
    }

    #[test]
    fn random_weights_lean_as_far_as_their_temperature_says() {
        // E softmax(u / t)_1^2 for three uniform numbers, by a sum over the cells of a grid.
        let (cells, temperature) = (60, 0.2f64);
        let at = |i: usize| ((i as f64 + 0.5) / cells as f64 / temperature).exp();
        let exps: Vec<f64> = (0..cells).map(at).collect();
        let mut sum = 0.0;
        for a in &exps {
            for b in &exps {
                sum += exps.iter().map(|c| (a / (a + b + c)).powi(2)).sum::<f64>();
            }
        }
        let expected = sum / (cells as f64).powi(3);
        let drawn = weights(&Selection::Random { temperature }, 1);
        let found = drawn.square().mean(Kind::Double).double_value(&[]);
        assert!((found / expected - 1.0).abs() < 0.03, "{found} {expected}");
    }
}
