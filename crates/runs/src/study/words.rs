//! How numbers and names are written in tables and figures.

use super::keys;
use super::points::Summary;
use umwelt_charts::axis;
use umwelt_charts::ticks::short_number;

/// Longer numbers than this were drawn and not written by a person.
const WRITTEN: usize = 7;
/// A column's smallest value in units of its last decimal, below which too little of it would show.
const LEAST_SHOWN: f64 = 4.0;

/// `prediction.rmse_px` as `prediction RMSE (px)`.
pub fn metric(name: &str) -> String {
    let (name, unit) = match name.strip_suffix("_px") {
        Some(name) => (name, " (px)"),
        None => (name, ""),
    };
    let word = |word: &str| match word {
        "rmse" | "mse" | "mae" | "cem" => word.to_uppercase(),
        _ => word.to_owned(),
    };
    let words: Vec<String> = name.split(['.', '_', '/', ' ']).map(word).collect();
    words.join(" ") + unit
}

/// A setting as it was written, or a drawn number's first three digits.
pub fn value(text: &str) -> String {
    match keys::number(text) {
        Some(number) if text.len() > WRITTEN => short_number(number),
        _ => text.to_owned(),
    }
}

/// The decimals that suit a column of `values`: two, or three digits of the largest; `None` if the values
/// differ so much that each needs its own.
pub fn decimals(values: impl Iterator<Item = f64>) -> Option<usize> {
    let (least, largest) = axis::ends(values.map(f64::abs).filter(|value| *value > 0.0));
    let power = if largest > 0.0 { largest.log10().floor() as i32 } else { 0 };
    let decimals = if power == 1 { 2 } else { (2 - power).clamp(0, 8) };
    (least * 10f64.powi(decimals) >= LEAST_SHOWN).then_some(decimals as usize)
}

/// A number of a column with these [`decimals`].
pub fn number(value: f64, decimals: Option<usize>) -> String {
    decimals.map_or_else(|| short_number(value), |decimals| format!("{value:.decimals$}"))
}

/// `0.93 ± 0.02`, or the mean alone of a single value.
pub fn mean(summary: &Summary, decimals: Option<usize>) -> String {
    let mean = number(summary.mean, decimals);
    match summary.deviation.is_nan() {
        true => mean,
        false => format!("{mean} ± {}", number(summary.deviation, decimals)),
    }
}

/// `1 run`, `2 runs`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_read_like_words() {
        assert_eq!(metric("prediction.rmse_px"), "prediction RMSE (px)");
        assert_eq!(metric("mpc/success_rate"), "mpc success rate");
    }

    #[test]
    fn drawn_numbers_are_cut_to_three_digits() {
        let texts = ["0.5", "1e-4", "0.00042187", "513.2748291", "a/long/path"];
        assert_eq!(texts.map(value), ["0.5", "1e-4", "4.22e−4", "513", "a/long/path"]);
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
        let summary = |deviation| Summary { mean: 1.234, deviation, count: 1 };
        assert_eq!(mean(&summary(f64::NAN), Some(2)), "1.23");
        assert_eq!(mean(&summary(0.056), Some(2)), "1.23 ± 0.06");
        assert_eq!(mean(&summary(0.0000567), None), "1.23 ± 5.67e−5");
    }
}
