//! A program that `wandb agent` can drive: it takes `rate=0.1 steps=30 pause_ms=0` and honours the
//! sweep's run id.
//!
//! In the sweep's file: `command: [target/release/examples/sweep, "${args_no_hyphens}"]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a short example for a terminal")]

use std::time::Duration;

use serde_json::{Map, Value};
use wandb_rs::Settings;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Map::from_iter([("rate", 0.1), ("steps", 30.0), ("pause_ms", 0.0)].map(with_value));
    for argument in std::env::args().skip(1) {
        let (key, value) =
            argument.split_once('=').ok_or(format!("{argument}: not of the form key=value"))?;
        config.insert(key.to_owned(), value.parse::<f64>()?.into());
    }
    let number = |key: &str| config[key].as_f64().expect("every value is a number");
    let (rate, pause) = (number("rate"), Duration::from_secs_f64(number("pause_ms") / 1e3));
    let steps = number("steps") as u64;

    let run = Settings::from_env().project("sweeps").config(Value::Object(config)).start()?;
    for step in run.earlier_step().map_or(0, |last| last + 1)..steps {
        run.log(step, [("loss", (1.0 - rate).powf(step as f64))])?;
        std::thread::sleep(pause);
    }
    let ending = run.finish(0);
    run.messages().iter().for_each(|message| eprintln!("warning: {message}"));
    println!("{ending}");
    Ok(())
}

fn with_value((key, value): (&str, f64)) -> (String, Value) {
    (key.into(), value.into())
}
