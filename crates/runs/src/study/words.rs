//! Names of metrics in tables and figures.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_read_like_words() {
        assert_eq!(metric("prediction.rmse_px"), "prediction RMSE (px)");
        assert_eq!(metric("mpc/success_rate"), "mpc success rate");
    }
}
