//! The runs of a study with certain values.

use umwelt_base::UserError;

use super::keys::{self, Key};
use super::options::key_place;
use super::run::StudyRun;

/// The runs with the values of `conditions`, each `KEY=VALUE`. Several values of one key are
/// alternatives.
///
/// # Errors
/// A condition of another form, a key that no run varies, or a value that no run has.
pub fn only(runs: Vec<StudyRun>, conditions: &[String]) -> Result<Vec<StudyRun>, UserError> {
    if conditions.is_empty() {
        return Ok(runs);
    }
    let keys = keys::of(&runs);
    let mut allowed: Vec<Vec<usize>> = vec![Vec::new(); keys.len()];
    for condition in conditions {
        let (key, rank) = parse(condition, &keys)?;
        allowed[key].push(rank);
    }
    let has = |run: &StudyRun, (key, ranks): (&Key, &Vec<usize>)| {
        ranks.is_empty() || ranks.contains(&key.rank(keys::value(run, &key.name)))
    };
    Ok(runs.into_iter().filter(|run| keys.iter().zip(&allowed).all(|of| has(run, of))).collect())
}

/// The index of a condition's key, and of its value among those of the key.
fn parse(condition: &str, keys: &[Key]) -> Result<(usize, usize), UserError> {
    let form = || UserError(format!("only: {condition} is not KEY=VALUE, such as dataset_noise=1"));
    let (name, value) = condition.split_once('=').ok_or_else(form)?;
    let key = key_place("only", name, keys)?;
    let unknown = || {
        let values = keys[key].values.join("; ");
        UserError(format!("only: no run has {name}={value}\nvalues of {name}: {values}"))
    };
    keys[key].find(value).ok_or_else(unknown).map(|rank| (key, rank))
}

#[cfg(test)]
mod tests {
    use super::super::examples::noise_sweep;
    use super::*;

    #[track_caller]
    fn leaves(conditions: &[&str], expected: usize) {
        let conditions: Vec<String> = conditions.iter().map(|&condition| condition.to_owned()).collect();
        assert_eq!(only(noise_sweep(), &conditions).unwrap().len(), expected);
    }

    #[test]
    fn values_of_a_key_are_alternatives_and_keys_are_not() {
        leaves(&[], 18);
        leaves(&["model_type=IDM"], 9);
        leaves(&["model_type=IDM", "dataset_noise=1.0"], 3);
        leaves(&["dataset_noise=1", "dataset_noise=2", "model_type=IDM"], 6);
    }

    #[test]
    fn an_error_lists_what_there_is() {
        let refusal = |condition: &str| only(noise_sweep(), &[condition.into()]).unwrap_err().to_string();
        assert_eq!(refusal("IDM"), "only: IDM is not KEY=VALUE, such as dataset_noise=1");
        assert_eq!(
            refusal("dataset_nois=1"),
            "only: this sweep does not vary dataset_nois; did you mean dataset_noise?\n\
             varied: model_type, dataset_noise"
        );
        assert_eq!(
            refusal("dataset_noise=7"),
            "only: no run has dataset_noise=7\nvalues of dataset_noise: 0; 1; 2"
        );
    }
}
