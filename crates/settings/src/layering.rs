//! Tests of the merge of files and arguments.

use std::fs;

use super::{Resolved, Schema, load};
use crate::example::{ModelType, RunSettings};

fn loaded<T: Schema>(files: &[&str], values: &[&str]) -> Resolved<T> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(index, text): (usize, &&str)| {
        let path = folder.path().join(format!("{index}.yaml"));
        fs::write(&path, text).unwrap();
        path
    };
    let paths: Vec<_> = files.iter().enumerate().map(write).collect();
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    load(&paths, &values).unwrap_or_else(|error| panic!("{error}"))
}

fn run(files: &[&str], values: &[&str]) -> RunSettings {
    let values: Vec<&str> = ["model_type=RSSM"].iter().chain(values).copied().collect();
    loaded(files, &values).settings
}

#[test]
fn later_files_win_key_by_key_and_values_win_over_files() {
    let files = ["vicreg: {epochs: 1, base_lr: 1}\nseed: 1", "vicreg: {epochs: 2}\nseed: 2"];
    let settings = run(&files, &["seed=3", "model_type=SimCLR", "seed=4"]);
    assert_eq!((settings.vicreg.epochs, settings.vicreg.base_lr, settings.seed), (2, 1.0, 4));
    assert_eq!(settings.model_type, ModelType::SimCLR);
}

#[test]
fn a_mapping_may_be_replaced_by_a_scalar_and_back() {
    let files = ["vicreg: {epochs: 1}", "vicreg: null", "vicreg: {base_lr: 1}"];
    let settings = run(&files, &[]);
    assert_eq!((settings.vicreg.epochs, settings.vicreg.base_lr), (100, 1.0));
}

#[test]
fn text_fields_receive_text_as_it_was_typed() {
    let text = |typed: &str| run(&[&format!("vicreg: {{projector: {typed}}}")], &[]).vicreg.projector;
    for typed in ["512", "007", "1:30", "1e-3", "on", "2001-01-01", "0x1F", ".nan", "512-512"] {
        assert_eq!(text(typed), typed);
    }
    assert_eq!(text("' a '"), " a ");
    assert_eq!(text("!!str 3"), "3");
}

#[test]
fn signs_inside_words_and_quotes_are_text() {
    let name = |typed: &str| run(&[], &[&format!("run_name={typed}")]).run_name.unwrap();
    for typed in ["a#b", "a&b", "a*b!", "b|c", "a---b", "$HOME", "a?", "cost: $5"] {
        assert_eq!(run(&[&format!("run_name: '{typed}'")], &[]).run_name.as_deref(), Some(typed));
    }
    for typed in ["a#b", "a&b", "a*b!", "b|c", "a---b", "$HOME", "????", "é#"] {
        assert_eq!(name(typed), typed);
    }
    for typed in ["try #2", "&x", "*x", "!!x", "---", "|", "#7"] {
        assert_eq!(
            (name(&format!("\"{typed}\"")), name(&format!("'{typed}'"))),
            (typed.into(), typed.into())
        );
    }
    assert_eq!(name(r#""a\nb""#), "a\nb");
}

#[test]
fn a_value_that_is_missing_may_be_given_later() {
    let settings = run(&["run_name: ???\nseed: ${x}", "seed: 3"], &["run_name=a"]);
    assert_eq!((settings.run_name.as_deref(), settings.seed), (Some("a"), 3));
}

#[test]
fn null_unsets_what_may_be_unset() {
    let file = ["run_name: a\noutput_path: b"];
    let settings = run(&file, &["run_name=", "output_path=~"]);
    assert_eq!((settings.run_name, settings.output_path), (None, None));
    assert_eq!(run(&file, &["run_name=''"]).run_name.as_deref(), Some(""));
}

#[test]
fn arguments_are_split_at_the_first_equals_sign_and_read_as_yaml() {
    let settings = run(&[], &["run_name=a=b", "vicreg={epochs: 2, base_lr: 1e-3}", "run_group=1,2"]);
    assert_eq!(settings.run_name.as_deref(), Some("a=b"));
    assert_eq!(settings.run_group.as_deref(), Some("1,2"));
    assert_eq!((settings.vicreg.epochs, settings.vicreg.base_lr), (2, 1e-3));
    assert_eq!(run(&[], &["vicreg[epochs]=7"]).vicreg.epochs, 7);
}

#[test]
fn anchors_and_merge_keys_fill_in_what_a_mapping_does_not_say() {
    let file = "vicreg: &v\n  <<: {epochs: 9, rnn_layers: 3}\n  epochs: 2\n  base_lr: 1\n\
                simclr:\n  base_lr: 0.5\n  <<: [{rnn_layers: 5}, {rnn_layers: 6, epochs: 7}]\n";
    let settings = run(&[file], &[]);
    assert_eq!((settings.vicreg.epochs, settings.vicreg.rnn_layers), (2, 3));
    let simclr = settings.simclr;
    assert_eq!((simclr.base_lr, simclr.rnn_layers, simclr.epochs), (0.5, 5, 7));
    let shared = run(&["seed: &n 7\nn_steps: *n"], &[]);
    assert_eq!((shared.seed, shared.n_steps), (7, 7));
}

#[test]
fn files_without_content_set_nothing() {
    for empty in ["", "# nothing\n", "---\n", "{}", "\u{feff}", "~\n"] {
        assert_eq!(run(&[empty], &[]), run(&[], &[]), "{empty:?}");
    }
    assert_eq!(run(&["\u{feff}seed: 3\r\nn_steps: 4\r\n"], &[]).n_steps, 4);
}

#[test]
fn what_is_printed_says_where_each_value_was_given() {
    let printed = loaded::<RunSettings>(&["model_type: RSSM\nrssm:\n  epochs: 3\n"], &["seed=7"]).print();
    let line = |start: &str| printed.lines().find(|line| line.starts_with(start)).unwrap();
    assert!(line("model_type: RSSM ").ends_with("/0.yaml:1:13"));
    assert!(line("  epochs: 3 ").ends_with("# default"), "the first is probing_cfg's");
    assert_eq!(line("seed: 7"), "seed: 7                                      # --values");
    assert_eq!(line("rssm"), "rssm:");
    let column = |line: &str| line.find('#');
    let columns: Vec<_> = printed.lines().filter_map(column).collect();
    assert!(columns.iter().all(|column| *column == columns[0]));
}
