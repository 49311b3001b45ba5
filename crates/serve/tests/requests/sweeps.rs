//! A sweep: where it stands, what it found and what mattered.

use std::fs;

use serde_json::json;
use umwelt_runs::State;

use super::fixture::{Server, keys};

/// A grid of two settings with two seeds, of which one run is lost.
fn grid() -> Server {
    let server = Server::new();
    for (lr, steps) in [(0.1, 7), (0.1, 9), (0.2, 7), (0.2, 9)] {
        for seed in [1, 2] {
            let settings = format!("vicreg: {{base_lr: {lr}}}\nn_steps: {steps}\nseed: {seed}\n");
            // The learning rate adds 6, the number of steps 2, the seed nothing.
            let (of_lr, of_steps) = (if lr > 0.15 { 6.0 } else { 0.0 }, if steps > 8 { 2.0 } else { 0.0 });
            let cups = of_lr + of_steps;
            server.finished(&format!("tea/{lr}-{steps}-{seed}"), &settings, cups);
        }
    }
    server.write("tea/lost", State::Running, "vicreg: {base_lr: 0.1}\nn_steps: 7\nseed: 3\n");
    let failure = json!({"run": "lost", "at": 2000.0, "error": "killed by SIGKILL"});
    fs::write(server.run("tea/failures.jsonl"), format!("{failure}\n")).unwrap();
    server
}

#[tokio::test]
async fn a_sweep_is_described_whole() {
    let server = grid();
    let sweep = server.get("/api/sweep?name=tea").await;
    assert_eq!(keys(&sweep), "best importance metric name parameters report rungs standing trials");
    assert_eq!(sweep["standing"]["counts"], json!({"finished": 8, "lost": 1}));
    assert_eq!(sweep["standing"]["failed"], json!([{"run": "tea/lost", "error": "killed by SIGKILL"}]));
    assert_eq!(sweep["metric"], json!({"name": "cups", "goal": "maximize", "unit": "cups"}));
    assert_eq!(sweep["parameters"][0], json!({"key": "vicreg.base_lr", "values": [0.1, 0.2]}));
    let trial =
        sweep["trials"].as_array().unwrap().iter().find(|trial| trial["run"] == "tea/0.2-9-2").unwrap();
    assert_eq!(trial["values"], json!({"vicreg.base_lr": 0.2, "n_steps": 9}));
    assert_eq!((&trial["score"], &trial["seed"]), (&json!(8.0), &json!(2)));
    let table = sweep["report"]["table"].as_str().unwrap();
    assert!(table.contains("cups of tea") && table.contains("baseline: water"), "{table}");
    assert!(sweep["report"]["figure"].as_str().unwrap().starts_with("<svg"));
}

#[tokio::test]
async fn a_sweep_with_a_plan_is_compared_by_what_it_varies() {
    let server = Server::new();
    let mut runs = vec![];
    for (method, lr, steps) in [("fast", 0.2, 7), ("slow", 0.1, 9)] {
        for seed in [1, 2] {
            let settings = format!("vicreg: {{base_lr: {lr}}}\nn_steps: {steps}\nseed: {seed}\n");
            server.finished(&format!("tea/{method}-{seed}"), &settings, lr * 10.0);
            let varied = json!([["method", method], ["seed", seed.to_string()]]);
            runs.push(json!({"name": format!("{method}-{seed}"), "varied": varied}));
        }
    }
    server.finished("tea/older", "vicreg: {base_lr: 0.3}\n", 9.0);
    let metric = json!({"name": "cups", "goal": "maximize"});
    runs.push(json!({"name": "later-1", "varied": [["method", "later"], ["seed", "1"]]}));
    let report = json!({"line": "method", "reference": "later"});
    let plan = json!({"metric": metric, "report": report, "log": [], "runs": runs});
    fs::write(server.run("tea/sweep.json"), plan.to_string()).unwrap();
    let sweep = server.get("/api/sweep?name=tea").await;
    assert_eq!(sweep["parameters"], json!([{"key": "method", "values": ["fast", "slow"]}]));
    let bars = sweep["importance"]["bars"].as_array().unwrap();
    assert_eq!(bars.iter().map(|bar| bar["key"].as_str().unwrap()).collect::<Vec<_>>(), ["method"]);
    let table = sweep["report"]["table"].as_str().unwrap();
    assert!(table.contains("method") && table.contains("2.00") && !table.contains("base_lr"), "{table}");
    assert!(table.contains("later"), "a run that has not begun is named: {table}");
    assert!(!table.contains("9.00"), "a run that is not in the plan is no part of its report: {table}");
    assert_eq!(sweep["standing"]["runs"], 5);
    fs::write(server.run("tea/sweep.json"), "{\"metric\": 7}").unwrap();
    let sweep = server.get("/api/sweep?name=tea").await;
    assert_eq!(sweep["parameters"][0]["key"], "vicreg.base_lr", "a plan that cannot be read is none");
}

#[tokio::test]
async fn importance_is_the_share_of_the_variance_of_group_means() {
    // Effects of +-3 and +-1: 9 and 1 of 10.
    let sweep = grid().get("/api/sweep?name=tea").await;
    let importance = &sweep["importance"];
    assert_eq!(importance["method"], "main effects");
    for (bar, (key, share)) in [("vicreg.base_lr", 0.9), ("n_steps", 0.1)].into_iter().enumerate() {
        let bar = &importance["bars"][bar];
        assert_eq!((&bar["key"], &bar["n"]), (&json!(key), &json!(8)));
        assert!((bar["share"].as_f64().unwrap() - share).abs() < 1e-12, "{bar}");
    }
}

#[tokio::test]
async fn the_report_is_exported_and_mistakes_are_said() {
    let server = grid();
    let csv = server.ask("/api/export?view=sweep&as=csv&name=tea").await.text();
    assert!(csv.starts_with("run,state,detail,seed,vicreg.base_lr,n_steps,cups"), "{csv}");
    assert_eq!(csv.lines().count(), 10);
    let svg = server.ask("/api/export?view=sweep&as=svg&name=tea").await;
    assert_eq!((svg.status, &svg.headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    assert_eq!(server.ask("/api/sweep?name=coffee").await.status, 404);
    assert_eq!(server.ask("/api/sweep?name=..").await.status, 404);
    let refused = server.ask("/api/sweep?name=tea&metric=cusp").await;
    assert!(refused.status == 400 && refused.text().contains("cups"), "{}", refused.text());
}
