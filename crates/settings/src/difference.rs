//! The keys at which two settings differ.

use super::{
    Schema,
    resolved::to_tree,
    tree::{Node, Value},
    yaml::inline,
};

/// A key with different values in two settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The dotted key.
    pub key: String,
    /// The left value as YAML; empty if only the right settings have the key.
    pub left: String,
    /// The right value as YAML; empty if only the left settings have the key.
    pub right: String,
}

/// All differences between `a` (left) and `b` (right), in the schema's order.
pub fn differences<T: Schema>(a: &T, b: &T) -> Vec<Difference> {
    let (a, b) = (to_tree(a), to_tree(b));
    let mut keys: Vec<String> = a.leaves().into_iter().map(|(key, _)| key).collect();
    keys.extend(b.leaves().into_iter().map(|(key, _)| key).filter(|key| a.get(key).is_none()));
    let compared =
        keys.into_iter().map(|key| Difference { left: leaf_text(&a, &key), right: leaf_text(&b, &key), key });
    compared.filter(|difference| difference.left != difference.right).collect()
}

fn leaf_text(root: &Node, key: &str) -> String {
    match root.get(key).map(|node| &node.value) {
        None => String::new(),
        Some(Value::Map(entries)) if !entries.is_empty() => String::new(),
        Some(value) => inline(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::RunSettings;

    #[test]
    fn each_differing_leaf_is_named_with_both_values() {
        let mut other = RunSettings { run_name: Some("512".into()), ..RunSettings::default() };
        other.vicreg.base_lr = 1e-7;
        let difference = |key: &str, left: &str, right: &str| Difference {
            key: key.into(),
            left: left.into(),
            right: right.into(),
        };
        let expected =
            [difference("run_name", "null", "\"512\""), difference("vicreg.base_lr", "0.2", "1e-7")];
        assert_eq!(differences(&RunSettings::default(), &other), expected);
        assert_eq!(differences(&other, &other), []);
    }
}
