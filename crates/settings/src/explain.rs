//! Error messages of the YAML parser, in words for the user.

/// A message, and true if it is about the innermost open bracket and not about the place of the
/// error.
pub(super) struct Explained {
    pub message: String,
    pub about_bracket: bool,
}

const ANYWHERE: [(&str, &str); 4] = [
    ("tab", "indented with a tab; use spaces"),
    ("quoted scalar, found unexpected end of stream", "the quote that starts here is never closed"),
    ("unknown anchor", "this alias has no anchor before it"),
    ("unexpected character", "text that starts with this character needs quotes"),
];

const OUTSIDE_BRACKETS: [(&str, &str); 3] = [
    ("<document start>", "indented differently from the lines above"),
    ("did not find expected key", "indented differently from the lines above"),
    ("mapping values are not allowed", "no `:` was expected here; text that has `: ` in it needs quotes"),
];

/// The explanation of the parser's `info`, given the innermost open bracket.
pub(super) fn explain(info: &str, bracket: Option<char>) -> Explained {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(part, _)| info.contains(part)).map(|(_, message)| (*message).to_owned())
    };
    if let Some(message) = find(&ANYWHERE) {
        return Explained { message, about_bracket: false };
    }
    if let Some(bracket) = bracket {
        let message = format!("this `{bracket}` is never closed, or a comma is missing after it");
        return Explained { message, about_bracket: true };
    }
    Explained { message: find(&OUTSIDE_BRACKETS).unwrap_or_else(|| info.to_owned()), about_bracket: false }
}
