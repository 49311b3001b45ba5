//! `/api/worlds/NAME/...`: the runs of a room, and questions to their models.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use umwelt_runs::RunSummary;

use super::thread::Place;
use super::{Model, ModelRoom, ModelThread};
use crate::answer::{Answer, json as answer};
use crate::query::Parameters;
use crate::router::blocking;
use crate::{ApiError, Dashboard};

/// The most bytes of a question.
const BODY: usize = 64 << 10;
/// The most runs to choose from.
const RUNS: usize = 200;

/// A room with what it asks.
struct Asked {
    room: ModelRoom,
    dashboard: Arc<Dashboard>,
    thread: Arc<ModelThread>,
}

/// The endpoints of a room.
pub fn router(room: ModelRoom, dashboard: Arc<Dashboard>, thread: Arc<ModelThread>) -> Router {
    let path = |what: &str| format!("/api/{}/{what}", room.name);
    let routes = Router::new()
        .route(&path("runs"), get(runs))
        .route(&path("open"), get(open))
        .route(&path("ask"), post(ask).layer(DefaultBodyLimit::max(BODY)));
    routes.with_state(Arc::new(Asked { room, dashboard, thread }))
}

/// The runs that the room can open, the ones that began last in front.
async fn runs(State(asked): State<Arc<Asked>>) -> Answer {
    blocking(move || {
        let snapshot = asked.dashboard.runs()?;
        let of_room = snapshot.runs.iter().filter(|run| (asked.room.opens)(&run.settings));
        let mut runs: Vec<&RunSummary> = of_room.map(|run| &**run).collect();
        runs.sort_by(|a, b| b.started_at.unwrap_or_default().total_cmp(&a.started_at.unwrap_or_default()));
        let rows =
            runs.iter().take(RUNS).map(|run| json!({"name": run.name, "state": run.state, "step": run.step}));
        answer(&json!({"total": runs.len(), "runs": rows.collect::<Vec<_>>()}))
    })
    .await
}

/// The description of a run's model, which is opened for it.
async fn open(State(asked): State<Arc<Asked>>, query: Parameters) -> Answer {
    let described = asked.model(&query, |model| model.described()).await?;
    answer(&described)
}

/// The answer of a run's model to the question in the body.
async fn ask(
    State(asked): State<Arc<Asked>>,
    query: Parameters,
    body: Result<Json<Value>, JsonRejection>,
) -> Answer {
    let refused =
        |error: JsonRejection| ApiError::new(error.status(), error.body_text(), "load the page again");
    let Json(question) = body.map_err(refused)?;
    let said = asked.model(&query, |model| model.answer(question)).await?;
    answer(&said)
}

impl Asked {
    /// The result of `ask` on the model of the run that `query` names.
    async fn model(
        self: &Arc<Self>,
        query: &Parameters,
        ask: impl FnOnce(&mut dyn Model) -> anyhow::Result<Value> + Send + 'static,
    ) -> Result<Value, ApiError> {
        let (shared, name) = (self.clone(), query.required("run")?.to_owned());
        let found = tokio::task::spawn_blocking(move || {
            let run = shared.dashboard.run(&name)?;
            let (checkpoint, stamp) = shared.room.checkpoint(&run)?;
            Ok::<_, ApiError>((run, checkpoint, stamp))
        });
        let (run, checkpoint, stamp) = found.await.map_err(anyhow::Error::from)??;
        let place = Place { room: self.room.name, run: run.summary.name, stamp };
        let open = self.room.open.clone();
        self.thread.ask(place, move || open(&run.folder, &checkpoint), ask).await
    }
}
