//! The addresses of the dashboard.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{MethodRouter, get, post};

use crate::answer::Answer;
use crate::api::{self, act};
use crate::app::Dashboard;
use crate::query::Parameters;
use crate::{ApiError, Guard, Room, pages};

/// The most bytes of a body.
const BODY: usize = 64 << 10;

/// A read-only endpoint.
type Endpoint = fn(&Dashboard, &Parameters) -> Answer;

/// The pages and endpoints of the dashboard and of `rooms`, without the guard.
pub fn router(dashboard: Arc<Dashboard>, guard: &Arc<Guard>, rooms: Vec<Room>) -> Router {
    dashboard.rooms.get_or_init(|| rooms.iter().map(Room::entry).collect());
    let endpoints: [(&str, Endpoint); 13] = [
        ("about", api::about::about),
        ("runs", api::runs::runs),
        ("keys", api::keys::keys),
        ("run", api::run::run),
        ("series", api::series::series),
        ("sparks", api::sparks::sparks),
        ("log", api::files::log),
        ("figure", api::files::file),
        ("file", api::files::file),
        ("sweep", api::sweep::sweep),
        ("compare", api::compare::compare),
        ("export", api::export::export),
        ("trash", api::act::trashed),
    ];
    let api = endpoints.into_iter().fold(Router::new(), |router, (name, endpoint)| {
        router.route(&format!("/api/{name}"), reads(endpoint))
    });
    let actions = [
        ("stop", act::stop as act::Action),
        ("resume", act::resume),
        ("trash", act::trash),
        ("restore", act::restore),
        ("note", act::note),
    ];
    let actions = actions.into_iter().fold(Router::new(), |router, (name, action)| {
        router.route(&format!("/api/act/{name}"), post(act::handler(action)))
    });
    let missing = pages::missing(guard);
    let pages = rooms.into_iter().fold(pages::router(guard), |pages, room| pages::add(pages, guard, room));
    api.merge(actions.layer(DefaultBodyLimit::max(BODY)))
        .route("/api/events", get(api::stream::events))
        .with_state(dashboard)
        .merge(pages)
        .fallback(missing)
}

/// A handler that reads files on a thread of its own.
fn reads(endpoint: Endpoint) -> MethodRouter<Arc<Dashboard>> {
    get(move |State(dashboard): State<Arc<Dashboard>>, query: Parameters| async move {
        blocking(move || endpoint(&dashboard, &query)).await
    })
}

/// The answer of work that waits for files.
pub async fn blocking(work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    let failed = |error: tokio::task::JoinError| ApiError::from(anyhow::Error::from(error));
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}
