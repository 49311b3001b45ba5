//! A check that every placeholder of a sweep file has a value.

use super::{
    super::{
        reading::wrong,
        setting::{Setting, placeholders as names_in},
        space::{Dimension, Kind, Member},
    },
    SweepFile,
};
use umwelt_settings::{Origin, SettingsError, Value, for_unknown_key};

type Result<T> = std::result::Result<T, SettingsError>;

/// Refuses a placeholder that no unconditional dimension fills.
pub(super) fn check(sweep: &SweepFile) -> Result<()> {
    let always = sweep.space.dimensions.iter().filter(|dimension| dimension.when.is_empty());
    let mut known: Vec<String> = always.map(|dimension| dimension.name.clone()).collect();
    known.extend((!sweep.seeds.is_empty()).then(|| "seed".to_owned()));
    let members = || sweep.space.dimensions.iter().filter_map(members).flatten();
    let configs = sweep.configs.iter().chain(members().flat_map(|member| &member.configs));
    configs.into_iter().try_for_each(|(text, origin)| filled(text, origin, "configs", &known))?;
    let settings = sweep.space.fixed.iter().chain(members().flat_map(|member| &member.settings));
    settings.into_iter().try_for_each(|setting| filled_in(&setting.value, setting, &known))
}

fn members(dimension: &Dimension) -> Option<&[Member]> {
    match &dimension.kind {
        Kind::Group(members) => Some(members),
        _ => None,
    }
}

fn filled_in(value: &Value, setting: &Setting, known: &[String]) -> Result<()> {
    match value {
        Value::Scalar(scalar) => filled(&scalar.text, &setting.origin, &setting.key, known),
        Value::List(nodes) => nodes.iter().try_for_each(|node| filled_in(&node.value, setting, known)),
        Value::Map(_) => Ok(()),
    }
}

fn filled(text: &str, origin: &Origin, key: &str, known: &[String]) -> Result<()> {
    let Some(name) = names_in(text).into_iter().find(|name| !known.iter().any(|known| known == name)) else {
        return Ok(());
    };
    let hint = if known.is_empty() { "give it under `labels:`".into() } else { for_unknown_key(name, known) };
    Err(wrong(origin, key, format!("no label fills {{{name}}}; {hint}")))
}
