//! The answer in a text: the content of its last box.

/// The content of the last `\boxed{...}` or `\fbox{...}` whose braces are balanced, without blanks
/// at its ends; `\boxed 5` is a box, too. An empty box is no answer.
pub fn boxed(text: &str) -> Option<String> {
    let starts = ["\\boxed", "\\fbox"].iter().flat_map(|word| text.match_indices(word));
    let mut places: Vec<usize> = starts.map(|(at, word)| at + word.len()).collect();
    places.sort_unstable();
    places.iter().rev().find_map(|at| content(text[*at..].trim_start())).filter(|found| !found.is_empty())
}

/// The content of a box; `None` where its braces stay open.
fn content(rest: &str) -> Option<String> {
    let Some(inner) = rest.strip_prefix('{') else {
        return Some(rest.split_whitespace().next().unwrap_or_default().to_owned());
    };
    let mut depth = 1;
    for (at, character) in inner.char_indices() {
        depth += match character {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return Some(inner[..at].trim().to_owned());
        }
    }
    None
}
