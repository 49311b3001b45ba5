//! The names under which runs log numbers, for whoever asks for one before a run has logged any.

use crate::schema::ModelType;

/// Names that every run logs.
const COMMON: &[&str] = &["score", "loss", "rate"];
/// Names of the moving dots. A `*` stands for a part that depends on the settings.
const DOTS: &[&str] = &[
    "prediction.rmse_px",
    "encoding.rmse_px",
    "prediction.*_px",
    "planning.*.rmse_px",
    "planning.*.within_1px",
    "planning.*.within_2px",
    "planning.*.believed_rmse_px",
    "diagnostics.slow_feature_ratio",
    "diagnostics.rankme",
    "diagnostics.lidar",
    "noise_probe.r2",
    "encodings/*",
    "slow_feature_ratio",
    "rankme",
    "lidar",
    "action",
    "reconstruction",
];
const VICREG: &[&str] = &[
    "repr",
    "std",
    "cov",
    "enc_std",
    "enc_cov",
    "time_std",
    "time_cov",
    "sigreg",
    "barlow",
    "projections/*",
];
const SIMCLR: &[&str] = &["contrast", "time_contrast", "projections/*"];
const RSSM: &[&str] = &["kl", "kl_without_free_nats"];
const COMO: &[&str] =
    &["mse", "accuracy", "bits_per_image", "agent*.mse", "*.mse", "drawing", "silent", "autoencoder"];

/// The names under which a run of `model` may log numbers, with a `*` for each part that depends on the settings.
pub fn metric_names(model: ModelType) -> Vec<&'static str> {
    let (world, own) = match model {
        ModelType::VICReg => (DOTS, VICREG),
        ModelType::SimCLR => (DOTS, SIMCLR),
        ModelType::RSSM => (DOTS, RSSM),
        ModelType::CoMo => (COMO, &[][..]),
    };
    [COMMON, world, own].concat()
}

/// Whether `name` is `pattern`, in which a `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| matches(rest, &name[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(
            matches("planning.*.rmse_px", "planning.cem.rmse_px")
                && matches("encodings/*", "encodings/std/3")
        );
        assert!(!matches("planning.*.rmse_px", "planning.cem.rmse") && !matches("loss", "lss"));
        assert!(matches("a*b*c", "a1b2bc") && !matches("a*b*c", "acb"));
    }
}
