//! The guard in front of every page: hosts, origins, tokens, bounds and headers.
//!
//! It is a layer over any router, so that pages of other rooms get it too. A page of another site
//! can neither read nor change anything: it cannot use our name (DNS rebinding is refused by the
//! `Host`), it is refused as cross-site, and it lacks the word that only our pages were given.

mod bounds;
mod headers;
mod hosts;
mod secrets;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::ApiError;
use bounds::Bounds;
pub use headers::{FILE_POLICY, PAGE_POLICY};
use hosts::Hosts;
use secrets::Token;
pub use secrets::random_word;

/// The header that holds the word of this process.
pub const WORD: &str = "x-umwelt-token";

/// What a guard admits.
#[derive(Clone, Debug, Default)]
pub struct GuardOptions {
    /// Names besides `localhost` and loopback addresses: the bound address and those of
    /// `--allow-host`.
    pub hosts: Vec<String>,
    /// The token that every request needs; `None` where loopback protects the pages.
    pub token: Option<String>,
    /// The path below which all pages lie, such as `/x`; empty for none.
    pub base: String,
    /// Prefixes of paths whose requests may have bodies of another content type than JSON.
    pub bodies: Vec<(String, String)>,
}

/// The guard of one server.
#[derive(Debug)]
pub struct Guard {
    hosts: Hosts,
    token: Option<Token>,
    base: String,
    bodies: Vec<(String, String)>,
    word: String,
    bounds: Bounds,
}

impl Guard {
    pub fn new(options: GuardOptions) -> Arc<Self> {
        Arc::new(Self {
            hosts: Hosts::new(options.hosts),
            token: options.token.map(Token::new),
            base: options.base,
            bodies: options.bodies,
            word: random_word(),
            bounds: Bounds::default(),
        })
    }

    /// The word of this process, which only its pages are given. Every request that may change
    /// something holds it in the header [`WORD`].
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The path below which all pages lie; empty for none.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `router` behind this guard. Routes that are added afterwards are not guarded.
    pub fn protect(self: &Arc<Self>, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), guarded))
    }

    /// The answer to a request that goes no further; `None` for one that is admitted.
    fn refusal(&self, request: &Request) -> Result<Option<Response>, ApiError> {
        bounds::check_head(request)?;
        self.hosts.check(request)?;
        let path = request.uri().path();
        let path = path.strip_prefix(&*self.base).unwrap_or(path);
        if let Some(token) = &self.token {
            if let Some(redirect) = token.exchange(request, &self.base)? {
                return Ok(Some(redirect));
            }
            token.check(request.headers())?;
        }
        let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
        if path.starts_with("/api") || !is_safe {
            check_site(request.headers())?;
        }
        if !is_safe {
            self.check_change(request.headers(), path)?;
        }
        Ok(None)
    }

    /// Checks a request that may change something.
    fn check_change(&self, headers: &HeaderMap, path: &str) -> Result<(), ApiError> {
        hosts::check_origin(headers)?;
        let content_type = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let other =
            |(prefix, allowed): &(String, String)| path.starts_with(prefix) && *allowed == content_type;
        if content_type != "application/json" && !self.bodies.iter().any(other) {
            let error = format!("the content type `{content_type}` is refused");
            let hint = "send application/json";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error, hint));
        }
        if !text(headers, WORD).is_some_and(|word| secrets::same(word, &self.word)) {
            let hint = "load the page again: a restarted server has another word";
            return Err(ApiError::forbidden(format!("the header {WORD} is missing or wrong"), hint));
        }
        Ok(())
    }
}

async fn guarded(State(guard): State<Arc<Guard>>, request: Request<Body>, next: Next) -> Response {
    let answer = match guard.refusal(&request) {
        Err(refused) => refused.into_response(),
        Ok(Some(answer)) => answer,
        Ok(None) => guard.bounds.run(next.run(request)).await,
    };
    headers::add(answer)
}

/// Refuses a request that a page of another site made.
fn check_site(headers: &HeaderMap) -> Result<(), ApiError> {
    match text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(site) => Err(ApiError::forbidden(
            format!("a request of another site is refused (Sec-Fetch-Site: {site})"),
            "open the address in the browser itself",
        )),
    }
}

/// The value of a header that occurs once and is text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}
