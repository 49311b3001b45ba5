//! Rooms that ask the models of runs.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use umwelt_runs::State;

use super::fixture::Server;

/// A server with a run of the kind that the room opens, whose checkpoint holds `weight`.
fn server(weight: &str) -> Server {
    let server = Server::new();
    let run = server.write("brew/a b", State::Interrupted, "kind: tea\n");
    checkpoint(&run, weight);
    server.write("brew/new", State::Interrupted, "kind: tea\n");
    server.write("other", State::Finished, "kind: coffee\n");
    server
}

fn checkpoint(run: &std::path::Path, weight: &str) {
    fs::create_dir_all(run.join("checkpoints")).unwrap();
    fs::write(run.join("checkpoints/step-0000000005.safetensors"), weight).unwrap();
}

const ASK: &str = "/api/worlds/scales/ask?run=brew%2Fa%20b";

#[tokio::test]
async fn a_model_is_opened_asked_and_opened_again_after_a_new_checkpoint() {
    let server = server("2.5");
    let runs = server.get("/api/worlds/scales/runs").await;
    assert_eq!(runs["total"], 2);
    assert_eq!(runs["runs"][0], json!({"name": "brew/a b", "state": "interrupted", "step": 20}));
    assert_eq!(server.get("/api/worlds/scales/open?run=brew/a%20b").await, json!({"weight": 2.5}));
    assert_eq!(server.post(ASK, r#"{"number": 4}"#).await.json(), json!(10.0));
    checkpoint(&server.run("brew/a b"), "-0.25");
    assert_eq!(server.post(ASK, r#"{"number": 4}"#).await.json(), json!(-1.0));
    assert_eq!(server.get("/api/run?name=brew/new").await["room"]["name"], "worlds/scales");
    assert!(server.get("/api/run?name=other").await["room"].is_null());
}

#[tokio::test]
async fn what_cannot_be_asked_says_what_to_do() {
    let server = server("no number");
    let refused = async |path: &str| {
        let answer = server.ask(path).await;
        let (status, body) = (answer.status, answer.json());
        assert!(!body["hint"].as_str().unwrap().is_empty(), "{path}: {body}");
        (status, body["error"].as_str().unwrap().to_owned())
    };
    let cases = [
        ("", 400, "`run` is missing"),
        ("?run=absent", 404, "there is no run `absent`"),
        ("?run=../brew", 404, "there is no run `../brew`"),
        ("?run=other", 400, "`other` is a run of another kind than this page shows"),
        ("?run=brew/new", 409, "`brew/new` has no checkpoint yet"),
    ];
    for (query, status, error) in cases {
        let expected = (status, error.to_owned());
        assert_eq!(refused(&format!("/api/worlds/scales/open{query}")).await, expected);
    }
    let (status, error) = refused("/api/worlds/scales/open?run=brew/a%20b").await;
    assert!(status == 400 && error.ends_with("brew/a b holds no number"), "{status} {error}");
}

#[tokio::test]
async fn questions_are_bounded_and_come_from_our_own_pages_only() {
    let server = server("1");
    for (body, status) in [("{}", 400), ("{", 400), ("1e999", 400)] {
        assert_eq!(server.post(ASK, body).await.status, status, "{body}");
    }
    let huge = format!(r#"{{"number": 1, "more": "{}"}}"#, "x".repeat(70_000));
    assert_eq!(server.post(ASK, huge).await.status, 413);
    let foreign = axum::http::Request::post(ASK)
        .header("host", "localhost")
        .header("origin", "http://evil.example")
        .header("content-type", "application/json");
    assert_eq!(server.send(foreign.body("{}".into()).unwrap()).await.status, 403);
    assert_eq!(server.ask(ASK).await.status, 405);
}

#[tokio::test]
async fn a_checkpoint_behind_a_link_is_refused() {
    let server = server("1");
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), "7").unwrap();
    let run = server.write("linked", State::Finished, "kind: tea\n");
    fs::create_dir_all(run.join("checkpoints")).unwrap();
    symlink(outside.path(), run.join("checkpoints/step-0000000009.safetensors")).unwrap();
    let answer = server.ask("/api/worlds/scales/open?run=linked").await;
    assert!(
        answer.status == 403 && answer.text().contains("file of the run folder itself"),
        "{}",
        answer.text()
    );
}
