//! Settings files that need no whole parser: lists of runs read thousands of them.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::plain;

/// What [`to_yaml`](super::super::to_yaml) writes of ordinary settings, many times as fast as all of YAML; `None` for anything else.
pub fn lines(text: &str) -> Option<Map<String, Json>> {
    let mut settings = Map::new();
    let mut sections: Vec<&str> = Vec::new();
    let mut section_is_empty = true;
    let mut seen = HashSet::new();
    for line in text.lines() {
        let entry = line.trim_start_matches(' ');
        let indent = line.len() - entry.len();
        let depth = indent / 2;
        let deep = if section_is_empty { depth == sections.len() } else { depth <= sections.len() };
        let fits = deep && indent.is_multiple_of(2);
        let (key, value) = entry.split_once(':').filter(|(key, _)| fits && is_word(key))?;
        sections.truncate(depth);
        sections.push(key);
        let dotted = sections.join(".");
        if !seen.insert(dotted.clone()) {
            return None;
        }
        section_is_empty = value.is_empty();
        if !section_is_empty {
            sections.pop();
            settings.insert(dotted, scalar(value.strip_prefix(' ')?)?);
        }
    }
    (!section_is_empty).then_some(settings)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn scalar(text: &str) -> Option<Json> {
    let is_simple = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.strip_suffix('"').filter(|inner| is_simple(inner)).map(Json::from);
    }
    let number = text.strip_prefix('-').unwrap_or(text);
    let starts_plainly = number.starts_with(|c: char| c.is_ascii_alphanumeric());
    (starts_plainly && is_simple(text)).then(|| plain(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_reader_agrees_with_yaml_or_leaves_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.yaml");
        let ours = crate::to_yaml(&crate::example::RunSettings::default());
        let read_fast =
            [&*ours, "a: -1e-3\nb:\n  c:\n    d: on\n  e: \"on\"\nf: a/b\n", "a: \"\"\n", "a: 0x1F\n"];
        let left_alone = [
            "a:\nb: 1\n",
            "a:\n",
            "a: 1\n  b: 2\n",
            "a:\n   b: 1\n",
            "a: b\n c\n",
            "a: x # y\n",
            "a: 'x'\n",
            "a: \"\\n\"\n",
            "a: - 1\n",
            "a: [1]\n",
            "a: 1:30\n",
            "a: 1\na: 2\n",
            "a:\n  b: 1\na:\n  c: 1\n",
            "a:\n  b: 1\na: 1\n",
            "\ta: 1\n",
            "a:  1\n",
            "a: 1\n b:\n  c: 1\n",
            "--- {}\n",
            "",
            "a: é\n",
            "a:\n    b: 1\n",
        ];
        for (text, is_fast) in read_fast.map(|t| (t, true)).into_iter().chain(left_alone.map(|t| (t, false)))
        {
            std::fs::write(&file, text).unwrap();
            let fast = lines(text);
            assert_eq!(fast.is_some(), is_fast, "{text:?}");
            if let Some(fast) = fast {
                assert_eq!(fast, super::super::any_yaml(&file).unwrap(), "{text:?}");
            }
        }
    }
}
