//! Agents' files from and to the browser.

use axum::body::{Body, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use tokio::sync::Semaphore;
use umwelt_serve::{Answer, ApiError, with_header};
use umwelt_weightless::agent::{Agent, MOST_BYTES};

use crate::UPLOAD;

/// The uploads at a time, each of which is in memory.
pub const AT_ONCE: usize = 1;

/// The agent in the body of a request, one of the uploads that are still free.
///
/// # Errors
/// Another upload is on its way, or the body is too large or no agent.
pub async fn uploaded(free: &Semaphore, body: Body) -> Result<Agent, ApiError> {
    let busy = |_| ApiError::busy("another agent is being uploaded");
    let _taken = free.try_acquire().map_err(busy)?;
    let large = |_| {
        let error = format!("the file has more than {} MB, or was cut off", MOST_BYTES >> 20);
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error, "upload a file that this page made")
    };
    let file = to_bytes(body, MOST_BYTES as usize).await.map_err(large)?;
    let refused = |reason: umwelt_weightless::agent::Refused| {
        ApiError::bad(format!("this is no agent: {reason}"), "upload a file that this page made")
    };
    Agent::from_bytes(&file).map_err(refused)
}

/// The agent as a file to keep.
///
/// # Errors
/// An agent of more than 256 MiB.
pub fn download(agent: &Agent) -> Answer {
    let file = agent.to_bytes().map_err(|error| ApiError::bad(error.to_string(), ""))?;
    let answer = ([(header::CONTENT_TYPE, UPLOAD.1)], file).into_response();
    let name = format!("attachment; filename=\"{}.safetensors\"", agent.name());
    with_header(answer, header::CONTENT_DISPOSITION, &name)
}
