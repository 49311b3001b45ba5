//! `/api/act/...`: what a page may do to runs, and only with `--allow-actions`.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use serde_json::json;
use umwelt_runs::registry::resume as start_again;
use umwelt_runs::{request_stop, write_notes};

use crate::ApiError;
use crate::answer::{Answer, json};
use crate::app::Dashboard;
use crate::query::Parameters;
use crate::router::blocking;

/// The body of an action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    run: String,
    #[serde(default)]
    text: String,
}

/// An action; its answer says what was done.
pub type Action = fn(&Dashboard, &Order) -> Result<String, ApiError>;

type Body = Result<Json<Order>, JsonRejection>;
type Answered = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The handler of an action.
pub fn handler(action: Action) -> impl Fn(State<Arc<Dashboard>>, Body) -> Answered + Clone {
    move |State(dashboard), body| {
        Box::pin(async move {
            if !dashboard.options.actions {
                let hint = "start it with `umwelt serve --allow-actions`";
                return Err(ApiError::forbidden("this server only reads", hint));
            }
            let refused = |error: JsonRejection| {
                ApiError::new(error.status(), error.body_text(), r#"send {"run": NAME, "text": TEXT}"#)
            };
            let Json(order) = body.map_err(refused)?;
            blocking(move || {
                let done = action(&dashboard, &order)?;
                dashboard.invalidate();
                json(&json!({"done": done}))
            })
            .await
        })
    }
}

/// Asks a running run to leave a checkpoint and stop.
pub fn stop(dashboard: &Dashboard, order: &Order) -> Result<String, ApiError> {
    let run = dashboard.run(&order.run)?;
    request_stop(&run.folder)?;
    Ok(format!("{} was asked to stop", order.run))
}

/// Continues a run with its own settings.
pub fn resume(dashboard: &Dashboard, order: &Order) -> Result<String, ApiError> {
    let run = dashboard.run(&order.run)?;
    let program = std::env::current_exe()?;
    dashboard.started.start(|| start_again(&run, &program))?;
    Ok(format!("{} goes on; its output is in its log", order.run))
}

/// Moves a run to the trash.
pub fn trash(dashboard: &Dashboard, order: &Order) -> Result<String, ApiError> {
    let run = dashboard.run(&order.run)?;
    dashboard.registry.remove(&run)?;
    dashboard.store.forget(&order.run);
    Ok(format!("{} is in the trash", order.run))
}

/// Restores a run from the trash.
pub fn restore(dashboard: &Dashboard, order: &Order) -> Result<String, ApiError> {
    let known = dashboard.registry.trashed()?.into_iter().any(|trashed| trashed.name == order.run);
    if !known {
        let error = format!("the trash has no run `{}`", order.run);
        return Err(ApiError::missing(error, "/api/trash lists the trash"));
    }
    dashboard.registry.restore(Path::new(&order.run))?;
    Ok(format!("{} is back", order.run))
}

/// Replaces the notes of a run.
pub fn note(dashboard: &Dashboard, order: &Order) -> Result<String, ApiError> {
    write_notes(&dashboard.run(&order.run)?.folder, &order.text)?;
    Ok("the notes are saved".into())
}

/// The runs in the trash.
pub fn trashed(dashboard: &Dashboard, _: &Parameters) -> Answer {
    let names: Vec<String> = dashboard.registry.trashed()?.into_iter().map(|trashed| trashed.name).collect();
    json(&json!({"runs": names}))
}
