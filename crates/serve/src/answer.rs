//! Answers with a body, within a bound.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::ApiError;

/// The most bytes of an answer.
pub const MOST: usize = 16 << 20;

pub type Answer = Result<Response, ApiError>;

/// `value` as JSON.
///
/// # Errors
/// 413 for more than 16 MB.
pub fn json(value: &impl Serialize) -> Answer {
    let text = serde_json::to_vec(value).map_err(anyhow::Error::from)?;
    bytes("application/json", text)
}

/// A body of a type.
///
/// # Errors
/// 413 for more than 16 MB.
pub fn bytes(content_type: &'static str, body: impl Into<Vec<u8>>) -> Answer {
    let body = body.into();
    if body.len() > MOST {
        let error = format!("the answer would have {} bytes; at most {MOST} are sent", body.len());
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error, "ask for less at a time"));
    }
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

/// `answer` with one more header.
pub fn with_header(mut answer: Response, name: HeaderName, value: &str) -> Answer {
    let value = HeaderValue::from_str(value).map_err(anyhow::Error::from)?;
    answer.headers_mut().insert(name, value);
    Ok(answer)
}
