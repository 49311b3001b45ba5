//! The parameters of an address, which may repeat.

use std::fmt::Write;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::ApiError;

/// The parameters in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The parameters of the query `text`.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(key, value)| (decoded(key), decoded(value))).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    /// The values of a parameter that may repeat.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The last value of a parameter; `None` if it is missing or empty.
    pub fn last(&self, key: &str) -> Option<&str> {
        let pair = self.0.iter().rfind(|(known, _)| known == key);
        pair.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that must be there.
    pub fn required(&self, key: &str) -> Result<&str, ApiError> {
        let missing =
            || ApiError::bad(format!("`{key}` is missing"), format!("add {key}=... to the address"));
        self.last(key).ok_or_else(missing)
    }

    /// The value of a parameter as a number or another type.
    pub fn parsed<T: FromStr>(&self, key: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| ApiError::bad(format!("`{key}={text}` cannot be read"), "write a number"))
        };
        self.last(key).map(parse).transpose()
    }

    /// A finite number.
    pub fn number(&self, key: &str) -> Result<Option<f64>, ApiError> {
        let number = self.parsed::<f64>(key)?;
        if number.is_some_and(|number| !number.is_finite()) {
            return Err(ApiError::bad(format!("`{key}` is not finite"), "write a number"));
        }
        Ok(number)
    }

    /// A whole number from `least` to `most`, or `default`.
    pub fn bounded(&self, key: &str, default: usize, least: usize, most: usize) -> Result<usize, ApiError> {
        let number = self.parsed(key)?.unwrap_or(default);
        if (least..=most).contains(&number) {
            return Ok(number);
        }
        Err(ApiError::bad(format!("`{key}={number}` is out of range"), format!("write {least} to {most}")))
    }

    /// True for `KEY=1` and `KEY=true`.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.last(key), Some("1" | "true"))
    }
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

/// A part of a query with `%HH` and `+` decoded. Bytes that are not UTF-8 become the replacement
/// character, so they name nothing.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let digits = others.get(..2).filter(|_| first == b'%');
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = if code.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `text` as a part of a query.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(byte as char);
        } else {
            write!(encoded, "%{byte:02X}").expect("a text takes every byte");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_repeat_and_are_decoded_once() {
        let query = Parameters::parse("run=a%2Fb&run=c+d&x=&flag=1&odd=%zz%2&w=%25321");
        assert_eq!(query.all("run").collect::<Vec<_>>(), ["a/b", "c d"]);
        assert_eq!(
            (query.last("x"), query.last("odd"), query.last("w")),
            (None, Some("%zz%2"), Some("%321"))
        );
        assert!(query.flag("flag") && !query.flag("x"));
        assert_eq!(Parameters::parse("k=%FF").last("k"), Some("\u{fffd}"));
        let text = "a b/ü&=+%";
        assert_eq!(Parameters::parse(&format!("k={}", encoded(text))).last("k"), Some(text));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let query = Parameters::parse("pixels=10000&from=inf&to=2.5&n=x");
        assert_eq!(query.bounded("pixels", 800, 1, 4000).unwrap_err().hint, "write 1 to 4000");
        assert_eq!(query.bounded("other", 800, 1, 4000), Ok(800));
        assert!(query.number("from").is_err() && query.number("n").is_err());
        assert_eq!(query.number("to"), Ok(Some(2.5)));
    }
}
