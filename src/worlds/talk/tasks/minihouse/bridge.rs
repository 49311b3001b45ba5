//! MiniHouse as a bridge that plays games by JSON lines, as the task `alfworld` asks for them.

use std::io::{BufRead, Write};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{MiniHouse, MiniHouseSettings, Visit};
use crate::worlds::talk::tasks::Split;

/// A request to a bridge.
#[derive(Debug, Deserialize)]
#[serde(tag = "cmd", rename_all = "lowercase")]
enum Request {
    Reset { split: String, game: u64 },
    Step { action: String },
    Close,
}

/// Answers requests, a line each, until one closes the game or the input ends.
///
/// # Errors
/// When the output cannot be written.
pub fn answer(seed: u64, input: impl BufRead, mut output: impl Write) -> Result<()> {
    let houses = MiniHouse::new(MiniHouseSettings { partial: true, ..MiniHouseSettings::default() }, seed);
    let mut visit = None;
    for line in input.lines() {
        let request = serde_json::from_str::<Request>(&line?);
        let answer = match request {
            Ok(Request::Close) => return Ok(()),
            Ok(request) => answered(&houses, &mut visit, &request).unwrap_or_else(|error| failure(&error)),
            Err(error) => failure(&error.into()),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn failure(error: &anyhow::Error) -> Value {
    json!({ "error": format!("{error:#}") })
}

fn answered(houses: &MiniHouse, visit: &mut Option<Visit>, request: &Request) -> Result<Value> {
    match request {
        Request::Reset { split, game } => {
            let known = Split::ALL.into_iter().find(|known| known.name() == split);
            let split = known.with_context(|| format!("there is no split `{split}`"))?;
            let problem = houses.problem(split, *game, houses.levels());
            *visit = houses.visit(&problem);
            Ok(json!({ "obs": problem.reads(), "won": false, "type": problem.group }))
        }
        Request::Step { action } => {
            let visit = visit.as_mut().context("no game has begun; reset one first")?;
            let seen = visit.act(action);
            let won = visit.is_won();
            Ok(json!({ "obs": seen, "reward": u8::from(won), "done": visit.is_over(), "won": won }))
        }
        Request::Close => Ok(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::talk::tasks::Problem;

    fn asked(requests: &[Value]) -> Vec<Value> {
        let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
        let mut output = vec![];
        answer(3, lines.join("\n").as_bytes(), &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn problem(game: u64) -> Problem {
        let settings = MiniHouseSettings { partial: true, ..MiniHouseSettings::default() };
        MiniHouse::new(settings, 3).problem(Split::Unseen, game, 6)
    }

    #[test]
    fn oracles_win_through_the_bridge_and_see_what_they_see_without_it() {
        for game in 0..40 {
            let problem = problem(game);
            let reset = json!({ "cmd": "reset", "split": "unseen", "game": game });
            let action = |(_, says): &(String, String)| says.split_once(" : ").unwrap().1.to_owned();
            let steps = problem.turns.iter().map(|turn| json!({ "cmd": "step", "action": action(turn) }));
            let answers = asked(&[reset].into_iter().chain(steps).collect::<Vec<_>>());
            assert_eq!(answers[0], json!({ "obs": problem.reads(), "won": false, "type": problem.group }));
            for (answer, (reads, _)) in answers[1..].iter().zip(&problem.turns[1..]) {
                assert_eq!(format!("obs : {}", answer["obs"].as_str().unwrap()), *reads);
                assert_eq!((&answer["won"], &answer["done"]), (&json!(false), &json!(false)));
            }
            let last = answers.last().unwrap();
            let ended = (&last["won"], &last["done"], &last["reward"]);
            assert_eq!(ended, (&json!(true), &json!(true), &json!(1)), "{problem:?}");
        }
    }

    #[test]
    fn mistakes_are_answered_and_closing_ends_the_game() {
        let step = json!({ "cmd": "step", "action": "go to desk" });
        let reset = json!({ "cmd": "reset", "split": "none", "game": 0 });
        let answers = asked(&[step, reset, json!({ "cmd": "dance" }), json!({ "cmd": "close" }), json!(1)]);
        let errors: Vec<&str> = answers.iter().map(|answer| answer["error"].as_str().unwrap()).collect();
        assert_eq!(errors[..2], ["no game has begun; reset one first", "there is no split `none`"]);
        assert!(errors[2].starts_with("unknown variant `dance`"), "{errors:?}");
        assert_eq!(errors.len(), 3);
    }
}
