//! The numbers of rows of each group in a batch.

use super::groups::GroupItems;

/// The rows of each of `groups` in a batch of `batch_size`: half of them are of groups of several
/// domains, the other half of single domains, or all of one kind where the other has no items. A
/// group of several domains has rows in proportion to its size, and no more rows than items.
pub fn composition(groups: &[GroupItems], batch_size: usize) -> Vec<usize> {
    let matched: Vec<bool> = groups.iter().map(|group| group.domains.len() > 1).collect();
    let kinds = |kind: bool| matched.iter().filter(|matched| **matched == kind).count();
    let half = match (kinds(true), kinds(false)) {
        (0, _) => 0,
        (_, 0) => batch_size,
        _ => batch_size / 2,
    };
    let weight = |kind: bool, group: &GroupItems| if kind { group.items.len() } else { 1 };
    let share = |kind: bool, rows: usize| {
        let weights = groups.iter().zip(&matched);
        let weights = weights.map(|(group, is)| if *is == kind { weight(kind, group) } else { 0 });
        apportioned(rows, &weights.collect::<Vec<_>>())
    };
    let (several, single) = (share(true, half), share(false, batch_size - half));
    let rows = several.into_iter().zip(single).map(|(a, b)| a + b);
    rows.zip(groups).map(|(rows, group)| rows.min(group.items.len())).collect()
}

/// `total` in proportion to `weights`, as whole numbers whose sum is `total` (or 0 without
/// weights).
fn apportioned(total: usize, weights: &[usize]) -> Vec<usize> {
    let sum: usize = weights.iter().sum();
    let mut before = 0;
    let up_to = |weight: usize| if sum == 0 { 0 } else { (2 * total * weight + sum) / (2 * sum) };
    weights
        .iter()
        .map(|weight| {
            let from = up_to(before);
            before += weight;
            up_to(before) - from
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(groups: &[(&[usize], usize)], batch_size: usize) -> Vec<usize> {
        let group = |(domains, count): &(&[usize], usize)| GroupItems {
            domains: domains.to_vec(),
            items: (0..*count as i64).collect(),
        };
        composition(&groups.iter().map(group).collect::<Vec<_>>(), batch_size)
    }

    #[test]
    fn half_of_a_batch_is_matched() {
        assert_eq!(rows(&[(&[0], 900), (&[1], 900), (&[0, 1], 300)], 512), [128, 128, 256]);
        let three = rows(&[(&[0], 900), (&[1], 900), (&[2], 900), (&[0, 1, 2], 300)], 512);
        assert_eq!((three.iter().sum::<usize>(), three[3]), (512, 256));
        assert!(three[..3].iter().all(|rows| [85, 86].contains(rows)));
    }

    #[test]
    fn groups_of_several_domains_share_their_half_by_size() {
        let groups: [(&[usize], usize); 4] = [(&[0], 900), (&[1], 900), (&[0, 1], 300), (&[1, 2], 100)];
        assert_eq!(rows(&groups, 400), [100, 100, 150, 50]);
    }

    #[test]
    fn a_kind_of_group_without_items_leaves_its_rows_to_the_other() {
        assert_eq!(rows(&[(&[0], 900), (&[1], 900)], 512), [256, 256]);
        assert_eq!(rows(&[(&[0, 1], 900)], 512), [512]);
    }

    #[test]
    fn no_item_comes_twice_in_a_batch() {
        assert_eq!(rows(&[(&[0], 900), (&[1], 900), (&[0, 1], 100)], 512), [128, 128, 100]);
    }
}
