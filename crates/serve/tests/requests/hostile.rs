//! Requests that must not succeed.

use std::fs;
use std::os::unix::fs::symlink;

use axum::body::Body;
use axum::http::Request;
use umwelt_runs::State;
use umwelt_serve::DashboardOptions;

use super::fixture::{Server, lines, log};

#[tokio::test]
async fn foreign_hosts_and_sites_get_nothing() {
    let server = Server::new();
    server.finished("a", "seed: 7\n", 2.5);
    let send = async |host: &str, header: (&str, &str)| {
        let request = Request::get("/api/runs").header("host", host).header(header.0, header.1);
        server.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(send("localhost:1", ("accept", "*/*")).await.status, 200);
    let rebound = send("evil.example", ("accept", "*/*")).await;
    assert_eq!(rebound.status, 403);
    assert!(rebound.json()["hint"].as_str().unwrap().contains("--allow-host"));
    assert_eq!(send("localhost:1", ("sec-fetch-site", "cross-site")).await.status, 403);
    let without = server.send(Request::get("/api/runs").body(Body::empty()).unwrap()).await;
    assert_eq!(without.status, 403);
}

#[tokio::test]
async fn names_lead_to_no_other_place() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    fs::write(server.run("secret"), "secret").unwrap();
    for name in
        ["..", "../", ".", "", "a/..", "a/../a", "/etc", "%2e%2e", "%2e%2e%2fa", "a%00", "..%2F..%2Fetc"]
    {
        let answer = server.ask(&format!("/api/run?name={name}")).await;
        assert!([400, 404].contains(&answer.status), "{name}: {}", answer.status);
    }
    let absolute = run.join("settings.yaml");
    let absolute = absolute.display();
    for file in [
        "../secret",
        "%2e%2e%2fsecret",
        "..%252fsecret",
        "figures/../settings.yaml",
        "./settings.yaml",
        "figures",
    ] {
        let answer = server.ask(&format!("/api/file?run=a&file={file}")).await;
        assert_eq!(answer.status, 404, "{file}");
    }
    assert_eq!(server.ask(&format!("/api/file?run=a&file={absolute}")).await.status, 404);
    assert_eq!(server.ask("/api/file?run=a&file=settings.yaml").await.text(), "seed: 7\n");
    for page in
        ["/web/../Cargo.toml", "/web/%2e%2e/Cargo.toml", "/web/index.html", "/etc/passwd", "/web//etc/passwd"]
    {
        assert_eq!(server.ask(page).await.status, 404, "{page}");
    }
}

#[tokio::test]
async fn links_and_pipes_are_not_opened() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    fs::write(server.run("secret"), "secret").unwrap();
    symlink("../secret", run.join("out")).unwrap();
    symlink("settings.yaml", run.join("in")).unwrap();
    symlink("/etc", run.join("etc")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(run.join("fifo")).status().unwrap().success());
    for file in ["out", "in", "fifo", "etc"] {
        let answer = server.ask(&format!("/api/file?run=a&file={file}")).await;
        assert_eq!(answer.status, 403, "{file}: {}", answer.text());
        assert!(!answer.text().contains("secret\""));
    }
    assert_eq!(server.ask("/api/file?run=a&file=etc/passwd").await.status, 404);
    symlink("../secret", run.join("metrics.jsonl")).unwrap();
    symlink("../secret", run.join("output.log")).unwrap();
    symlink("../secret", run.join("notes.md")).unwrap();
    assert_eq!(server.ask("/api/series?run=a&key=loss").await.status, 500);
    assert_eq!(server.ask("/api/log?name=a").await.status, 500);
    let answers = [server.ask("/api/run?name=a").await, server.ask("/api/log?name=a").await];
    assert!(answers.iter().all(|answer| !answer.text().contains("secret")), "{}", answers[0].text());
}

#[tokio::test]
async fn a_linked_run_counts_and_is_opened_by_the_same_rule() {
    let server = Server::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let run = server.finished("a", "seed: 7\n", 2.5);
    log(&run, &lines(0..3, |_| 1.0));
    fs::rename(&run, elsewhere.path().join("a")).unwrap();
    symlink(elsewhere.path().join("a"), server.run("b")).unwrap();
    assert_eq!(server.get("/api/series?run=b&key=loss").await["lines"][0]["y"], serde_json::json!([1, 1, 1]));
    assert_eq!(server.ask("/api/file?run=b&file=settings.yaml").await.status, 200);
}

#[tokio::test]
async fn requests_and_answers_are_bounded() {
    let server = Server::with(DashboardOptions { actions: true, ..DashboardOptions::default() });
    let run = server.write("a", State::Interrupted, "seed: 7\n");
    let huge = server.post("/api/act/note", vec![b'x'; 10 << 20]).await;
    assert_eq!(huge.status, 413, "{}", huge.text());
    assert_eq!(server.ask(&format!("/api/series?{}key=loss", "run=a&".repeat(10_000))).await.status, 431);
    fs::write(run.join("big.bin"), vec![0; (16 << 20) + 1]).unwrap();
    assert_eq!(server.ask("/api/file?run=a&file=big.bin").await.status, 413);
    for page in ["/api/nothing", "/api", "/api/act/stop/x", "/%00"] {
        assert_eq!(server.ask(page).await.status, 404, "{page}");
    }
}
