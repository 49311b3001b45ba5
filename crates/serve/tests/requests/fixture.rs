//! Run folders, and a server over them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use rust_embed::RustEmbed;
use serde_json::{Value, json};
use tower::ServiceExt;
use umwelt_base::UserError;
use umwelt_runs::Record;
use umwelt_runs::registry::Registry;
use umwelt_runs::{Baseline, Score, ScoreCard, State, Status};
use umwelt_serve::models::OpenModel;
use umwelt_serve::{
    Dashboard, DashboardOptions, Guard, GuardOptions, Model, ModelRoom, ModelThread, Room, router,
};
use umwelt_settings::example::RunSettings;

#[derive(RustEmbed)]
#[folder = "web/"]
struct Web;

/// A root of runs with a server that looks at its files anew for each request.
pub struct Server {
    pub root: tempfile::TempDir,
    pub dashboard: Arc<Dashboard>,
    pub guard: Arc<Guard>,
    thread: Arc<ModelThread>,
}

/// A model that multiplies a number by the weight in its checkpoint.
struct Scale(f64);

impl Model for Scale {
    fn described(&mut self) -> anyhow::Result<Value> {
        Ok(json!({"weight": self.0}))
    }

    fn answer(&mut self, question: Value) -> anyhow::Result<Value> {
        let number = question["number"].as_f64();
        let wrong = || UserError("the question has no number; send {\"number\": 1}".into());
        Ok((self.0 * number.ok_or_else(wrong)?).into())
    }
}

/// The room of runs that brew tea.
fn scales() -> ModelRoom {
    let open: OpenModel = Arc::new(|run, checkpoint| {
        let weight = fs::read_to_string(checkpoint)?.parse();
        let damaged =
            |_| UserError(format!("the checkpoint in {} holds no number; train again", run.display()));
        Ok(Box::new(Scale(weight.map_err(damaged)?)))
    });
    let opens = |settings: &Record| settings.get("kind") == Some(&json!("tea"));
    ModelRoom { name: "worlds/scales", title: "Scales", file: Web::get, opens, result: None, open }
}

/// An answer with its whole body.
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Server {
    pub fn new() -> Self {
        Self::with(DashboardOptions::default())
    }

    pub fn with(options: DashboardOptions) -> Self {
        let root = tempfile::tempdir().unwrap();
        let options = DashboardOptions { poll: Duration::from_millis(20), ..options };
        let dashboard = Dashboard::new::<RunSettings>(Registry::new(root.path()), options);
        Self { root, dashboard, guard: Guard::new(GuardOptions::default()), thread: Arc::default() }
    }

    pub fn router(&self) -> Router {
        self.guard.protect(router(self.dashboard.clone(), &self.guard, self.rooms()))
    }

    /// A room that answers with its name, and whose files are those of our pages.
    fn rooms(&self) -> Vec<Room> {
        let endpoints = Router::new().route("/api/attic/name", get(async || "attic"));
        let attic = Room { name: "attic", title: "The attic", endpoints, file: Web::get, opens: None };
        vec![attic, scales().over(&self.dashboard, &self.thread)]
    }

    pub fn run(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub async fn send(&self, request: Request<Body>) -> Answered {
        self.dashboard.invalidate();
        let answer = self.router().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec();
        Answered { status, headers, body }
    }

    pub async fn ask(&self, path: &str) -> Answered {
        self.send(Request::get(path).header("host", "localhost").body(Body::empty()).unwrap()).await
    }

    /// The JSON of an endpoint that must answer.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// A request of our own page that may change something.
    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answered {
        let request = Request::post(path)
            .header("host", "localhost:7373")
            .header("origin", "http://localhost:7373")
            .header("content-type", "application/json")
            .header("x-umwelt-token", self.guard.word());
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Writes a run in a state, with settings as YAML.
    pub fn write(&self, name: &str, state: State, settings: &str) -> PathBuf {
        let run = self.run(name);
        fs::create_dir_all(run.join("figures")).unwrap();
        fs::write(run.join("settings.yaml"), settings).unwrap();
        let status = Status { state, step: 20, steps: 20, heartbeat: 1000.0, ..Status::new() };
        fs::write(run.join("status.json"), json!(status).to_string()).unwrap();
        run
    }

    /// Writes a finished run with the score `cups` (more is better) and a baseline of it.
    pub fn finished(&self, name: &str, settings: &str, cups: f64) -> PathBuf {
        let run = self.write(name, State::Finished, settings);
        let card = card(cups);
        let mut status: Status = serde_json::from_slice(&fs::read(run.join("status.json")).unwrap()).unwrap();
        status.scores = card.numbers();
        fs::write(run.join("status.json"), json!(status).to_string()).unwrap();
        fs::write(run.join("evaluation.json"), json!(card).to_string()).unwrap();
        run
    }
}

fn card(cups: f64) -> ScoreCard {
    ScoreCard {
        scores: vec![
            Score::higher("cups", cups, "cups", "cups of tea"),
            Score::lower("wait", 3.0, "s", "wait"),
        ],
        baselines: vec![Baseline { name: "water".into(), value: 1.5, of: "cups".into() }],
        headline: vec!["cups".into()],
    }
}

/// Appends text to the log of a run.
pub fn log(run: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(run.join("metrics.jsonl")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The lines of steps `range` with `loss` of each.
pub fn lines(range: std::ops::Range<u64>, loss: impl Fn(u64) -> f64) -> String {
    range
        .map(|step| format!("{{\"step\":{step},\"epoch\":{},\"loss\":{}}}\n", step as f64 / 10.0, loss(step)))
        .collect()
}

/// The keys of an object, sorted and joined by spaces.
pub fn keys(value: &Value) -> String {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(" ")
}

/// The numbers of an array.
pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}
