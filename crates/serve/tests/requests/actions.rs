//! What a page may do to runs.

use std::fs;

use serde_json::json;
use umwelt_runs::{Opened, RunFolder, State, is_stop_requested};
use umwelt_serve::DashboardOptions;
use umwelt_settings::example::RunSettings;

use super::fixture::{Answered, Server};

fn acting() -> Server {
    Server::with(DashboardOptions { actions: true, ..DashboardOptions::default() })
}

async fn act(server: &Server, action: &str, run: &str) -> Answered {
    server.post(&format!("/api/act/{action}"), json!({"run": run, "text": "a note"}).to_string()).await
}

#[tokio::test]
async fn a_server_without_the_flag_only_reads() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    for action in ["stop", "resume", "trash", "restore", "note"] {
        let refused = act(&server, action, "a").await;
        assert_eq!(refused.status, 403);
        assert!(refused.json()["hint"].as_str().unwrap().contains("--allow-actions"));
    }
    assert!(run.exists() && !run.join("notes.md").exists());
}

#[tokio::test]
async fn a_running_run_is_asked_to_stop() {
    let server = acting();
    let folder = server.run("a");
    let Opened::Unfinished(mut run) = RunFolder::open(&folder, &RunSettings::default()).unwrap() else {
        panic!("the folder is new");
    };
    run.update(|_| {}).unwrap();
    assert_eq!(act(&server, "stop", "a").await.json(), json!({"done": "a was asked to stop"}));
    assert!(is_stop_requested(&folder));
    drop(run);
    let refused = act(&server, "stop", "a").await;
    assert_eq!((refused.status, &refused.json()["hint"]), (400, &json!("only a running run can be stopped")));
    assert_eq!(act(&server, "stop", "../a").await.status, 404);
}

#[tokio::test]
async fn runs_go_to_the_trash_and_come_back() {
    let server = acting();
    let run = server.finished("tea/a", "seed: 7\n", 2.5);
    assert_eq!(act(&server, "trash", "tea/a").await.status, 200);
    assert!(!run.exists());
    assert_eq!(server.get("/api/trash").await, json!({"runs": ["tea/a"]}));
    assert_eq!(server.ask("/api/run?name=tea/a").await.status, 404);
    for other in ["tea/b", "../tea/a", "/etc"] {
        assert_eq!(act(&server, "restore", other).await.status, 404, "{other}");
    }
    assert_eq!(act(&server, "restore", "tea/a").await.status, 200);
    assert!(run.join("settings.yaml").exists());
}

#[tokio::test]
async fn notes_are_written_and_bounded() {
    let server = acting();
    let run = server.finished("a", "seed: 7\n", 2.5);
    assert_eq!(act(&server, "note", "a").await.status, 200);
    assert_eq!(fs::read_to_string(run.join("notes.md")).unwrap(), "a note");
    for body in ["", "{", "[]", r#"{"text": "x"}"#, r#"{"run": "a", "values": ["seed=1"]}"#] {
        let refused = server.post("/api/act/note", body).await;
        assert!([400, 422].contains(&refused.status), "{body}: {}", refused.status);
    }
}

#[tokio::test]
async fn only_runs_that_stand_still_are_resumed() {
    let server = acting();
    server.write("done", State::Finished, "seed: 7\n");
    server.write("tea/a", State::Failed, "seed: 7\n");
    fs::write(server.run("tea/sweep.lock"), "").unwrap();
    let refused = act(&server, "resume", "done").await;
    assert!(refused.status == 400 && refused.text().contains("only interrupted, failed and lost runs"));
    let refused = act(&server, "resume", "tea/a").await;
    assert!(refused.status == 400 && refused.text().contains("belongs to a sweep"), "{}", refused.text());
}
