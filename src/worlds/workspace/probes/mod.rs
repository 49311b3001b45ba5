//! Probes of what a workspace holds.

mod attention_settings;
mod class_transfer;
mod columns;
mod corrupted;
mod odd_one_out;
mod partners;
mod settings;
mod triplets;
mod unpaired;

pub use attention_settings::{AttentionSettings, AttentionTarget};
pub use class_transfer::class_transfer;
pub use corrupted::corrupted;
pub use odd_one_out::odd_one_out;
pub use settings::{OddOneOutSettings, ProbedEncoder};
pub use triplets::{Triplet, triplets};
pub use unpaired::unpaired;

use tch::{Kind, Tensor};

/// The share of rows that are true, in percent.
fn percent(right: &Tensor) -> f64 {
    100.0 * right.to_kind(Kind::Double).mean(Kind::Double).double_value(&[])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tch::Device;

    use super::*;
    use crate::nn::Parameters;
    use crate::worlds::workspace::data::{OodSettings, ShapeSet, ShapesSettings, Split};
    use crate::worlds::workspace::domains::Items;
    use crate::worlds::workspace::domains::attributes::{AttrSettings, AttributeDomain};
    use crate::worlds::workspace::evaluation::{Evaluator, KnownItems, Specialist};
    use crate::worlds::workspace::models::Workspace;
    use umwelt_base::stop::Stop;

    /// An evaluator of the attribute domain and a workspace that is not trained.
    fn attributes(use_unpaired: bool) -> (Evaluator, Workspace) {
        let shapes = ShapesSettings { n_train_examples: 3000, n_val_examples: 1000, ..Default::default() };
        let set = Arc::new(ShapeSet::new(&shapes, &OodSettings::default(), 1).unwrap());
        let settings = AttrSettings { use_unpaired, ..AttrSettings::default() };
        let domain = AttributeDomain::plain(&settings, shapes.unpaired_dim, Device::Cpu);
        let specialists = vec![Specialist::new(Box::new(domain))];
        let known = |split| KnownItems::encode(&specialists, Items::new(&set, 1, split), &Stop::default());
        let items =
            [Split::Training, Split::Validation, Split::Validation].map(|split| known(split).unwrap());
        let layouts = vec![specialists[0].layout.clone()];
        let gw = serde_json::from_value(json!({"domains": ["attr"]})).unwrap();
        let workspace = Workspace::new(Parameters::new(Device::Cpu, 2), layouts, &gw);
        let matched = Tensor::from_slice(&[0i64]);
        (Evaluator::new(specialists, matched, items, None, 0.1, 3), workspace)
    }

    #[test]
    fn unpaired_numbers_are_read_from_states_that_were_given_them() {
        let error = |use_unpaired| {
            let (evaluator, workspace) = attributes(use_unpaired);
            let table = unpaired(&evaluator, &workspace, &Stop::default()).unwrap();
            (table.rows[0].values[0], table.baselines[0].values[0])
        };
        let ((given, mean), (not_given, _)) = (error(true), error(false));
        // Uniform numbers in [0, 1] have a variance of 1 / 12.
        assert!((mean - 1.0 / 12.0).abs() < 0.01, "{mean}");
        assert!(given < 0.7 * mean && not_given > 0.95 * mean, "{given} {not_given} {mean}");
    }

    #[test]
    fn the_class_is_read_from_states_of_attributes() {
        let (evaluator, workspace) = attributes(false);
        let table = class_transfer(&evaluator, &workspace, &Stop::default()).unwrap();
        assert_eq!(table.rows[0].key, "class_probe_attr_attr");
        assert!(table.rows[0].values[0] > 90.0, "{}", table.rows[0].values[0]);
        assert!((table.baselines[0].values[0] - 34.0).abs() < 3.0, "{}", table.baselines[0].values[0]);
    }
}
