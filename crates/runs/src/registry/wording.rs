//! Values, dates and times as text.

use std::cell::OnceCell;

use rusqlite::Connection;
use serde_json::Value;

/// A value as text: what a filter compares with.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Unix seconds as date and time here.
pub fn local(seconds: f64) -> String {
    moment(seconds, "%Y-%m-%d %H:%M")
}

/// Unix seconds in `pattern`, on this machine's clock.
pub fn moment(seconds: f64, pattern: &str) -> String {
    // SQLite knows the calendar and the time zone, and opens in a microsecond only once.
    thread_local! {
        static CLOCK: OnceCell<Connection> = const { OnceCell::new() };
    }
    CLOCK.with(|clock| {
        let clock = clock.get_or_init(|| Connection::open_in_memory().expect("memory can be opened"));
        let ask = "SELECT coalesce(strftime(?, ?, 'unixepoch', 'localtime'), '')";
        clock.query_row(ask, (pattern, seconds.floor()), |row| row.get(0)).unwrap_or_default()
    })
}
