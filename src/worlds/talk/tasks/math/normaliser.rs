//! The normal form of answers (Hendrycks et al., arXiv 2103.03874, with the order of its steps).

/// Pieces of LaTeX that change no answer.
const DROPPED: [&str; 5] = ["\\left", "\\right", "^{\\circ}", "^\\circ", "\\$"];
/// The most characters of a name that is left of an equals sign.
const NAME: usize = 2;

/// The normal form of an answer.
pub fn normalised(answer: &str) -> String {
    let text = answer.replace('\n', "").replace("\\!", "").replace("\\\\", "\\");
    let text = text.replace("tfrac", "frac").replace("dfrac", "frac");
    let text = DROPPED.iter().fold(text, |text, piece| text.replace(piece, ""));
    let text = text.split("\\text{ ").next().unwrap_or_default();
    let text = text.replace("\\%", "").replace('%', "").replace(" .", " 0.").replace("{.", "{0.");
    let text = if text.starts_with('.') { format!("0{text}") } else { text };
    let text = roots(without_name(&text)).replace(' ', "");
    let text = fractions(&text).unwrap_or(text);
    if text == "0.5" {
        return "\\frac{1}{2}".into();
    }
    division(&text).unwrap_or(text)
}

/// The right side of `x=5`.
fn without_name(text: &str) -> &str {
    match text.split('=').collect::<Vec<_>>().as_slice() {
        [name, value] if name.trim().chars().count() <= NAME => value,
        _ => text,
    }
}

/// `\sqrt{3}` for `\sqrt3`.
fn roots(text: &str) -> String {
    let mut parts = text.split("\\sqrt");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let part = part.trim_start();
        match part.chars().next() {
            Some(digit) if digit != '{' => format!("{text}\\sqrt{{{digit}}}{}", &part[digit.len_utf8()..]),
            _ => format!("{text}\\sqrt{part}"),
        }
    })
}

/// `\frac{1}{2}` for `\frac12`, and `\frac{1}{72}` for `\frac1{72}`; `None` where a fraction
/// lacks a part.
fn fractions(text: &str) -> Option<String> {
    let mut parts = text.split("\\frac");
    let mut whole = parts.next()?.to_owned();
    for part in parts {
        let mut characters = part.chars();
        match (characters.next()?, characters.next()) {
            ('{', _) => whole += &format!("\\frac{part}"),
            (above, Some('{')) => whole += &format!("\\frac{{{above}}}{}", &part[above.len_utf8()..]),
            (above, Some(below)) => {
                let rest = &part[above.len_utf8() + below.len_utf8()..];
                whole += &format!("\\frac{{{above}}}{{{below}}}{rest}");
            }
            (_, None) => return None,
        }
    }
    Some(whole)
}

/// `\frac{1}{2}` for `1/2`.
fn division(text: &str) -> Option<String> {
    let (above, below) = text.split_once('/')?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    Some(format!("\\frac{{{}}}{{{}}}", number(above)?, number(below)?))
}
