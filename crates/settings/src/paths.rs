//! Settings that hold paths: a leading `~/` is the home folder of the user.

use std::path::Path;

use super::{
    error::SettingsError,
    scalar::Meaning,
    tree::{Node, Scalar, Value},
};

/// The ending of the name of each setting that holds a path.
const PATH: &str = "_path";

/// Replaces a leading `~/` by the home folder in each setting that holds a path.
///
/// # Errors
/// A path that starts with `~name/`, or an unknown home folder.
pub fn expand_paths(node: &mut Node) -> Result<(), SettingsError> {
    let Value::Map(entries) = &mut node.value else { return Ok(()) };
    for (key, node) in entries {
        let origin = node.origin.clone();
        let expanded = match &mut node.value {
            Value::Map(_) => expand_paths(node),
            Value::Scalar(scalar) if key.name.ends_with(PATH) => expand_scalar(scalar),
            _ => Ok(()),
        };
        expanded.map_err(|error| error.at(&origin).under(&key.name))?;
    }
    Ok(())
}

fn expand_scalar(scalar: &mut Scalar) -> Result<(), SettingsError> {
    if scalar.meaning != Meaning::Null {
        scalar.text = expand_path(&scalar.text)?;
    }
    Ok(())
}

/// A path with the home folder in place of a leading `~/`.
///
/// # Errors
/// A path that starts with `~name/`, or an unknown home folder.
pub fn expand_path(path: &str) -> Result<String, SettingsError> {
    expand(path, std::env::home_dir().as_deref()).map_err(SettingsError::plain)
}

fn expand(path: &str, home: Option<&Path>) -> Result<String, String> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err(format!(
            "`~` stands for your own home folder only; write the path out, or ./{path} for a name that begins with ~"
        ));
    }
    let home = home.and_then(Path::to_str).filter(|home| !home.is_empty());
    match home {
        Some(home) => Ok(format!("{}{rest}", home.trim_end_matches('/'))),
        None => {
            Err("the home folder that `~` stands for is not known; set HOME, or write the path out".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{example::RunSettings, load};

    #[test]
    fn a_leading_tilde_is_the_home_folder_and_others_stay() {
        let at = |path: &str| expand(path, Some(Path::new("/home/ann"))).unwrap();
        assert_eq!([at("~/lab/x"), at("~"), at("~/")], ["/home/ann/lab/x", "/home/ann", "/home/ann/"]);
        for other in ["", "x", "./~", "./~/x", "a/~/b", "/~/x", "x~"] {
            assert_eq!(at(other), other);
        }
        assert_eq!(expand("~/x", Some(Path::new("/"))).unwrap(), "/x");
    }

    #[test]
    fn other_homes_and_unknown_ones_are_refused() {
        let refused = expand("~bob/x", Some(Path::new("/home/ann"))).unwrap_err();
        assert!(
            refused.ends_with("write the path out, or ./~bob/x for a name that begins with ~"),
            "{refused}"
        );
        for home in [None, Some(Path::new(""))] {
            assert!(expand("~/x", home).unwrap_err().contains("set HOME"));
        }
    }

    #[test]
    fn every_path_of_the_schema_is_expanded_and_nothing_else() {
        let values = [
            "model_type=RSSM",
            "output_path=~/a",
            "load_checkpoint_path='~/b'",
            "dataset_structured_noise_path=~/c",
            "como={data_path: \"~/d\", single_agent_path: ~/e}",
            "run_name=~/f",
        ];
        let settings = load::<RunSettings>(&[], &values.map(String::from)).unwrap().settings;
        let home = std::env::home_dir().unwrap();
        let at = |name: &str| Some(format!("{}/{name}", home.display()));
        assert_eq!((settings.output_path, settings.load_checkpoint_path), (at("a"), at("b")));
        assert_eq!(Some(settings.dataset_structured_noise_path), at("c"));
        assert_eq!((Some(settings.como.data_path), settings.como.single_agent_path), (at("d"), at("e")));
        assert_eq!(settings.run_name.as_deref(), Some("~/f"));
    }
}
