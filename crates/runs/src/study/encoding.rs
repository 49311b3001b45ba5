//! The encoding of the varied keys in a figure: the x axis, lines and panels.

use std::collections::BTreeSet;

use super::keys::Key;
use super::options::{self, StudyOptions};
use super::points::Point;
use umwelt_base::UserError;

/// The most values of a numeric key that a person lists; a search has more.
const LISTED: usize = 12;

/// The places of the keys in the figure, which also order the rows of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoding {
    pub x: Option<usize>,
    pub line: Option<usize>,
    /// The keys with a panel for each combination of values.
    pub panels: Vec<usize>,
    /// True for the points of a search, which have no lines.
    pub scatter: bool,
    /// True if x is a tuned setting, whose best value is sought, and not a condition.
    tuned: bool,
}

/// The places that the options give, and chosen places for the other keys.
///
/// # Errors
/// As for [`options::places`].
pub fn choose(keys: &[Key], points: &[Point], options: &StudyOptions) -> Result<Encoding, UserError> {
    let places = options::places(&options.report, keys)?;
    let given =
        |option: &'static str| places.iter().filter(move |place| place.0 == option).map(|place| place.1);
    let (x, line) = (given("x").next(), given("line").next());
    let panels: Vec<usize> = given("panel").filter(|&key| keys[key].varies()).collect();
    let taken = |key: usize| places.iter().any(|place| place.1 == key);
    let free: Vec<usize> = (0..keys.len()).filter(|&key| keys[key].varies() && !taken(key)).collect();
    let may_be_search =
        panels.is_empty() && x.is_none_or(|x| line.is_none() && keys[x].values.len() > LISTED);
    if may_be_search && is_search(keys, points) {
        return Ok(Encoding { x, line, scatter: true, ..Encoding::default() });
    }
    let x = x.or_else(|| axis(keys, &free)).or_else(|| categories(keys, &free, line));
    let free: Vec<usize> = free.into_iter().filter(|&key| Some(key) != x).collect();
    let line = line.or_else(|| line_key(keys, &free));
    let tuned = x.is_some_and(|x| options.log.contains(&keys[x].name));
    let mut encoding = Encoding { x, line, panels, scatter: false, tuned };
    for key in free.into_iter().filter(|&key| Some(key) != line) {
        if !encoding.decide(key, points) {
            encoding.panels.push(key);
        }
    }
    Ok(encoding)
}

impl Encoding {
    /// The keys in the order of the table's columns, by which its rows are sorted.
    pub fn order(&self, keys: &[Key]) -> Vec<usize> {
        let mut order = self.panels.clone();
        match self.tuned {
            true => order.extend(self.line.into_iter().chain(self.x)),
            false => order.extend(self.x.into_iter().chain(self.line)),
        }
        let rest: Vec<usize> =
            (0..keys.len()).filter(|key| keys[*key].varies() && !order.contains(key)).collect();
        order.extend(rest);
        order
    }

    /// The number of first keys of [`Encoding::order`] that are a condition. Rows of one condition
    /// are compared.
    pub fn condition(&self) -> usize {
        let both = self.x.is_some() && self.line.is_some() && !self.scatter;
        self.panels.len() + usize::from(both)
    }

    /// True if the keys with a place determine the value of `key`, as if a group sets several keys.
    fn decide(&self, key: usize, points: &[Point]) -> bool {
        let placed: Vec<usize> = self.panels.iter().copied().chain(self.x).chain(self.line).collect();
        let of = |point: &Point| placed.iter().map(|&key| point.ranks[key]).collect::<Vec<_>>();
        let without: BTreeSet<_> = points.iter().map(of).collect();
        let with: BTreeSet<_> = points.iter().map(|point| (of(point), point.ranks[key])).collect();
        with.len() == without.len()
    }
}

/// The numeric key with the most values.
fn axis(keys: &[Key], free: &[usize]) -> Option<usize> {
    let most =
        free.iter().rev().filter(|&&key| keys[key].is_axis()).max_by_key(|&&key| keys[key].values.len());
    most.copied()
}

/// The x axis without numeric keys: the first key that names no methods, or the only key.
fn categories(keys: &[Key], free: &[usize], line: Option<usize>) -> Option<usize> {
    let other = free.iter().find(|&&key| !keys[key].names_methods());
    let other = other.filter(|_| line.is_some() || free.len() > 1);
    other.or(free.first()).copied()
}

fn line_key(keys: &[Key], free: &[usize]) -> Option<usize> {
    let words = || free.iter().filter(|&&key| !keys[key].numeric);
    words().find(|&&key| keys[key].names_methods()).or(words().next()).or(free.first()).copied()
}

/// True for a search: it draws nearly every value anew, a grid repeats each value of one key with
/// every value of another.
fn is_search(keys: &[Key], points: &[Point]) -> bool {
    let varied = keys.iter().filter(|key| key.varies()).count();
    let sampled = keys.iter().filter(|key| is_sampled(key, points));
    match varied {
        0 => false,
        1 => sampled.count() == 1 && points.len() > LISTED,
        _ => sampled.count() > 0 && points.len() > 5,
    }
}

fn is_sampled(key: &Key, points: &[Point]) -> bool {
    key.numeric && 2 * key.numbers().len() > points.len()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{conditions, noise_sweep, run, search};
    use super::super::{keys, points, run::StudyRun};
    use super::*;
    use crate::sweeps::ReportOptions;

    /// The names of x, line and panels, and whether it is a scatter.
    #[track_caller]
    fn encodes(runs: &[StudyRun], options: &StudyOptions, expected: (&str, &str, &[&str], bool)) {
        let keys = keys::of(runs);
        let encoding = choose(&keys, &points::of(runs, &keys), options).unwrap();
        let name = |key: Option<usize>| key.map_or("", |key| keys[key].name.as_str());
        let panels: Vec<&str> = encoding.panels.iter().map(|&key| keys[key].name.as_str()).collect();
        assert_eq!((name(encoding.x), name(encoding.line), panels.as_slice(), encoding.scatter), expected);
    }

    fn with(x: Option<&str>, line: Option<&str>) -> StudyOptions {
        let (x, line) = (x.map(str::to_owned), line.map(str::to_owned));
        StudyOptions {
            report: ReportOptions { x, line, ..ReportOptions::default() },
            ..StudyOptions::default()
        }
    }

    fn grid(keys: &[(&str, &[&str])]) -> Vec<StudyRun> {
        let mut points: Vec<Vec<(&str, &str)>> = vec![vec![]];
        for (key, values) in keys {
            let with =
                |point: &Vec<_>| values.iter().map(|&v| [point.clone(), vec![(*key, v)]].concat()).collect();
            points = points.iter().flat_map(|point| -> Vec<_> { with(point) }).collect();
        }
        points.iter().map(|point| run("r", point, None, &[])).collect()
    }

    #[test]
    fn the_default_is_the_longest_number_the_method_and_the_rest() {
        let silent = StudyOptions::default();
        encodes(&noise_sweep(), &silent, ("dataset_noise", "model_type", &[], false));
        encodes(&conditions(), &silent, ("dataset_noise", "model_type", &["dots", "static"], false));
        encodes(
            &grid(&[("a", &["x", "y"]), ("model.method", &["p", "q", "r"])]),
            &silent,
            ("a", "model.method", &[], false),
        );
        encodes(&grid(&[("model_type", &["p", "q"])]), &silent, ("model_type", "", &[], false));
        encodes(&grid(&[("a", &["1", "2"]), ("b", &["1", "2", "3"])]), &silent, ("b", "a", &[], false));
        encodes(&[], &silent, ("", "", &[], false));
    }

    #[test]
    fn options_come_first_and_no_key_is_averaged_over() {
        let options = with(Some("dots"), Some("static"));
        encodes(&conditions(), &options, ("dots", "static", &["model_type", "dataset_noise"], false));
    }

    #[test]
    fn a_key_with_one_value_takes_no_panel() {
        let runs: Vec<_> = noise_sweep().into_iter().filter(|run| run.varied[0].1 == "IDM").collect();
        let panel = Some("model_type".into());
        let report = ReportOptions { panel, ..ReportOptions::default() };
        encodes(
            &runs,
            &StudyOptions { report, ..StudyOptions::default() },
            ("dataset_noise", "", &[], false),
        );
    }

    #[test]
    fn a_key_that_others_decide_takes_no_panel() {
        let mut runs = noise_sweep();
        for run in &mut runs {
            let rate = if run.varied[0].1 == "VICReg" { "0.2" } else { "0.1" };
            run.varied.push(("base_lr".into(), rate.into()));
        }
        encodes(&runs, &StudyOptions::default(), ("dataset_noise", "model_type", &[], false));
    }

    #[test]
    fn a_search_is_a_scatter() {
        encodes(&search(20), &StudyOptions::default(), ("", "", &[], true));
        let options = with(Some("vicreg.base_lr"), None);
        encodes(&search(20), &options, ("vicreg.base_lr", "", &[], true));
        let lines = with(Some("vicreg.base_lr"), Some("vicreg.arch"));
        encodes(&search(20), &lines, ("vicreg.base_lr", "vicreg.arch", &[], false));
    }
}
