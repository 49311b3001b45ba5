//! The kind of numbers that a setting takes, found by trials.

use super::{
    Schema,
    origin::Origin,
    tree::{Key, Node, Scalar, Value},
};

/// The kind of numbers that a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// Whole numbers only.
    Whole,
    /// All numbers.
    Real,
}

/// The kind of numbers that the setting of a dotted key takes; `None` if it takes none, or is
/// unknown.
pub fn number_kind<T: Schema>(key: &str) -> Option<NumberKind> {
    // A text setting takes every value, numbers included.
    match ["1", "1.5", "x"].map(|text| takes::<T>(key, text)) {
        [true, false, _] => Some(NumberKind::Whole),
        [true, true, false] => Some(NumberKind::Real),
        _ => None,
    }
}

fn takes<T: Schema>(key: &str, text: &str) -> bool {
    let node = |value| Node { value, origin: Origin::Default };
    let leaf = node(Value::Scalar(Scalar::plain(text)));
    let tree = key.rsplit('.').fold(leaf, |below, name| {
        node(Value::Map(vec![(Key { name: name.into(), origin: Origin::Default }, below)]))
    });
    T::read(&tree).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{NumberKind::*, *};
    use crate::example::RunSettings;

    #[test]
    fn a_setting_takes_what_its_type_takes() {
        let kind = number_kind::<RunSettings>;
        for whole in ["seed", "n_steps", "vicreg.epochs", "rssm.lr_decay_epoch", "como.message_bits"] {
            assert_eq!(kind(whole), Some(Whole), "{whole}");
        }
        for real in ["dataset_noise", "vicreg.base_lr", "vicreg.adamw.weight_decay", "como.drop_message"] {
            assert_eq!(kind(real), Some(Real), "{real}");
        }
        for other in ["wandb", "run_name", "vicreg.projector", "model_type", "vicreg", "vicreg.lr", "x", ""] {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
