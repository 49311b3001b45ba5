//! Settings from files and from single values that carry their own origins.

use std::path::PathBuf;

use super::{
    Resolved, Schema,
    error::SettingsError,
    origin::Origin,
    parse::{Source, parse},
    read::read_file,
    resolve_tree,
    tree::{Key, Node, Scalar, Value},
};

/// A value for one dotted key, with the origins of both.
#[derive(Clone, Debug)]
pub struct Given {
    /// The dotted key.
    pub key: String,
    /// The value as YAML.
    pub text: String,
    /// The origin of the key.
    pub key_origin: Origin,
    /// The origin of the value.
    pub origin: Origin,
}

/// Settings from the schema's defaults, `files` and `given`. Later ones win.
///
/// # Errors
/// See [`load`](super::load).
pub fn load_given<T: Schema>(files: &[PathBuf], given: &[Given]) -> Result<Resolved<T>, SettingsError> {
    let mut tree = read_files(files)?;
    for value in given {
        tree.merge(value.tree()?);
    }
    resolve_tree(tree)
}

/// One tree of all files. Values of later files replace those of earlier files.
pub(super) fn read_files(files: &[PathBuf]) -> Result<Node, SettingsError> {
    let mut tree = Node::empty();
    for file in files {
        tree.merge(read_file(file)?);
    }
    Ok(tree)
}

impl Given {
    /// A tree with the value as its only leaf.
    fn tree(&self) -> Result<Node, SettingsError> {
        let source = Source::Values(format!("{}={}", self.key, self.text).into());
        let mut leaf =
            parse(source, &self.text)?.unwrap_or_else(|| self.node(Value::Scalar(Scalar::plain(""))));
        set_origin(&mut leaf, &self.origin);
        Ok(self.key.rsplit('.').fold(leaf, |node, name| {
            let key = Key { name: name.into(), origin: self.key_origin.clone() };
            self.node(Value::Map(vec![(key, node)]))
        }))
    }

    fn node(&self, value: Value) -> Node {
        Node { value, origin: self.origin.clone() }
    }
}

/// Sets the origin of `node` and of everything below it.
fn set_origin(node: &mut Node, origin: &Origin) {
    node.origin = origin.clone();
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::List(nodes) => nodes.iter_mut().for_each(|node| set_origin(node, origin)),
        Value::Map(entries) => {
            for (key, node) in entries {
                key.origin = origin.clone();
                set_origin(node, origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::RunSettings;

    fn given(key: &str, text: &str) -> Given {
        let at = |column| Origin::File { file: "s.yaml".into(), line: 7, column };
        Given { key: key.into(), text: text.into(), key_origin: at(3), origin: at(12) }
    }

    #[test]
    fn each_value_keeps_its_place() {
        let settings =
            [given("model_type", "RSSM"), given("vicreg", "{epochs: 2}"), given("vicreg.base_lr", "1")];
        let loaded = load_given::<RunSettings>(&[], &settings).unwrap();
        assert_eq!((loaded.settings.vicreg.epochs, loaded.settings.vicreg.base_lr), (2, 1.0));
        assert_eq!(loaded.origin("vicreg.epochs").to_string(), "s.yaml:7:12");
    }

    #[test]
    fn an_unknown_key_is_sought_at_the_key_and_a_wrong_value_at_the_value() {
        let error_of = |given| load_given::<RunSettings>(&[], &[given]).unwrap_err().to_string();
        let unknown = "s.yaml:7:3: vicreg.base_lrr: unknown key; did you mean vicreg.base_lr?";
        assert_eq!(error_of(given("vicreg.base_lrr", "1")), unknown);
        assert_eq!(error_of(given("wandb", "3")), "s.yaml:7:12: wandb: expected true or false, found `3`");
        let empty = "s.yaml:7:12: seed: expected a whole number, 0 or more, found nothing";
        assert_eq!(error_of(given("seed", "")), empty);
    }
}
