//! Latents of a batch, by domain, and which of their rows show the same items.

use anyhow::{Result, ensure};
use tch::Tensor;

use crate::worlds::workspace::alignment::GroupItems;

/// Latents of the items of several groups of domains. A domain has a row for each item of each
/// group that contains the domain, in the order of the groups.
pub struct LatentBatch {
    groups: Vec<Group>,
    latents: Vec<Tensor>,
}

/// The domains of a group, ascending, and its number of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub domains: Vec<usize>,
    pub rows: i64,
}

/// Rows of a tensor.
pub enum Rows {
    /// The first rows.
    First(i64),
    /// The rows of these indices, `[N]`.
    These(Tensor),
}

impl LatentBatch {
    /// The latents `[rows, width]` of each domain for `groups`.
    ///
    /// # Errors
    /// When a domain has another number of rows than its groups together.
    pub fn new(groups: Vec<Group>, latents: Vec<Tensor>) -> Result<Self> {
        for (domain, latents) in latents.iter().enumerate() {
            let expected: i64 = groups.iter().filter(|group| group.has(domain)).map(|group| group.rows).sum();
            let found = latents.size()[0];
            ensure!(found == expected, "domain {domain} has {found} rows, its groups have {expected}");
        }
        let groups = groups.into_iter().filter(|group| group.rows > 0).collect();
        Ok(Self { groups, latents })
    }

    /// Latents `[N, width]` of the same items in all domains.
    pub fn complete(latents: Vec<Tensor>) -> Result<Self> {
        let rows = latents.first().map_or(0, |latents| latents.size()[0]);
        Self::new(vec![Group { domains: (0..latents.len()).collect(), rows }], latents)
    }

    /// The items of `rows` out of all latents `[items, width]` of each domain.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn gather(all: &[Tensor], rows: &[GroupItems]) -> Result<Self> {
        // Rows with a partner come first: without cycles, the others need not be encoded.
        let mut rows: Vec<&GroupItems> = rows.iter().collect();
        rows.sort_by_key(|group| std::cmp::Reverse(group.domains.len()));
        let gathered = all.iter().enumerate().map(|(domain, latents)| {
            let items = rows.iter().filter(|group| group.domains.contains(&domain));
            let items: Vec<i64> = items.flat_map(|group| group.items.iter().copied()).collect();
            latents.index_select(0, &Tensor::from_slice(&items).to_device(latents.device()))
        });
        let groups =
            rows.iter().map(|group| Group { domains: group.domains.clone(), rows: group.items.len() as i64 });
        Self::new(groups.collect(), gathered.collect())
    }

    /// The groups that have rows.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The latents `[rows, width]` of a domain.
    pub fn latents(&self, domain: usize) -> &Tensor {
        &self.latents[domain]
    }

    /// The first row of a group among the rows of one of its domains.
    pub fn first_row(&self, domain: usize, group: usize) -> i64 {
        self.groups[..group].iter().filter(|group| group.has(domain)).map(|group| group.rows).sum()
    }

    /// The latents `[rows, width]` of one of the domains of a group.
    pub fn of_group(&self, domain: usize, group: usize) -> Tensor {
        self.latents[domain].narrow(0, self.first_row(domain, group), self.groups[group].rows)
    }
}

impl Group {
    /// True if the latents of the group's items are known in `domain`.
    pub fn has(&self, domain: usize) -> bool {
        self.domains.contains(&domain)
    }
}

impl Rows {
    /// The rows of these indices; none are copied where they are the first ones.
    pub fn new(indices: &[i64], device: tch::Device) -> Self {
        if indices.iter().copied().eq(0..indices.len() as i64) {
            return Self::First(indices.len() as i64);
        }
        Self::These(Tensor::from_slice(indices).to_device(device))
    }

    /// The number of rows.
    pub fn count(&self) -> i64 {
        match self {
            Self::First(count) => *count,
            Self::These(indices) => indices.size()[0],
        }
    }

    /// The rows of `x` `[M, ..]` -> `[N, ..]`.
    pub fn of(&self, x: &Tensor) -> Tensor {
        match self {
            Self::First(count) if *count == x.size()[0] => x.shallow_clone(),
            Self::First(count) => x.narrow(0, 0, *count),
            Self::These(indices) => x.index_select(0, indices),
        }
    }
}
