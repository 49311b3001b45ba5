//! PED-ANOVA against numbers of Optuna 5.0.0 (`PedAnovaImportanceEvaluator` with its defaults, on
//! distributions from the least to the greatest value).

use serde_json::json;

use super::*;

/// Runs at low-discrepancy points, which Optuna was given too.
fn lattice(count: u32) -> Vec<Scored> {
    let run = |i: u32| {
        let part = |ratio: f64| (f64::from(i + 1) * ratio) % 1.0;
        let lr = 10f64.powf(-4.0 + 3.0 * part(0.618_033_988_749_894_9));
        let depth = 1.0 + 9.0 * part(0.754_877_666_246_692_7);
        let kind = (part(0.569_840_290_998_053_2) * 3.0) as usize;
        let loss = (lr.log10() + 2.5).powi(2) + 0.05 * depth + [0.0, 0.3, 0.6][kind];
        Scored { values: vec![json!(lr), json!(depth), json!(["a", "b", "c"][kind])], loss }
    };
    (0..count).map(run).collect()
}

#[test]
fn shares_agree_with_optuna() {
    let keys = ["lr", "depth", "kind"].map(str::to_owned);
    let cases = [
        (60, [0.884_143_152_920_424_3, 0.025_407_594_383_598_905, 0.090_449_252_695_976_8]),
        (200, [0.735_715_902_317_197_4, 0.105_437_295_523_109_5, 0.158_846_802_159_693_13]),
    ];
    for (count, expected) in cases {
        let shares = ped_anova(&keys, &lattice(count));
        for (importance, expected) in shares.iter().zip(expected) {
            let (key, share) = (&importance.key, importance.share);
            assert!((share - expected).abs() < 1e-6, "{count} {key}: {share} and not {expected}");
            assert_eq!(importance.n, count as usize);
        }
    }
}

#[test]
fn few_runs_and_settings_that_never_vary_have_no_share() {
    let keys = ["lr".to_owned()];
    assert_eq!(ped_anova(&keys, &[])[0].share, 0.0);
    assert_eq!(ped_anova(&keys, &lattice(1))[0].share, 0.0);
    let constant = Scored { values: vec![json!(3)], loss: 1.0 };
    assert_eq!(ped_anova(&keys, &[constant.clone(), constant])[0].share, 0.0);
}
