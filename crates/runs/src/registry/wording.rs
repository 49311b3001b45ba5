//! Numbers, times and sizes as a person reads them.

use std::cell::OnceCell;

use rusqlite::Connection;
use serde_json::Value;

/// A value as text: what a filter compares with.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// A measured number, to three places where that says something.
pub fn measured(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".into()
    } else if (0.01..1e6).contains(&size) {
        format!("{number:.3}")
    } else {
        format!("{number:.2e}")
    }
}

const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];

/// A time span in its largest unit: `3 min`.
pub fn age(seconds: f64) -> String {
    let (size, unit) = UNITS.iter().find(|(size, _)| seconds >= *size).unwrap_or(&UNITS[3]);
    format!("{:.0} {unit}", (seconds.max(0.0) / size).floor())
}

/// A time span in its two largest units: `1 min 55 s`.
pub fn span(seconds: f64) -> String {
    let seconds = seconds.round();
    let largest = UNITS.iter().position(|(size, _)| seconds >= *size).unwrap_or(3);
    let Some((next, unit)) = UNITS.get(largest + 1) else { return age(seconds) };
    let rest = ((seconds % UNITS[largest].0) / next).floor();
    if rest == 0.0 { age(seconds) } else { format!("{} {rest:.0} {unit}", age(seconds)) }
}

/// A size of a file.
pub fn bytes(count: u64) -> String {
    let count = count as f64;
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.iter().find(|(size, _)| count >= *size);
    unit.map_or_else(|| format!("{count} B"), |(size, unit)| format!("{:.1} {unit}", count / size))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_one_or_two_units() {
        let spans = [0.2, 59.6, 115.0, 3600.0, 11_100.0, 200_000.0].map(span);
        assert_eq!(spans, ["0 s", "1 min", "1 min 55 s", "1 h", "3 h 5 min", "2 d 7 h"]);
        assert_eq!([-3.0, 59.9, 119.0, 90_000.0].map(age), ["0 s", "59 s", "1 min", "1 d"]);
    }

    #[test]
    fn numbers_and_sizes_are_short() {
        let numbers = [1.119_915, 0.0, -0.25, 0.001_24, 12_345_678.0].map(measured);
        assert_eq!(numbers, ["1.120", "0", "-0.250", "1.24e-3", "1.23e7"]);
        assert_eq!([0, 999, 2_384_104].map(bytes), ["0 B", "999 B", "2.4 MB"]);
    }
}
