//! The choice of the items of each group of domains.

use anyhow::{Result, anyhow, ensure};
use umwelt_base::random::Stream;

use super::groups::{DomainGroup, GroupItems};
use super::order::shuffled;
use crate::worlds::workspace::models::GwSettings;

/// The items of each group of domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// One entry for each group with items, items ascending.
    pub groups: Vec<GroupItems>,
    /// The number of domains.
    pub domains: usize,
    /// The number of items that the groups were chosen from.
    pub items: usize,
}

impl Alignment {
    /// The choice out of the training items `inside` (those in distribution), a function of
    /// `gw.alignment_seed` alone. Quotas are counts or shares of them.
    ///
    /// # Errors
    /// When a group would have more items than there are, or fewer than the groups that contain it.
    pub fn new(settings: &GwSettings, inside: &[i64]) -> Result<Self> {
        let items = inside.len();
        let groups = DomainGroup::of(settings).map_err(|(key, reason)| anyhow!("gw.{key}: {reason}"))?;
        let all: Vec<i64> = (0..items as i64).collect();
        let permutation = |group: &DomainGroup| {
            let name = format!("items of {}", group.name(&settings.domains));
            shuffled(&all, Stream::new(settings.alignment_seed, &name), 0)
        };
        let permutations: Vec<Vec<i64>> = groups.iter().map(permutation).collect();
        let mut chosen = split(items, &groups, &permutations, &settings.domains)?;
        chosen.iter_mut().flatten().for_each(|item| *item = inside[*item as usize]);
        let groups = groups.into_iter().zip(chosen).filter(|(_, items)| !items.is_empty());
        let groups = groups.map(|(group, items)| GroupItems { domains: group.domains, items }).collect();
        Ok(Self { groups, domains: settings.domains.len(), items })
    }

    /// The same choice with the items `more` in the domain `domain`, unmatched.
    pub fn with_unmatched(mut self, domain: usize, more: &[i64]) -> Self {
        self.items += more.len();
        let index = self.groups.iter().position(|group| group.domains == [domain]).unwrap_or_else(|| {
            self.groups.insert(0, GroupItems { domains: vec![domain], items: vec![] });
            0
        });
        let items = &mut self.groups[index].items;
        items.extend(more);
        items.sort_unstable();
        self
    }

    /// All items in all domains, as in validation and test.
    pub fn complete(domains: usize, items: usize) -> Self {
        let every = GroupItems { domains: (0..domains).collect(), items: (0..items as i64).collect() };
        Self { groups: vec![every], domains, items }
    }

    /// The items whose latents are known in all domains.
    pub fn matched(&self) -> &[i64] {
        let whole = self.groups.iter().find(|group| group.domains.len() == self.domains);
        whole.map_or(&[], |group| &group.items)
    }
}

/// The sorted items of each group. From the largest groups to the smallest, a group takes as many
/// items as its quota says from its permutation of all items. Each of them also goes to all groups
/// that the group contains, where it counts against the quota.
///
/// # Errors
/// When a group's quota is above `items` or below those of the groups that contain it.
pub fn split(
    items: usize,
    groups: &[DomainGroup],
    permutations: &[Vec<i64>],
    domains: &[String],
) -> Result<Vec<Vec<i64>>> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|g| std::cmp::Reverse(groups[*g].domains.len()));
    let mut chosen = vec![vec![false; items]; groups.len()];
    let mut counts = vec![0; groups.len()];
    for &g in &order {
        let (group, quota) = (&groups[g], groups[g].amount.of(items));
        let name = group.name(domains);
        ensure!(quota <= items, "group {name} cannot have {quota} of {items} training items");
        let left = permutations[g].iter().copied().filter(|item| !chosen[g][*item as usize]);
        let taken: Vec<usize> = left.take(quota - counts[g]).map(|item| item as usize).collect();
        for (other, smaller) in groups.iter().enumerate() {
            if other != g && !group.contains(smaller) {
                continue;
            }
            let fresh = taken.iter().filter(|item| !chosen[other][**item]).count();
            counts[other] += fresh;
            taken.iter().for_each(|item| chosen[other][*item] = true);
            let allowed = smaller.amount.of(items);
            ensure!(
                counts[other] <= allowed,
                "group {} has {allowed} items, but {name}, which contains it, gives it {} of its own; \
                 raise the share of {0} or lower that of {name}",
                smaller.name(domains),
                counts[other]
            );
        }
    }
    let listed = |chosen: Vec<bool>| (0..).zip(chosen).filter(|(_, taken)| *taken).map(|(item, _)| item);
    Ok(chosen.into_iter().map(|chosen| listed(chosen).collect()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn alignment(values: Value, items: usize) -> Result<Alignment> {
        Alignment::new(&serde_json::from_value(values).unwrap(), &(0..items as i64).collect::<Vec<_>>())
    }

    #[test]
    fn matched_items_belong_to_each_domain_and_follow_from_the_seed() {
        let settings = json!({"paired": 40, "prop_available_images": 0.5});
        let found = alignment(settings.clone(), 100).unwrap();
        let sizes: Vec<usize> = found.groups.iter().map(|group| group.items.len()).collect();
        assert_eq!(sizes, [50, 50, 50, 40]);
        let together = &found.groups[3].items;
        for group in &found.groups[..3] {
            assert!(together.iter().all(|item| group.items.contains(item)));
            assert!(group.items.is_sorted());
        }
        assert_ne!(found.groups[0].items, found.groups[1].items, "each group draws for itself");
        assert_eq!(alignment(settings, 100).unwrap(), found);
        let other = json!({"paired": 40, "alignment_seed": 1});
        assert_ne!(alignment(other, 100).unwrap().groups[3].items, *together);
    }

    #[test]
    fn items_out_of_distribution_are_never_matched_and_join_one_domain() {
        let (inside, outside): (Vec<i64>, Vec<i64>) = (0..100).partition(|item| item % 5 > 0);
        let settings = serde_json::from_value(json!({"paired": 0.5})).unwrap();
        let found = Alignment::new(&settings, &inside).unwrap().with_unmatched(1, &outside);
        let sizes: Vec<usize> = found.groups.iter().map(|group| group.items.len()).collect();
        assert_eq!((sizes, found.items), (vec![80, 100, 80, 40], 100));
        assert!(found.matched().iter().all(|item| item % 5 > 0));
        assert_eq!(found.groups[1].items, (0..100).collect::<Vec<_>>());
        let alone = serde_json::from_value(json!({"alignment": {"v,t": 10}})).unwrap();
        let found = Alignment::new(&alone, &inside).unwrap().with_unmatched(0, &outside);
        assert_eq!(found.groups[0], GroupItems { domains: vec![0], items: outside });
    }

    #[test]
    fn groups_without_items_are_left_out() {
        let found = alignment(json!({"paired": 0}), 10).unwrap();
        assert_eq!(found.groups.len(), 3);
        assert_eq!(Alignment::complete(2, 3).groups[0].items, [0, 1, 2]);
    }

    #[test]
    fn quotas_that_do_not_fit_name_both_groups() {
        let error = alignment(json!({"alignment": {"v": 0.1, "v,t": 0.5}}), 20).unwrap_err().to_string();
        assert!(error.starts_with("group v has 2 items, but v,t, which contains it"), "{error}");
        let error = alignment(json!({"paired": 21}), 20).unwrap_err().to_string();
        assert_eq!(error, "group v,attr,t cannot have 21 of 20 training items");
    }
}
