//! Items with their latents in all domains of a workspace.

use anyhow::Result;
use tch::Tensor;

use crate::runs::Progress;
use crate::worlds::workspace::data::Shape;
use crate::worlds::workspace::domains::{Domain, Items, encode_all};
use crate::worlds::workspace::models;

/// A domain as the workspace sees it, with the specialist that encodes and decodes its latents.
pub struct Specialist {
    /// The name and the parts of the latents.
    pub layout: models::Domain,
    pub domain: Box<dyn Domain>,
}

impl Specialist {
    /// The specialist `domain`.
    pub fn new(domain: Box<dyn Domain>) -> Self {
        Self { layout: models::Domain { name: domain.name().into(), parts: domain.parts() }, domain }
    }
}

/// The items of a split with their latents.
pub struct KnownItems {
    pub items: Items,
    /// The latents `[N, width]` of each domain, in the order of the workspace's.
    pub latents: Vec<Tensor>,
}

impl KnownItems {
    /// The latents of `items` in all domains.
    ///
    /// # Errors
    /// The errors of `progress`; when the data of the items cannot be read.
    pub fn encode(specialists: &[Specialist], items: Items, progress: &dyn Progress) -> Result<Self> {
        let encode = |specialist: &Specialist| {
            let parts = encode_all(specialist.domain.as_ref(), &items, progress)?;
            Ok(specialist.layout.join(&parts))
        };
        let latents = specialists.iter().map(encode).collect::<Result<_>>()?;
        Ok(Self { items, latents })
    }

    /// The items of `rows` with their latents.
    pub fn select(&self, rows: &[i64]) -> Self {
        let picked =
            |latents: &Tensor| latents.index_select(0, &Tensor::from_slice(rows).to_device(latents.device()));
        Self { items: self.items.select(rows), latents: self.latents.iter().map(picked).collect() }
    }

    /// The shapes of the items.
    pub fn shapes(&self) -> &[Shape] {
        &self.items.shapes
    }
}
