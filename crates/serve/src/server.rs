//! The server: its address, its token, and its life until Ctrl-C.

mod bind;
mod token;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use tokio::signal::unix::{SignalKind, signal};
use tower_http::compression::CompressionLayer;
use umwelt_runs::registry::Registry;
use umwelt_settings::Schema;

use crate::app::{Dashboard, DashboardOptions};
use crate::guard::{Guard, GuardOptions};
use crate::{Room, poll, router};
use bind::Bound;

/// The threads that answer; files are read on others.
const WORKERS: usize = 2;

/// The options of `umwelt serve`.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The address to listen at.
    pub host: String,
    /// The port; 0 for any. A taken one is passed over.
    pub port: u16,
    /// A socket file instead of an address.
    pub socket: Option<PathBuf>,
    /// A token that every request needs: none unless it must be, a random one, or this one.
    pub token: TokenChoice,
    /// More names by which browsers may call the server.
    pub allow_hosts: Vec<String>,
    /// The path below which the pages lie behind a proxy, such as `/x`.
    pub base_path: String,
    pub dashboard: DashboardOptions,
    /// Content types besides JSON that paths below a prefix take.
    pub bodies: Vec<(String, String)>,
}

/// The token of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TokenChoice {
    /// A random one where other people could reach the server, none otherwise.
    #[default]
    WhereNeeded,
    Random,
    Text(String),
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 7373,
            socket: None,
            token: TokenChoice::WhereNeeded,
            allow_hosts: vec![],
            base_path: String::new(),
            dashboard: DashboardOptions::default(),
            bodies: vec![],
        }
    }
}

/// Serves the runs below `root`, which have settings of the schema `T`, until Ctrl-C or SIGTERM.
/// `rooms` makes further pages behind the same guard. `announce` gets the address once it is bound.
///
/// # Errors
/// An address that cannot be bound, a base path without a slash, or what `rooms` fails with.
pub fn serve<T: Schema>(
    root: &Path,
    options: ServeOptions,
    rooms: impl FnOnce(&Arc<Dashboard>) -> Result<Vec<Room>>,
    announce: impl FnOnce(&str),
) -> Result<()> {
    let base = base_path(&options.base_path)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    runtime.context("could not start the server's threads")?.block_on(async {
        let bound = bind::bind(&options)?;
        let token = token::token(&options, root);
        let mut hosts = options.allow_hosts.clone();
        hosts.push(options.host.clone());
        let guard_options =
            GuardOptions { hosts, token: token.clone(), base: base.clone(), bodies: options.bodies };
        let guard = Guard::new(guard_options);
        let dashboard = Dashboard::new::<T>(Registry::new(root), options.dashboard);
        let pages = router(dashboard.clone(), &guard, rooms(&dashboard)?);
        announce(&bound.address(&base, token.as_deref()));
        run(bound, guard.protect(below(&base, pages)), dashboard).await
    })
}

/// `pages` below a path, in packed form where the browser takes it.
pub fn below(base: &str, pages: Router) -> Router {
    let pages = pages.layer(CompressionLayer::new());
    if base.is_empty() {
        return pages;
    }
    let place = base.to_owned();
    let to_page = get(async move || Redirect::permanent(&place));
    Router::new().nest(base, pages).route(&format!("{base}/"), to_page)
}

async fn run(bound: Bound, router: Router, dashboard: Arc<Dashboard>) -> Result<()> {
    let polling = tokio::spawn(poll::poll(dashboard.clone()));
    let stopped = async move {
        stop_signal().await;
        dashboard.events.close();
    };
    let served = match bound {
        Bound::Address(listener, _) => axum::serve(listener, router).with_graceful_shutdown(stopped).await,
        Bound::Socket(listener, path) => {
            let served = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
            let _ = std::fs::remove_file(path);
            served
        }
    };
    polling.abort();
    served.context("the server failed")
}

async fn stop_signal() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

/// `/x/` as `/x`, and `/` as nothing.
fn base_path(typed: &str) -> Result<String> {
    let base = typed.trim_end_matches('/');
    let plain = base.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.~".contains(c));
    anyhow::ensure!(
        base.is_empty() || (base.starts_with('/') && !base.starts_with("//") && plain),
        umwelt_base::UserError(format!("--base-path {typed} is no path; write it like /umwelt"))
    );
    Ok(base.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_lie_below_a_path() {
        use tower::ServiceExt;
        let pages = Router::new().route("/", get(async || "list")).route("/run", get(async || "run"));
        let ask = async |path: &str| {
            let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            below("/x", pages.clone()).oneshot(request).await.unwrap().status().as_u16()
        };
        assert_eq!((ask("/x").await, ask("/x/run").await, ask("/x/").await), (200, 200, 308));
        assert_eq!((ask("/run").await, ask("/").await), (404, 404));
    }

    #[test]
    fn base_paths_begin_with_a_slash() {
        assert_eq!(base_path("/x/").unwrap(), "/x");
        assert_eq!(base_path("/").unwrap(), "");
        for wrong in ["x", "//evil.example", "/a b", "/{x}"] {
            assert!(base_path(wrong).is_err(), "{wrong}");
        }
    }
}
