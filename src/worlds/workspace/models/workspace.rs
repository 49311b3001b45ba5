//! The workspace: the networks of all domains around one small state.

use std::cell::RefCell;
use std::rc::Rc;

use tch::{Tensor, no_grad};

use super::fusion::Selection;
use super::networks::Networks;
use super::plan::Plan;
use super::{ContrastiveKind, Domain, GwSettings, SelectionKind};
use crate::nn::{Dropout, Masks, Parameters};
use crate::objectives::clip;

/// A global workspace (Devillers, Maytié and VanRullen, arXiv 2306.15711).
///
/// The state of a set K of domains is tanh of the weighted sum over K of their encodings. Each
/// domain decodes any state.
pub struct Workspace {
    pub parameters: Parameters,
    pub(super) domains: Vec<Domain>,
    pub(super) settings: GwSettings,
    pub(super) networks: Vec<Networks>,
    pub(super) selection: Selection,
    /// The logarithm of the scale of contrastive cosines, where it is learned.
    log_scale: Option<Tensor>,
    pub(super) scale: Tensor,
    dropout: Dropout,
    pub(super) plan: RefCell<Option<Rc<Plan>>>,
}

impl Workspace {
    /// A workspace of `domains` (those of `gw.domains`, in that order), with initial values from
    /// the seed of `parameters`.
    pub fn new(parameters: Parameters, domains: Vec<Domain>, settings: &GwSettings) -> Self {
        let root = parameters.root();
        let networks = domains.iter().map(|domain| Networks::new(&root, domain, settings)).collect();
        let attention = settings.fusion && settings.selection == SelectionKind::Attention;
        let selection = match attention {
            true => Selection::attention(&root.sub("selection"), &domains, settings),
            false => Selection::without_parameters(settings),
        };
        let log_scale = settings
            .learn_logit_scale
            .then(|| root.sub("contrastive").constant("log_scale", &[], clip::SCALE.ln()));
        Self {
            networks,
            selection,
            log_scale,
            scale: Tensor::from(clip::SCALE as f32).to_device(parameters.device()),
            dropout: Dropout::new(settings.dropout),
            plan: RefCell::default(),
            settings: settings.clone(),
            domains,
            parameters,
        }
    }

    /// A workspace of the same sizes with initial values from `seed`.
    pub fn fresh(&self, seed: u64) -> Self {
        let parameters = Parameters::new(self.parameters.device(), seed);
        Self::new(parameters, self.domains.clone(), &self.settings)
    }

    /// The domains in the order of their indices.
    pub fn domains(&self) -> &[Domain] {
        &self.domains
    }

    /// The index of a domain.
    pub fn domain(&self, name: &str) -> Option<usize> {
        self.domains.iter().position(|domain| domain.name == name)
    }

    /// The numbers in a state.
    pub fn size(&self) -> i64 {
        self.settings.z_size as i64
    }

    /// The encoding `[N, z_size]` of latents `[N, width]` of a domain, before tanh.
    pub fn encode(&self, domain: usize, latents: &Tensor) -> Tensor {
        self.networks[domain].encode(latents, None)
    }

    /// The state `[N, z_size]` of latents `[N, width]` of the same items in a set of domains, given
    /// with their indices. Without `gw.fusion` all weights are 1. With it they are those of the
    /// attention, or equal where training draws them.
    pub fn state(&self, latents: &[(usize, &Tensor)]) -> Tensor {
        let encodings: Vec<Tensor> = latents.iter().map(|(domain, x)| self.encode(*domain, x)).collect();
        let weights = self.settings.fusion.then(|| self.selection.expected(latents, &encodings));
        self.fused(&encodings, weights.as_ref())
    }

    /// The states `[N, z_size]` of a domain alone, from latents `[N, width]` of each domain, without
    /// gradients.
    pub fn domain_states(&self, domain: usize, latents: &[Tensor]) -> Tensor {
        no_grad(|| self.state(&[(domain, &latents[domain])]))
    }

    /// tanh of the sum of encodings `[N, z_size]`, times `weights` `[N, encodings]`.
    pub(super) fn fused(&self, encodings: &[Tensor], weights: Option<&Tensor>) -> Tensor {
        match (encodings, weights) {
            ([alone], _) => alone.tanh(),
            (_, None) => Tensor::stack(encodings, 0).sum_dim_intlist([0].as_slice(), false, None).tanh(),
            (_, Some(weights)) => weighted(encodings, weights).tanh(),
        }
    }

    /// The prediction `[N, width]` of a domain from states `[N, z_size]`.
    pub fn decode(&self, domain: usize, states: &Tensor) -> Tensor {
        self.decode_masked(domain, states, None)
    }

    /// The predictions of all domains from states `[N, z_size]`, each `[N, width]`.
    pub fn predict(&self, states: &Tensor) -> Vec<Tensor> {
        (0..self.domains.len()).map(|domain| self.decode(domain, states)).collect()
    }

    /// The prediction `[N, width]` of the domain `to` from latents `[N, width]` of the domain
    /// `from`. From a domain to itself it is a demi-cycle.
    pub fn translate(&self, from: usize, to: usize, latents: &Tensor) -> Tensor {
        self.decode(to, &self.state(&[(from, latents)]))
    }

    /// The prediction `[N, width]` of a domain from its own latents `[N, width]` by way of the
    /// domain `through`.
    pub fn cycle(&self, domain: usize, through: usize, latents: &Tensor) -> Tensor {
        let there = self.translate(domain, through, latents);
        self.translate(through, domain, &self.domains[through].adapt(&there))
    }

    pub(super) fn encode_masked(&self, domain: usize, latents: &Tensor, masks: Option<&Masks>) -> Tensor {
        self.networks[domain].encode(latents, masks)
    }

    pub(super) fn decode_masked(&self, domain: usize, states: &Tensor, masks: Option<&Masks>) -> Tensor {
        self.domains[domain].activate(&self.networks[domain].decode(states, masks))
    }

    /// The dropout masks of a training step, if features are dropped.
    pub(super) fn masks(&self, step: u64) -> Option<Masks<'_>> {
        let dropped = self.settings.dropout > 0.0;
        dropped.then(|| self.dropout.masks(self.parameters.seed(), step))
    }

    /// The contrastive loss between rows `[N, z_size]` of two domains, which belong to each other.
    pub(super) fn contrast(&self, a: &Tensor, b: &Tensor) -> Tensor {
        match (self.settings.contrastive, &self.log_scale) {
            (ContrastiveKind::Vsepp, _) => crate::objectives::vsepp::vsepp(a, b),
            (_, Some(log_scale)) => clip::clip(a, b, &clip::scale(log_scale)),
            (_, None) => clip::clip(a, b, &self.scale),
        }
    }
}

/// The sum of `encodings`, each `[N, z_size]`, with weights `[N, encodings]`.
pub(super) fn weighted(encodings: &[Tensor], weights: &Tensor) -> Tensor {
    let each = encodings.iter().zip(0..).map(|(encoding, k)| encoding * weights.narrow(1, k, 1));
    each.reduce(|a, b| a + b).expect("a state is of at least one domain")
}
