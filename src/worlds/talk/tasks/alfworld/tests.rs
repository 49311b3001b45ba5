use std::fs;

use serde_json::json;

use super::*;
use crate::worlds::talk::tasks::Outcome;

/// A task whose bridge is a shell script.
fn task(script: &str) -> AlfWorld {
    let bridge = shlex::try_quote(script).unwrap();
    let settings = AlfWorldSettings {
        bridge: Some(format!("sh -c {bridge}")),
        timeout: 5.0,
        max_steps: 3,
        ..AlfWorldSettings::default()
    };
    AlfWorld::new(None, settings).unwrap()
}

/// The error of the first game.
fn error(script: &str) -> String {
    format!("{:#}", task(script).game(Split::Seen, 7).unwrap_err())
}

/// A bridge that begins in a room and answers every action with the request itself.
const ROOM: &str = r#"while read line; do
    case "$line" in
        *reset*) echo '{"obs": "a room", "type": "look", "admissible": ["look"]}';;
        *win*) echo '{"obs": "done", "won": true, "done": true, "reward": 1}';;
        *lose*) echo '{"obs": "broken", "won": false, "done": true}';;
        *) echo '{"obs": "nothing happens", "won": false, "done": false}';;
    esac
done"#;

#[test]
fn games_begin_with_the_observation_of_the_bridge() {
    let problem = task(ROOM).game(Split::Unseen, 3).unwrap();
    assert_eq!((problem.id.as_str(), problem.group.as_str()), ("alfworld/unseen/3", "look"));
    assert_eq!((problem.reads(), problem.sender.as_str()), ("a room", "a room"));
    assert!(!problem.has_reference());
}

#[test]
fn actions_follow_a_marker_and_end_the_text() {
    let task = task(ROOM);
    let problem = task.game(Split::Seen, 0).unwrap();
    let game = || task.episode(&problem).unwrap();
    let text = "Thought: go.\nAction: go to desk 1 \nAction: win\n";
    assert_eq!(&text[..game().used(text)], "Thought: go.\nAction: go to desk 1 ");
    assert_eq!(game().used("I think"), 7);
    assert_eq!(game().take(text).unwrap(), Outcome::Goes("nothing happens".into()));
    assert_eq!(game().take("Action: win").unwrap(), Outcome::Over { success: true });
    assert_eq!(game().take("Action: lose").unwrap(), Outcome::Over { success: false });
    // A text without an action costs a step, too.
    let mut game = game();
    let Outcome::Goes(seen) = game.take("win").unwrap() else { panic!("the game goes on") };
    assert_eq!(seen, "There was no action. Write `Action:` and the action in one line.");
    assert!(matches!(game.take("Action: look").unwrap(), Outcome::Goes(_)));
    assert_eq!(game.take("Action: look").unwrap(), Outcome::Over { success: false });
}

#[test]
fn a_bridge_plays_one_game_after_the_other() {
    // The observation is the number of the process.
    let task = task(r#"while read line; do echo "{\"obs\": \"$$\"}"; done"#);
    let begins = |number| task.game(Split::Seen, number).unwrap().sender;
    assert_eq!(begins(0), begins(1));
    let first = task.game(Split::Seen, 0).unwrap();
    let _playing = task.episode(&first).unwrap();
    let error = task.episode(&first).err().unwrap().to_string();
    // Another process plays while the first is busy.
    assert_eq!(error, "alfworld/seen/0: the bridge begins this game in another way now");
}

#[test]
fn failures_of_bridges_name_the_game_the_request_and_the_last_lines() {
    // Its last line comes when the bridge itself has ended.
    let died = error("read line; (sleep 0.2; echo no games here >&2) >&- & exit 3");
    let place = "game 7 of the split seen, after 0 actions: the bridge `sh -c ";
    assert!(died.starts_with(place), "{died}");
    let request = r#"{"cmd":"reset","split":"seen","game":7}"#;
    assert!(died.contains(&format!("ended (exit status: 3) before it answered {request}")), "{died}");
    assert!(died.ends_with("its last lines:\n  no games here"), "{died}");
    let nonsense = error("read line; echo hello; sleep 5");
    assert!(nonsense.contains(&format!("answered `hello` to {request}: that is no JSON")), "{nonsense}");
    let other = error(r#"read line; echo '{"seen": 1}'; sleep 5"#);
    assert!(other.contains("missing field `obs`"), "{other}");
    let own = error(r#"read line; echo '{"error": "there are 5 games"}'; sleep 5"#);
    assert!(own.contains(&format!("to {request}: there are 5 games; it wrote no error")), "{own}");
    let missing = AlfWorld::new(
        None,
        AlfWorldSettings { bridge: Some("no-such-program".into()), ..AlfWorldSettings::default() },
    );
    let missing = format!("{:#}", missing.unwrap().game(Split::Seen, 0).unwrap_err());
    assert!(missing.starts_with("talk.alfworld.bridge: could not start `no-such-program`"), "{missing}");
    let unset = AlfWorld::new(None, AlfWorldSettings::default()).unwrap().game(Split::Seen, 0).unwrap_err();
    assert!(unset.to_string().starts_with("talk.alfworld.bridge is not set"), "{unset}");
}

#[test]
fn a_bridge_that_hangs_is_ended() {
    let settings =
        AlfWorldSettings { bridge: Some("sleep 60".into()), timeout: 0.2, ..AlfWorldSettings::default() };
    let error = AlfWorld::new(None, settings).unwrap().game(Split::Seen, 0).unwrap_err();
    let request = r#"{"cmd":"reset","split":"seen","game":0}"#;
    assert!(format!("{error:#}").contains(&format!("did not answer {request} within 0.2 s")), "{error:#}");
}

#[test]
fn the_instruction_of_conversations_stands_before_games() {
    let at = tempfile::tempdir().unwrap();
    let turn = |from: &str, value: &str| json!({ "from": from, "value": value });
    let turns =
        [turn("human", "play"), turn("gpt", "OK"), turn("human", "a desk"), turn("gpt", "Action: look")];
    let path = at.path().join("a.json");
    fs::write(&path, json!([{ "id": "x", "conversations": turns, "plan": "look" }]).to_string()).unwrap();
    let settings = AlfWorldSettings {
        bridge: Some(format!("sh -c '{}'", ROOM.replace('\'', "'\\''"))),
        ..AlfWorldSettings::default()
    };
    let task = AlfWorld::new(Some(&path), settings).unwrap();
    let training = &task.training()[0];
    assert_eq!((training.sender.as_str(), training.plan.as_str()), ("play\na desk", "look"));
    assert_eq!(task.game(Split::Seen, 0).unwrap().reads(), "play\na room");
}
