//! The identity of a run: a hash of the settings that affect its result.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{Difference, Schema, differences};

/// Eight hexadecimal digits of the SHA-256 of all settings that differ from their defaults and
/// affect a result.
///
/// The spelling of a value, its file, keys with their defaults and labels such as `run_name` do not
/// matter.
pub fn identity<T: Schema>(settings: &T) -> String {
    let changed = result_differences(&settings.defaults(), settings);
    let lines = changed.into_iter().map(|d| format!("{}: {}\n", d.key, d.right));
    // Sorted, so that the order of the schema does not matter.
    let lines: BTreeSet<String> =
        settings.kind().map(|kind| format!("{kind}\n")).into_iter().chain(lines).collect();
    let digest = Sha256::digest(lines.into_iter().collect::<String>());
    digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The differences between `a` and `b` in keys that affect a result of `b`, in the schema's order.
pub fn result_differences<T: Schema>(a: &T, b: &T) -> Vec<Difference> {
    differences(a, b).into_iter().filter(|difference| b.affects_results(&difference.key)).collect()
}

/// True if `text` has the form of an [`identity`].
pub fn is_identity(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::RunSettings;
    use crate::load;

    fn of(values: &[&str]) -> String {
        let values: Vec<String> =
            ["model_type=VICReg"].iter().chain(values).map(ToString::to_string).collect();
        identity(&load::<RunSettings>(&[], &values).unwrap().settings)
    }

    #[test]
    fn the_identity_is_the_digest_of_what_was_changed() {
        // printf 'vicreg.base_lr: 0.5\n' | sha256sum
        assert_eq!(of(&["vicreg.base_lr=5e-1"]), "41d3fef8");
        // printf '' | sha256sum
        assert_eq!(of(&[]), "e3b0c442");
        assert!(is_identity(&of(&["seed=1"])) && !is_identity("e3b0c44") && !is_identity("e3b0c44g"));
    }

    #[test]
    fn spelling_defaults_and_labels_make_no_other_run() {
        let one = of(&["dataset_noise=0.5"]);
        let same: [&[&str]; 7] = [
            &["dataset_noise=5e-1"],
            &["dataset_noise=0.5", "seed=42"],
            &["dataset_noise=1", "dataset_noise=.5"],
            &["dataset_noise=0.5", "run_name=a", "run_group=b", "output_path=c"],
            &["dataset_noise=0.5", "wandb=true", "tensorboard=true", "threads=3"],
            &["dataset_noise=0.5", "safe_every_n_epochs=3"],
            &["dataset_noise=0.5", "simclr.base_lr=7", "rssm.epochs=3", "como.epochs=1"],
        ];
        same.iter().for_each(|values| assert_eq!(of(values), one, "{values:?}"));
    }

    #[test]
    fn each_setting_that_affects_a_result_makes_another_run() {
        let one = of(&[]);
        for value in [
            "dataset_noise=0.25",
            "seed=43",
            "vicreg.epochs=3",
            "precision=bf16",
            "log_every=3",
            "model_type=SimCLR",
        ] {
            assert_ne!(of(&[value]), one, "{value}");
        }
        assert_ne!(of(&["model_type=SimCLR", "simclr.base_lr=7"]), of(&["model_type=SimCLR"]));
    }
}
