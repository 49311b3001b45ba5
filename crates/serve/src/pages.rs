//! The pages and their parts, embedded in the program.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::{ApiError, Guard};

/// The files of `web/`: embedded in a release, read from the disk in a debug build.
#[derive(RustEmbed)]
#[folder = "web/"]
struct Web;

/// The addresses of the pages, which are one file each.
const PAGES: [&str; 4] = ["/", "/run", "/sweep", "/compare"];
/// The places in the page of the process's word and of the path below which the pages lie.
const PLACES: [&str; 2] = ["{{word}}", "{{base}}"];

/// The pages, with the word of `guard` in each, and the files that they load.
pub fn router(guard: Arc<Guard>) -> Router {
    let page = move || {
        let guard = guard.clone();
        async move { page(&guard) }
    };
    let pages = PAGES.iter().fold(Router::new(), |router, path| router.route(path, get(page.clone())));
    pages.route("/web/{*file}", get(file))
}

fn page(guard: &Guard) -> Result<Response, ApiError> {
    let missing = || ApiError::missing("this build has no pages", "build umwelt from a whole checkout");
    let page = Web::get("index.html").ok_or_else(missing)?;
    let [word, base] = PLACES;
    let text = String::from_utf8_lossy(&page.data).replace(word, guard.word()).replace(base, guard.base());
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let missing = || ApiError::missing(format!("there is no file `{name}`"), "load the page again");
    let file = Web::get(&name).filter(|_| name != "index.html").ok_or_else(missing)?;
    let hash: String = file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = HeaderValue::try_from(format!("\"{hash}\"")).map_err(anyhow::Error::from)?;
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let kind = HeaderValue::from_static(content_type(&name));
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
