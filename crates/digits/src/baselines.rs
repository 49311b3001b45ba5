//! Baselines on the pictures that an agent has learnt, tested on the digits of its test.

use serde::{Deserialize, Serialize};
use umwelt_weightless::baselines::{ClassMean, nearest_by_grey};
use umwelt_weightless::sampling::Chosen;

/// The most pairs of a known and a tested picture that are compared: a second or two.
const PAIRS: usize = 20_000_000;
/// Tested pictures between two looks at a stop.
const SLICE: usize = 50;

/// The result of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineResult {
    pub name: String,
    /// Right answers of the test.
    pub right: usize,
}

/// The class mean and, where the pictures are few enough, the nearest neighbour; none if nothing is
/// known, or `goes_on` became false.
pub fn of(
    known: &Chosen,
    tested: &Chosen,
    classes: usize,
    goes_on: &dyn Fn() -> bool,
) -> Vec<BaselineResult> {
    if known.labels.is_empty() {
        return vec![];
    }
    let means = ClassMean::fit(&known.samples(), classes);
    let mut right = [0, 0];
    let nearest = known.labels.len() * tested.labels.len() <= PAIRS;
    for (images, labels) in tested.images.chunks(SLICE).zip(tested.labels.chunks(SLICE)) {
        if !goes_on() {
            return vec![];
        }
        right[0] += agreeing(&means.answers(images), labels);
        if nearest {
            right[1] += agreeing(&nearest_by_grey(&known.samples(), images, 1), labels);
        }
    }
    let result = |(name, right): (&str, usize)| BaselineResult { name: name.to_owned(), right };
    [("class mean", right[0])]
        .into_iter()
        .chain(nearest.then_some(("nearest neighbour", right[1])))
        .map(result)
        .collect()
}

fn agreeing(answers: &[u8], labels: &[u8]) -> usize {
    answers.iter().zip(labels).filter(|(answer, label)| answer == label).count()
}

#[cfg(test)]
mod tests {
    use umwelt_weightless::PIXELS;

    use super::*;

    fn chosen(values: &[(u8, u8)]) -> Chosen {
        let (images, labels) = values.iter().map(|(value, label)| ([*value; PIXELS], *label)).unzip();
        Chosen { images, labels }
    }

    #[test]
    fn the_mean_and_the_nearest_differ_where_a_class_is_wide() {
        // Class 1 has the mean 120 and class 2 the mean 60.
        let known = chosen(&[(0, 1), (240, 1), (50, 2), (70, 2)]);
        let tested = chosen(&[(5, 1), (235, 1), (60, 2), (10, 1)]);
        let results = of(&known, &tested, 3, &|| true);
        let named: Vec<_> = results.iter().map(|result| (&*result.name, result.right)).collect();
        assert_eq!(named, [("class mean", 2), ("nearest neighbour", 4)]);
        assert!(of(&chosen(&[]), &tested, 3, &|| true).is_empty());
        assert!(of(&known, &tested, 3, &|| false).is_empty());
    }
}
