//! The valid names of a sweep's metric are exactly the names that runs log, each for one thing.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{SHAPES, SMALL, idx, succeeds, umwelt};
use umwelt::runs::{Record, read_records};
use umwelt::schema::RunSettings;
use umwelt::settings;
use umwelt::worlds::matches;

const EVERY_TERM: &[&str] = &[
    "dataset_type=Multiple",
    "dataset_static_noise=0.5",
    "probe_mpc=true",
    "eval_mpcs=2",
    "log_every=1",
    "dataset_size=32",
    "vicreg.epochs=1",
    "vicreg.projector=8-8",
    "vicreg.encoding_std_coeff=1",
    "vicreg.time_std_coeff=1",
    "vicreg.sigreg_coeff=1",
    "vicreg.barlow_coeff=1",
    "vicreg.action_coeff=1",
    "vicreg.decoding_coeff=1",
];
const SIMCLR: &[&str] = &[
    "model_type=SimCLR",
    "dataset_type=Multiple",
    "dataset_static_noise=0.5",
    "probe_mpc=true",
    "eval_mpcs=2",
    "simclr.epochs=1",
    "simclr.arch=menet5",
    "simclr.predictor=rnn",
    "simclr.projector=8-8",
    "simclr.embedding_size=16",
    "simclr.negatives=both",
    "simclr.action_coeff=1",
    "simclr.decoding_coeff=1",
];
const RSSM: &[&str] = &[
    "model_type=RSSM",
    "dataset_type=Multiple",
    "dataset_static_noise=0.5",
    "probe_mpc=true",
    "eval_mpcs=2",
    "rssm.epochs=1",
    "rssm.arch=menet5",
    "rssm.embedding_size=16",
    "rssm.action_coeff=1",
];
const COMO: &[&str] = &[
    "model_type=CoMo",
    "device=cpu",
    "threads=1",
    "dataset_batch_size=16",
    "como.data_path=digits",
    "como.epochs=1",
    "como.encoding_dim=16",
    "como.state_size=3",
    "como.num_heads=2",
    "como.collab_message_size=5",
    "como.collab_dec_depth=1",
];
const WEIGHTLESS: &[&str] = &[
    "model_type=Weightless",
    "weightless.data_path=digits",
    "weightless.curve=[1, 2]",
    "weightless.curve_seeds=[1, 1]",
    "weightless.wisard.decision=seen",
];

/// Language models so small that all stages take some seconds.
const TALK: &[&str] = &[
    "model_type=LatentTalk",
    "device=cpu",
    "threads=1",
    "log_every=1",
    "talk.lm.size=smoke",
    "talk.train_tasks=8",
    "talk.eval_tasks=4",
    "talk.pretrain.steps=30",
    "talk.pretrain.batch_size=8",
    "talk.pretrain.gate=0",
    "talk.collect.max_new_tokens=10",
    "talk.actor.steps=2",
    "talk.actor.batch_size=2",
    "talk.compress.k=[2]",
    "talk.compress.steps=2",
    "talk.compress.batch_size=2",
    "talk.evaluate.channels=[text, latent_full]",
    "talk.analyse.problems=4",
];

/// The names that a run logs. None is logged by steps of training and by evaluations, which would
/// be one curve of two things.
#[track_caller]
fn logged(at: &Path, values: &[&str], run: &str) -> BTreeSet<String> {
    let folder = format!("output_path={run}");
    succeeds(umwelt(at, &[&["train", "--values"], values, &[&folder]].concat()));
    let records = read_records(&at.join(run).join("metrics.jsonl")).unwrap();
    let (trained, others): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.contains_key("loss"));
    let names = |records: Vec<&Record>| -> BTreeSet<String> {
        let names = records.into_iter().flat_map(|record| record.keys().cloned());
        names.filter(|name| name != "step" && name != "epoch").collect()
    };
    let (trained, others) = (names(trained), names(others));
    let both: Vec<_> = trained.intersection(&others).collect();
    assert!(both.is_empty(), "logged by steps of training and by evaluations: {both:?}");
    trained.union(&others).cloned().collect()
}

#[track_caller]
fn check(values: &[&str]) {
    let at = tempfile::tempdir().unwrap();
    idx::write(&at.path().join("digits"), 64, 20);
    check_in(at.path(), values, "run");
}

/// Checks the run of this name in the folder `at`, where other runs may lie.
#[track_caller]
fn check_in(at: &Path, values: &[&str], run: &str) {
    let given: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let loaded = settings::load::<RunSettings>(&[], &given).unwrap().settings;
    let (logged, patterns) = (logged(at, values, run), loaded.world.metric_names());
    let unknown: Vec<_> =
        logged.iter().filter(|name| !patterns.iter().any(|pattern| matches(pattern, name))).collect();
    assert!(unknown.is_empty(), "logged and not listed: {unknown:?}");
    let absent: Vec<_> =
        patterns.iter().filter(|pattern| !logged.iter().any(|name| matches(pattern, name))).collect();
    assert!(absent.is_empty(), "listed and not logged: {absent:?}");
}

#[test]
fn vicreg() {
    check(&[SMALL, EVERY_TERM].concat());
}

#[test]
fn simclr() {
    check(&[SMALL, SIMCLR].concat());
}

#[test]
fn simclr_with_a_split_code() {
    check(&[SMALL, SIMCLR, &["simclr.negatives=split", "simclr.projector=id"]].concat());
}

#[test]
fn rssm() {
    check(&[SMALL, RSSM].concat());
}

#[test]
fn como() {
    check(COMO);
}

#[test]
fn workspace() {
    let fused = [
        "model_type=GW",
        "gw.fusion=true",
        "odd_one_out.enabled=true",
        "ood.rule=hole",
        "ood.attributes=1",
        "attr.use_unpaired=true",
        "attention.enabled=true",
        "attention.steps=10",
    ];
    check(&[SHAPES, &fused].concat());
}

#[test]
fn weightless() {
    check(WEIGHTLESS);
}

#[test]
fn domains_of_a_workspace() {
    for model in ["model_type=ShapesVision", "model_type=ShapesText", "model_type=ShapesAttributes"] {
        check(&[SHAPES, &[model]].concat());
    }
}

#[test]
fn stages_of_language_models_that_talk() {
    let at = tempfile::tempdir().unwrap();
    for stage in ["pretrain", "collect", "actor", "compress", "evaluate", "analyse"] {
        let chosen = format!("talk.stage={stage}");
        check_in(at.path(), &[TALK, &[&chosen]].concat(), stage);
    }
    let problem = |number: usize| {
        let fields = "\"level\": \"Level 1\", \"type\": \"Algebra\"";
        format!("{{\"problem\": \"the box loses {number} .\", \"solution\": \"\\\\boxed{{1}}\", {fields}}}\n")
    };
    std::fs::write(at.path().join("train.jsonl"), (1..9).map(problem).collect::<String>()).unwrap();
    let convert = [
        "talk.stage=convert",
        "talk.task=math",
        "talk.data=train.jsonl",
        "talk.sender=pretrain",
        "talk.convert.min_rows=1",
        "talk.convert.drop_truncated=false",
        "talk.convert.drop_leaky=false",
    ];
    check_in(at.path(), &[TALK, &convert].concat(), "convert");
}
