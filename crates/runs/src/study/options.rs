//! The options of a study.

use umwelt_base::UserError;
use umwelt_settings::for_unknown_choice;

use super::keys::Key;
use crate::sweeps::{Metric, ReportOptions};

/// The options of a study: its title, its layout, and the properties of its sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StudyOptions {
    pub title: String,
    pub report: ReportOptions,
    /// The number that the sweep optimises.
    pub metric: Metric,
    /// The keys that the sweep draws on a logarithmic scale; unknown ones have no effect.
    pub log: Vec<String>,
}

/// The index in `keys` of each key of the options, with the option's name.
pub fn places(report: &ReportOptions, keys: &[Key]) -> Result<Vec<(&'static str, usize)>, UserError> {
    let given = [("x", &report.x), ("line", &report.line), ("panel", &report.panel)];
    let mut places: Vec<(&'static str, usize)> = Vec::new();
    for (option, key) in given.into_iter().filter_map(|(option, key)| Some((option, key.as_ref()?))) {
        let place = key_place(option, key, keys)?;
        if let Some((first, _)) = places.iter().find(|(_, taken)| *taken == place) {
            return Err(UserError(format!("`{key}` is used for both {first} and {option}; choose one")));
        }
        places.push((option, place));
    }
    Ok(places)
}

/// The index of the reference among the values of `line`.
pub fn reference(report: &ReportOptions, line: Option<&Key>) -> Result<Option<usize>, UserError> {
    let Some(reference) = &report.reference else { return Ok(None) };
    let Some(line) = line else {
        return Err(UserError(format!("reference: the figure has no lines to compare with {reference}")));
    };
    let unknown = || {
        let (name, lines) = (&line.name, line.values.join(", "));
        UserError(format!("reference: no line is {name}={reference}\nlines: {lines}"))
    };
    line.values.iter().position(|value| value == reference).ok_or_else(unknown).map(Some)
}

/// The index of the key that an option names.
pub fn key_place(option: &str, key: &str, keys: &[Key]) -> Result<usize, UserError> {
    let unknown = || {
        let known: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        let (hint, known) = (for_unknown_choice(key, &known), known.join(", "));
        UserError(format!("{option}: this sweep does not vary {key}{hint}\nvaried: {known}"))
    };
    keys.iter().position(|known| known.name == key).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::super::{examples::noise_sweep, keys};
    use super::*;

    #[track_caller]
    fn is_refused(report: ReportOptions, expected: &str) {
        let error = places(&report, &keys::of(&noise_sweep())).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest() {
        is_refused(
            ReportOptions { x: Some("dataset_nois".into()), ..ReportOptions::default() },
            "x: this sweep does not vary dataset_nois; did you mean dataset_noise?\n\
             varied: model_type, dataset_noise",
        );
        is_refused(
            ReportOptions { panel: Some("zz".into()), ..ReportOptions::default() },
            "panel: this sweep does not vary zz\nvaried: model_type, dataset_noise",
        );
    }

    #[test]
    fn a_key_has_one_place() {
        let key = || Some("model_type".to_owned());
        is_refused(
            ReportOptions { x: key(), panel: key(), ..ReportOptions::default() },
            "`model_type` is used for both x and panel; choose one",
        );
    }
}
