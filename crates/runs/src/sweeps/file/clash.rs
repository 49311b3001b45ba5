//! Checks for keys that two parts of a sweep file set.

use super::{
    super::{
        reading::wrong,
        setting::{Setting, overlap, value_of},
        space::{Dimension, Kind, Member},
    },
    SweepFile,
};
use umwelt_settings::{Origin, SettingsError};

type Result<T> = std::result::Result<T, SettingsError>;

/// Refuses two dimensions with one name, or two that set one key in the same trial.
pub(super) fn names(sweep: &SweepFile) -> Result<()> {
    let dimensions = &sweep.space.dimensions;
    for (position, dimension) in dimensions.iter().enumerate() {
        for earlier in &dimensions[..position] {
            if earlier.name == dimension.name {
                let message = format!("this name is used before, at {}", earlier.origin);
                return Err(wrong(&dimension.origin, &dimension.name, message));
            }
            if let Some((ours, theirs)) = clash(dimension, earlier) {
                let (who, other) = (label(dimension), label(earlier));
                let message = format!("{who} sets it, but so does {other}, at {}", theirs.origin);
                return Err(wrong(ours.origin, ours.key, message));
            }
        }
    }
    let seeds = sweep.seeds.first().map(|seed| &seed.key_origin);
    let sets_seed = |dimension: &Dimension| assigned(dimension).iter().any(|ours| overlap(ours.key, "seed"));
    match (seeds, dimensions.iter().find(|dimension| sets_seed(dimension))) {
        (Some(seeds), Some(other)) => {
            let message = format!("sets seed, but so does {}, at {}", label(other), other.origin);
            Err(wrong(seeds, "seeds", message))
        }
        _ => Ok(()),
    }
}

/// Refuses a constant parameter that something else sets too.
pub(super) fn constants(constants: &[Setting], dimensions: &[Dimension]) -> Result<()> {
    for (position, constant) in constants.iter().enumerate() {
        let same = |setting: &&Setting| overlap(&setting.key, &constant.key);
        let earlier = constants[..position]
            .iter()
            .find(same)
            .map(|earlier| (earlier.key_origin.clone(), "another parameter".to_owned()));
        let varied = dimensions.iter().find_map(|dimension| {
            let set = assigned(dimension).into_iter().find(|set| overlap(set.key, &constant.key))?;
            Some((set.origin.clone(), label(dimension)))
        });
        if let Some((place, other)) = earlier.or(varied) {
            let message = format!("a parameter sets it, but so does {other}, at {place}");
            return Err(wrong(&constant.key_origin, &constant.key, message));
        }
    }
    Ok(())
}

/// A key that a dimension sets.
#[derive(Clone, Copy)]
pub(super) struct Assigned<'a> {
    pub key: &'a str,
    origin: &'a Origin,
    member: Option<&'a Member>,
}

/// The keys that a dimension sets.
pub(super) fn assigned(dimension: &Dimension) -> Vec<Assigned<'_>> {
    match &dimension.kind {
        Kind::Parameter => vec![Assigned { key: &dimension.name, origin: &dimension.origin, member: None }],
        Kind::Label => Vec::new(),
        Kind::Group(members) => members.iter().flat_map(settings_of).collect(),
    }
}

fn settings_of(member: &Member) -> impl Iterator<Item = Assigned<'_>> {
    member.settings.iter().map(move |setting| {
        let (key, origin) = (setting.key.as_str(), &setting.key_origin);
        Assigned { key, origin, member: Some(member) }
    })
}

fn label(dimension: &Dimension) -> String {
    match dimension.kind {
        Kind::Group(_) => format!("the group {}", dimension.name),
        _ => "a parameter".into(),
    }
}

/// A key that two dimensions set in the same trial, once for each of them.
fn clash<'a>(a: &'a Dimension, b: &'a Dimension) -> Option<(Assigned<'a>, Assigned<'a>)> {
    let pairs =
        assigned(a).into_iter().flat_map(|ours| assigned(b).into_iter().map(move |theirs| (ours, theirs)));
    pairs.into_iter().find(|(ours, theirs)| {
        overlap(ours.key, theirs.key) && !excludes(a, b, theirs.member) && !excludes(b, a, ours.member)
    })
}

/// True if a dimension never applies when the group `other` selects `member`.
fn excludes(dimension: &Dimension, other: &Dimension, member: Option<&Member>) -> bool {
    let Some(member) = member else { return false };
    dimension.when.iter().any(|condition| {
        let named = (condition.key == other.name).then(|| member.name.clone());
        let value = named.or_else(|| value_of(&member.settings, &condition.key));
        value.is_some_and(|value| !condition.holds(Some(&value)))
    })
}
