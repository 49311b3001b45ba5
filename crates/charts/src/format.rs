//! Numbers, times and sizes as text, for tables, figures and the terminal.

use super::range::extent;

/// The length of the longest number that a person writes; longer ones were computed.
const WRITTEN: usize = 7;
/// The least value of a column in units of its last decimal; a smaller one would lose its digits.
const LEAST_SHOWN: f64 = 4.0;
const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];

/// A number with three significant digits, or as a power of ten if that is shorter.
pub fn short_number(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let exponent = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    in_steps(value, 10f64.powi(exponent - 2), value.abs())
}

/// `value` with the digits of `step`; a power of ten if `largest` needs more than six digits.
pub fn in_steps(value: f64, step: f64, largest: f64) -> String {
    let digits = |unit: f64| (unit.log10() - (step.log10() + 1e-9)).ceil().clamp(0.0, 12.0) as usize;
    let text = if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e6).contains(&largest) {
        let exponent = (value.abs().log10() + 1e-9).floor();
        let mantissa = value / 10f64.powf(exponent);
        format!("{mantissa:.*}e{exponent}", digits(10f64.powf(exponent)))
    } else {
        format!("{value:.*}", digits(1.0))
    };
    text.replace('-', "−")
}

/// A setting as it was written; a computed number with three digits.
pub fn setting(text: &str) -> String {
    match finite(text) {
        Some(number) if text.len() > WRITTEN => short_number(number),
        _ => text.to_owned(),
    }
}

/// The finite number that `text` spells, if any.
pub fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// The decimals of a column of `values`: two, or three digits of the largest value. `None` if no
/// number of decimals suits both the smallest and the largest.
pub fn decimals(values: impl Iterator<Item = f64>) -> Option<usize> {
    let (least, largest) = extent(values.map(f64::abs).filter(|value| *value > 0.0));
    let power = if largest > 0.0 { largest.log10().floor() as i32 } else { 0 };
    let decimals = if power == 1 { 2 } else { (2 - power).clamp(0, 8) };
    (least * 10f64.powi(decimals) >= LEAST_SHOWN).then_some(decimals as usize)
}

/// A number of a column with these [`decimals`].
pub fn column_number(value: f64, decimals: Option<usize>) -> String {
    decimals.map_or_else(|| short_number(value), |decimals| format!("{value:.decimals$}"))
}

/// `0.93 ± 0.02`, or the mean alone if the deviation is NaN.
pub fn mean(mean: f64, deviation: f64, decimals: Option<usize>) -> String {
    let mean = column_number(mean, decimals);
    if deviation.is_nan() { mean } else { format!("{mean} ± {}", column_number(deviation, decimals)) }
}

/// `1 run`, `2 runs`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A score in a list of one score: four decimals.
pub fn score(value: f64) -> String {
    format!("{value:.4}")
}

/// A score in a list of many scores: three decimals, or a power of ten.
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

/// A fraction without the zero before the point: `.034`.
pub fn fraction(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix("-0.") {
        Some(digits) => format!("-.{digits}"),
        None => text.strip_prefix('0').unwrap_or(&text).to_owned(),
    }
}

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

/// The size of a file: `2.4 MB`.
pub fn bytes(count: u64) -> String {
    let count = count as f64;
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.iter().find(|(size, _)| count >= *size);
    unit.map_or_else(|| format!("{count} B"), |(size, unit)| format!("{:.1} {unit}", count / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_keep_three_digits() {
        let numbers = [0.0, 0.31415, 2.5, 123.4, 4567.0, 1.234e-5, -7.0, f64::NAN].map(short_number);
        assert_eq!(numbers, ["0", "0.314", "2.50", "123", "4567", "1.23e−5", "−7.00", "NaN"]);
    }

    #[test]
    fn computed_settings_are_cut_to_three_digits() {
        let texts = ["0.5", "1e-4", "0.00042187", "513.2748291", "a/long/path"];
        assert_eq!(texts.map(setting), ["0.5", "1e-4", "4.22e−4", "513", "a/long/path"]);
    }

    #[test]
    fn a_column_has_two_decimals_or_three_digits() {
        let of = |values: &[f64]| decimals(values.iter().copied());
        assert_eq!(
            [of(&[0.9, 9.37]), of(&[0.03, 0.0]), of(&[34.0]), of(&[123.4])].map(Option::unwrap),
            [2, 4, 2, 0]
        );
        assert_eq!([of(&[0.93]), of(&[4096.0]), of(&[]), of(&[1e-7])].map(Option::unwrap), [3, 0, 2, 8]);
        assert_eq!(of(&[1e-4, 0.3]), None);
    }

    #[test]
    fn a_single_value_has_no_deviation() {
        assert_eq!(mean(1.234, f64::NAN, Some(2)), "1.23");
        assert_eq!(mean(1.234, 0.056, Some(2)), "1.23 ± 0.06");
        assert_eq!(mean(1.234, 0.0000567, None), "1.23 ± 5.67e−5");
    }

    #[test]
    fn spans_keep_one_or_two_units() {
        let spans = [0.2, 59.6, 115.0, 3600.0, 11_100.0, 200_000.0].map(span);
        assert_eq!(spans, ["0 s", "1 min", "1 min 55 s", "1 h", "3 h 5 min", "2 d 7 h"]);
        assert_eq!([-3.0, 59.9, 119.0, 90_000.0].map(age), ["0 s", "59 s", "1 min", "1 d"]);
    }

    #[test]
    fn scores_and_sizes_are_short() {
        let numbers = [1.119_915, 0.0, -0.25, 0.001_24, 12_345_678.0].map(measured);
        assert_eq!(numbers, ["1.120", "0", "-0.250", "1.24e-3", "1.23e7"]);
        assert_eq!([0, 999, 2_384_104].map(bytes), ["0 B", "999 B", "2.4 MB"]);
        assert_eq!([0.034, -0.5, 1.25].map(|value| fraction(value, 3)), [".034", "-.500", "1.250"]);
    }
}
