//! Values, dates and times as text.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

/// A JSON value as text, without the quotes of a string.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
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
}
