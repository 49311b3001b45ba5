//! `/api/log`, `/api/figure` and `/api/file`: bytes of a run's files.

use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use axum::http::{HeaderName, header};
use umwelt_runs::OUTPUT;
use umwelt_runs::registry::{Run, open_beneath, path_of, run_files};

use crate::ApiError;
use crate::answer::{Answer, MOST, bytes, with_header};
use crate::app::Dashboard;
use crate::guard::FILE_POLICY;
use crate::query::Parameters;

/// The bytes of a window of a log.
pub const WINDOW: u64 = 256 << 10;

/// The console output of a run before the byte `end`, or its end, with the bytes where it starts
/// and ends in the headers `X-Start` and `X-End`.
pub fn log(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let run = dashboard.run(query.required("name").or_else(|_| query.required("run"))?)?;
    let end = query.parsed::<u64>("end")?;
    let (start, text) = log_before(&run, end)?;
    let end = start + text.len() as u64;
    let answer = bytes("text/plain; charset=utf-8", text)?;
    let answer = with_header(answer, HeaderName::from_static("x-start"), &start.to_string())?;
    with_header(answer, HeaderName::from_static("x-end"), &end.to_string())
}

/// At most 256 kB of a run's console output before the byte `end`, and where they start; nothing
/// for a run without output.
pub fn log_before(run: &Run, end: Option<u64>) -> Result<(u64, Vec<u8>), ApiError> {
    let file = match open_beneath(&run.folder, Path::new(OUTPUT)) {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok((0, vec![])),
        opened => opened?,
    };
    let size = file.metadata()?.len();
    let end = end.unwrap_or(size).min(size);
    let start = end.saturating_sub(WINDOW);
    let mut text = vec![0; (end - start) as usize];
    file.read_exact_at(&mut text, start)?;
    Ok((start, text))
}

/// A file that the list of the run's files holds.
pub fn file(dashboard: &Dashboard, query: &Parameters) -> Answer {
    let run = dashboard.run(query.required("run")?)?;
    let name = query.required("file")?;
    let unknown = || ApiError::missing(format!("the run has no file `{name}`"), "/api/run lists its files");
    let listed = run_files(&run.folder).into_iter().find(|file| file.name == name).ok_or_else(unknown)?;
    let mut body = Vec::new();
    let opened = open_beneath(&run.folder, &path_of(&listed.name)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => unknown(),
        _ => ApiError::forbidden(format!("`{name}` is refused: {error}"), "only regular files are sent"),
    })?;
    opened.take(MOST as u64 + 1).read_to_end(&mut body)?;
    let answer = bytes(content_type(name), body)?;
    let answer = with_header(answer, header::CONTENT_SECURITY_POLICY, FILE_POLICY)?;
    with_header(answer, header::ETAG, &format!("\"{}\"", listed.stamp))
}

/// The type of a file. Whatever a browser could run is plain text.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("safetensors" | "bin" | "gz") => "application/octet-stream",
        _ => "text/plain; charset=utf-8",
    }
}
