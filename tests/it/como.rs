//! Communicating agents, tested with whole commands on generated digits.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{baseline, fails, idx, json, output, succeeds, sweep_file_over, text, umwelt};
use serde_json::Value;

const SMALL: &[&str] = &[
    "model_type=CoMo",
    "device=cpu",
    "threads=1",
    "seed=0",
    "dataset_batch_size=16",
    "log_every=2",
    "safe_every_n_epochs=1",
    "eval_every_n_epochs=1",
    "como.data_path=digits",
    "como.epochs=3",
    "como.encoding_dim=16",
    "como.state_size=3",
    "como.num_heads=2",
    "como.collab_message_size=5",
    "como.collab_dec_depth=1",
];

fn train(at: &Path, values: &[&str]) -> Command {
    umwelt(at, &[&["train", "--values"], SMALL, values].concat())
}

fn folder() -> tempfile::TempDir {
    let at = tempfile::tempdir().unwrap();
    idx::write(&at.path().join("digits"), 64, 20);
    at
}

#[test]
fn a_run_scores_its_messages_and_baselines() {
    let at = folder();
    let table = succeeds(train(at.path(), &["output_path=run"]));
    for line in [
        "2 agents, messages of 5 numbers",
        "with messages",
        "messages zeroed",
        "messages of another image",
        "agents trained without messages",
        "autoencoder that sees all",
        "mean image",
    ] {
        assert!(table.contains(line), "{table}");
    }
    let run = at.path().join("run");
    let evaluation = json(&run.join("evaluation.json"));
    assert_eq!(evaluation["bits_per_image"], 2 * 5 * 32);
    assert_eq!(evaluation["drawing"]["agents_mse"].as_array().unwrap().len(), 2);
    assert!(baseline(&evaluation, "mean image") > 0.0);
    for figure in ["drawings.png", "drawings.svg", "loss_terms.png"] {
        assert!(run.join("figures").join(figure).is_file(), "{figure}");
    }
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let scores: Vec<f64> = metrics
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).unwrap()["mse"].as_f64())
        .collect();
    assert_eq!(scores.len(), 4, "before training and after each of three epochs");
    assert!(scores[3] < scores[0]);
}

/// Asserts that an interrupted run gets the same results as a whole one. It starts from the files
/// that a run leaves when it is killed after its second epoch.
fn ends_alike(threads: &str) {
    let at = folder();
    let lossy = [threads, "como.drop_message=0.3", "como.message_bits=2"];
    succeeds(train(at.path(), &[&lossy[..], &["output_path=whole"]].concat()));
    let (whole, cut) = (at.path().join("whole"), at.path().join("cut"));
    fs::create_dir_all(cut.join("checkpoints")).unwrap();
    for file in ["settings.yaml", "metrics.jsonl", "checkpoints/step-0000000008.safetensors"] {
        fs::copy(whole.join(file), cut.join(file)).unwrap();
    }
    let continued = output(train(at.path(), &[&lossy[..], &["output_path=cut"]].concat()));
    assert!(text(&continued.stderr).contains("going on from step 8 of 12"), "{}", text(&continued.stderr));
    let last = "checkpoints/step-0000000012.safetensors";
    assert_eq!(fs::read(whole.join(last)).unwrap(), fs::read(cut.join(last)).unwrap());
}

#[test]
fn a_run_stopped_and_continued_ends_bit_for_bit_like_one_that_was_not() {
    ends_alike("threads=1");
}

#[test]
fn so_does_one_on_several_threads() {
    ends_alike("threads=3");
}

#[test]
fn all_agents_start_as_the_single_agent_that_was_saved() {
    let at = folder();
    let alone = succeeds(train(at.path(), &["como.collab_n_agents=1", "output_path=alone"]));
    assert!(alone.contains("one agent") && alone.contains("without messages"), "{alone}");
    let both = ["como.single_agent_path=alone", "eval_only=true", "output_path=both", "como.baselines=false"];
    succeeds(train(at.path(), &both));
    let error = |run: &str, agent: usize| {
        json(&at.path().join(run).join("evaluation.json"))["drawing"]["agents_mse"][agent].as_f64().unwrap()
    };
    let messages_change_little = (error("alone", 0) - error("both", 0)).abs();
    let fresh = ["eval_only=true", "output_path=fresh", "como.baselines=false"];
    succeeds(train(at.path(), &fresh));
    assert!(messages_change_little < (error("alone", 0) - error("fresh", 0)).abs());
    let message = fails(train(at.path(), &["como.single_agent_path=alone", "como.encoding_dim=8"]), 2);
    assert!(message.contains("como.single_agent_path") && message.contains("should be"), "{message}");
}

#[test]
fn a_single_agent_is_trained_first_where_it_is_asked_for() {
    let at = folder();
    let auto = ["como.single_agent_path=auto", "como.epochs=1", "como.baselines=false", "output_path=both"];
    let printed = output(train(at.path(), &auto));
    let console = text(&printed.stderr);
    assert!(printed.status.success() && console.contains("stage 1 of 2: single_agent"), "{console}");
    let alone = fs::read_dir(at.path().join("runs/stages")).unwrap().next().unwrap().unwrap().path();
    let evaluation = json(&alone.join("evaluation.json"));
    assert_eq!(evaluation["drawing"]["agents_mse"].as_array().unwrap().len(), 1);
    let input = &json(&at.path().join("both/environment.json"))["inputs"][0];
    assert_eq!(input["key"], "como.single_agent_path");
    let four = ["como.single_agent_path=auto", "como.collab_n_agents=4"];
    let refused = fails(train(at.path(), &four), 2);
    assert!(refused.contains("`auto` needs collab_n_agents 2, but it is 4"), "{refused}");
}

#[test]
fn a_study_of_messages_is_shown_over_their_numbers_or_their_bits() {
    let at = folder();
    let lines = "parameters: {como.collab_message_size: [1, 4]}\n\
                 groups: {numbers: {float32: {}, 2 bits: {como.message_bits: 2}}}\n";
    let varied = |value: &&&str| value.starts_with("como.collab_message_size");
    let values =
        SMALL.iter().filter(|value| !varied(value)).chain(&["como.epochs=1", "como.baselines=false"]);
    sweep_file_over(at.path(), "messages", &values.copied().collect::<Vec<_>>(), lines);
    let printed = succeeds(umwelt(at.path(), &["sweep", "messages.yaml", "--jobs", "2"]));
    assert!(printed.contains("score") && printed.contains("4 runs: 4 finished"), "{printed}");

    let printed = succeeds(umwelt(at.path(), &["report", "messages.yaml"]));
    assert!(printed.contains("MSE") && printed.contains("como.collab_message_size=1"), "{printed}");
    let bits = ["report", "messages.yaml", "--x", "bits_per_image", "--metrics", "mse", "accuracy"];
    let printed = succeeds(umwelt(at.path(), &bits));
    let heading = printed.lines().find(|line| line.starts_with("numbers")).unwrap();
    let columns: Vec<&str> = heading.split_whitespace().collect();
    assert_eq!(columns, ["numbers", "bits_per_image=4", "16", "64", "256"], "{printed}");
    let csv = fs::read_to_string(at.path().join("runs/messages/report/table.csv")).unwrap();
    assert_eq!(csv.lines().next().unwrap().matches("bits_per_image").count(), 1, "{csv}");
    let unknown = fails(umwelt(at.path(), &["report", "messages.yaml", "--x", "bits_per_imag"]), 2);
    assert!(unknown.contains("x: this sweep does not vary bits_per_imag"), "{unknown}");
}

#[test]
fn agents_of_every_number_draw() {
    let at = folder();
    for agents in [1, 4, 7, 14] {
        for messenger in ["linear", "attention", "none"] {
            let path = format!("output_path={agents}-{messenger}");
            let (agents, messenger) =
                (format!("como.collab_n_agents={agents}"), format!("como.collab_messenger={messenger}"));
            succeeds(train(at.path(), &["quick_debug=true", &agents, &messenger, &path]));
        }
    }
}

#[test]
fn errors_of_missing_and_damaged_digits_name_the_command_that_fetches_them() {
    let at = folder();
    let missing = fails(train(at.path(), &["como.data_path=elsewhere"]), 2);
    assert!(missing.contains("como.data_path") && missing.contains("umwelt data mnist"), "{missing}");
    let images = at.path().join("digits/train-images-idx3-ubyte");
    let bytes = fs::read(&images).unwrap();
    fs::write(&images, &bytes[..bytes.len() - 1]).unwrap();
    let damaged = fails(train(at.path(), &[]), 2);
    assert!(
        damaged.contains("train-images-idx3-ubyte") && damaged.contains("umwelt data mnist"),
        "{damaged}"
    );
    fs::write(&images, &bytes).unwrap();
    let few = fails(train(at.path(), &["como.num_samples=65"]), 2);
    assert!(few.contains("como.num_samples") && few.contains("64"), "{few}");
}
