//! Command-line settings that override those of a sweep file.

use super::{
    super::{
        groups::equal_members,
        reading::wrong,
        setting::{Setting, flatten, overlap},
        space::Kind,
    },
    SweepFile,
};
use umwelt_settings::{Node, SettingsError, parse_argument, refuse_interpolation};

type Result<T> = std::result::Result<T, SettingsError>;

/// Overrides the settings of groups and constants by `arguments`.
///
/// # Errors
/// An argument that sets a varied key, or that makes two members of a group equal.
pub(super) fn apply(sweep: &mut SweepFile, arguments: &[String]) -> Result<()> {
    let overrides = parse(arguments)?;
    let varies = |key: &str| {
        let parameters =
            sweep.space.dimensions.iter().filter(|dimension| matches!(dimension.kind, Kind::Parameter));
        let mut names = parameters.map(|dimension| dimension.name.as_str());
        names.any(|name| overlap(name, key)) || !sweep.seeds.is_empty() && overlap("seed", key)
    };
    if let Some(setting) = overrides.iter().find(|setting| varies(&setting.key)) {
        let message = "this sweep varies it; leave it out here, or change the sweep file";
        return Err(wrong(&setting.origin, &setting.key, message));
    }
    let overridden = |setting: &Setting| overrides.iter().find(|over| over.key == setting.key);
    for dimension in &mut sweep.space.dimensions {
        let Kind::Group(members) = &mut dimension.kind else { continue };
        let last = members.iter().flat_map(|member| &member.settings).find_map(&overridden);
        members.iter_mut().for_each(|member| member.settings.retain(|setting| overridden(setting).is_none()));
        if let (Some((a, b)), Some(over)) = (equal_members(members), last) {
            let message = format!("makes {a} and {b} of the group {} the same settings", dimension.name);
            return Err(wrong(&over.origin, &over.key, message));
        }
    }
    sweep.space.fixed.retain(|setting| overridden(setting).is_none());
    sweep.space.fixed.extend(overrides);
    Ok(())
}

/// The settings of `KEY=VALUE` arguments; later ones override earlier ones.
fn parse(arguments: &[String]) -> Result<Vec<Setting>> {
    let mut tree = Node::empty();
    for argument in arguments {
        tree.merge(parse_argument(argument)?);
    }
    refuse_interpolation(&tree)?;
    flatten(&tree, "")
}
