//! The keys that a sweep varies, and the values that its runs give them.

use std::cmp::Ordering;

use super::run::StudyRun;
use umwelt_charts::format::{self, finite};

/// The value for a run without the key, as in conditional spaces.
pub const ABSENT: &str = "–";

/// The names of keys, in any section, whose values are names of methods.
const METHODS: [&str; 7] = ["model_type", "model", "method", "algorithm", "objective", "group", "run_group"];

/// A key and its values: numbers in ascending order, other values in order of appearance, and
/// [`ABSENT`] last.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub name: String,
    pub values: Vec<String>,
    /// True if all values but [`ABSENT`] are numbers.
    pub numeric: bool,
}

/// The keys of `runs` in order of appearance.
pub fn of(runs: &[StudyRun]) -> Vec<Key> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in runs.iter().flat_map(|run| &run.varied) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| Key::of(name, runs)).collect()
}

/// The value of a key in a run.
pub fn value<'a>(run: &'a StudyRun, key: &str) -> &'a str {
    run.varied.iter().find(|(name, _)| name == key).map_or(ABSENT, |(_, value)| value)
}

impl Key {
    fn of(name: &str, runs: &[StudyRun]) -> Self {
        let values = || runs.iter().map(|run| value(run, name));
        let numeric = values().all(|value| value == ABSENT || finite(value).is_some());
        let mut key = Self { name: name.to_owned(), values: Vec::new(), numeric };
        for value in values() {
            if !key.values.iter().any(|known| key.same(known, value)) {
                key.values.push(value.to_owned());
            }
        }
        key.values.sort_by(|a, b| key_order(numeric, a, b));
        key
    }

    pub fn varies(&self) -> bool {
        self.values.len() > 1
    }

    /// True if every run has a number for the key.
    pub fn is_axis(&self) -> bool {
        self.numeric && self.values.iter().all(|value| value != ABSENT)
    }

    /// The index in `values` of a value; `None` if no run has it.
    pub fn find(&self, value: &str) -> Option<usize> {
        self.values.iter().position(|known| self.same(known, value))
    }

    /// The index in `values` of a run's value.
    pub fn rank(&self, value: &str) -> usize {
        self.find(value).expect("the values of a key are those of its runs")
    }

    /// The numbers among the values.
    pub fn numbers(&self) -> Vec<f64> {
        self.values.iter().filter_map(|value| finite(value)).collect()
    }

    /// True if the values are names of methods.
    pub fn names_methods(&self) -> bool {
        METHODS.contains(&self.name.rsplit('.').next().unwrap_or(&self.name))
    }

    /// The value as a label: `key=value`, or the bare name of a method.
    pub fn label(&self, value: &str) -> String {
        let bare = self.names_methods() && !self.numeric && value != ABSENT;
        if bare { value.to_owned() } else { format!("{}={}", self.name, format::setting(value)) }
    }

    /// Equality of values; `1` and `1.0` are one number.
    fn same(&self, a: &str, b: &str) -> bool {
        a == b || (self.numeric && finite(a).is_some() && finite(a) == finite(b))
    }
}

fn key_order(numeric: bool, a: &str, b: &str) -> Ordering {
    let numbers = || finite(a).zip(finite(b)).filter(|_| numeric).map(|(a, b)| a.total_cmp(&b));
    (a == ABSENT).cmp(&(b == ABSENT)).then_with(|| numbers().unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::super::examples::run;
    use super::*;

    #[test]
    fn numbers_are_in_order_and_words_as_they_come() {
        let values = [("10", "b"), ("2", "a"), ("2.0", "b"), ("1e-3", "c")];
        let runs: Vec<_> = values.iter().map(|(n, w)| run("r", &[("n", n), ("w", w)], None, &[])).collect();
        let keys = of(&runs);
        assert_eq!(keys[0].values, ["1e-3", "2", "10"]);
        assert_eq!(keys[1].values, ["b", "a", "c"]);
        assert_eq!((keys[0].numeric, keys[1].numeric), (true, false));
        assert_eq!((keys[0].rank("2.0"), keys[1].rank("c")), (1, 2));
    }

    #[test]
    fn a_run_without_a_key_has_its_own_value_at_the_end() {
        let runs = [run("a", &[], None, &[]), run("b", &[("depth", "3")], None, &[])];
        let keys = of(&runs);
        assert_eq!(keys[0].values, ["3", ABSENT]);
        assert!(keys[0].numeric && !keys[0].is_axis());
        assert_eq!(keys[0].numbers(), [3.0]);
    }

    #[test]
    fn labels_hold_the_key_unless_they_name_a_method() {
        let varied = [("n", "1"), ("s", "true"), ("a.method", "IDM"), ("rate", "0.012345678")];
        let runs = [run("a", &varied, None, &[]), run("b", &[], None, &[])];
        let labels: Vec<_> = of(&runs).iter().map(|key| key.label(&key.values[0])).collect();
        assert_eq!(labels, ["n=1", "s=true", "IDM", "rate=0.0123"]);
        assert_eq!(of(&runs)[2].label(ABSENT), "a.method=–");
    }
}
