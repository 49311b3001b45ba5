//! Batches of the items of an alignment.

use umwelt_base::random::Stream;

use super::composition::composition;
use super::groups::GroupItems;
use super::order::Passes;
use super::split::Alignment;
use crate::worlds::workspace::models::BatchRule;

/// The rows of every training step, each a function of the seed and the step alone.
pub struct Batches {
    groups: Vec<Vec<usize>>,
    batch_size: usize,
    steps_per_epoch: u64,
    rows: Rows,
}

enum Rows {
    /// The items of each group, and its rows in a batch.
    Groups(Vec<(Passes<i64>, usize)>),
    /// Pairs of a group and an item.
    Published(Passes<(u32, u32)>),
}

impl Batches {
    /// The batches of `batch_size` rows of `alignment` by `rule`.
    ///
    /// # Panics
    /// If the alignment has no items.
    pub fn new(alignment: &Alignment, rule: BatchRule, batch_size: usize, seed: u64) -> Self {
        assert!(!alignment.groups.is_empty(), "an alignment without items has no batches");
        let groups = alignment.groups.iter().map(|group| group.domains.clone()).collect();
        let (rows, epoch) = match rule {
            BatchRule::Groups => {
                let counts = composition(&alignment.groups, batch_size);
                let each = alignment.groups.iter().zip(counts).enumerate();
                let passes = each.map(|(g, (group, count))| {
                    let stream = Stream::new(seed, &format!("rows of group {g}"));
                    (Passes::new(group.items.clone(), stream), count)
                });
                (Rows::Groups(passes.collect()), alignment.items)
            }
            BatchRule::Published => {
                let list = published_list(alignment);
                let length = list.len();
                (Rows::Published(Passes::new(list, Stream::new(seed, "rows of an epoch"))), length)
            }
        };
        Self { groups, batch_size, steps_per_epoch: (epoch / batch_size).max(1) as u64, rows }
    }

    /// The steps of an epoch: one pass over the training items, or over the published list.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// The rows of a step, counted from 0, by group: groups without rows are left out.
    pub fn rows(&self, step: u64) -> Vec<GroupItems> {
        let group = |g: usize, items| GroupItems { domains: self.groups[g].clone(), items };
        let mut rows: Vec<GroupItems> = match &self.rows {
            Rows::Groups(passes) => {
                let each = passes.iter().enumerate();
                each.map(|(g, (passes, rows))| group(g, passes.take(step * *rows as u64, *rows))).collect()
            }
            Rows::Published(passes) => {
                let (epoch, within) = (step / self.steps_per_epoch, step % self.steps_per_epoch);
                let from = epoch * passes.len() as u64 + within * self.batch_size as u64;
                let drawn = passes.take(from, self.batch_size.min(passes.len()));
                let mut items = vec![vec![]; self.groups.len()];
                drawn.into_iter().for_each(|(g, item)| items[g as usize].push(i64::from(item)));
                items.into_iter().enumerate().map(|(g, items)| group(g, items)).collect()
            }
        };
        rows.retain(|group| !group.items.is_empty());
        rows
    }
}

/// Items of groups of several domains, repeated until there are as many as the domains have
/// together, and the items of each domain, repeated until there are as many as training items.
fn published_list(alignment: &Alignment) -> Vec<(u32, u32)> {
    let indexed = || (0u32..).zip(&alignment.groups);
    let matched: usize =
        indexed().map(|(_, group)| group).filter(|g| g.domains.len() > 1).map(|g| g.items.len()).sum();
    let repeated = |group: &GroupItems| match group.domains.len() {
        1 => alignment.items.div_ceil(group.items.len()),
        _ => (alignment.domains * alignment.items).div_ceil(matched),
    };
    let entries = |(g, group): (u32, &GroupItems)| {
        let once: Vec<(u32, u32)> = group.items.iter().map(|item| (g, *item as u32)).collect();
        once.repeat(repeated(group))
    };
    indexed().flat_map(entries).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alignment(paired: usize) -> Alignment {
        let settings = json!({"domains": ["v", "attr"], "paired": paired});
        Alignment::new(&serde_json::from_value(settings).unwrap(), &(0..100).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn every_batch_of_groups_has_the_same_composition() {
        let batches = Batches::new(&alignment(30), BatchRule::Groups, 40, 7);
        assert_eq!(batches.steps_per_epoch(), 2);
        let mut seen = vec![0; 100];
        for step in 0..10 {
            let rows = batches.rows(step);
            let sizes: Vec<_> = rows.iter().map(|group| (group.domains.clone(), group.items.len())).collect();
            assert_eq!(sizes, [(vec![0], 10), (vec![1], 10), (vec![0, 1], 20)]);
            rows[0].items.iter().for_each(|item| seen[*item as usize] += 1);
        }
        assert_eq!(seen, [1; 100], "ten steps of ten rows pass over a hundred items once");
        let again = Batches::new(&alignment(30), BatchRule::Groups, 40, 7);
        assert_eq!(again.rows(9), batches.rows(9));
        assert_ne!(again.rows(8), batches.rows(9));
    }

    #[test]
    fn the_published_list_has_as_many_matched_as_single_items() {
        let batches = Batches::new(&alignment(30), BatchRule::Published, 20, 7);
        // ceil(200 / 30) * 30 matched entries, and 100 for each domain.
        assert_eq!(batches.steps_per_epoch(), (210 + 200) / 20);
        let mut counts = [0; 3];
        for step in 0..batches.steps_per_epoch() {
            for group in batches.rows(step) {
                let kind = if group.domains.len() == 2 { 2 } else { group.domains[0] };
                counts[kind] += group.items.len();
            }
        }
        assert_eq!(counts.iter().sum::<usize>(), 400);
        assert!(counts[0] > 90 && counts[1] > 90 && counts[2] >= 200, "{counts:?}");
    }

    #[test]
    fn without_matched_items_batches_are_of_single_domains() {
        for rule in [BatchRule::Groups, BatchRule::Published] {
            let rows = Batches::new(&alignment(0), rule, 40, 7).rows(3);
            assert!(rows.iter().all(|group| group.domains.len() == 1), "{rule:?}");
            assert_eq!(rows.iter().map(|group| group.items.len()).sum::<usize>(), 40);
        }
    }
}
