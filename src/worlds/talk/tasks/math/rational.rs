//! Answers that are rational numbers.

/// The number of a normalised answer: an integer, a decimal, one with thousands separators, a
/// fraction or a mixed number, with a sign.
pub fn rational(text: &str) -> Option<f64> {
    let text = text.replace("{,}", ",");
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(&text)),
    };
    let value = match text.split_once("\\frac{") {
        Some((whole, rest)) => {
            let (above, below) = rest.strip_suffix('}')?.split_once("}{")?;
            let whole = if whole.is_empty() { 0.0 } else { unsigned(whole).filter(|n| n.fract() == 0.0)? };
            whole + signed(above)? / Some(signed(below)?).filter(|below| *below != 0.0)?
        }
        None => unsigned(text)?,
    };
    Some(sign * value)
}

fn signed(text: &str) -> Option<f64> {
    text.strip_prefix('-').map_or_else(|| unsigned(text), |rest| Some(-unsigned(rest)?))
}

/// A decimal without a sign; commas stand between groups of three digits.
fn unsigned(text: &str) -> Option<f64> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, _) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let (integer, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let groups: Vec<&str> = integer.split(',').collect();
    let are_groups =
        groups[1..].iter().all(|group| group.len() == 3) && groups.iter().all(|group| is_digits(group));
    let is_number = are_groups
        && (fraction.is_empty() || is_digits(fraction))
        && (groups.len() == 1 || groups[0].len() <= 3);
    is_number.then(|| text.replace(',', "").parse().ok()).flatten()
}
