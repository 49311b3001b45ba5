//! A settings file as dotted keys, for readers without a schema.

use std::path::Path;

use serde_json::{Map, Number, Value as Json};

use super::{
    SettingsError, read,
    scalar::Meaning,
    tree::{Node, Scalar, Value},
};

/// The settings of a file by dotted key, in the file's order.
///
/// # Errors
/// The file cannot be read or is not valid YAML.
pub fn flat(file: &Path) -> Result<Map<String, Json>, SettingsError> {
    let tree = read::read_file(file)?;
    Ok(tree.leaves().into_iter().map(|(key, value)| (key, json(value))).collect())
}

/// The meaning of `text` as a value of a settings file.
pub fn plain(text: &str) -> Json {
    scalar_json(&Scalar::plain(text))
}

fn json(value: &Value) -> Json {
    match value {
        Value::Scalar(scalar) => scalar_json(scalar),
        Value::List(nodes) => nodes.iter().map(|node: &Node| json(&node.value)).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(key, node)| (key.name.clone(), json(&node.value))).collect()
        }
    }
}

/// A number that JSON cannot hold becomes text.
fn scalar_json(scalar: &Scalar) -> Json {
    let text = || Json::from(scalar.text.as_str());
    match scalar.meaning {
        Meaning::Null => Json::Null,
        Meaning::Bool(truth) => truth.into(),
        Meaning::Int(whole) => Number::from_i128(whole).map_or_else(text, Json::from),
        Meaning::Float(number) => Number::from_f64(number).map_or_else(text, Json::from),
        Meaning::Text | Meaning::Unclear(_) => text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_dotted_and_scalars_follow_the_rules_of_settings() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.yaml");
        let text =
            "a: 1e-3\nb:\n  c: on\n  d: \"512\"\n  e: 0x1F\nf: null\ng: [1, x]\nh: {}\ni: .inf\nj: 017\n";
        std::fs::write(&file, text).unwrap();
        let expected = serde_json::json!({
            "a": 0.001, "b.c": true, "b.d": "512", "b.e": 31, "f": null, "g": [1, "x"], "h": {}, "i": ".inf", "j": "017"
        });
        assert_eq!(Json::Object(flat(&file).unwrap()), expected);
    }

    #[test]
    fn what_is_not_yaml_is_refused_by_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.yaml");
        std::fs::write(&file, "a: [1\n").unwrap();
        let expected = format!(
            "{}:1:4: not valid YAML: this `[` is never closed, or a comma is missing after it",
            file.display()
        );
        assert_eq!(flat(&file).unwrap_err().to_string(), expected);
    }
}
