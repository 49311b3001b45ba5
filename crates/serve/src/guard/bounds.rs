//! Bounds of requests: the bytes of a head, the requests at a time, the seconds of each.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::ApiError;

/// The most bytes of a request's address and headers.
const HEAD: usize = 16 << 10;
/// The most requests at a time.
const REQUESTS: usize = 64;
/// The time of one request.
const TIME: Duration = Duration::from_secs(30);

/// The requests that are being answered.
#[derive(Clone, Debug)]
pub struct Bounds {
    free: Arc<Semaphore>,
    time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self::of(REQUESTS, TIME)
    }
}

impl Bounds {
    pub fn of(requests: usize, time: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(requests)), time }
    }

    /// The answer, or 503 if too many are being made or this one takes too long. A stream counts
    /// until it begins.
    pub async fn run(&self, answer: impl Future<Output = Response>) -> Response {
        let Ok(_taken) = self.free.try_acquire() else {
            return ApiError::busy("too many requests at a time").into_response();
        };
        let late = || ApiError::busy(format!("no answer within {} s", self.time.as_secs())).into_response();
        timeout(self.time, answer).await.unwrap_or_else(|_| late())
    }
}

/// Refuses a request with a head of more than 16 kB.
pub fn check_head(request: &Request) -> Result<(), ApiError> {
    let address = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    if address + headers.sum::<usize>() <= HEAD {
        return Ok(());
    }
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Err(ApiError::new(status, "the address and headers have more than 16 kB", "name fewer runs, or filter"))
}
