//! Language models that talk: every stage, every channel, and runs that are killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{TALK, fails, json, smollm2, stages, succeeds, umwelt, wait_for};

fn talk(at: &Path, values: &[&str]) -> Command {
    umwelt(
        at,
        &[&["train", "--values"], TALK, &["output_path=run", "talk.evaluate.channels=[all]"], values]
            .concat(),
    )
}

fn stage(at: &Path, name: &str) -> PathBuf {
    stages(at, name).pop().unwrap_or_else(|| panic!("no stage {name}"))
}

fn losses(run: &Path) -> Vec<f64> {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let loss = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["loss"].as_f64();
    lines.lines().filter_map(loss).collect()
}

#[test]
fn every_stage_and_every_channel_runs_and_losses_fall() {
    let at = tempfile::tempdir().unwrap();
    let table = succeeds(talk(at.path(), &[]));
    for name in ["pretrain", "actor", "fuse", "cot_full", "no_cot"] {
        let losses = losses(&stage(at.path(), name));
        assert!(losses.iter().all(|loss| loss.is_finite()), "{name}: {losses:?}");
    }
    let pretrained = losses(&stage(at.path(), "pretrain"));
    assert!(pretrained.last().unwrap() < &(0.7 * pretrained[0]), "{pretrained:?}");
    assert_eq!(stages(at.path(), "compress").len(), 2);
    for channel in [
        "text",
        "latent_full",
        "latent_k_4",
        "latent_k_2",
        "cipher",
        "realigned_2",
        "kv",
        "fuser",
        "cot_full",
        "zeros",
    ] {
        assert!(table.lines().any(|line| line.starts_with(&format!("{channel} "))), "{channel}: {table}");
        for split in ["seen", "unseen"] {
            let lines =
                fs::read_to_string(at.path().join(format!("run/episodes/{split}.{channel}.jsonl"))).unwrap();
            assert_eq!(lines.lines().count(), 4);
        }
    }
    assert!(table.contains("baselines: best guess without a message 1"), "{table}");
    let report = json(&at.path().join("run/evaluation.json"));
    // 37 channels, of which 8 have a number of latents, and there are two numbers.
    assert_eq!(report["lines"].as_array().unwrap().len(), 45, "{table}");
    let inputs = json(&at.path().join("run/environment.json"))["inputs"].clone();
    let keys: Vec<&str> =
        inputs.as_array().unwrap().iter().map(|input| input["key"].as_str().unwrap()).collect();
    assert!(keys.contains(&"talk.sender") && keys.contains(&"talk.compress.k.4"), "{keys:?}");
    for figure in ["sizes", "groups"] {
        assert!(at.path().join(format!("run/figures/{figure}.svg")).is_file(), "{figure}");
    }
    let model = stage(at.path(), "actor").join("receiver");
    assert!(succeeds(umwelt(at.path(), &["lm", "show", model.to_str().unwrap()])).contains("96832"));
    assert_eq!(succeeds(talk(at.path(), &[])), table, "a finished run prints its result");
    messages_are_shown(at.path());
    messages_are_analysed(at.path());
    checkpoints_are_evaluated(at.path());
}

/// What `umwelt message` prints of the run in the folder `run`.
fn messages_are_shown(at: &Path) {
    let message = |arguments: &[&str]| umwelt(at, &[&["message", "run", "--task"], arguments].concat());
    let lines = fs::read_to_string(at.join("run/episodes/seen.latent_full.jsonl")).unwrap();
    let episodes = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let episode = episodes.into_iter().find(|episode| episode["id"] == "chainmath/seen/1").unwrap();
    let shown = succeeds(message(&["chainmath/seen/1"]));
    // The same plan as in the evaluation, with a row for each of its tokens.
    let plan = episode["plan"].as_str().unwrap();
    assert!(shown.starts_with(&format!("chainmath/seen/1 by latent_full\nplan: {plan}\n")), "{shown}");
    let count = episode["positions"].as_u64().unwrap() as usize;
    let is_row = |line: &&str| line.split_whitespace().next().is_some_and(|cell| cell.parse::<u32>().is_ok());
    assert_eq!(shown.lines().filter(is_row).count(), count, "{shown}");
    let student = succeeds(message(&["chainmath/seen/1", "--channel", "latent_k_4"]));
    assert_eq!(student.lines().filter(is_row).count(), 4, "{student}");
    let pairs = succeeds(message(&["chainmath/seen/1", "--diff", "chainmath/seen/1"]));
    let cells: Vec<Vec<&str>> =
        pairs.lines().filter(is_row).map(|line| line.split_whitespace().collect()).collect();
    assert!(cells.len() == count && (0..count).all(|row| cells[row][row + 1] == "1.00"), "{pairs}");
    let printed = fails(message(&["chainmath/seen/x"]), 2);
    assert!(printed.contains("chainmath/seen/x is no problem of this task"), "{printed}");
    let printed = fails(message(&["chainmath/seen/1", "--channel", "telepathy"]), 2);
    assert!(printed.contains("--channel has no channel `telepathy`; known: core,"), "{printed}");
}

/// An evaluation with every kept checkpoint of the receiver, and one with the last.
fn checkpoints_are_evaluated(at: &Path) {
    let with = |which: &str, folder: &str| {
        let (which, folder) = (format!("talk.evaluate.checkpoints={which}"), format!("output_path={folder}"));
        succeeds(talk(at, &["talk.evaluate.channels=[latent_full]", &which, &folder]))
    };
    let table = with("all", "all_checkpoints");
    let report = json(&at.join("all_checkpoints/evaluation.json"));
    let checkpoints = report["checkpoints"].as_array().unwrap();
    assert!(!checkpoints.is_empty() && table.contains("latent_full, step"), "{table}");
    // The last checkpoint is the best one, with which all channels are evaluated.
    assert_eq!(checkpoints.last().unwrap()["step"], 20);
    assert_eq!(checkpoints.last().unwrap()["seen"], report["lines"][0]["seen"]);
    with("last", "last_checkpoint");
    let report = json(&at.join("last_checkpoint/evaluation.json"));
    assert_eq!(checkpoints.last().unwrap()["seen"], report["lines"][0]["seen"]);
}

/// The stage `analyse` over the stages of the run in the folder `run`.
fn messages_are_analysed(at: &Path) {
    let values = ["talk.stage=analyse", "talk.analyse.problems=4", "output_path=analysed"];
    let table = succeeds(talk(at, &values));
    assert!(table.contains("first 100 %") && table.contains("4 latents"), "{table}");
    assert_eq!(stages(at, "compress").len(), 2, "the students are found, not made again");
    let report = json(&at.join("analysed/evaluation.json"));
    assert_eq!(report["rates"]["kept"].as_array().unwrap().len(), 11);
    assert_eq!(report["entropies"].as_object().unwrap().len(), 4);
    assert_eq!(report["drifts"]["2 latents"]["norm"].as_array().unwrap().len(), 2);
    for channel in ["text", "whole messages", "4 latents", "2 latents"] {
        let shares = report["attention"][channel].as_array().unwrap();
        assert_eq!(shares.len(), 2, "one for each layer");
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(&share.as_f64().unwrap())), "{shares:?}");
    }
    for figure in ["rates", "entropy", "drift", "attention", "components"] {
        assert!(at.join(format!("analysed/figures/{figure}.svg")).is_file(), "{figure}");
    }
    assert!(at.join("analysed/glosses.json").is_file());
}

#[test]
fn killed_in_every_stage_the_same_command_ends_with_the_same_table() {
    let [whole, killed] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let channels = ["talk.evaluate.channels=[text, latent_full, latent_k, no_comm]", "talk.compress.k=[2]"];
    let table = succeeds(talk(whole.path(), &channels));
    let at = killed.path();
    let has =
        |stage: &str, file: &str| stages(at, stage).first().is_some_and(|stage| stage.join(file).exists());
    let reached: [&dyn Fn() -> bool; 5] = [
        &|| has("pretrain", "checkpoints/step-0000000050.safetensors"),
        &|| has("collect", "messages/part-00000.parquet"),
        &|| has("actor", "checkpoints/step-0000000020.safetensors"),
        &|| has("compress", "checkpoints/step-0000000010.safetensors"),
        &|| at.join("run/channels.json").exists(),
    ];
    for reached in reached {
        let mut run = talk(at, &channels).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("the stage", || reached() || run.try_wait().unwrap().is_some());
        run.kill().unwrap();
        run.wait().unwrap();
    }
    assert_eq!(succeeds(talk(at, &channels)), table);
    let result = |at: &Path| fs::read(at.join("run/channels.json")).unwrap();
    assert!(result(at) == result(whole.path()), "results are those of a run that was never killed");
}

#[test]
fn a_receiver_reads_two_senders_of_different_sizes() {
    let at = tempfile::tempdir().unwrap();
    let pretrained = succeeds(talk(
        at.path(),
        &[
            "talk.stage=pretrain",
            "talk.senders=[auto, auto]",
            "talk.lm.size=het",
            "talk.lm.layers=2",
            "output_path=het",
        ],
    ));
    assert!(pretrained.contains("plans, written greedily"), "{pretrained}");
    let values = ["talk.senders=[auto, het/model]", "talk.evaluate.channels=[core, related, shuffled]"];
    let table = succeeds(talk(at.path(), &values));
    let collected = stages(at.path(), "collect");
    assert_eq!(collected.len(), 2, "each sender's messages are collected");
    let metrics: Vec<Vec<f64>> = ["actor", "cot_full"].map(|name| losses(&stage(at.path(), name))).to_vec();
    assert!(metrics.iter().flatten().all(|loss| loss.is_finite()), "{metrics:?}");
    let names: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for channel in ["text", "latent_full", "sender_0", "sender_1", "cross_task", "shuffled", "cot_full"] {
        assert!(names.contains(&channel), "{channel}: {table}");
    }
    assert!(!table.contains("latent_k") && !table.contains("cipher"), "{table}");
    let line = |channel: &str| {
        let file = at.path().join(format!("run/episodes/seen.{channel}.jsonl"));
        let lines = fs::read_to_string(file).unwrap();
        serde_json::from_str::<serde_json::Value>(lines.lines().next().unwrap()).unwrap()
    };
    let [both, first, second] = ["latent_full", "sender_0", "sender_1"].map(line);
    let count = |line: &serde_json::Value, key: &str| line[key].as_u64().unwrap();
    for key in ["positions", "bytes", "sender_steps"] {
        assert_eq!(count(&both, key), count(&first, key) + count(&second, key), "{key}");
    }
    assert_eq!(count(&first, "bytes"), 2 * 64 * count(&first, "positions"));
    assert_eq!(count(&second, "bytes"), 2 * 96 * count(&second, "positions"));
    assert_eq!(both["plan"].as_str().unwrap().lines().count(), 2, "{both}");
    assert_eq!(both["gloss"]["sender"].as_array().unwrap().len() as u64, count(&both, "positions"));
    let inputs = json(&at.path().join("run/environment.json"))["inputs"].clone();
    let keys: Vec<&str> =
        inputs.as_array().unwrap().iter().map(|input| input["key"].as_str().unwrap()).collect();
    assert!(keys.contains(&"talk.senders.0") && keys.contains(&"talk.senders.1"), "{keys:?}");
    let shown = succeeds(umwelt(at.path(), &["message", "run", "--task", "chainmath/seen/1"]));
    assert!(shown.starts_with("chainmath/seen/1 by latent_full\nplan: "), "{shown}");
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert!(rows.contains(&vec!["row", "sender", "plan"]), "{shown}");
    let who = |row: &[&str]| row.first()?.parse::<usize>().ok().map(|_| row[1].to_owned());
    let who: Vec<String> = rows.iter().filter_map(|row| who(row)).collect();
    assert!(who.is_sorted() && who[0] == "0" && who[who.len() - 1] == "1", "{shown}");
    assert_eq!(succeeds(talk(at.path(), &values)), table, "a finished run prints its result");
    let refused = |values: &[&str]| fails(talk(at.path(), &[&["output_path=no"], values].concat()), 2);
    let of_two = "talk.senders=[auto, auto]";
    assert!(
        refused(&[of_two, "talk.evaluate.channels=[kv]"]).contains("has `kv`, which is of a single sender")
    );
    assert!(refused(&[of_two, "talk.stage=compress"]).contains("talk.stage: is of a single sender"));
    assert!(refused(&[of_two, "talk.sender=a"]).contains("talk.sender: is of a single sender"));
    assert!(refused(&["talk.senders=[auto]"]).contains("talk.senders: must be from 2 to 5"));
    assert!(refused(&["talk.collect.sender=1"]).contains("is the number of one of talk.senders"));
}

#[test]
fn senders_of_a_chain_read_one_another() {
    let at = tempfile::tempdir().unwrap();
    let values = ["talk.senders=[auto, auto, auto]", "talk.topology=chain", "talk.evaluate.channels=[core]"];
    let table = succeeds(talk(at.path(), &values));
    let count = |stage: &str| stages(at.path(), stage).len();
    assert_eq!(["pretrain", "relay", "collect", "actor"].map(count), [1, 2, 3, 1]);
    for relay in stages(at.path(), "relay") {
        let losses = losses(&relay);
        assert!(losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
        let reads = json(&relay.join("environment.json"))["inputs"][1]["key"].clone();
        assert!(["talk.collected.0", "talk.collected.1"].contains(&reads.as_str().unwrap()), "{reads}");
    }
    assert!(table.contains("\nlatent_full ") && !table.contains("sender_0"), "{table}");
    let lines = fs::read_to_string(at.path().join("run/episodes/seen.latent_full.jsonl")).unwrap();
    let plans =
        lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["plan"].clone());
    assert!(plans.into_iter().all(|plan| plan.as_str().unwrap().lines().count() <= 1), "the last plan alone");
    let shown = succeeds(umwelt(at.path(), &["message", "run", "--task", "chainmath/seen/1"]));
    assert!(shown.starts_with("chainmath/seen/1 by latent_full"), "{shown}");
    let house = ["talk.task=minihouse", "talk.collect.max_new_tokens=24", "output_path=house"];
    succeeds(talk(at.path(), &[&values[..], &house].concat()));
    let refused = |values: &[&str]| fails(talk(at.path(), &[&["output_path=no"], values].concat()), 2);
    assert!(refused(&["talk.topology=chain"]).contains("talk.topology: chain needs talk.senders"));
    let real =
        ["talk.senders=[a, b]", "talk.topology=chain", "talk.task=math", "talk.data=data", "talk.receiver=a"];
    assert!(refused(&real).contains("reference plans"), "{}", refused(&real));
    let real = ["talk.senders=[a, auto]", "talk.task=math", "talk.data=data"];
    assert!(refused(&real).contains("talk.senders: must name models"), "{}", refused(&real));
    let reader = [values[0], values[1], "talk.stage=actor", "talk.actor.reader=0"];
    assert!(refused(&reader).contains("talk.actor.reader: is 0, which is no sender of a chain"));
}

#[test]
fn an_evaluation_in_parts_gives_the_numbers_of_a_whole_one() {
    let at = tempfile::tempdir().unwrap();
    let channels =
        "talk.evaluate.channels=[text, latent_full, cross_task, cov_noise_1, within_family, no_comm]";
    // Another identity, so that the run of parts is made after the whole one.
    let whole = succeeds(talk(at.path(), &[channels, "talk.eval_tasks=7", "output_path=whole"]));
    let parts = [channels, "talk.eval_tasks=7", "talk.evaluate.parts=3", "talk.evaluate.part=2"];
    let joined = succeeds(talk(at.path(), &parts));
    let made = stages(at.path(), "part");
    assert_eq!(made.len(), 3);
    let counts =
        |run: &PathBuf| fs::read_to_string(run.join("episodes/seen.text.jsonl")).unwrap().lines().count();
    let mut all: Vec<usize> = made.iter().map(counts).collect();
    all.sort_unstable();
    assert_eq!(all, [2, 2, 3]);
    let table = |printed: &str| printed[printed.find("ChainMath, 7 seen").expect("a table")..].to_owned();
    assert_eq!(table(&joined), table(&whole));
    for channel in ["text", "latent_full", "cross_task", "cov_noise_1", "within_family", "no_comm"] {
        for split in ["seen", "unseen"] {
            let read = |run: &str| {
                let path = at.path().join(format!("{run}/episodes/{split}.{channel}.jsonl"));
                let lines = fs::read_to_string(path).unwrap();
                let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
                lines.lines().map(line).collect::<Vec<_>>()
            };
            for (ours, expected) in read("run").iter().zip(read("whole")) {
                for key in ["id", "plan", "turns", "success", "positions", "gloss"] {
                    assert_eq!(ours[key], expected[key], "{channel} {key}");
                }
                for key in ["nats", "js_bits"] {
                    let [ours, expected] = [ours, &expected].map(|line| line[key].as_f64().unwrap());
                    assert!((ours - expected).abs() < 1e-4, "{channel} {key}: {ours} {expected}");
                }
            }
            assert_eq!((read("run").len(), read("whole").len()), (7, 7));
        }
    }
    let printed = fails(talk(at.path(), &["talk.evaluate.part=1", "output_path=no"]), 2);
    assert!(
        printed.contains("talk.evaluate.part: must be below talk.evaluate.parts, which is 1"),
        "{printed}"
    );
}

#[test]
fn a_house_is_talked_about_in_many_turns() {
    let at = tempfile::tempdir().unwrap();
    let values =
        ["talk.task=minihouse", "talk.evaluate.channels=[text, no_comm]", "talk.collect.max_new_tokens=24"];
    let table = succeeds(talk(at.path(), &values));
    assert!(table.contains("MiniHouse, 4 seen, 4 unseen"), "{table}");
    let lines = fs::read_to_string(at.path().join("run/episodes/seen.text.jsonl")).unwrap();
    let turns = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["turns"].as_array().unwrap().len()
    };
    assert!(lines.lines().all(|line| turns(line) > 1), "{lines}");
}

#[test]
fn every_stage_runs_in_bfloat16_in_parts_and_with_few_parameters() {
    let at = tempfile::tempdir().unwrap();
    let values = [
        "talk.dtype=bf16",
        "talk.accumulate=2",
        "talk.actor.train=lora",
        "talk.actor.lora.rank=2",
        "talk.adapter.kind=linear",
        "talk.collect.keep_eos=true",
        "talk.actor.aux_every=2",
        "talk.compress.k=[3, 2]",
        "talk.compress.nested=true",
        "talk.evaluate.channels=[text, latent_full, latent_k, latent_roll, realigned, cipher, kv, graft_1_1, no_cot]",
        "talk.evaluate.checkpoints=all",
    ];
    let table = succeeds(talk(at.path(), &values));
    for name in ["pretrain", "actor", "compress", "no_cot"] {
        let losses = losses(&stage(at.path(), name));
        assert!(losses.iter().all(|loss| loss.is_finite()), "{name}: {losses:?}");
    }
    assert_eq!(stages(at.path(), "compress").len(), 1, "one student sends 3 or 2 latents");
    assert!(table.contains("\nlatent_k_3 ") && table.contains("\nlatent_k_2 "), "{table}");
    let metrics = fs::read_to_string(stage(at.path(), "actor").join("metrics.jsonl")).unwrap();
    let contrasts = metrics
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["contrast"].as_f64());
    let contrasts: Vec<f64> = contrasts.collect();
    assert!(contrasts.len() == 2 && contrasts.iter().all(|term| (0.0..=0.7).contains(term)), "{contrasts:?}");
    let model = stage(at.path(), "actor").join("receiver");
    assert_eq!(json(&model.join("config.json"))["dtype"], "bfloat16");
    // The last checkpoint is the best one, with which all channels are evaluated.
    let report = json(&at.path().join("run/evaluation.json"));
    let last = report["checkpoints"].as_array().unwrap().last().unwrap();
    let saved = &report["lines"].as_array().unwrap()[1];
    for key in ["right", "cross_entropy", "js_bits"] {
        assert_eq!(last["seen"][key], saved["seen"][key], "{key}");
    }
    // The merged receiver is one of the ordinary architecture.
    assert!(succeeds(umwelt(at.path(), &["lm", "show", model.to_str().unwrap()])).contains("96832"));
    let again = [&values[..], &["talk.checkpointing=true"]].concat();
    assert_eq!(succeeds(talk(at.path(), &again)), table, "recomputation makes no other run");
}

#[test]
fn what_is_not_learnt_stops_before_more_is_spent() {
    let at = tempfile::tempdir().unwrap();
    // No problem is solved by a lossy plan as text.
    for (plan, score) in [("short", "text.right"), ("lossy", "plan.right")] {
        let plan = format!("talk.chainmath.plan={plan}");
        let values = ["talk.pretrain.gate=0.9", "talk.pretrain.steps=6", &plan];
        let printed = fails(talk(at.path(), &values), 1);
        let expected = format!("stage pretrain: the task is not learnt: {score} stays below");
        assert!(printed.contains(&expected) && printed.contains("train longer"), "{printed}");
    }
    assert_eq!(stages(at.path(), "collect").len(), 0);
}

#[test]
fn mistakes_name_the_setting_or_the_file() {
    let at = tempfile::tempdir().unwrap();
    let refused = |values: &[&str]| fails(talk(at.path(), values), 2);
    let printed = refused(&["talk.evaluate.channels=[telepathy]"]);
    assert!(
        printed.contains("talk.evaluate.channels: has no channel `telepathy`; known: core,"),
        "{printed}"
    );
    assert!(refused(&["talk.pretrain.mixture=[1, 1, 1]"]).contains("three shares that add up to 1"));
    assert!(refused(&["talk.actor.batch_size=1"]).contains("talk.actor.batch_size: must be 2 or more"));
    assert!(refused(&["talk.accumulate=0"]).contains("talk.accumulate: must be 1 or more"));
    assert!(refused(&["talk.actor.lora.rank=0"]).contains("talk.actor.lora: rank is 0"));
    assert!(refused(&["talk.actor.lora.layers=[gate]"]).contains("has `gate`; known: q, k, v, o"));
    fs::create_dir_all(at.path().join("empty")).unwrap();
    let printed = fails(talk(at.path(), &["talk.stage=collect", "talk.sender=empty"]), 1);
    assert!(printed.contains("talk.sender: empty has none of model/model.safetensors"), "{printed}");
}

/// Needs the model that `umwelt data smollm2` fetches, and takes half a minute of CPU time.
#[test]
fn a_published_model_sends_and_its_adapter_learns() {
    let Some(path) = smollm2() else { return };
    let at = tempfile::tempdir().unwrap();
    let path = path.to_str().unwrap();
    let (sender, receiver) = (format!("talk.sender={path}"), format!("talk.receiver={path}"));
    let values = [
        "talk.stage=actor",
        &sender,
        &receiver,
        "talk.actor.train=adapter",
        "talk.train_tasks=4",
        "talk.collect.max_new_tokens=6",
        "talk.actor.batch_size=2",
        "talk.actor.steps=2",
        "talk.actor.p_full=1",
        "log_every=1",
    ];
    succeeds(talk(at.path(), &values));
    assert_eq!(stages(at.path(), "pretrain").len(), 0, "a model that is named is not pretrained");
    let losses = losses(&at.path().join("run"));
    assert!(losses.len() == 2 && losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
    assert!(at.path().join("run/receiver/adapter.safetensors").is_file());
}
