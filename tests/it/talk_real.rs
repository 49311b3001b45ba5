//! Real tasks: MATH from files, and ALFWorld through a child process.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{fails, json as read_json, stages, succeeds, umwelt};

/// Settings so small that all stages take some seconds.
const SMALL: &[&str] = &[
    "model_type=LatentTalk",
    "device=cpu",
    "threads=1",
    "log_every=5",
    "safe_every_n_epochs=1",
    "talk.eval_tasks=3",
    "talk.collect.max_new_tokens=12",
    "talk.evaluate.max_new_tokens=12",
    "talk.actor.steps=3",
    "talk.actor.batch_size=2",
    "talk.actor.eval_ratio=0.1",
];

fn talk(at: &Path, values: &[&str]) -> Command {
    umwelt(at, &[&["train", "--values"], SMALL, values].concat())
}

/// A model for a built-in task's words in the folder `base`.
fn pretrain(at: &Path, task: &str) {
    let task = format!("talk.task={task}");
    let values = [
        "talk.stage=pretrain",
        &task,
        "talk.lm.size=smoke",
        "talk.pretrain.steps=30",
        "talk.pretrain.gate=0",
    ];
    succeeds(talk(at, &[&values[..], &["talk.pretrain.batch_size=8", "output_path=base"]].concat()));
}

/// MATH with these numbers of problems in two subjects, a file for each problem.
fn math(at: &Path, train: usize, test: usize) {
    for (split, count) in [("train", train), ("test", test)] {
        for (subject, name) in [("algebra", "Algebra"), ("geometry", "Geometry")] {
            let folder = at.join("math").join(split).join(subject);
            fs::create_dir_all(&folder).unwrap();
            for number in 0..count {
                let problem = json!({
                    "problem": format!("the box gets {number} more . {split} {subject}"), "level": "Level 1",
                    "type": name, "solution": format!("first 1 + {number} = 9 ; answer \\boxed{{{number}}}"),
                });
                fs::write(folder.join(format!("{number}.json")), problem.to_string()).unwrap();
            }
        }
    }
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn stage(at: &Path, name: &str) -> std::path::PathBuf {
    let mut found = stages(at, name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found.remove(0)
}

const MATH: &[&str] =
    &["talk.task=math", "talk.data=math", "talk.sender=base", "talk.convert.min_rows=1", "output_path=run"];

#[test]
fn math_is_collected_converted_learnt_and_evaluated_by_subject() {
    let at = tempfile::tempdir().unwrap();
    pretrain(at.path(), "chainmath");
    math(at.path(), 6, 2);
    let values = [
        "talk.collect.subjects=[algebra]",
        "talk.convert.drop_truncated=false",
        "talk.convert.drop_leaky=false",
        "talk.evaluate.channels=[text, latent_full, no_comm]",
        "talk.evaluate.samples=2",
        "talk.evaluate.temperature=1",
    ];
    let table = succeeds(talk(at.path(), &[MATH, &values].concat()));
    assert!(table.contains("MATH, 2 seen, 2 unseen"), "{table}");
    assert!(table.contains("by subject") && table.contains("samples, seen"), "{table}");
    assert!(!table.contains("baselines"), "nothing is known of guesses and plans: {table}");
    let stats = read_json(&stage(at.path(), "convert").join("stats.json"));
    let conversations = read_json(&stage(at.path(), "convert").join("conversations.json"));
    let first = &conversations[0];
    assert_eq!(stats["kept"].as_u64().unwrap() as usize, conversations.as_array().unwrap().len());
    assert_eq!(first["id"], "MATH_train_algebra_0");
    assert_eq!(first["conversations"][0]["value"], "the box gets 0 more . train algebra");
    assert_eq!(first["conversations"][1]["value"], "first 1 + 0 = 9 ; answer \\boxed{0}");
    assert_eq!(first["answer"], "0");
    let episodes = lines(&at.path().join("run/episodes/unseen.latent_full.jsonl"));
    assert_eq!((episodes.len(), episodes[0]["subject"].as_str()), (2, Some("geometry")));
    assert_eq!(episodes[0]["others"].as_array().unwrap().len(), 1);
    let gloss = &episodes[0]["gloss"];
    let rows = episodes[0]["positions"].as_u64().unwrap() as usize;
    assert_eq!(gloss["sender"].as_array().unwrap().len(), rows);
    assert_eq!(gloss["receiver"].as_array().unwrap().len(), rows);
}

#[test]
fn two_senders_plan_for_the_same_problem() {
    let at = tempfile::tempdir().unwrap();
    pretrain(at.path(), "chainmath");
    math(at.path(), 6, 2);
    let values = [
        "talk.task=math",
        "talk.data=math",
        "talk.senders=[base, base]",
        "talk.convert.min_rows=1",
        "talk.convert.drop_truncated=false",
        "talk.convert.drop_leaky=false",
        "talk.evaluate.channels=[latent_full, senders]",
        "output_path=run",
    ];
    let table = succeeds(talk(at.path(), &values));
    assert!(table.contains("\nsender_1 "), "{table}");
    let messages = stages(at.path(), "collect");
    assert_eq!(messages.len(), 2);
    let conversations = read_json(&stage(at.path(), "convert").join("conversations.json"));
    assert!(!conversations.as_array().unwrap().is_empty());
    // The senders draw their tokens independently.
    let plans = lines(&at.path().join("run/episodes/seen.latent_full.jsonl"));
    let differ = |line: &Value| {
        let plans: Vec<&str> = line["plan"].as_str().unwrap().lines().collect();
        plans.len() == 2 && plans[0] != plans[1]
    };
    assert!(plans.iter().any(differ), "{plans:?}");
}

#[test]
fn plans_that_cannot_be_learnt_from_are_counted() {
    let at = tempfile::tempdir().unwrap();
    pretrain(at.path(), "chainmath");
    math(at.path(), 3, 1);
    succeeds(talk(at.path(), &[MATH, &["talk.stage=collect"]].concat()));
    // Every plan of the run is as long as the limit, or shorter than the least.
    let values =
        ["talk.stage=convert", "talk.collected=run", "talk.convert.min_rows=13", "output_path=converted"];
    let printed = fails(talk(at.path(), &[MATH, &values].concat()), 1);
    assert!(printed.contains("no conversation is left: 6 short"), "{printed}");
    assert_eq!(read_json(&at.path().join("converted/stats.json"))["dropped"]["short"], 6);
}

#[test]
fn conversations_without_messages_end_the_run_are_left_out_or_silent() {
    let at = tempfile::tempdir().unwrap();
    pretrain(at.path(), "chainmath");
    math(at.path(), 4, 1);
    succeeds(talk(at.path(), &[MATH, &["talk.stage=collect"]].concat()));
    let turn = |from: &str, value: &str| json!({ "from": from, "value": value });
    let conversation = |id: &str| json!({ "id": id, "conversations": [turn("human", "start 1 ."), turn("gpt", "answer \\boxed { 1 }")] });
    let ids: Vec<String> = (0..4).map(|number| format!("MATH_train_algebra_{number}")).collect();
    let mut all: Vec<Value> = ids.iter().map(|id| conversation(id)).collect();
    all.push(conversation("another"));
    fs::write(at.path().join("all.json"), json!(all).to_string()).unwrap();
    let learn = |missing: &str, folder: &str| {
        let (missing, folder) = (format!("talk.actor.missing={missing}"), format!("output_path={folder}"));
        let values =
            ["talk.stage=actor", "talk.collected=run", "talk.conversations=all.json", &missing, &folder];
        talk(at.path(), &[MATH, &values].concat())
    };
    let printed = fails(learn("error", "a"), 2);
    assert!(printed.contains("1 of 5 conversations have no message, another first"), "{printed}");
    assert!(printed.contains("talk.actor.missing=skip leaves them out"), "{printed}");
    assert!(succeeds(learn("skip", "b")).contains("hidden states, 3 messages"));
    assert!(succeeds(learn("silent", "c")).contains("hidden states, 4 messages"));
    // The same file with two turns of one role.
    all[2]["conversations"][1]["from"] = json!("human");
    fs::write(at.path().join("all.json"), json!(all).to_string()).unwrap();
    let printed = fails(learn("skip", "d"), 2);
    let expected = "all.json: conversation MATH_train_algebra_2: turn 1 is from `human`";
    assert!(printed.contains(expected), "{printed}");
}

/// Conversations in the words of MiniHouse.
fn houses(at: &Path) {
    let turn = |from: &str, value: &str| json!({ "from": from, "value": value });
    let conversation = |number: usize| {
        let turns = [
            turn("human", "follow the plan"),
            turn("gpt", "done"),
            turn("human", "places : desk bed . goal : put mug to desk ."),
            turn("gpt", "step 1 : go to bed"),
            turn("human", "on bed : mug ."),
            turn("gpt", "step 2 : take mug from bed"),
        ];
        json!({ "id": format!("house {number}"), "conversations": turns })
    };
    let all: Vec<Value> = (0..5).map(conversation).collect();
    fs::write(at.join("houses.json"), json!(all).to_string()).unwrap();
}

/// A bridge that plays MiniHouse, and ends at the second start of game 2 where there is a file
/// `broken`.
fn bridge(at: &Path) {
    let house = format!("{} lm house", env!("CARGO_BIN_EXE_umwelt"));
    let script = format!(
        "[ -e broken ] || exec {house}\n\
         n=0\n\
         while read -r line; do\n\
           case \"$line\" in *'\"game\":2'*) n=$((n + 1));; esac\n\
           [ $n = 2 ] && break\n\
           printf '%s\\n' \"$line\"\n\
         done | {house}\n\
         echo out of houses >&2\n\
         exit 7\n"
    );
    fs::write(at.join("bridge.sh"), script).unwrap();
}

const HOUSES: &[&str] = &[
    "talk.task=alfworld",
    "talk.data=houses.json",
    "talk.sender=base",
    "talk.alfworld.bridge=sh bridge.sh",
    "talk.alfworld.bridges=1",
    "talk.alfworld.max_steps=3",
    "talk.alfworld.action_marker=':'",
    "talk.evaluate.channels=[text, no_comm]",
    "output_path=run",
];

#[test]
fn games_are_played_through_a_bridge_and_one_that_dies_loses_no_finished_game() {
    let at = tempfile::tempdir().unwrap();
    pretrain(at.path(), "minihouse");
    houses(at.path());
    bridge(at.path());
    // A game begins once to learn its first observation, and again to be played.
    fs::write(at.path().join("broken"), "").unwrap();
    let printed = fails(talk(at.path(), HOUSES), 1);
    assert!(
        printed.contains("the bridge `sh bridge.sh` ended (exit status: 7) before it answered"),
        "{printed}"
    );
    assert!(printed.contains("game 2 of the split seen, after 0 actions"), "{printed}");
    assert!(printed.contains("its last lines:\n  out of houses"), "{printed}");
    let kept = lines(&at.path().join("run/episodes/seen.text.jsonl"));
    assert_eq!(kept.len(), 2, "{kept:?}");
    fs::remove_file(at.path().join("broken")).unwrap();
    let table = succeeds(talk(at.path(), HOUSES));
    assert!(table.contains("ALFWorld, 3 seen, 3 unseen"), "{table}");
    let all = lines(&at.path().join("run/episodes/seen.text.jsonl"));
    assert_eq!((&all[..kept.len()], all.len()), (&kept[..], 3));
    for episode in &all {
        let prompt = episode["prompt"].as_str().unwrap();
        assert!(
            prompt.starts_with("follow the plan\nplaces : ") && prompt.contains(" . goal : "),
            "{prompt}"
        );
        assert!((1..=3).contains(&episode["turns"].as_array().unwrap().len()), "{episode}");
    }
    let whole = tempfile::tempdir().unwrap();
    for name in ["houses.json", "bridge.sh"] {
        fs::copy(at.path().join(name), whole.path().join(name)).unwrap();
    }
    pretrain(whole.path(), "minihouse");
    assert_eq!(succeeds(talk(whole.path(), HOUSES)), table);
    let results = |at: &Path| fs::read_to_string(at.join("run/channels.json")).unwrap();
    assert_eq!(results(whole.path()), results(at.path()), "as in a run whose bridge did not die");
}

#[test]
fn real_tasks_say_what_they_need() {
    let at = tempfile::tempdir().unwrap();
    let refused = |values: &[&str]| fails(talk(at.path(), &[values, &["output_path=run"]].concat()), 2);
    let expected = "talk.data: is needed by the task `math`: the folder of MATH";
    assert!(refused(&["talk.task=math"]).contains(expected));
    let expected = "talk.sender: is needed by the task `math`: a model such as models/Qwen2.5-0.5B-Instruct";
    assert!(refused(&["talk.task=math", "talk.data=math"]).contains(expected));
    let values = ["talk.task=math", "talk.data=math", "talk.sender=a", "talk.collect.filter=right"];
    let expected = "talk.collect.filter: cannot be `right`: no program knows right plans of `math`";
    assert!(refused(&values).contains(expected));
    let expected = "talk.stage: pretrain is of built-in tasks; for `math` name a talk.sender";
    assert!(refused(&["talk.task=math", "talk.stage=pretrain"]).contains(expected));
    let expected = "talk.data: is of the tasks math and alfworld; `chainmath` makes its own problems";
    assert!(refused(&["talk.data=math"]).contains(expected));
    assert!(refused(&["talk.stage=convert"]).contains("talk.stage: convert is of the task math"));
    let expected = "talk.evaluate.samples: are all the same at temperature 0";
    assert!(refused(&["talk.evaluate.samples=4"]).contains(expected));
    let expected = "talk.alfworld.bridge: has a quote that is not closed";
    assert!(
        refused(&["talk.task=alfworld", "talk.data=a", "talk.sender=b", "talk.alfworld.bridge=play 'a"])
            .contains(expected)
    );
    fs::create_dir_all(at.path().join("base")).unwrap();
    let values = ["talk.task=math", "talk.data=none", "talk.sender=base", "talk.stage=convert"];
    let values = [&values[..], &["talk.collected=base", "output_path=run"]].concat();
    let printed = fails(talk(at.path(), &values), 1);
    assert!(printed.contains("base has none of messages/manifest.json"), "{printed}");
}

#[test]
fn the_examples_of_published_models_are_valid_and_name_relative_paths() {
    use umwelt::schema::RunSettings;
    use umwelt::worlds::WorldSettings;
    for (name, task) in [("talk_qwen", "math"), ("talk_llama", "alfworld")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("experiments/{name}.yaml"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("task: {task}\n")) && !text.contains(": /"), "{name}");
        let loaded = umwelt::settings::load::<RunSettings>(&[path], &[]);
        let settings = loaded.unwrap_or_else(|error| panic!("{error}")).settings;
        assert!(matches!(settings.world, WorldSettings::Talk(_)));
    }
}
