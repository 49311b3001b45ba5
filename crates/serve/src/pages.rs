//! The pages and their parts, embedded in the program.

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{ApiError, Guard, Room};

/// The files of `web/`: embedded in a release, read from the disk in a debug build.
#[derive(RustEmbed)]
#[folder = "web/"]
struct Web;

/// The addresses of the pages, which are one file each.
const PAGES: [&str; 5] = ["/", "/run", "/sweep", "/compare", "/worlds"];
/// The places in the page of the process's word and of the path below which the pages lie.
const PLACES: [&str; 2] = ["{{word}}", "{{base}}"];

/// The pages, with the word of `guard` in each, and the files that they load.
pub fn router(guard: &Arc<Guard>) -> Router {
    let pages = PAGES.iter().fold(Router::new(), |router, path| with_page(router, path, guard));
    let files = async |Path(name): Path<String>, headers: HeaderMap| {
        let found = Web::get(&name).filter(|_| name != "index.html");
        file(&name, found, &headers)
    };
    pages.route("/web/{*file}", get(files))
}

/// `pages` with those of a room.
pub fn add(pages: Router, guard: &Arc<Guard>, room: Room) -> Router {
    let find = room.file;
    let files = async move |Path(name): Path<String>, headers: HeaderMap| file(&name, find(&name), &headers);
    let pages = with_page(pages, &format!("/{}", room.name), guard).merge(room.endpoints);
    pages.route(&format!("/web/{}/{{*file}}", room.name), get(files))
}

/// A handler for addresses that nothing lies at: a page that says so where a person asks for one.
pub fn missing(guard: &Arc<Guard>) -> impl Fn(Uri, HeaderMap) -> Ready<Response> + Clone + Send + use<> {
    let guard = guard.clone();
    move |uri, headers| {
        let accepted = headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
        let is_part = ["/api/", "/web/"].iter().any(|start| uri.path().starts_with(start));
        ready(if accepted.contains("text/html") && !is_part {
            (StatusCode::NOT_FOUND, page(&guard)).into_response()
        } else {
            ApiError::missing("there is no such page", "open / for the list of runs").into_response()
        })
    }
}

fn with_page(router: Router, path: &str, guard: &Arc<Guard>) -> Router {
    let guard = guard.clone();
    router.route(path, get(move || ready(page(&guard))))
}

fn page(guard: &Guard) -> Result<Response, ApiError> {
    let missing = || ApiError::missing("this build has no pages", "build umwelt from a whole checkout");
    let page = Web::get("index.html").ok_or_else(missing)?;
    let [word, base] = PLACES;
    let text = String::from_utf8_lossy(&page.data).replace(word, guard.word()).replace(base, guard.base());
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

fn file(name: &str, found: Option<EmbeddedFile>, headers: &HeaderMap) -> Result<Response, ApiError> {
    let missing = || ApiError::missing(format!("there is no file `{name}`"), "load the page again");
    let file = found.ok_or_else(missing)?;
    let hash: String = file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = HeaderValue::try_from(format!("\"{hash}\"")).map_err(anyhow::Error::from)?;
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let kind = HeaderValue::from_static(content_type(name));
    Ok(([(header::CONTENT_TYPE, kind), (header::ETAG, tag)], file.data.into_owned()).into_response())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}
