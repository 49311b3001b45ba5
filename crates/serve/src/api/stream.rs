//! `/api/events`: what changes, as it changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};

use super::about::VERSION;
use crate::ApiError;
use crate::app::Dashboard;
use crate::events::{Event, Topic};
use crate::query::Parameters;

/// The time between comments, which keep proxies from closing a silent stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The time after which a browser asks again for a lost stream.
const RETRY: Duration = Duration::from_secs(2);

/// A stream of the topics of `watch`.
pub async fn events(
    State(dashboard): State<Arc<Dashboard>>,
    query: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let unknown =
        || ApiError::bad("`watch` names no topics", "watch=runs,run:NAME,sweep:NAME,log:NAME,room:NAME");
    let topics = query.last("watch").and_then(Topic::list).ok_or_else(unknown)?;
    let full = |_| ApiError::busy("too many pages are open");
    let place = dashboard.streams.clone().try_acquire_owned().map_err(full)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let hello = json!({"version": VERSION, "stamp": dashboard.events.last_id()});
    let hello = sse::Event::default().event("hello").retry(RETRY).data(hello.to_string());
    let queue = dashboard.events.subscribe(topics, last);
    let later = ReceiverStream::new(queue).map(|event: Arc<Event>| written(&event));
    let all = tokio_stream::once(hello).chain(later).map(Ok::<_, Infallible>);
    let stream = Sse::new(Counted { all: Box::pin(all), _place: place });
    let mut answer = stream.keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    answer.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(answer)
}

fn written(event: &Event) -> sse::Event {
    sse::Event::default().id(event.id.to_string()).event(event.kind).data(&event.data)
}

/// A stream that counts among the open ones until it is dropped.
struct Counted<S> {
    all: std::pin::Pin<Box<S>>,
    _place: OwnedSemaphorePermit,
}

impl<S: Stream> Stream for Counted<S> {
    type Item = S::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<S::Item>> {
        self.all.as_mut().poll_next(context)
    }
}
