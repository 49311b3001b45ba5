//! Errors as answers: a status, what is wrong, and what would be right.

use std::io;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use umwelt_base::UserError;

/// An answer that refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    pub status: StatusCode,
    /// The fault, and why it is one.
    pub error: String,
    /// A request that would be right; empty if nothing is known.
    pub hint: String,
}

impl ApiError {
    pub fn new(status: StatusCode, error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status, error: error.into(), hint: hint.into() }
    }

    /// A mistake in the request.
    pub fn bad(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, hint)
    }

    pub fn forbidden(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, error, hint)
    }

    pub fn missing(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, hint)
    }

    /// Too many requests at once, or one that takes too long.
    pub fn busy(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, "ask again in a moment")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.error, "hint": self.hint}))).into_response()
    }
}

/// A user's mistake holds its hint behind the last semicolon.
impl From<UserError> for ApiError {
    fn from(UserError(text): UserError) -> Self {
        let (error, hint) = text.rsplit_once("; ").unwrap_or((&text, ""));
        Self::bad(error, hint)
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<UserError>() {
            Ok(mistake) => mistake.into(),
            Err(error) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"), ""),
        }
    }
}

impl From<io::Error> for ApiError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::missing("the file is gone", "load the page again"),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("a file cannot be read: {error}"), ""),
        }
    }
}
