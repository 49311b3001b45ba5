use serde_json::{Value, json};

use super::*;

fn read(values: Value) -> Result<GwSettings, serde_json::Error> {
    serde_json::from_value(values)
}

fn refused(values: Value) -> (String, String) {
    read(values).unwrap().check().unwrap_err()
}

#[test]
fn defaults_are_valid_and_survive_being_written() {
    let settings = GwSettings::default();
    settings.check().unwrap();
    assert_eq!(read(serde_json::to_value(&settings).unwrap()).unwrap(), settings);
    assert_eq!(
        [settings.hidden_of("v"), settings.hidden_of("t"), settings.encoder_layers_of("attr")],
        [64, 128, 1]
    );
}

#[test]
fn a_loss_set_keeps_the_coefficients_of_its_families() {
    let settings = read(json!({"losses": "tr+cy", "coefs": {"cycles": 0.5}})).unwrap();
    let zero = Coefs { translation: 0.0, contrastive: 0.0, demi_cycles: 0.0, cycles: 0.0, fused: 0.0 };
    assert_eq!(settings.coefficients(), Coefs { translation: 1.0, cycles: 0.5, ..zero });
    assert_eq!(serde_json::to_value(settings.losses).unwrap(), json!("tr+cy"));
    assert_eq!(GwSettings::default().coefficients(), Coefs { fused: 0.0, ..Coefs::default() });
    let error = read(json!({"losses": "tr+cycles"})).unwrap_err().to_string();
    assert!(error.contains("`cycles` is no family of losses"), "{error}");
}

#[test]
fn counts_and_shares_of_items_are_told_apart_by_their_form() {
    let of = |paired: Value| read(json!({ "paired": paired })).unwrap().paired.of(24);
    assert_eq!([of(json!(1)), of(json!(1.0)), of(json!(0.25)), of(json!(5000))], [1, 24, 6, 5000]);
}

#[test]
fn fusion_averages_families_and_its_absence_sums_them() {
    let combination = |values: Value| read(values).unwrap().combination();
    assert_eq!(combination(json!({})), Combine::Sum);
    assert_eq!(combination(json!({"fusion": true})), Combine::Mean);
    assert_eq!(combination(json!({"fusion": true, "combine": "sum"})), Combine::Sum);
}

#[test]
fn invalid_values_are_refused_by_their_keys() {
    for (values, key, reason) in [
        (json!({"domains": ["v", "audio"]}), "domains", "no domain `audio`"),
        (json!({"domains": ["v", "v"]}), "domains", "`v` twice"),
        (json!({"domains": []}), "domains", "at least one"),
        (json!({"dropout": 1.0}), "dropout", "below 1"),
        (json!({"coefs": {"cycles": -0.1}}), "coefs.cycles", "0 or more"),
        (json!({"losses": "tr", "coefs": {"translation": 0.0}}), "coefs.translation", "above 0"),
        (json!({"hidden": {"t": 0}}), "hidden.t", "1 or more"),
        (json!({"alignment": {"v,a": 0.1}}), "alignment.v,a", "`a` is not among gw.domains"),
        (json!({"alignment": {"v,attr": 1.5}}), "alignment.v,attr", "from 0 to 1"),
        (json!({"paired": -0.5}), "paired", "from 0 to 1"),
        (json!({"prop_labelled_images": 0.1, "alignment": {"v": 1.0}}), "prop_labelled_images", "together"),
        (json!({"remove_sync": [["v", "audio"]]}), "remove_sync", "`audio`"),
        (json!({"remove_sync": [["v", "v"]]}), "remove_sync", "no pair"),
        (json!({"batch_size": 5}), "batch_size", "6 or more"),
        (json!({"temperature": 0.0}), "temperature", "above 0"),
    ] {
        let (found, why) = refused(values);
        assert!(found == key && why.contains(reason), "{found}: {why}");
    }
    let imported = json!({"domains": ["v", "audio"], "latents": {"audio": "audio.npy"}});
    assert!(read(imported).unwrap().check().is_ok());
}
