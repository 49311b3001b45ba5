//! Tests that settings survive being written and read.

use std::{fs, path::PathBuf, sync::Arc};

use proptest::{option, prelude::*};

use super::{
    de, load,
    origin::Origin,
    parse::{Source, parse},
    resolved::to_tree,
    scalar::Meaning,
    to_yaml,
    tree::{Key, Node, Scalar, Value},
    with_sections, yaml,
};
use crate::example::{Arch, DatasetType, ModelType, Precision, RunSettings};

fn node(value: Value) -> Node {
    Node { value, origin: Origin::Default }
}

fn scalar() -> impl Strategy<Value = Node> {
    let text =
        prop_oneof![any::<String>(), "[-+.0-9eExb_:]{0,6}", "(on|off|null|true|<<|~|---|\\?|- a|a: b|a #b)",];
    prop_oneof![
        Just(to_tree(&())),
        any::<bool>().prop_map(|value| to_tree(&value)),
        any::<i64>().prop_map(|value| to_tree(&value)),
        any::<u64>().prop_map(|value| to_tree(&value)),
        any::<f64>().prop_map(|value| to_tree(&value)),
        text.prop_map(|value| to_tree(&value)),
    ]
}

fn tree() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(4, 40, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5).prop_map(|nodes| node(Value::List(nodes)));
        prop_oneof![list, map_of(inner)]
    })
}

fn map_of(inner: impl Strategy<Value = Node>) -> impl Strategy<Value = Node> {
    let name = prop_oneof!["[a-z_.]{1,8}", any::<String>()];
    prop::collection::btree_map(name, inner, 0..5).prop_map(|entries| {
        let key = |name| Key { name, origin: Origin::Default };
        node(Value::Map(entries.into_iter().map(|(name, node)| (key(name), node)).collect()))
    })
}

fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Scalar(a), Value::Scalar(b)) => same_scalar(a, b),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k.name == l.name && same(a, b))
        }
        _ => false,
    }
}

fn same_scalar(a: &Scalar, b: &Scalar) -> bool {
    match (a.meaning, b.meaning) {
        (Meaning::Text, Meaning::Text) => a.text == b.text,
        (Meaning::Float(a), Meaning::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (a, b) => a == b,
    }
}

fn read(text: &str) -> Node {
    let source = Source::File(Arc::from("printed.yaml"));
    parse(source, text).unwrap_or_else(|error| panic!("{error}\n{text}")).expect("there is a document")
}

prop_compose! {
    /// Values of every type that the schema has, in the ranges that it allows.
    fn settings()(
        texts in (option::of(any::<String>()), any::<String>(), "[-0-9a-z.]{0,9}", option::of("[0-9]{1,4}(-[0-9]{1,4})?")),
        noise in (0.0..1e300f64, prop::num::f64::NORMAL, 1e-300..1.0f64),
        sizes in (2usize..1000, 2usize..100_000, any::<usize>(), any::<u64>(), option::of(any::<usize>())),
        flags in any::<[bool; 6]>(),
        arch in prop::sample::select(vec![Arch::Menet5, Arch::Id, Arch::Resnet18Id]),
    ) -> RunSettings {
        let mut settings = RunSettings {
            model_type: if flags[0] { ModelType::RSSM } else { ModelType::SimCLR },
            dataset_type: if flags[1] { DatasetType::Multiple } else { DatasetType::Single },
            precision: if flags[2] { Precision::Bf16 } else { Precision::Fp32 },
            wandb: flags[3],
            run_name: texts.0,
            dataset_structured_noise_path: texts.1,
            dataset_noise: noise.0,
            dataset_static_noise_speed: noise.1,
            n_steps: sizes.0,
            threads: sizes.2,
            seed: sizes.3,
            ..RunSettings::default()
        };
        settings.vicreg.projector = texts.2;
        settings.simclr.backbone_mlp = texts.3;
        settings.rssm.learning_rate = noise.2;
        settings.rssm.arch = arch;
        settings.rssm.epochs = sizes.1;
        settings.probing_cfg.batch_size = sizes.4;
        settings.probing_cfg.bias = flags[4];
        settings
    }
}

proptest! {
    #[test]
    fn trees(original in map_of(tree())) {
        let printed = yaml::write(&original);
        prop_assert!(same(&original, &read(&printed)), "{}", printed);
    }

    #[test]
    fn trees_with_comments(original in map_of(tree()), comment in "[ -~]{0,20}") {
        let printed = yaml::write_commented(&original, |_| comment.clone());
        prop_assert!(same(&original, &read(&printed)), "{}", printed);
    }

    #[test]
    fn trees_in_arguments(original in tree()) {
        let printed = yaml::inline(&original.value);
        let argument = Source::Values(format!("x={printed}").into());
        let again = parse(argument, &printed).unwrap_or_else(|error| panic!("{error}"));
        prop_assert!(same(&original, &again.expect("there is a value")), "{}", printed);
    }

    #[test]
    fn typed_settings(original in settings()) {
        let printed = to_yaml(&original);
        let again: RunSettings = de::from_tree(&read(&printed)).unwrap();
        prop_assert_eq!(again, original);
    }
}

#[test]
fn sections_that_are_not_kept_have_their_defaults() {
    let mut settings = RunSettings::default();
    (settings.seed, settings.vicreg.base_lr, settings.simclr.base_lr) = (7, f64::INFINITY, 0.5);
    assert_eq!(with_sections(&settings, &["seed", "vicreg"]), {
        let (seed, vicreg) = (settings.seed, settings.vicreg.clone());
        RunSettings { seed, vicreg, ..RunSettings::default() }
    });
}

fn reloaded(text: &str) -> super::Resolved<RunSettings> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("printed: [#.yaml");
    fs::write(&path, text).unwrap();
    load(&[path], &[]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn printed_settings_load_and_print_again() {
    let first = reloaded("model_type: RSSM\nrun_name: 007\nvicreg: {base_lr: 1e-3}\n");
    let second = reloaded(&first.print());
    let third = reloaded(&to_yaml(&second.settings));
    assert_eq!(first.settings, second.settings);
    assert_eq!(first.settings, third.settings);
    assert_eq!(first.settings.run_name.as_deref(), Some("007"));
}
