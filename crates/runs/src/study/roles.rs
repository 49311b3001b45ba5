//! What each varied key is for: the x axis, a line a value, a panel a value, or nothing of its own.

use std::collections::BTreeSet;

use super::keys::Key;
use super::points::Point;
use super::wishes::{self, WishError, Wishes};

/// A search's single numeric key takes more values than a person would list.
const LISTED: usize = 12;

/// The keys' places in the figure and the order they give the table's rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roles {
    pub x: Option<usize>,
    pub line: Option<usize>,
    /// The combinations of these keep the lines' points apart.
    pub panels: Vec<usize>,
    /// Whether the points are samples of a search, with neither lines nor levels.
    pub scatter: bool,
    /// Whether x is a setting being tuned, of which the best is sought, and no condition to compare within.
    tuned: bool,
}

/// Follows the wishes, and chooses where they are silent.
pub fn choose(keys: &[Key], points: &[Point], wishes: &Wishes) -> Result<Roles, WishError> {
    let places = wishes::places(wishes, keys)?;
    let wished = |wish: &'static str| places.iter().filter(move |place| place.0 == wish).map(|place| place.1);
    let (x, line, panels) = (wished("x").next(), wished("line").next(), wished("panel").collect::<Vec<_>>());
    let taken = |key: usize| places.iter().any(|place| place.1 == key);
    let free: Vec<usize> = (0..keys.len()).filter(|&key| keys[key].varies() && !taken(key)).collect();
    let wishes_a_search = panels.is_empty() && x.is_none_or(|x| keys[x].values.len() > LISTED);
    if wishes_a_search && is_search(keys, points) {
        return Ok(Roles { x, line, scatter: true, ..Roles::default() });
    }
    let x = x.or_else(|| axis(keys, &free)).or_else(|| categories(keys, &free, line));
    let free: Vec<usize> = free.into_iter().filter(|&key| Some(key) != x).collect();
    let line = line.or_else(|| line_key(keys, &free));
    let tuned = x.is_some_and(|x| wishes.log.contains(&keys[x].name));
    let mut roles = Roles { x, line, panels, scatter: false, tuned };
    for key in free.into_iter().filter(|&key| Some(key) != line) {
        if !roles.decide(key, points) {
            roles.panels.push(key);
        }
    }
    Ok(roles)
}

impl Roles {
    /// The keys in the order of the table's columns; its rows are sorted by them.
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

    /// How many keys of [`Roles::order`] are a condition, within which rows compete.
    pub fn condition(&self) -> usize {
        let both = self.x.is_some() && self.line.is_some() && !self.scatter;
        self.panels.len() + usize::from(both)
    }

    /// Whether the keys with a place decide the value of `key`, as where a file sets several at once.
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

/// Without a number to put along x: the first key that does not name methods, unless there is no other.
fn categories(keys: &[Key], free: &[usize], line: Option<usize>) -> Option<usize> {
    let other = free.iter().find(|&&key| !keys[key].names_methods());
    let other = other.filter(|_| line.is_some() || free.len() > 1);
    other.or(free.first()).copied()
}

fn line_key(keys: &[Key], free: &[usize]) -> Option<usize> {
    let words = || free.iter().filter(|&&key| !keys[key].numeric);
    words().find(|&&key| keys[key].names_methods()).or(words().next()).or(free.first()).copied()
}

/// A grid repeats each value of one key with every value of another; a search draws nearly all anew.
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
    use super::super::{StudyRun, keys, points};
    use super::*;

    /// The names of x, line and panels, and whether it is a scatter.
    #[track_caller]
    fn roles(runs: &[StudyRun], wishes: &Wishes, expected: (&str, &str, &[&str], bool)) {
        let keys = keys::of(runs);
        let roles = choose(&keys, &points::of(runs, &keys), wishes).unwrap();
        let name = |key: Option<usize>| key.map_or("", |key| keys[key].name.as_str());
        let panels: Vec<&str> = roles.panels.iter().map(|&key| keys[key].name.as_str()).collect();
        assert_eq!((name(roles.x), name(roles.line), panels.as_slice(), roles.scatter), expected);
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
    fn silence_means_the_longest_number_the_method_and_the_rest() {
        let silent = Wishes::default();
        roles(&noise_sweep(), &silent, ("dataset_noise", "model_type", &[], false));
        roles(&conditions(), &silent, ("dataset_noise", "model_type", &["dots", "static"], false));
        roles(
            &grid(&[("a", &["x", "y"]), ("model.method", &["p", "q", "r"])]),
            &silent,
            ("a", "model.method", &[], false),
        );
        roles(&grid(&[("model_type", &["p", "q"])]), &silent, ("model_type", "", &[], false));
        roles(&grid(&[("a", &["1", "2"]), ("b", &["1", "2", "3"])]), &silent, ("b", "a", &[], false));
        roles(&[], &silent, ("", "", &[], false));
    }

    #[test]
    fn wishes_come_first_and_no_key_is_averaged_over() {
        let wishes = Wishes { x: Some("dots".into()), line: Some("static".into()), ..Wishes::default() };
        roles(&conditions(), &wishes, ("dots", "static", &["model_type", "dataset_noise"], false));
    }

    #[test]
    fn a_key_that_others_decide_takes_no_panel() {
        let mut runs = noise_sweep();
        for run in &mut runs {
            let rate = if run.varied[0].1 == "VICReg" { "0.2" } else { "0.1" };
            run.varied.push(("base_lr".into(), rate.into()));
        }
        roles(&runs, &Wishes::default(), ("dataset_noise", "model_type", &[], false));
    }

    #[test]
    fn a_search_is_a_scatter() {
        roles(&search(20), &Wishes::default(), ("", "", &[], true));
        let wishes = Wishes { x: Some("vicreg.base_lr".into()), ..Wishes::default() };
        roles(&search(20), &wishes, ("vicreg.base_lr", "", &[], true));
    }
}
