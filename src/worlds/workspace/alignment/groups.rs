//! Groups of domains.

use crate::settings::check::{InvalidSetting, refuse};
use crate::worlds::workspace::models::{Amount, GwSettings};

/// A group of domains, and the amount of items whose latents are known in all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainGroup {
    /// Indices of domains, ascending.
    pub domains: Vec<usize>,
    pub amount: Amount,
}

/// Items of a group of domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupItems {
    /// Indices of domains, ascending.
    pub domains: Vec<usize>,
    /// Indices of items.
    pub items: Vec<i64>,
}

impl DomainGroup {
    /// The groups of `settings`: those of `gw.alignment`, or each domain alone and all together.
    ///
    /// # Errors
    /// When a group of `gw.alignment` names an unknown domain, or two are the same group.
    pub fn of(settings: &GwSettings) -> Result<Vec<Self>, InvalidSetting> {
        match &settings.alignment {
            Some(alignment) => alignment.iter().try_fold(vec![], |groups, (names, amount)| {
                with_group(groups, &settings.domains, names, *amount)
            }),
            None => Ok(shorthand(settings)),
        }
    }

    /// True if this group has all domains of `other` and more.
    pub fn contains(&self, other: &Self) -> bool {
        self.domains.len() > other.domains.len() && other.domains.iter().all(|d| self.domains.contains(d))
    }

    /// The names of the domains, joined by commas.
    pub fn name(&self, domains: &[String]) -> String {
        self.domains.iter().map(|d| domains[*d].as_str()).collect::<Vec<_>>().join(",")
    }
}

fn with_group(
    mut groups: Vec<DomainGroup>,
    domains: &[String],
    names: &str,
    amount: Amount,
) -> Result<Vec<DomainGroup>, InvalidSetting> {
    let key = format!("alignment.{names}");
    let mut indices = vec![];
    for name in names.split(',').map(str::trim) {
        match domains.iter().position(|domain| domain == name) {
            Some(index) => indices.push(index),
            None => {
                return refuse(&key, format!("`{name}` is not among gw.domains ({})", domains.join(", ")));
            }
        }
    }
    indices.sort_unstable();
    indices.dedup();
    if groups.iter().any(|group| group.domains == indices) {
        return refuse(&key, "names the same domains as another group");
    }
    groups.push(DomainGroup { domains: indices, amount });
    Ok(groups)
}

fn shorthand(settings: &GwSettings) -> Vec<DomainGroup> {
    let available = Amount::Share(settings.prop_available_images.unwrap_or(1.0));
    let matched = settings.prop_labelled_images.map_or(settings.paired, Amount::Share);
    let count = settings.domains.len();
    let alone = (0..count).map(|domain| DomainGroup { domains: vec![domain], amount: available });
    let together = DomainGroup { domains: (0..count).collect(), amount: matched };
    alone.chain((count > 1).then_some(together)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn groups(values: Value) -> Result<Vec<(Vec<usize>, Amount)>, InvalidSetting> {
        let groups = DomainGroup::of(&serde_json::from_value(values).unwrap())?;
        Ok(groups.into_iter().map(|group| (group.domains, group.amount)).collect())
    }

    #[test]
    fn shorthands_give_each_domain_alone_and_all_together() {
        let all = Amount::Share(1.0);
        let alone = |amount| (0..3).map(|domain| (vec![domain], amount)).collect::<Vec<_>>();
        let with = |mut groups: Vec<_>, amount| {
            groups.push((vec![0, 1, 2], amount));
            groups
        };
        assert_eq!(groups(json!({})).unwrap(), with(alone(all), Amount::Count(5000)));
        assert_eq!(groups(json!({"paired": 0.1})).unwrap(), with(alone(all), Amount::Share(0.1)));
        let published = json!({"prop_labelled_images": 0.2, "prop_available_images": 0.5});
        assert_eq!(groups(published).unwrap(), with(alone(Amount::Share(0.5)), Amount::Share(0.2)));
        assert_eq!(groups(json!({"domains": ["t"]})).unwrap(), [(vec![0], all)]);
    }

    #[test]
    fn groups_by_name_have_their_domains_in_order() {
        let found = groups(json!({"alignment": {"t, v": 0.5, "attr": 7}})).unwrap();
        assert_eq!(found, [(vec![1], Amount::Count(7)), (vec![0, 2], Amount::Share(0.5))]);
        let twice = groups(json!({"alignment": {"t,v": 0.5, "v,t": 0.5}})).unwrap_err();
        assert_eq!(twice, ("alignment.v,t".into(), "names the same domains as another group".into()));
    }
}
