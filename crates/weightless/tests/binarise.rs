//! The recorded case of pixels, labels and drawings as bits.

mod recorded;

use serde_json::Value;
use umwelt_weightless::bits::{
    Encoder, Encoding, EncodingSettings, NothingDrawn, centre, centre_exactly, label_bits, label_value,
};

const PIXELS: usize = 10;

fn case() -> Value {
    serde_json::from_slice(&std::fs::read(recorded::path("weightless_binarise.json")).unwrap()).unwrap()
}

/// All numbers of nested lists, in order.
fn flat(value: &Value) -> Vec<u8> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        number => vec![number.as_u64().unwrap() as u8],
    }
}

fn bits(encoder: &Encoder, images: &[u8]) -> Vec<u8> {
    images
        .chunks(PIXELS)
        .flat_map(|image| encoder.encode(image).iter().map(u8::from).collect::<Vec<_>>())
        .collect()
}

#[test]
fn thermometers_are_the_recorded_ones() {
    let case = case();
    let (training, query) = (flat(&case["training_pixels"]), flat(&case["query"]));
    for (name, encoding) in [
        ("fixed", Encoding::Fixed),
        ("gaussian", Encoding::Gaussian),
        ("distributive", Encoding::Distributive),
    ] {
        let settings = EncodingSettings { encoding, ..Default::default() };
        let encoder = Encoder::fit(settings, &training, PIXELS).unwrap();
        assert_eq!(bits(&encoder, &query), flat(&case["bits"][name]), "{name}");
        let levels: Vec<f64> = case["thresholds"][name]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|level| level.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()))
            .collect();
        let above = f64::from(u8::from(encoding == Encoding::Distributive));
        let expected: Vec<u16> = levels.iter().map(|value| (value + above).ceil().max(0.0) as u16).collect();
        assert_eq!(encoder.lowest(), expected, "{name}");
    }
}

#[test]
fn grey_bits_are_the_recorded_ones() {
    let case = case();
    let settings = EncodingSettings { encoding: Encoding::Grey, ..Default::default() };
    let encoder = Encoder::fit(settings, &[], PIXELS).unwrap();
    let ours = bits(&encoder, &flat(&case["query"][0]));
    let by_pixel = flat(&case["grey_first_query"]);
    for (pixel, level) in (0..PIXELS).flat_map(|pixel| (0..8).map(move |level| (pixel, level))) {
        assert_eq!(ours[level * PIXELS + pixel], by_pixel[pixel * 8 + level], "{pixel} {level}");
    }
}

#[test]
fn labels_are_the_recorded_bits() {
    let case = case();
    let rows = case["labels"]["bits"].as_array().unwrap().iter().map(flat);
    for (label, row) in flat(&case["labels"]["digits"]).into_iter().zip(rows) {
        let bits = label_bits(label, 4);
        assert_eq!(bits.iter().map(|bit| u8::from(*bit)).collect::<Vec<_>>(), row);
        assert_eq!(label_value(&bits), usize::from(label));
    }
}

#[test]
fn drawings_become_the_recorded_pictures() {
    let case = case();
    for (at, drawing) in case["drawings"].as_array().unwrap().iter().enumerate() {
        let width = drawing["width"].as_u64().unwrap() as usize;
        let canvas = flat(&drawing["canvas"]);
        let expected = drawing["expected"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
        let expected: Vec<f64> = expected.collect();
        // The file has five decimals.
        recorded::close(
            &format!("drawing {at}"),
            &centre_exactly(&canvas, width).unwrap(),
            &expected,
            0.0,
            6e-6,
        );
        let picture = centre(&canvas, width).unwrap();
        assert!(picture.iter().zip(&expected).all(|(&ours, value)| ours == (value + 0.5) as u8));
    }
    assert_eq!(centre(&[0; 56 * 48], 56), Err(NothingDrawn));
}
