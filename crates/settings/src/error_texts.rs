//! Each mistake, and the very words it is answered with.

use std::{fs, path::PathBuf};

use super::{SettingsError, load};
use crate::example::RunSettings;

/// The error that a file `a.yaml` with `content` and one argument of `--values` meet with.
fn error_of(content: &[u8], argument: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, content).unwrap();
    let error = load::<RunSettings>(&[path], &[argument.to_owned()]).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[track_caller]
fn in_file(content: &str, expected: &str) {
    assert_eq!(error_of(content.as_bytes(), "model_type=VICReg"), expected);
}

#[track_caller]
fn in_values(argument: &str, expected: &str) {
    assert_eq!(error_of(b"model_type: VICReg", argument), format!("--values {argument}: {expected}"));
}

#[test]
fn an_unknown_key() {
    in_file(
        "vicreg:\n  base_lrr: 0.2",
        "a.yaml:2:3: vicreg.base_lrr: unknown key; did you mean vicreg.base_lr?",
    );
    in_file(
        "vicreg.base_lr: 0.2",
        "a.yaml:1:1: vicreg.base_lr: unknown key; in a file, write `base_lr` on a line of its own, indented, below \
         `vicreg:`",
    );
    in_values("base_lr=0.2", "base_lr: unknown key; did you mean vicreg.base_lr or simclr.base_lr?");
    in_values("vicrg.base_lr=1", "vicrg: unknown key; did you mean vicreg?");
    in_values("rssm.base_lr=1", "rssm.base_lr: unknown key; did you mean vicreg.base_lr or simclr.base_lr?");
    in_values(
        "noise=1",
        "noise: unknown key; did you mean dataset_noise or dataset_static_noise or dataset_structured_noise?",
    );
    in_values("rssm.xyz=1", "rssm.xyz: unknown key; known here: arch, epochs, learning_rate, lr_decay_epoch");
}

#[test]
fn a_value_of_the_wrong_type() {
    in_file("n_steps: ten", "a.yaml:1:10: n_steps: expected a whole number, 0 or more, found `ten`");
    in_file("seed: 3.5", "a.yaml:1:7: seed: expected a whole number, 0 or more, found `3.5`");
    in_file("dataset_noise: lots", "a.yaml:1:16: dataset_noise: expected a number, found `lots`");
    in_file("wandb: 1", "a.yaml:1:8: wandb: expected true or false, found `1`");
    in_file("device: [cpu]", "a.yaml:1:9: device: expected text, found a list");
    in_file("vicreg: 3", "a.yaml:1:9: vicreg: expected a mapping of keys to values, found `3`");
    in_file("vicreg:", "a.yaml:1:7: vicreg: expected a mapping of keys to values, found nothing");
    in_values("seed=-3", "seed: expected a whole number, 0 or more, found `-3`");
    in_values("seed=", "seed: expected a whole number, 0 or more, found nothing");
    in_values("n_steps[0]=3", "n_steps: expected a whole number, 0 or more, found a mapping");
    in_values(
        "seed='3'",
        "seed: expected a whole number, 0 or more, found the quoted text `3`; remove the quotes",
    );
}

#[test]
fn a_number_that_readers_of_yaml_disagree_on() {
    in_file(
        "seed: 017",
        "a.yaml:1:7: seed: expected a whole number, 0 or more, found `017`, whose leading zero may mean octal; write \
         it without, or in quotes if it is text",
    );
    in_values(
        "seed=1:30",
        "seed: expected a whole number, 0 or more, found `1:30`, which may mean a number in base 60; write it as one \
         number, or in quotes if it is text",
    );
}

#[test]
fn a_choice_that_is_none() {
    in_values(
        "model_type=VICreg",
        "model_type: expected one of VICReg, SimCLR, RSSM, CoMo, found `VICreg`; did you mean VICReg?",
    );
    in_values("precision=half", "precision: expected one of fp32, bf16, found `half`");
    in_values("precision=", "precision: expected one of fp32, bf16, found nothing");
}

#[test]
fn a_value_out_of_range_or_at_odds_with_another() {
    in_file("n_steps: 1", "a.yaml:1:10: n_steps: must be 2 or more, but is 1");
    in_values("vicreg.base_lr=.nan", "vicreg.base_lr: must be above 0 and finite, but is NaN");
    let too_large = error_of(b"model_type: RSSM", "dataset_batch_size=20000");
    assert_eq!(too_large, "default: dataset_size: must be at least dataset_batch_size, 20000, but is 10000");
}

#[test]
fn a_required_key_that_is_missing() {
    let missing = "model_type is missing; choose one of VICReg, SimCLR, RSSM, CoMo, for instance `--values model_type=VICReg`";
    assert_eq!(error_of(b"seed: 1", "wandb=on"), missing);
}

#[test]
fn a_duplicate_key() {
    in_file("seed: 1\nseed: 2", "a.yaml:2:1: seed: duplicate key, first given at a.yaml:1:1");
    in_file(
        "vicreg:\n  epochs: 1\n  epochs: 1",
        "a.yaml:3:3: vicreg.epochs: duplicate key, first given at a.yaml:2:3",
    );
}

#[test]
fn text_that_is_no_yaml() {
    in_file("vicreg:\n\tepochs: 1", "a.yaml:2:2: not valid YAML: indented with a tab; use spaces");
    let open = "not valid YAML: this `[` is never closed, or a comma is missing after it";
    in_file("seed: [1, 2\nwandb: on", &format!("a.yaml:1:7: {open}"));
    in_values("seed=[1", open);
    in_file(
        "vicreg: {epochs: 2",
        "a.yaml:1:9: not valid YAML: this `{` is never closed, or a comma is missing after it",
    );
    in_file("run_name: 'a", "a.yaml:1:11: not valid YAML: the quote that starts here is never closed");
    in_file("run_name: @a", "a.yaml:1:11: not valid YAML: text that starts with this character needs quotes");
    in_file(
        "run_name: a: b",
        "a.yaml:1:12: not valid YAML: no `:` was expected here; text that has `: ` in it needs quotes",
    );
    in_file(" seed: 1\nwandb: on", "a.yaml:2:1: not valid YAML: indented differently from the lines above");
    in_file("seed: *x", "a.yaml:1:7: not valid YAML: this alias has no anchor before it");
}

#[test]
fn yaml_that_is_no_settings() {
    in_file("- a\n- b", "a.yaml:1:1: expected lines of `key: value`");
    in_file("seed 3", "a.yaml:1:1: expected lines of `key: value`");
    in_file("seed: 1\n---\nseed: 2", "a.yaml:2:1: a second document starts here; settings are one document");
    in_file("[a]: 1", "a.yaml:1:1: a key must be a word, not a list or mapping");
    in_file("seed: !foo 3", "a.yaml:1:7: seed: the tag !foo means nothing here");
    in_file("seed: !!foo 3", "a.yaml:1:7: seed: the tag tag:yaml.org,2002:!foo means nothing here");
    in_file("vicreg:\n  <<: 3", "a.yaml:2:7: vicreg.<<: expected a mapping to take keys from, such as *name");
    in_file("seed: &x [*x]", "a.yaml:1:11: seed: an alias to the value that it is a part of");
    let deep = format!("seed: {}", "[".repeat(100));
    in_file(&deep, "a.yaml:1:71: seed: nested too deeply, or too large, for settings");
}

#[test]
fn aliases_that_grow_without_bound() {
    let level = |n: usize| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 9].join(", "));
    let bomb = format!("l0: &l0 [x, x, x, x, x, x, x, x, x]\n{}", (1..9).map(level).collect::<String>());
    let error = error_of(bomb.as_bytes(), "seed=1");
    assert!(error.ends_with("nested too deeply, or too large, for settings"), "{error}");
}

#[test]
fn an_argument_that_is_no_key_and_value() {
    in_values("seed", "expected KEY=VALUE, such as seed=1");
    in_values("=3", "a part of the key is empty; expected SECTION.KEY=VALUE");
    in_values("vicreg..epochs=3", "a part of the key is empty; expected SECTION.KEY=VALUE");
}

#[test]
fn yaml_syntax_that_is_a_mistake_in_an_argument() {
    let quote = |argument: &str, sign: &str| {
        let (key, value) = argument.split_once('=').unwrap();
        let quoted = "text needs quotes that the shell leaves alone";
        in_values(argument, &format!("{sign} in YAML; {quoted}: '{key}=\"{value}\"'"));
    };
    quote("output_path=try #2", "`#` starts a comment");
    quote("run_name=#7", "`#` starts a comment");
    quote("run_name=é #7", "`#` starts a comment");
    quote("run_name=&x", "`&` starts an anchor");
    quote("run_name=*x", "`*` starts an alias");
    quote("run_name=!!x", "`!` starts a tag");
    quote("run_name=!", "`!` starts a tag");
    quote("run_name=!!str 3", "`!` starts a tag");
    quote("run_name=---", "`---` starts a document");
    quote("run_name=--- a", "`---` starts a document");
    quote("run_name=...", "`...` ends a document");
    quote("run_name=|", "`|` and `>` start a block of lines");
    in_values(
        "run_name=a\nb",
        "a line break is read as a space in YAML; text needs quotes that the shell leaves alone: \
         'run_name=\"a\\nb\"'",
    );
    in_values(
        "run_name=it's #7",
        "`#` starts a comment in YAML; text needs quotes that the shell leaves alone: 'run_name=\"it'\\''s #7\"'",
    );
    let inside = "in YAML; text that holds it needs quotes";
    in_values("vicreg={epochs: &n 2}", &format!("epochs: `&` starts an anchor {inside}"));
    in_values("vicreg={epochs: 2} # two", &format!("`#` starts a comment {inside}"));
    in_values("run_name='a' #7", &format!("`#` starts a comment {inside}"));
    in_values("vicreg={epochs: 2, # two\nbase_lr: 1}", &format!("`#` starts a comment {inside}"));
}

#[test]
fn interpolation_and_values_that_are_missing() {
    let interpolation = "`${...}` is not filled in here; write the value itself, or give it by --values, where the \
                         shell can fill it in";
    in_file("output_path: out/${oc.env:USER}/x", &format!("a.yaml:1:14: output_path: {interpolation}"));
    in_file("vicreg:\n  base_lr: '${lr}'", &format!("a.yaml:2:12: vicreg.base_lr: {interpolation}"));
    in_values("run_name=a-${seed}", &format!("run_name: {interpolation}"));
    in_file("device: [cpu, '${x}']", &format!("a.yaml:1:15: device[1]: {interpolation}"));
    let missing = "`???` marks a value that is still missing; write the value, or give it by --values";
    in_file("run_name: ???", &format!("a.yaml:1:11: run_name: {missing}"));
    in_file("seed: '???'", &format!("a.yaml:1:7: seed: {missing}"));
}

#[test]
fn a_home_folder_that_is_anothers() {
    in_file(
        "output_path: ~bob/x",
        "a.yaml:1:14: output_path: `~` stands for your own home folder only; write the path out, or ./~bob/x for a \
         name that begins with ~",
    );
}

#[test]
fn a_large_file_is_refused_at_once() {
    // Five megabytes: work that grows with the square of the size would take minutes.
    let pad = "x".repeat(90);
    let lines: String = (0..49_000).map(|k| format!("  k{k}-{pad}: []\n")).collect();
    let started = std::time::Instant::now();
    let error = error_of(format!("é:\n{lines}").as_bytes(), "seed=1");
    assert!(error.starts_with("a.yaml:1:1: é: unknown key; known here: model_type, "), "{error}");
    let flow = lines.replace('\n', ",");
    let error = error_of(format!("x: {{{flow}}}").as_bytes(), "seed=1");
    assert!(error.starts_with("a.yaml:1:1: x: unknown key; known here: model_type, "), "{error}");
    let many = format!("<<: {{{}}}\n", (0..40_000).map(|k| format!("k{k}: 1,\n  ")).collect::<String>());
    assert!(error_of(many.as_bytes(), "seed=1").contains("k0: unknown key"));
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn a_file_that_cannot_be_read() {
    assert_eq!(
        error_of(b"seed: 1\nrun_name: \xff\n", "wandb=on"),
        "a.yaml: line 2 is not UTF-8 text; save the file as UTF-8"
    );
    let read = |path: &str| load::<RunSettings>(&[PathBuf::from(path)], &[]).unwrap_err().to_string();
    let here = std::env::current_dir().unwrap();
    assert_eq!(
        read("no/where.yaml"),
        format!("no/where.yaml: no such file; check its name, which is looked up from {}", here.display())
    );
    assert_eq!(read("src"), "src: a folder, not a settings file; name a file in it");
}

#[test]
fn the_error_travels_between_threads() {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<SettingsError>();
}
