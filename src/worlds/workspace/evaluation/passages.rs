//! Predictions of a domain by way of the workspace.

use tch::{Tensor, no_grad};

use crate::worlds::workspace::models::Workspace;

/// A way from a domain's latents to predicted latents of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    pub from: usize,
    /// The domain in between, of a cycle.
    pub through: Option<usize>,
    pub to: usize,
}

impl Passage {
    /// The translations from each domain to `to`, its demi-cycle, and its cycles through each other
    /// domain, among `domains` domains.
    pub fn all_to(to: usize, domains: usize) -> Vec<Self> {
        let others = || (0..domains).filter(move |domain| *domain != to);
        let translations = others().map(|from| Self { from, through: None, to });
        let cycles = others().map(|through| Self { from: to, through: Some(through), to });
        translations.chain([Self { from: to, through: None, to }]).chain(cycles).collect()
    }

    /// True for a way from one domain to another.
    pub fn translates(self) -> bool {
        self.from != self.to
    }

    /// The predicted latents `[N, width]` from latents `[N, width]` of each domain.
    pub fn predict(self, workspace: &Workspace, latents: &[Tensor]) -> Tensor {
        no_grad(|| match self.through {
            None => workspace.translate(self.from, self.to, &latents[self.from]),
            Some(through) => workspace.cycle(self.to, through, &latents[self.to]),
        })
    }

    /// The start of the names of its scores: `v_to_attr`, or `attr_through_v`.
    pub fn key(self, workspace: &Workspace) -> String {
        let name = |domain: usize| &workspace.domains()[domain].name;
        match self.through {
            None => format!("{}_to_{}", name(self.from), name(self.to)),
            Some(through) => format!("{}_through_{}", name(self.to), name(through)),
        }
    }

    /// The way for people: `v -> attr`, or `attr -> v -> attr`.
    pub fn label(self, workspace: &Workspace) -> String {
        let name = |domain: usize| &workspace.domains()[domain].name;
        let through = self.through.map_or(String::new(), |through| format!("{} -> ", name(through)));
        format!("{} -> {through}{}", name(self.from), name(self.to))
    }
}
