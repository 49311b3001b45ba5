use std::fs;

use serde_json::json;

use super::*;

fn conversation(turns: &[(&str, &str)]) -> Result<Conversation> {
    let conversations = turns.iter().map(|(from, value)| RecordedTurn::new(from, value)).collect();
    Conversation::new(Recorded { id: json!("a"), conversations, plan: None, answer: None })
}

fn pair(reads: &str, says: &str) -> (String, String) {
    (reads.into(), says.into())
}

#[test]
fn two_turns_are_a_task_and_its_answer() {
    let found = conversation(&[("human", "1 + 1 ?"), ("gpt", "2")]).unwrap();
    assert_eq!((found.turns, found.instruction), (vec![pair("1 + 1 ?", "2")], None));
}

#[test]
fn of_more_turns_the_instruction_stands_before_the_task() {
    let turns = [("human", "play"), ("gpt", "OK"), ("human", "a room"), ("gpt", "go"), ("human", "a mug")];
    let found = conversation(&turns).unwrap();
    // The last turn of the user has no answer.
    assert_eq!(found.turns, [pair("play\na room", "go")]);
    assert_eq!(found.instruction.as_deref(), Some("play"));
    let found = conversation(&[&turns[..], &[("gpt", "take")]].concat()).unwrap();
    assert_eq!(found.turns, [pair("play\na room", "go"), pair("a mug", "take")]);
}

#[test]
fn a_first_turn_of_the_assistant_is_left_out() {
    let found = conversation(&[("gpt", "hello"), ("human", "1 + 1 ?"), ("gpt", "2")]).unwrap();
    assert_eq!((found.turns, found.dropped), (vec![pair("1 + 1 ?", "2")], true));
}

#[test]
fn roles_that_do_not_alternate_are_named_by_their_turn() {
    let error = |turns: &[(&str, &str)]| conversation(turns).unwrap_err().to_string();
    assert_eq!(
        error(&[("human", "a"), ("gpt", "b"), ("gpt", "c")]),
        "turn 2 is from `gpt` where roles that alternate have `human`"
    );
    // Turns are counted in the file, with the one that is left out.
    assert_eq!(
        error(&[("gpt", "a"), ("human", "b"), ("user", "c")]),
        "turn 2 is from `user` where roles that alternate have `gpt`"
    );
    assert_eq!(error(&[("gpt", "a")]), "there is no turn of `human`");
    let nothing = "no turn of `gpt` follows the task, so there is nothing to learn";
    assert_eq!(error(&[("human", "a")]), nothing);
    assert_eq!(error(&[("human", "a"), ("gpt", "b"), ("human", "c")]), nothing);
}

#[test]
fn files_are_arrays_or_lines_and_errors_name_file_and_id() {
    let at = tempfile::tempdir().unwrap();
    let one = |id: Value, from: &str| {
        let turns = json!([{ "from": "human", "value": "a" }, { "from": from, "value": "b" }]);
        json!({ "id": id, "conversations": turns, "answer": "b", "other": 1 })
    };
    let written = |name: &str, text: String| {
        fs::write(at.path().join(name), text).unwrap();
        read(&at.path().join(name)).map_err(|error| format!("{error:#}"))
    };
    let good = written("a.json", json!([one(json!("x"), "gpt"), one(json!(7), "gpt")]).to_string()).unwrap();
    assert_eq!((good[0].id.as_str(), good[1].id.as_str()), ("x", "7"));
    assert_eq!(good[1].answer.as_deref(), Some("b"));
    let lines = format!("{}\n\n{}\n", one(json!("x"), "gpt"), one(json!("y"), "gpt"));
    assert_eq!(written("a.jsonl", lines).unwrap().len(), 2);
    let error = written("b.json", json!([one(json!("x"), "gpt"), one(json!("y"), "human")]).to_string());
    let expected = "b.json: conversation y: turn 1 is from `human` where roles that alternate have `gpt`";
    assert!(error.clone().unwrap_err().ends_with(expected), "{error:?}");
    let error = written("c.json", json!([one(json!("x"), "gpt"), one(json!("x"), "gpt")]).to_string());
    assert!(error.unwrap_err().ends_with("c.json: conversation x is in the file twice"));
    let error = written("d.json", json!([{ "conversations": [] }]).to_string()).unwrap_err();
    assert!(error.contains("d.json: conversation number 0: missing field `id`"), "{error}");
    let error = written("e.json", "[{".into()).unwrap_err();
    assert!(error.contains("e.json is no JSON of conversations: EOF"), "{error}");
    assert!(written("f.json", "[]".into()).unwrap_err().ends_with("f.json holds no conversation"));
}
