//! Events while files change.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tower::ServiceExt;
use umwelt_runs::State;

use super::fixture::{Server, lines, log};

/// A stream of events, read as text.
struct Stream {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(server: &Server, watch: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(format!("/api/events?watch={watch}")).header("host", "localhost");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = server.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        Self { body: answer.into_body().into_data_stream(), text: String::new() }
    }

    /// Reads until the stream holds `part`.
    async fn until(&mut self, part: &str) -> &str {
        let read = async {
            while !self.text.contains(part) {
                let bytes = self.body.next().await.expect("the stream goes on").unwrap();
                self.text.push_str(std::str::from_utf8(&bytes).unwrap());
            }
        };
        timeout(Duration::from_secs(60), read).await.unwrap_or_else(|_| panic!("no `{part}` came"));
        &self.text
    }
}

#[tokio::test]
async fn a_growing_run_is_told_with_its_series_and_log() {
    let server = Server::new();
    let run = server.write("a", State::Interrupted, "seed: 7\n");
    let polling = tokio::spawn(umwelt_serve::poll(server.dashboard.clone()));
    let mut stream = Stream::open(&server, "runs,run:a,log:a", None).await;
    let hello = stream.until("event: hello").await;
    assert!(hello.contains("retry: 2000"), "{hello}");
    stream.until("event: series").await;
    log(&run, &lines(0..3, |_| 1.0));
    stream.until("\"last_step\":2").await;
    std::fs::write(run.join("output.log"), "epoch 1\n").unwrap();
    let told = stream.until("epoch 1").await;
    assert!(told.contains("event: log") && told.contains("id: "), "{told}");
    server.write("b", State::Interrupted, "seed: 7\n");
    server.dashboard.invalidate();
    let told = stream.until("\"name\":\"b\"").await;
    assert!(told.contains("event: runs"), "{told}");
    let mut continued = Stream::open(&server, "run:a", Some("0")).await;
    continued.until("\"last_step\":2").await;
    let mut lost = Stream::open(&server, "run:a", Some("999999")).await;
    lost.until("event: resync").await;
    polling.abort();
}

#[tokio::test]
async fn streams_are_bounded_and_topics_checked() {
    let server = Server::new();
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(Stream::open(&server, "runs", None).await);
    }
    assert_eq!(server.ask("/api/events?watch=runs").await.status, 503);
    open.pop();
    open.push(Stream::open(&server, "runs", None).await);
    assert_eq!(server.ask("/api/events?watch=walks").await.status, 400);
    assert_eq!(server.ask("/api/events").await.status, 400);
}

#[tokio::test]
async fn a_room_sends_events_to_those_who_watch_it() {
    let server = Server::new();
    let mut stream = Stream::open(&server, "room:attic", None).await;
    server.dashboard.publisher().publish("cellar", &serde_json::json!([2]));
    server.dashboard.publisher().publish("attic", &serde_json::json!([1]));
    let told = stream.until("event: room").await;
    assert!(told.contains(r#"{"room":"attic","data":[1]}"#) && !told.contains("cellar"), "{told}");
}
