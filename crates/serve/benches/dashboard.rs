//! The times of the dashboard's endpoints: `cargo bench -p umwelt-serve --bench dashboard`.
//!
//! Ten thousand run folders, a run with a million logged lines of seven keys, and fifty runs of ten
//! thousand lines, in a temporary folder. Each request goes through the guard and its answer is
//! read whole. With `-- --small` everything is a hundred times smaller, to see that it works.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tokio_stream::StreamExt;
use tower::ServiceExt;
use umwelt_runs::registry::Registry;
use umwelt_runs::{Score, ScoreCard, State, Status};
use umwelt_serve::{Dashboard, DashboardOptions, Guard, GuardOptions, router};
use umwelt_settings::example::RunSettings;

const RUNS: usize = 10_000;
const SWEEPS: usize = 20;
const LONG: usize = 1_000_000;
const MEMBERS: usize = 50;
const SHORT: usize = 10_000;
/// The requests of which the median is printed.
const TIMES: usize = 9;
/// The time for which an idle page is watched.
const IDLE: Duration = Duration::from_secs(30);

#[tokio::main(worker_threads = 2)]
async fn main() {
    let is_small = std::env::args().any(|argument| argument == "--small");
    let sized = |count: usize| if is_small { count / 100 } else { count };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let root = folder.path();
    (0..sized(RUNS).max(SWEEPS * (MEMBERS + 1))).for_each(|index| write_run(root, index));
    fs::write(root.join("sweep-0/run-00000/metrics.jsonl"), log(0..sized(LONG)))
        .expect("the log can be written");
    let members: Vec<String> = (0..MEMBERS).map(|member| name(SWEEPS * (member + 1))).collect();
    let short = log(0..sized(SHORT));
    for member in &members {
        fs::write(root.join(member).join("metrics.jsonl"), &short).expect("the log can be written");
    }
    let list = "/api/runs?sort=name&count=200";
    timed("the list, no index yet", open(root), list).await;
    let server = open(root);
    timed("the list, a cold server, index as it should be", server.clone(), list).await;
    median("the list, warm", &server, list).await;
    let long = "/api/series?run=sweep-0/run-00000&key=loss&pixels=800";
    let started = Instant::now();
    let first = timed("10^6 points, first answer of a cold file", server.clone(), long).await;
    println!("    of which {} points, complete: {}", points(&first), first["complete"]);
    while ask(server.clone(), long).await["complete"] != true {}
    println!("{:<52} {:>8.1} ms", "10^6 points, whole", started.elapsed().as_secs_f64() * 1e3);
    median("10^6 points, warm", &server, long).await;
    median("10^6 points, smoothed, warm", &server, &format!("{long}&smooth=ema:0.9")).await;
    let members = members.iter().fold(String::new(), |query, name| query + "&run=" + name);
    let chart = format!("/api/series?key=loss&pixels=800{members}");
    while timed("50 runs x 10^4 points, cold", server.clone(), &chart).await["complete"] != true {}
    median("50 runs x 10^4 points, warm", &server, &chart).await;
    median("the same as mean and band", &server, &format!("{chart}&by=seed")).await;
    println!("{:<52} {:>8} MB", "resident memory", resident());
    live(root, sized(LONG), if is_small { IDLE / 30 } else { IDLE }).await;
}

/// What a page that looks costs: the way of a new line to it, and the processor while nothing changes.
async fn live(root: &Path, lines: usize, idle: Duration) {
    let (server, dashboard) = served(root);
    let polling = tokio::spawn(umwelt_serve::poll(dashboard));
    let mut page = watch(&server, "run:sweep-0/run-00000").await;
    until(&mut page, "event: series").await;
    let file = root.join("sweep-0/run-00000/metrics.jsonl");
    let started = Instant::now();
    let mut file = fs::OpenOptions::new().append(true).open(file).expect("the log can be opened");
    file.write_all(log(lines..lines + 1).as_bytes()).expect("the log can be written");
    until(&mut page, "event: series").await;
    let after = format!("/api/series?run=sweep-0/run-00000&key=loss&pixels=800&since={lines}");
    ask(server.clone(), &after).await;
    let (waited, poll) =
        (started.elapsed().as_secs_f64() * 1e3, DashboardOptions::default().poll.as_millis());
    println!("{:<52} {waited:>8.1} ms", format!("a new line, until it is sent (--poll {poll} ms)"));
    drop(page);
    let _page = watch(&server, "runs").await;
    let (before, started) = (processor_seconds(), Instant::now());
    tokio::time::sleep(idle).await;
    let share = (processor_seconds() - before) / started.elapsed().as_secs_f64();
    println!("{:<52} {:>8.2} %", "an idle page, of one core", 100.0 * share);
    polling.abort();
}

/// The stream of a page that watches some topics.
async fn watch(server: &Router, topics: &str) -> BodyDataStream {
    let request = Request::get(format!("/api/events?watch={topics}")).header("host", "localhost");
    let answer = server.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    answer.expect("the router answers").into_body().into_data_stream()
}

/// Reads a stream until it has sent `words`.
async fn until(page: &mut BodyDataStream, words: &str) {
    while let Some(sent) = page.next().await {
        if String::from_utf8_lossy(&sent.expect("the stream goes on")).contains(words) {
            return;
        }
    }
}

/// The time of the processor that this process has used, in seconds.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, the 12th and 13th fields are the ticks of user and system.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn open(root: &Path) -> Router {
    served(root).0
}

fn served(root: &Path) -> (Router, Arc<Dashboard>) {
    let dashboard = Dashboard::new::<RunSettings>(Registry::new(root), DashboardOptions::default());
    let guard: Arc<Guard> = Guard::new(GuardOptions::default());
    (guard.protect(router(dashboard.clone(), &guard, vec![])), dashboard)
}

async fn ask(server: Router, path: &str) -> Value {
    let request = Request::get(path).header("host", "localhost").body(Body::empty()).expect("a request");
    let answer = server.oneshot(request).await.expect("the router answers");
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("the answer can be read");
    serde_json::from_slice(&body).expect("the answer is JSON")
}

async fn timed(what: &str, server: Router, path: &str) -> Value {
    let started = Instant::now();
    let answer = ask(server, path).await;
    println!("{what:<52} {:>8.1} ms", started.elapsed().as_secs_f64() * 1e3);
    answer
}

async fn median(what: &str, server: &Router, path: &str) {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        ask(server.clone(), path).await;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("{what:<52} {:>8.1} ms", times[TIMES / 2]);
}

fn points(chart: &Value) -> usize {
    chart["lines"][0]["x"].as_array().map_or(0, Vec::len)
}

/// The memory that this process has in use, in MB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn name(index: usize) -> String {
    format!("sweep-{}/run-{index:05}", index % SWEEPS)
}

fn write_run(root: &Path, index: usize) {
    let run = root.join(name(index));
    fs::create_dir_all(&run).expect("a folder can be made");
    let settings = format!("seed: {}\ndataset_noise: {}\n", index % 5, index % 7);
    let score = Score::lower("wait", index as f64 / 7.0, "s", "wait");
    let card = ScoreCard { scores: vec![score], baselines: vec![], headline: vec!["wait".into()] };
    let status =
        Status { state: State::Finished, step: 20, steps: 20, scores: card.numbers(), ..Status::new() };
    let files = [
        ("settings.yaml", settings),
        ("status.json", json!(status).to_string()),
        ("evaluation.json", json!(card).to_string()),
    ];
    files.iter().for_each(|(file, text)| fs::write(run.join(file), text).expect("a file can be written"));
}

/// Lines of seven keys.
fn log(lines: Range<usize>) -> String {
    let mut text = String::new();
    for step in lines {
        let noise = ((step * 7919) % 1009) as f64 / 1009.0;
        let loss = 1.0 / (1.0 + step as f64 / 1000.0) + 0.1 * noise;
        writeln!(
            text,
            r#"{{"step":{step},"epoch":{},"loss":{loss},"lr":0.001,"a":{noise},"b":{},"c":{}}}"#,
            step as f64 / 1e4,
            noise * 2.0,
            noise * loss
        )
        .expect("a text takes every line");
    }
    text
}
