//! A page over a folder of agents, and digits that are easy to tell apart.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tower::ServiceExt;
use umwelt_digits::{Options, Part, UPLOAD, room};
use umwelt_runs::registry::Registry;
use umwelt_serve::{Dashboard, DashboardOptions, Guard, GuardOptions, router};
use umwelt_settings::example::RunSettings;
use umwelt_weightless::sampling::Chosen;
use umwelt_weightless::{Digit, SIDE};

/// The digits that people wrote, in each part.
pub const WRITTEN: usize = 400;

/// A server with the page.
pub struct Page {
    router: Router,
    guard: Arc<Guard>,
}

/// An answer with its whole body.
pub struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// The picture of a class: a bar at a height of its own, of a length that `variant` changes.
pub fn picture(class: u8, variant: usize) -> Digit {
    let top = 2 * usize::from(class) + 4;
    let inked =
        |at: usize| (top..top + 2).contains(&(at / SIDE)) && (4..16 + variant % 8).contains(&(at % SIDE));
    std::array::from_fn(|at| if inked(at) { 255 } else { 0 })
}

pub fn encoded(digit: &Digit) -> String {
    STANDARD.encode(digit)
}

fn written(part: Part) -> anyhow::Result<Chosen> {
    let first = if part == Part::Test { 3 } else { 0 };
    let label = |at: usize| (at % 10) as u8;
    let images = (0..WRITTEN).map(|at| picture(label(at), first + at / 10)).collect();
    Ok(Chosen { images, labels: (0..WRITTEN).map(label).collect() })
}

impl Page {
    /// A page as a server starts it.
    pub fn open(folder: &Path) -> Self {
        let registry = Registry::new(folder.join("runs"));
        let dashboard = Dashboard::new::<RunSettings>(registry, DashboardOptions::default());
        let (path, content_type) = UPLOAD;
        let bodies = vec![(path.into(), content_type.into())];
        let guard = Guard::new(GuardOptions { bodies, ..GuardOptions::default() });
        let options = Options { folder: folder.join("agents"), agents: vec![], written: Box::new(written) };
        let rooms = vec![room(options, dashboard.publisher()).unwrap()];
        let router = guard.protect(router(dashboard, &guard, rooms));
        Self { router, guard }
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Answered {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/digits/{path}"))
            .header("host", "localhost:7373")
            .header("origin", "http://localhost:7373")
            .header("content-type", content_type)
            .header("x-umwelt-token", self.guard.word());
        let answer = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        Answered { status, body: to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec() }
    }

    pub async fn post(&self, path: &str, body: Value) -> Answered {
        self.send("POST", path, "application/json", body.to_string()).await
    }

    /// The JSON of a request that must be answered.
    pub async fn done(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.json());
        answer.json()
    }

    pub async fn agents(&self) -> Vec<Value> {
        let state = self.send("GET", "state", "application/json", "").await.json();
        state["agents"].as_array().unwrap().clone()
    }

    /// The only open agent.
    pub async fn agent(&self) -> Value {
        let agents = self.agents().await;
        assert_eq!(agents.len(), 1);
        agents[0].clone()
    }

    pub async fn teach(&self, id: u32, class: u8, variant: usize) -> Value {
        let drawing = json!({"digit": encoded(&picture(class, variant))});
        self.done(&format!("agents/{id}/learn"), json!({"drawing": drawing, "label": class})).await
    }

    /// The answers of all agents to a picture, without their times.
    pub async fn guess(&self, class: u8, variant: usize) -> Vec<Value> {
        let drawing = json!({"digit": encoded(&picture(class, variant))});
        let answers = self.done("guess", json!({"drawing": drawing})).await["answers"].clone();
        answers.as_array().unwrap().iter().map(|one| one["answer"].clone()).collect()
    }

    /// Waits until no agent is at work.
    pub async fn rest(&self) {
        let started = Instant::now();
        while self.agents().await.iter().any(|agent| !agent["job"].is_null()) {
            assert!(started.elapsed() < Duration::from_secs(120), "the job does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
