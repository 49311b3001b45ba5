//! The names by which a browser may call this server.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};

use super::text;
use crate::ApiError;

/// The allowed names besides `localhost` and loopback addresses.
#[derive(Debug)]
pub struct Hosts(Vec<String>);

impl Hosts {
    pub fn new(names: Vec<String>) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Checks the host of a request. Its port differs behind `ssh -L` and is not compared.
    pub fn check(&self, request: &Request) -> Result<(), ApiError> {
        let named = text(request.headers(), header::HOST.as_str());
        let host = named.and_then(host_of);
        let target = request.uri().authority().map(|authority| authority.as_str());
        let allowed = |host: &String| self.allows(host);
        if host.as_ref().is_some_and(allowed)
            && target.is_none_or(|t| host_of(t).as_ref().is_some_and(allowed))
        {
            return Ok(());
        }
        let shown = named.unwrap_or("none");
        Err(ApiError::forbidden(
            format!("this server does not answer to the host `{shown}`"),
            "start it with `umwelt serve --allow-host NAME` to allow a name",
        ))
    }

    fn allows(&self, host: &String) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback()) || self.0.contains(host)
    }
}

/// The host of `HOST:PORT` in lower case; `None` for anything else.
fn host_of(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    (!text.contains('@')).then(|| authority.host().to_ascii_lowercase())
}

/// Refuses a request without an `Origin`, or with another one than the host that it asks.
pub fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let (origin, host) = (text(headers, header::ORIGIN.as_str()), text(headers, header::HOST.as_str()));
    let place = origin.and_then(|o| o.strip_prefix("http://").or_else(|| o.strip_prefix("https://")));
    if place.is_some() && place.map(str::to_ascii_lowercase) == host.map(str::to_ascii_lowercase) {
        return Ok(());
    }
    let shown = origin.unwrap_or("none");
    Err(ApiError::forbidden(
        format!("the origin `{shown}` is not this page"),
        "send the Origin of the page's own address",
    ))
}
