//! The endpoints below `/api/digits/`.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use umwelt_serve::{Answer, ApiError, blocking, json as answer};
use umwelt_weightless::Samples;
use umwelt_weightless::agent::{Agent, AgentSettings, KindSettings};

use crate::Digits;
use crate::drawing::{Drawing, answered, encoded};
use crate::files;
use crate::jobs::Work;
use crate::opened::{Opened, refused};
use crate::sources::Drawn;
use crate::upload::{download, uploaded};

/// The most bytes of a body but that of an upload.
const BODY: usize = 512 << 10;

type Shared = Arc<Digits>;

pub fn router(digits: Shared) -> Router {
    let agent = |path: &str| format!("/api/digits/agents/{{id}}{path}");
    Router::new()
        .route("/api/digits/state", get(state))
        .route("/api/digits/agents", takes(create))
        .route("/api/digits/guess", takes(guess))
        .route("/api/digits/load", takes(load))
        .route(&agent(""), axum::routing::delete(close))
        .route(&agent("/learn"), takes_for(learn))
        .route(&agent("/undo"), takes_for(undo))
        .route(&agent("/reset"), takes_for(reset))
        .route(&agent("/save"), takes_for(save))
        .route(&agent("/train"), takes_for(train))
        .route(&agent("/test"), takes_for(test))
        .route(&agent("/stop"), takes_for(stop))
        .route(&agent("/file"), get(file))
        .layer(DefaultBodyLimit::max(BODY))
        .route("/api/digits/upload", post(upload).layer(DefaultBodyLimit::disable()))
        .with_state(digits)
}

/// A handler of a JSON body.
fn takes<T: DeserializeOwned + Send + 'static>(call: fn(&Shared, T) -> Answer) -> MethodRouter<Shared> {
    post(move |State(digits): State<Shared>, body: Result<Json<T>, JsonRejection>| async move {
        let Json(body) = body.map_err(malformed)?;
        blocking(move || call(&digits, body)).await
    })
}

/// A call of an endpoint about one agent.
type AgentCall<T> = fn(&Shared, &Arc<Opened>, T) -> Answer;

/// A handler of a JSON body for one agent.
fn takes_for<T: DeserializeOwned + Send + 'static>(call: AgentCall<T>) -> MethodRouter<Shared> {
    post(
        move |State(digits): State<Shared>, Path(id): Path<String>, body: Result<Json<T>, JsonRejection>| async move {
            let Json(body) = body.map_err(malformed)?;
            blocking(move || call(&digits, &digits.shelf.agent(&id)?, body)).await
        },
    )
}

fn malformed(error: JsonRejection) -> ApiError {
    ApiError::new(error.status(), error.body_text(), "load the page again")
}

async fn state(State(digits): State<Shared>) -> Answer {
    blocking(move || answer(&digits.described())).await
}

impl Digits {
    fn described(&self) -> Value {
        let agents: Vec<Value> = self.shelf.all().iter().map(|opened| opened.described()).collect();
        json!({"agents": agents, "saved": files::saved(self.shelf.folder())})
    }

    /// The state, after a change that other pages are told of.
    fn told(&self) -> Answer {
        self.changed();
        answer(&self.described())
    }
}

/// A new agent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    kind: String,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    seed: u64,
    name: Option<String>,
}

fn create(digits: &Shared, new: New) -> Answer {
    let kind: KindSettings = serde_json::from_value(json!({"kind": new.kind, "settings": new.settings}))
        .map_err(|error| ApiError::bad(error.to_string(), "kinds are ao, wisard, dwn and logic"))?;
    let name = new.name.unwrap_or_else(|| kind.name().to_owned());
    let nothing = Samples::new(&[], &[]).map_err(anyhow::Error::from)?;
    let agent = Agent::new(&name, AgentSettings::new(kind, new.seed), &nothing).map_err(refused)?;
    digits.shelf.add(agent)?;
    digits.told()
}

/// A drawing that agents look at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guess {
    drawing: Drawing,
    /// Ids; all agents without them.
    agents: Option<Vec<u32>>,
}

/// The random numbers of an `ao` agent's answers on the page: one drawing has one answer.
const INDEX: u64 = 0;

fn guess(digits: &Shared, guess: Guess) -> Answer {
    let digit = guess.drawing.digit()?;
    let asked = |opened: &Arc<Opened>| guess.agents.as_ref().is_none_or(|ids| ids.contains(&opened.id));
    let look = |opened: Arc<Opened>| {
        let started = Instant::now();
        let (said, layers) = opened.look(&digit, INDEX);
        let micros = started.elapsed().as_micros() as u64;
        json!({"id": opened.id, "micros": micros, "answer": answered(&said, &layers)})
    };
    let answers: Vec<Value> = digits.shelf.all().into_iter().filter(asked).map(look).collect();
    answer(&json!({"digit": encoded(&digit), "answers": answers}))
}

/// A drawing with its label.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    drawing: Drawing,
    label: u8,
}

fn learn(digits: &Shared, opened: &Arc<Opened>, example: Example) -> Answer {
    let digit = example.drawing.digit()?;
    let started = Instant::now();
    let mut inner = opened.lock();
    inner.teach(&digit, example.label)?;
    let micros = started.elapsed().as_micros() as u64;
    let (said, layers) = inner.agent.look(&digit, INDEX);
    drop(inner);
    digits.changed();
    answer(&json!({"id": opened.id, "micros": micros, "answer": answered(&said, &layers)}))
}

/// An empty body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn undo(digits: &Shared, opened: &Arc<Opened>, _: Nothing) -> Answer {
    let undone = opened.lock().undo()?;
    digits.changed();
    answer(&json!({"undone": undone}))
}

fn reset(digits: &Shared, opened: &Arc<Opened>, _: Nothing) -> Answer {
    if opened.job().is_some() {
        return Err(ApiError::bad("the agent is at work", "stop it first"));
    }
    opened.lock().reset()?;
    digits.told()
}

fn save(digits: &Shared, opened: &Arc<Opened>, _: Nothing) -> Answer {
    let inner = opened.lock();
    let path = files::path_of(digits.shelf.folder(), inner.agent.name());
    inner.agent.save(&path).map_err(|error| ApiError::bad(error.to_string(), ""))?;
    drop(inner);
    digits.told()
}

/// The name of a saved agent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

fn load(digits: &Shared, named: Named) -> Answer {
    let folder = digits.shelf.folder();
    // A name is looked up in the list and never joined to the folder.
    if !files::saved(folder).contains(&named.name) {
        return Err(ApiError::missing(
            format!("no agent `{}` is saved", named.name),
            "choose one of the list",
        ));
    }
    digits.shelf.add(files::read(&files::path_of(folder, &named.name))?)?;
    digits.told()
}

fn train(digits: &Shared, opened: &Arc<Opened>, drawn: Drawn) -> Answer {
    digits.begin(opened, Work::Train, drawn)?;
    digits.told()
}

fn test(digits: &Shared, opened: &Arc<Opened>, drawn: Drawn) -> Answer {
    digits.begin(opened, Work::Test, drawn)?;
    digits.told()
}

fn stop(_: &Shared, opened: &Arc<Opened>, _: Nothing) -> Answer {
    let job = opened.job();
    job.iter().for_each(|job| job.stop());
    answer(&json!({"stopped": job.is_some()}))
}

async fn close(State(digits): State<Shared>, Path(id): Path<String>) -> Answer {
    blocking(move || {
        digits.shelf.close(&id)?;
        digits.told()
    })
    .await
}

async fn file(State(digits): State<Shared>, Path(id): Path<String>) -> Answer {
    blocking(move || download(&digits.shelf.agent(&id)?.lock().agent)).await
}

async fn upload(State(digits): State<Shared>, body: Body) -> Answer {
    let agent = uploaded(&digits.uploads, body).await?;
    blocking(move || {
        digits.shelf.add(agent)?;
        digits.told()
    })
    .await
}
