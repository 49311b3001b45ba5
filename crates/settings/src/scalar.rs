//! The meaning of a plain scalar by the rules of `OmegaConf` 2.4.0.
//!
//! | text | meaning |
//! | --- | --- |
//! | `1e-3`, `1E5`, `1e+3`, `1.5e3` | number |
//! | `yes no on off true false`, lower case, capitalised or upper case | true or false |
//! | `1_000`, `0x1F`, `0b101` | whole number |
//! | `2001-01-01`, `None`, `inf`, `nan`, `y`, `n`, `0o17` | text |
//! | `.inf`, `.nan` | number |
//! | `~`, `null`, nothing | null |
//!
//! Deviations: `017`, `08` and `1:30` are refused unless text is expected, since they are mostly
//! mistakes (`OmegaConf`: 15, the octal value; text; 90, in base 60). `-.5`, `.5e3` and `-.5e-3`
//! are numbers (`OmegaConf`: text).

/// The meaning of a scalar without a requested type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number.
    Float(f64),
    /// The text itself.
    Text,
    /// A text that readers of YAML disagree on, with advice on how to write it.
    Unclear(&'static str),
}

const LEADING_ZERO: &str = "whose leading zero may mean octal; write it without, or in quotes if it is text";
const BASE_60: &str =
    "which may mean a number in base 60; write it as one number, or in quotes if it is text";

/// The meaning of `text` without quotes.
pub fn resolve(text: &str) -> Meaning {
    word(text).or_else(|| number(text)).unwrap_or(Meaning::Text)
}

fn word(text: &str) -> Option<Meaning> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Meaning::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Meaning::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Meaning::Float(f64::NAN),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Meaning> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let negative = text.starts_with('-');
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Meaning::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    let digits = unsigned.replace('_', "");
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    unclear(unsigned).or_else(|| whole(&digits, negative)).or_else(|| decimal(&digits, negative))
}

fn unclear(unsigned: &str) -> Option<Meaning> {
    let all = |part: &str, allowed: &str| part.chars().all(|c| c.is_ascii_digit() || allowed.contains(c));
    if unsigned.len() > 1 && unsigned.starts_with('0') && all(unsigned, "_") {
        return Some(Meaning::Unclear(LEADING_ZERO));
    }
    let (first, rest) = unsigned.split_once(':')?;
    let base_60 = all(first, "_") && rest.starts_with(|c: char| c.is_ascii_digit()) && all(rest, ":._");
    base_60.then_some(Meaning::Unclear(BASE_60))
}

fn whole(digits: &str, negative: bool) -> Option<Meaning> {
    let radixes = [("0x", 16), ("0b", 2), ("", 10)];
    let (prefix, radix) = radixes.into_iter().find(|(prefix, _)| digits.starts_with(prefix))?;
    let digits = &digits[prefix.len()..];
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    Some(Meaning::Int(if negative { -value } else { value }))
}

fn decimal(digits: &str, negative: bool) -> Option<Meaning> {
    let value: f64 = digits.parse().ok()?;
    Some(Meaning::Float(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::{Meaning::*, *};

    #[track_caller]
    fn each(texts: &str, expected: Meaning) {
        for text in texts.split_whitespace() {
            assert_eq!(resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn exponents_without_a_point_are_numbers() {
        each("1e-3 1.0e-3 1E-3 0.001 1_0e-4", Float(1e-3));
        each("1E5 1e5 1e+5", Float(1e5));
        each("1.5e3 1500. 1_500.0", Float(1500.0));
        each("1e400", Float(f64::INFINITY));
    }

    #[test]
    fn yes_no_on_off_are_bools() {
        each("yes Yes YES on On ON true True TRUE", Bool(true));
        each("no No NO off Off OFF false False FALSE", Bool(false));
        each("yEs tRUE y n Y N t f", Text);
    }

    #[test]
    fn a_leading_zero_is_unclear() {
        each("017 08 00 -017 0_1", Unclear(LEADING_ZERO));
        each("0 -0 +0", Int(0));
        each("0.5 00.5", Float(0.5));
        each("0o17", Text);
    }

    #[test]
    fn underscores_hexadecimal_and_binary_are_whole_numbers() {
        each("1_000 1000 +1000 0x3E8 0x3e8 0b1111101000", Int(1000));
        each("-1_000 -0x3E8", Int(-1000));
        each("123456789012345678901", Int(123_456_789_012_345_678_901));
        each("_1 0x 0b 0x1G 0b2 0x-1 0x+1 --1 +-1", Text);
    }

    #[test]
    fn base_60_is_unclear() {
        each("1:30 1:30:15 -1:30 1:30.5", Unclear(BASE_60));
        each("a:30 1:a 1:", Text);
    }

    #[test]
    fn dates_and_pythons_words_are_text() {
        each("2001-01-01 None inf nan -inf infinity NaN 512-512-512 1.2.3 1e 1e+ e5 1-2 . 1inf .nano", Text);
    }

    #[test]
    fn infinity_and_not_a_number_are_numbers() {
        each(".inf .Inf .INF +.inf", Float(f64::INFINITY));
        each("-.inf -.Inf", Float(f64::NEG_INFINITY));
        assert!(matches!(resolve(".nan"), Float(x) if x.is_nan()));
        each("-.nan .iNF", Text);
    }

    #[test]
    fn a_point_may_come_first() {
        each("-.5e-3 -0.5e-3", Float(-0.0005));
        each(".5e3 +.5e3", Float(500.0));
    }

    #[test]
    fn nothing_is_null() {
        each("~ null Null NULL", Null);
        assert_eq!(resolve(""), Null);
        each("nULL", Text);
    }
}
