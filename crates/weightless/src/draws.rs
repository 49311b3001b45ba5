//! Permutations and choices from random generators.

use umwelt_base::random::Rng;

/// The numbers below `count` in random order.
pub fn permutation(count: usize, rng: &mut Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    rng.shuffle(&mut order);
    order
}

/// `count` different numbers below `bound`, sorted; all of them where there are fewer.
pub fn choose(count: usize, bound: usize, rng: &mut Rng) -> Vec<u32> {
    let mut all = permutation(bound, rng);
    all.truncate(count);
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::*;

    #[test]
    fn every_permutation_is_as_frequent() {
        let mut counts = std::collections::BTreeMap::<Vec<u32>, u32>::new();
        for i in 0..6000 {
            *counts.entry(permutation(3, &mut Stream::new(1, "t").at(&[i]))).or_default() += 1;
        }
        assert_eq!(counts.len(), 6);
        // Binomial deviation: 29.
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn chosen_numbers_differ_and_each_is_as_frequent() {
        let mut counts = [0; 5];
        for i in 0..5000 {
            let chosen = choose(2, 5, &mut Stream::new(2, "t").at(&[i]));
            assert!(chosen[0] < chosen[1] && chosen.len() == 2);
            chosen.iter().for_each(|at| counts[*at as usize] += 1);
        }
        // Binomial deviation: 35.
        assert!(counts.iter().all(|count| (1820..2180).contains(count)), "{counts:?}");
        assert_eq!(choose(9, 3, &mut Stream::new(2, "t").at(&[])), [0, 1, 2]);
    }
}
