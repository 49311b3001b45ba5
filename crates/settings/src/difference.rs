//! Where two settings differ.

use super::{
    Schema,
    resolved::to_tree,
    tree::{Node, Value},
    yaml::inline,
};

/// A key of which two settings have different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The dotted key.
    pub key: String,
    /// The value on the left as YAML; empty if only the right has the key.
    pub left: String,
    /// The value on the right as YAML; empty if only the left has the key.
    pub right: String,
}

/// All keys of which `a` and `b` have different values, in the schema's order.
pub fn differences<T: Schema>(a: &T, b: &T) -> Vec<Difference> {
    let (a, b) = (to_tree(a), to_tree(b));
    let mut keys: Vec<String> = a.leaves().into_iter().map(|(key, _)| key).collect();
    keys.extend(b.leaves().into_iter().map(|(key, _)| key).filter(|key| a.get(key).is_none()));
    let compared =
        keys.into_iter().map(|key| Difference { left: leaf(&a, &key), right: leaf(&b, &key), key });
    compared.filter(|difference| difference.left != difference.right).collect()
}

fn leaf(root: &Node, key: &str) -> String {
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
