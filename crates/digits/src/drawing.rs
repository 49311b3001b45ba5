//! Drawings that the page sends, and what agents see in them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use umwelt_serve::ApiError;
use umwelt_weightless::agent::Layer;
use umwelt_weightless::bits::centre;
use umwelt_weightless::{Answer, Digit};

use crate::files::digit;

/// The longest side of a canvas in pixels.
const SIDE: usize = 512;

/// A drawing: a canvas of grey values from 0 (paper) to 255 (ink), or a digit as it is.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Drawing {
    Digit { digit: String },
    Canvas { width: usize, height: usize, grey: String },
}

impl Drawing {
    /// The drawing as MNIST would have made a digit of it.
    ///
    /// # Errors
    /// A canvas of another size than its bytes, or without ink.
    pub fn digit(&self) -> Result<Digit, ApiError> {
        let wrong = || ApiError::bad("the drawing is malformed", "send width, height and grey in base64");
        match self {
            Self::Digit { digit: text } => digit(text).ok_or_else(wrong),
            Self::Canvas { width, height, grey } => {
                let fits = [width, height].iter().all(|side| (1..=SIDE).contains(*side));
                let grey = STANDARD.decode(grey).ok().filter(|grey| fits && grey.len() == width * height);
                let nothing = |_| ApiError::bad("nothing is drawn", "draw a digit first");
                centre(&grey.ok_or_else(wrong)?, *width).map_err(nothing)
            }
        }
    }
}

/// A digit as base64 of 784 bytes.
pub fn encoded(digit: &Digit) -> String {
    STANDARD.encode(digit)
}

/// An answer as JSON: numbers that are not finite are null.
pub fn answered(answer: &Answer, layers: &[Layer]) -> Value {
    json!({
        "label": answer.label(),
        "value": answer.value,
        "confidence": answer.confidence,
        "scores": answer.scores,
        "settled": answer.settled,
        "distance": answer.distances.and_then(|distances| distances.answered),
        "other": answer.distances.and_then(|distances| distances.other),
        "layers": layers.iter().map(layer).collect::<Vec<_>>(),
    })
}

/// A layer with its bits as base64 of bytes, of which the lowest bit is first.
fn layer(layer: &Layer) -> Value {
    let bytes: Vec<u8> = layer.bits.words().iter().flat_map(|word| word.to_le_bytes()).collect();
    json!({
        "name": layer.name,
        "width": layer.width,
        "count": layer.bits.len(),
        "set": layer.bits.count_ones(),
        "bits": STANDARD.encode(&bytes[..layer.bits.len().div_ceil(8)]),
    })
}

#[cfg(test)]
mod tests {
    use umwelt_weightless::bits::BitSet;

    use super::*;

    fn parse(text: &str) -> Result<Digit, ApiError> {
        serde_json::from_str::<Drawing>(text).unwrap().digit()
    }

    #[test]
    fn canvases_are_centred_and_digits_taken_as_they_are() {
        let mut canvas = [0u8; 100];
        canvas[37] = 200;
        let grey = STANDARD.encode(canvas);
        let drawn = parse(&format!(r#"{{"width": 10, "height": 10, "grey": "{grey}"}}"#)).unwrap();
        assert_eq!(drawn, centre(&canvas, 10).unwrap());
        let same = parse(&format!(r#"{{"digit": "{}"}}"#, encoded(&drawn))).unwrap();
        assert_eq!(same, drawn);
        let blank = STANDARD.encode([0; 100]);
        for (text, error) in [
            (format!(r#"{{"width": 10, "height": 10, "grey": "{blank}"}}"#), "nothing is drawn"),
            (format!(r#"{{"width": 11, "height": 10, "grey": "{grey}"}}"#), "the drawing is malformed"),
            (format!(r#"{{"width": 100000, "height": 0, "grey": "{grey}"}}"#), "the drawing is malformed"),
            (r#"{"digit": "AAAA"}"#.to_owned(), "the drawing is malformed"),
        ] {
            assert_eq!(parse(&text).unwrap_err().error, error, "{text}");
        }
    }

    #[test]
    fn bits_are_packed_with_the_lowest_first() {
        let bits: BitSet = (0..10).map(|bit| [0, 9].contains(&bit)).collect();
        let packed = layer(&Layer { name: "output".into(), bits, width: 10 });
        assert_eq!((&packed["bits"], &packed["set"]), (&json!(STANDARD.encode([1, 2])), &json!(2)));
    }
}
