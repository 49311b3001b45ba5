//! Captions of the global workspace, compared with recorded ones of the published code
//! (tests/parity, or `$UMWELT_PARITY_DIR`).

use std::path::PathBuf;

use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::Value;
use umwelt::worlds::workspace::data::Shape;
use umwelt::worlds::workspace::data::captions::{
    COLOURS, Choices, Phrases, Record, caption, heads, published_targets, stream,
};

#[derive(Deserialize)]
struct Item {
    label: Vec<f32>,
    record: Value,
    sentence: String,
    targets: Vec<u8>,
    published_targets: Vec<u8>,
}

impl Item {
    fn shape(&self) -> Shape {
        Shape::of_row(&self.label)
    }

    /// The choices of the record without the part at the JSON pointer `missing`, which seed `seed`
    /// draws.
    fn choices(&self, missing: &str, seed: u64) -> Choices {
        let mut record = self.record.clone();
        if let Some((parent, name)) = missing.rsplit_once('/') {
            record.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        }
        let record: Record = serde_json::from_value(record).unwrap();
        record.complete(&self.shape(), &mut stream(seed, "test").at(&[0])).unwrap()
    }
}

fn read(file: &str) -> Vec<u8> {
    let folder = std::env::var_os("UMWELT_PARITY_DIR").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity"));
    std::fs::read(folder.join(file)).unwrap()
}

fn recorded() -> Value {
    serde_json::from_slice(&read("gw_captions.json")).unwrap()
}

fn items() -> Vec<Item> {
    let items = Vec::deserialize(&recorded()["items"]).unwrap();
    assert_eq!(items.len(), 200);
    items
}

#[test]
fn recorded_choices_make_the_recorded_sentences() {
    for item in items() {
        assert_eq!(caption(&item.shape(), &item.choices("", 0)), item.sentence);
    }
}

#[test]
fn recorded_choices_have_the_recorded_classes() {
    let recorded = recorded();
    let expected = recorded["heads"].as_object().unwrap();
    let sizes = heads().iter().map(|(name, size)| (name.as_str(), u64::from(*size)));
    assert!(sizes.eq(expected.iter().map(|(name, size)| (name.as_str(), size.as_u64().unwrap()))));
    for item in items() {
        let classes = item.choices("", 0).grammar();
        assert_eq!(classes[..], item.targets);
        assert_eq!(published_targets(classes)[..], item.published_targets);
    }
}

#[test]
fn records_are_written_as_they_were_recorded() {
    for item in items() {
        let record = Record::of(&item.shape(), &item.choices("", 0));
        assert_eq!(serde_json::to_value(&record).unwrap(), item.record);
    }
}

#[test]
fn missing_parts_of_a_record_are_drawn_and_leave_the_rest() {
    let item = &items()[0];
    let known = item.choices("", 0);
    let drawn: Vec<_> = (0..100).map(|seed| item.choices("/writers/rotation", seed)).collect();
    for writer in 0..4 {
        assert!(drawn.iter().any(|choices| choices.rotation.writer == writer));
    }
    assert!(drawn.iter().all(|choices| Choices { rotation: known.rotation, ..*choices } == known));
    let drawn: Vec<_> = (0..20).map(|seed| item.choices("/variants/link2", seed)).collect();
    assert!(drawn.iter().any(|choices| choices.variants != known.variants));
    assert!(drawn.iter().all(|choices| Choices { variants: known.variants, ..*choices } == known));
    assert_eq!(item.choices("/writers", 5), item.choices("/writers", 5));
}

#[test]
fn mistakes_in_a_record_are_errors_and_large_synonyms_wrap() {
    let item = &items()[0];
    let with = |pointer: &str, value: Value| {
        let mut record = item.record.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        record.pointer_mut(parent).unwrap()[name] = value;
        let record: Record = serde_json::from_value(record).map_err(anyhow::Error::from)?;
        record.complete(&item.shape(), &mut stream(0, "test").at(&[0]))
    };
    for (pointer, value, expected) in [
        ("/structure", 7, "`structure` must be below 7, not 7"),
        ("/variants/start", 8, "in `variants`: `start` must be below 8"),
        ("/variants/begin", 0, "has no `begin`"),
        ("/writers/rotation/corner", 0, "in `writers.rotation`: a choice record has no `corner`"),
        ("/writers/colour", 0, "unknown field `colour`"),
        ("/writers/size/_writer", 1, "in `writers.size`: `_writer` must be below 1"),
    ] {
        let error = format!("{:#}", with(pointer, value.into()).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    let error = with("/groups", vec![1, 1].into()).unwrap_err().to_string();
    assert!(error.contains("`groups` must be one of [[0, 1], [1, 0]], not [1, 1]"), "{error}");
    let error = with("/writers/rotation", serde_json::json!({"rotated": 1})).unwrap_err();
    assert!(format!("{error:#}").contains("in `writers.rotation`: `_writer` is missing"), "{error:#}");
    // The record is of a triangle, which has two synonyms.
    assert_eq!(with("/writers/shape/val", 5.into()).unwrap().shape, 1);
}

#[test]
fn nearest_colours_are_the_recorded_ones() {
    let bytes = read("gw_colour.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let case: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["case"]).unwrap();
    assert!(COLOURS.names.iter().eq(case["names"].as_array().unwrap()));
    let rgb = tensors.tensor("expect.rgb").unwrap();
    let names = tensors.tensor("expect.name").unwrap();
    let (rgb, _) = rgb.data().as_chunks::<3>();
    let (names, _) = names.data().as_chunks::<4>();
    assert_eq!(names.len(), 1000);
    for (rgb, name) in rgb.iter().zip(names) {
        assert_eq!(i32::from(COLOURS.nearest(*rgb)), i32::from_le_bytes(*name));
        let shape = Shape { rgb: *rgb, ..Shape::default() };
        assert_eq!(i32::from(Phrases::of(&shape, &Choices::default()).colour), i32::from_le_bytes(*name));
    }
}
