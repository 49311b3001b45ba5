//! Numbers, times and sizes formatted for people.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

/// A JSON value as text, without the quotes of a string.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// A number with three decimals, or in scientific notation if it is tiny or huge.
pub fn short_number(number: f64) -> String {
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

/// A time span in its largest unit, rounded down: `3 min`.
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

/// The size of a file: `2.4 MB`.
pub fn bytes(count: u64) -> String {
    let count = count as f64;
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.iter().find(|(size, _)| count >= *size);
    unit.map_or_else(|| format!("{count} B"), |(size, unit)| format!("{:.1} {unit}", count / size))
}

/// Unix seconds as date and time in this machine's time zone.
pub fn date_time(seconds: f64) -> String {
    local_time(seconds, "%Y-%m-%d %H:%M")
}

/// Unix seconds in the `strftime` format `pattern`, in this machine's time zone; empty if no
/// calendar holds that time.
pub fn local_time(seconds: f64, pattern: &str) -> String {
    let time = Timestamp::from_second(seconds.floor() as i64);
    time.map_or_else(|_| String::new(), |time| in_zone(time, TimeZone::system(), pattern))
}

fn in_zone(time: Timestamp, zone: TimeZone, pattern: &str) -> String {
    time.to_zoned_datetime(zone).strftime(pattern).to_string()
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
    fn times_follow_the_zone_and_its_summer_time() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let time = |seconds, zone: &TimeZone| {
            let time = Timestamp::from_second(seconds).unwrap();
            in_zone(time, zone.clone(), "%Y-%m-%d %H:%M:%S")
        };
        // date -u -d '2026-11-22 02:30' +%s, and the same in July.
        assert_eq!(time(1_795_314_600, &TimeZone::UTC), "2026-11-22 02:30:00");
        assert_eq!(time(1_795_314_600, &berlin), "2026-11-22 03:30:00");
        assert_eq!(time(1_784_687_400, &berlin), "2026-07-22 04:30:00");
        assert_eq!(date_time(f64::MAX), "");
    }

    #[test]
    fn numbers_and_sizes_are_short() {
        let numbers = [1.119_915, 0.0, -0.25, 0.001_24, 12_345_678.0].map(short_number);
        assert_eq!(numbers, ["1.120", "0", "-0.250", "1.24e-3", "1.23e7"]);
        assert_eq!([0, 999, 2_384_104].map(bytes), ["0 B", "999 B", "2.4 MB"]);
    }
}
