//! Alignment splits, compared with recorded ones.

use serde_json::Value;
use umwelt::worlds::workspace::alignment::{DomainGroup, split};
use umwelt::worlds::workspace::models::Amount;

use crate::common::recorded::path;

fn items(value: &Value) -> Vec<i64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The recorded groups name their domains in alphabetical order.
fn group(entry: &Value, domains: &[String]) -> DomainGroup {
    let names: Vec<String> = serde_json::from_value(entry["domains"].clone()).unwrap();
    let index = |name: &String| domains.iter().position(|domain| domain == name).unwrap();
    let amount = Amount::Share(entry["proportion"].as_f64().unwrap());
    DomainGroup { domains: names.iter().map(index).collect(), amount }
}

#[test]
fn permutations_are_split_as_recorded() {
    let text = std::fs::read_to_string(path("gw_alignment.json")).unwrap();
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let domains = ["attr", "t", "v"].map(String::from);
    let mut refused = 0;
    for case in recorded["cases"].as_array().unwrap() {
        let entries = case["groups"].as_array().unwrap();
        let groups: Vec<DomainGroup> = entries.iter().map(|entry| group(entry, &domains)).collect();
        let permutations: Vec<Vec<i64>> = entries.iter().map(|entry| items(&entry["permutation"])).collect();
        let found = split(case["size"].as_u64().unwrap() as usize, &groups, &permutations, &domains);
        let Some(expected) = case["expect"].as_object() else {
            let error = found.unwrap_err().to_string();
            assert!(error.contains("group v has 2 items, but t,v"), "{error}");
            refused += 1;
            continue;
        };
        for (group, found) in groups.iter().zip(found.unwrap()) {
            assert_eq!(found, items(&expected[&group.name(&domains)]), "{}", group.name(&domains));
        }
    }
    assert_eq!(refused, 1);
}
