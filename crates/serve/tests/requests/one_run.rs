//! One run: its page, its files, its log and comparisons.

use std::fs;

use serde_json::json;
use umwelt_runs::State;

use super::fixture::{Server, keys, lines, log};

#[tokio::test]
async fn a_run_is_described_whole() {
    let server = Server::new();
    let run = server.finished("a", "model_type: VICReg\nseed: 7\nn_steps: 17\n", 2.5);
    log(&run, &lines(0..5, |step| 4.0 - step as f64));
    log(&run, "{\"step\":5,\"loss\":null,\"cups\":2.5}\n{\"step\":6,\"cups\":2.0}\n");
    fs::write(run.join("figures/plan-20.svg"), "<svg/>").unwrap();
    fs::write(run.join("figures/loss_terms.png"), "png").unwrap();
    fs::write(run.join("environment.json"), r#"{"command": ["train", "--values", "seed=7 "]}"#).unwrap();
    fs::write(run.join("notes.md"), "<b>good</b>").unwrap();
    let about = server.get("/api/run?name=a").await;
    assert_eq!(
        keys(&about),
        "again baselines command complete environment evaluation figures files logged notes room settings status summary"
    );
    assert_eq!(about["settings"]["seed"], json!({"value": 7, "default": 42}));
    assert_eq!(about["settings"]["n_steps"], json!({"value": 17, "default": 17}));
    assert_eq!(about["baselines"], json!([{"name": "water", "value": 1.5, "of": "cups"}]));
    assert_eq!(about["command"], "train --values 'seed=7 '");
    assert_eq!(about["notes"], "<b>good</b>");
    assert_eq!(
        (&about["summary"]["state"], &about["summary"]["settings"]),
        (&json!("finished"), &json!(null))
    );
    let figures = about["figures"].as_array().unwrap();
    assert_eq!((&figures[0]["name"], &figures[0]["step"]), (&json!("loss_terms"), &json!(null)));
    assert_eq!(
        (&figures[1]["name"], &figures[1]["step"], &figures[1]["type"]),
        (&json!("plan"), &json!(20), &json!("svg"))
    );
    let logged = |key: &str| {
        about["logged"].as_array().unwrap().iter().find(|logged| logged["key"] == key).unwrap().clone()
    };
    // Lower is better for a loss, more is better for cups. The last loss is no number.
    let loss =
        json!({"key": "loss", "points": 6, "step": 5, "last": "NaN", "best": 0.0, "min": 0.0, "max": 4.0});
    assert_eq!(logged("loss"), loss);
    assert_eq!((&logged("cups")["best"], &logged("cups")["last"]), (&json!(2.5), &json!(2)));
}

#[tokio::test]
async fn a_damaged_run_is_shown_with_its_damage() {
    let server = Server::new();
    let run = server.write("a", State::Running, "seed: 7\n");
    fs::write(run.join("status.json"), "{").unwrap();
    let about = server.get("/api/run?name=a").await;
    assert_eq!(about["summary"]["state"], "damaged");
    assert!(about["summary"]["message"].as_str().unwrap().contains("status.json is damaged"));
}

#[tokio::test]
async fn a_log_is_read_in_windows() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    let empty = server.ask("/api/log?name=a").await;
    assert_eq!(
        (empty.status, empty.text(), &empty.headers["x-end"]),
        (200, String::new(), &"0".parse().unwrap())
    );
    let text: String = (0..40_000).map(|line| format!("line {line:05}\n")).collect();
    fs::write(run.join("output.log"), &text).unwrap();
    let end = server.ask("/api/log?name=a").await;
    assert_eq!(end.text(), text[text.len() - 262_144..]);
    assert_eq!(end.headers["x-end"], text.len().to_string());
    assert_eq!(end.headers["content-type"], "text/plain; charset=utf-8");
    let start = end.headers["x-start"].to_str().unwrap();
    let before = server.ask(&format!("/api/log?name=a&end={start}")).await;
    assert_eq!(before.text() + &end.text(), text);
    assert_eq!(before.headers["x-start"], "0");
}

#[tokio::test]
async fn files_are_sent_under_a_policy_that_runs_nothing() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    fs::write(run.join("figures/evil.svg"), "<svg><script>alert(1)</script></svg>").unwrap();
    fs::write(run.join("page.html"), "<script>alert(1)</script>").unwrap();
    let figure = server.ask("/api/figure?run=a&file=figures/evil.svg").await;
    assert_eq!((figure.status, &figure.headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    let policy = figure.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none';"), "{policy}");
    assert_eq!(figure.headers["x-content-type-options"], "nosniff");
    let page = server.ask("/api/file?run=a&file=page.html").await;
    assert_eq!(page.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(server.ask("/api/file?run=a&file=missing").await.status, 404);
}

#[tokio::test]
async fn runs_are_compared_side_by_side() {
    let server = Server::new();
    server.finished("a", "seed: 7\nn_steps: 17\n", 2.5);
    server.finished("b", "seed: 8\nn_steps: 17\n", 3.5);
    let compared = server.get("/api/compare?run=b&run=a").await;
    assert_eq!(compared["runs"][0], json!({"name": "b", "state": "finished"}));
    assert_eq!(
        compared["settings"],
        json!([
            {"key": "seed", "values": [8, 7], "differs": true},
            {"key": "n_steps", "values": [17, 17], "differs": false},
        ])
    );
    let cups = &compared["scores"][0];
    assert_eq!((&cups["values"], &cups["lower_is_better"]), (&json!([3.5, 2.5]), &json!(false)));
    assert_eq!(cups["baselines"][1][0]["value"], 1.5);
    assert_eq!(server.ask("/api/compare").await.status, 400);
}
