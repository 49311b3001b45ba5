//! The fusions of one step: each subset of each group's domains.

/// One broadcast: the state of a subset of a group's domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The index of the group in the batch.
    pub group: usize,
    /// The subset, ascending.
    pub subset: Vec<usize>,
    /// The domains outside of the subset, ascending.
    pub others: Vec<usize>,
    /// The number of the broadcast's selection in the step. The one of its cycle, through all
    /// other domains, comes next.
    pub number: u64,
}

/// The broadcasts of `groups` out of `domains` domains: in each group all subsets, counted upwards
/// in binary, where the first domain is the highest bit.
pub fn calls<'a>(groups: impl Iterator<Item = &'a [usize]>, domains: usize) -> Vec<Call> {
    let mut made = vec![];
    let mut number = 0;
    for (group, members) in groups.enumerate() {
        for mask in 1..1usize << members.len() {
            let within = |place: usize| mask >> (members.len() - 1 - place) & 1 == 1;
            let subset: Vec<usize> =
                (0..members.len()).filter(|place| within(*place)).map(|place| members[place]).collect();
            let others: Vec<usize> = (0..domains).filter(|domain| !subset.contains(domain)).collect();
            let selections = if others.is_empty() { 1 } else { 2 };
            made.push(Call { group, subset, others, number });
            number += selections;
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_counted_upwards_with_the_first_domain_as_the_highest_bit() {
        let groups: [&[usize]; 2] = [&[1], &[0, 1]];
        let found: Vec<_> = calls(groups.into_iter(), 2)
            .into_iter()
            .map(|call| (call.group, call.subset, call.others, call.number))
            .collect();
        let expected = [
            (0, vec![1], vec![0], 0),
            (1, vec![1], vec![0], 2),
            (1, vec![0], vec![1], 4),
            (1, vec![0, 1], vec![], 6),
        ];
        assert_eq!(found, expected);
    }
}
