use serde_json::Value;

use super::*;

fn recorded() -> Value {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let folder = std::env::var_os("UMWELT_PARITY_DIR").map_or(own, Into::into);
    serde_json::from_slice(&std::fs::read(folder.join("math_normaliser.json")).unwrap()).unwrap()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

#[test]
fn normal_forms_are_the_recorded_ones() {
    for case in recorded()["normalised"].as_array().unwrap() {
        assert_eq!(normalised(text(case, "text")), text(case, "out"), "{case}");
    }
}

#[test]
fn three_strengths_of_equality_are_the_recorded_ones() {
    let pairs = recorded()["pairs"].as_array().unwrap().clone();
    assert_eq!(pairs.len(), 74);
    for case in &pairs {
        for (equality, key) in
            [(Equality::Strict, "strict"), (Equality::Hendrycks, "hendrycks"), (Equality::Numeric, "numeric")]
        {
            let holds = equality.holds(text(case, "answer"), text(case, "gold"));
            assert_eq!(Some(holds), case[key].as_bool(), "{key}: {case}");
        }
    }
}

#[test]
fn boxes_are_the_recorded_ones() {
    for case in recorded()["extraction"].as_array().unwrap() {
        // An empty box is no answer.
        let expected = case["box"].as_str().map(str::trim).filter(|content| !content.is_empty());
        assert_eq!(boxed(text(case, "text")).as_deref(), expected, "{case}");
    }
}
