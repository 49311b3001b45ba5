//! Logs a small run with all kinds of values. `WANDB_MODE=offline cargo run --example quickstart`
//! needs no account.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a short example for a terminal")]

use serde_json::json;
use wandb_rs::{Aggregate, Goal, Histogram, Image, Metric, Settings, Table, Value};

fn main() -> Result<(), wandb_rs::Error> {
    let run = Settings::from_env()
        .project("quickstart")
        .tags(["rust"])
        .config(json!({"learning_rate": 0.1, "epochs": 5, "model": {"width": 16}}))
        .start()?;
    run.define_metric(Metric::new("loss").summary(Aggregate::Min).goal(Goal::Minimize))?;
    run.define_metric(Metric::new("val/*").step_metric("epoch"))?;

    let mut weights = vec![1.0; 16];
    let mut scores = Table::new(["epoch", "loss"]);
    for step in 1..=100_u64 {
        weights.iter_mut().enumerate().for_each(|(i, w)| *w *= 1.0 - 0.002 * i as f64);
        let loss = weights.iter().map(|w| w * w).sum::<f64>();
        if step % 20 != 0 {
            run.log(step, [("loss", loss)])?;
            continue;
        }
        let epoch = step / 20;
        scores = scores.row([json!(epoch), json!(loss)]);
        run.log(
            step,
            [
                ("loss", Value::from(loss)),
                ("epoch", epoch.into()),
                ("val/loss", (1.1 * loss).into()),
                ("weights", Histogram::of(&weights, 10).into()),
                (
                    "figure",
                    Image::png(include_bytes!("figure.png"))?.caption(format!("epoch {epoch}")).into(),
                ),
            ],
        )?;
        run.output_line(&format!("epoch {epoch}: loss {loss:.3}"))?;
    }
    run.log(101, [("scores", scores)])?;
    run.summary([("good", true)])?;

    let ending = run.finish(0);
    run.messages().iter().for_each(|message| eprintln!("{message}"));
    println!("{ending}");
    Ok(())
}
