//! Checks of a sweep file's conditions, method and size.

use super::{
    super::{
        condition::Condition,
        domain::Domain,
        plain::Method,
        reading::wrong,
        samplers::MOST_DIMENSIONS,
        scalar::equal,
        space::{Dimension, MOST_RUNS, Space},
    },
    SweepFile,
    clash::assigned,
    seeds::as_list,
};
use umwelt_settings::{Node, Origin, SettingsError, Value, for_unknown_key};

type Result<T> = std::result::Result<T, SettingsError>;

/// Sorts each dimension behind those that its `when` depends on, otherwise in the order of the
/// file.
pub(super) fn order(space: &mut Space) -> Result<()> {
    for dimension in &space.dimensions {
        dimension.when.iter().try_for_each(|condition| check(condition, space, "when"))?;
    }
    let mut waiting: Vec<Dimension> = std::mem::take(&mut space.dimensions);
    while !waiting.is_empty() {
        let free = |dimension: &Dimension| {
            dimension.when.iter().all(|condition| !waiting.iter().any(|other| sets(other, &condition.key)))
        };
        let Some(next) = waiting.iter().position(free) else {
            let condition = &waiting[0].when[0];
            let message = format!("{} depends on itself", waiting[0].name);
            return Err(wrong(&condition.origin, &format!("when.{}", condition.key), message));
        };
        space.dimensions.push(waiting.remove(next));
    }
    Ok(())
}

/// Checks that the sweep has the keys and values of `exclude`.
pub(super) fn exclusions(space: &Space) -> Result<()> {
    space.excluded.iter().flatten().try_for_each(|condition| check(condition, space, "exclude"))
}

fn check(condition: &Condition, space: &Space, section: &str) -> Result<()> {
    let key = format!("{section}.{}", condition.key);
    let fixed = space.fixed.iter().any(|setting| setting.key == condition.key);
    if !fixed && !space.dimensions.iter().any(|dimension| sets(dimension, &condition.key)) {
        let hint = for_unknown_key(&condition.key, &known_names(space));
        let message = format!("neither varied nor set in this sweep; {hint}");
        return Err(wrong(&condition.origin, &key, message));
    }
    let named = space.dimensions.iter().find(|dimension| dimension.name == condition.key);
    let Some(Domain::Choices(choices)) = named.map(|dimension| &dimension.domain) else { return Ok(()) };
    let is_one = |value: &str| choices.iter().any(|choice| equal(&choice.shown, value));
    match condition.allowed.iter().find(|(value, _)| !is_one(value)) {
        Some((value, origin)) => {
            let shown: Vec<&str> = choices.iter().map(|choice| choice.shown.as_str()).collect();
            Err(wrong(origin, &key, format!("expected one of {}, found `{value}`", shown.join(", "))))
        }
        None => Ok(()),
    }
}

fn sets(dimension: &Dimension, key: &str) -> bool {
    dimension.name == key || assigned(dimension).iter().any(|set| set.key == key)
}

fn known_names(space: &Space) -> Vec<String> {
    let set = space.dimensions.iter().flat_map(|dimension| {
        std::iter::once(dimension.name.clone())
            .chain(assigned(dimension).into_iter().map(|set| set.key.into()))
    });
    let mut names: Vec<String> = set.chain(space.fixed.iter().map(|setting| setting.key.clone())).collect();
    names.dedup();
    names
}

/// Checks that the method can draw points of this space, and that the file gives a budget if
/// needed.
pub(super) fn size<'a>(sweep: &SweepFile, place: impl Fn(&str) -> &'a Origin) -> Result<()> {
    let dimensions = &sweep.space.dimensions;
    if sweep.points.as_ref().is_some_and(Vec::is_empty) {
        return Err(wrong(place("exclude"), "exclude", "leaves no point"));
    }
    match sweep.method {
        Method::Grid => {
            if let Some(dimension) = dimensions.iter().find(|dimension| dimension.domain.count().is_none()) {
                let message =
                    "a grid needs a list of values, or `step`; or choose `method: random`, sobol or tpe";
                return Err(wrong(&dimension.origin, &dimension.name, message));
            }
            if sweep.points.is_none() {
                let message = format!("a grid of more than {MOST_RUNS} points; choose `method: random`");
                return Err(wrong(place("method"), "method", message));
            }
            return Ok(());
        }
        Method::Sobol if dimensions.len() > MOST_DIMENSIONS => {
            let message = format!("sobol has at most {MOST_DIMENSIONS} dimensions, not {}", dimensions.len());
            return Err(wrong(place("method"), "method", message + "; choose `method: random`"));
        }
        _ => {}
    }
    if sweep.budget.is_none() {
        let message = "is missing; say how many points to try, for instance `budget: 30`";
        return Err(wrong(place("method"), "budget", message));
    }
    Ok(())
}

/// Refuses more than [`MOST_RUNS`] runs; `given` is the place of a key in the sweep file.
pub(super) fn runs<'a>(
    sweep: &SweepFile,
    seeds: Option<&Node>,
    given: impl Fn(&str) -> Option<&'a Origin>,
) -> Result<()> {
    let points = sweep.points.as_ref().map_or(usize::MAX, Vec::len).min(sweep.budget.unwrap_or(usize::MAX));
    let each = sweep.seeds_per_point();
    if points.saturating_mul(each) <= MOST_RUNS {
        return Ok(());
    }
    let budget = ["budget", "run_cap"].into_iter().find_map(|key| Some((key, given(key)?)));
    match (seeds, budget) {
        (Some(node), _) if points <= MOST_RUNS => {
            let message =
                format!("{points} points with {each} seeds each, but a sweep has at most {MOST_RUNS} runs");
            let is_number = matches!(node.value, Value::Scalar(_));
            let hint = if is_number { format!("; {}", as_list(each as u64)) } else { String::new() };
            Err(wrong(&node.origin, "seeds", message + &hint))
        }
        (_, Some((key, origin))) => Err(wrong(
            origin,
            key,
            format!("must be at most {MOST_RUNS}, the most runs of a sweep, but is {points}"),
        )),
        _ => Ok(()),
    }
}
