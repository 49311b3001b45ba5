//! Names of runs: paths as text on one line, which can be converted back to the path.
//!
//! Bytes that are not UTF-8, control characters and a literal `\x` are written as `\xHH`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The name of a path, absolute or not.
pub fn name_of(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        let text = chunk.valid();
        for (at, sign) in text.char_indices() {
            if sign.is_control() || text[at..].starts_with("\\x") {
                escape(&mut name, &text.as_bytes()[at..at + sign.len_utf8()]);
            } else {
                name.push(sign);
            }
        }
        escape(&mut name, chunk.invalid());
    }
    name
}

fn escape(name: &mut String, bytes: &[u8]) {
    bytes.iter().for_each(|byte| name.push_str(&format!("\\x{byte:02X}")));
}

/// The path with this name: the inverse of [`name_of`].
pub fn path_of(name: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let escaped = escaped(rest);
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &rest[4..] } else { others };
    }
    OsString::from_vec(bytes).into()
}

/// The byte HH of a text that begins with `\xHH`.
fn escaped(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text.strip_prefix(b"\\x")?.get(..2)?).ok()?;
    let are_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// True if `typed` is this name, or the path with this name.
pub fn is_called(name: &str, typed: &Path) -> bool {
    let is = |text: &str| text.trim_end_matches('/') == name;
    typed.to_str().is_some_and(is) || is(&name_of(typed))
}

/// A path as text on one line, for messages.
pub fn shown(path: &Path) -> String {
    name_of(path)
}

/// Words quoted for a shell.
pub fn quoted<T: AsRef<OsStr>>(words: &[T]) -> String {
    words.iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

fn quote(word: &OsStr) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(safe) => text.to_owned(),
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        // Plain quotes cannot hold these bytes. This form is for bash, zsh and ksh.
        None => format!("$'{}'", word.as_bytes().escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(bytes: &[u8]) -> &Path {
        Path::new(OsStr::from_bytes(bytes))
    }

    #[test]
    fn a_name_is_text_on_one_line_and_leads_back_to_the_path() {
        let cases: [(&[u8], &str); 6] = [
            (b"noise/a", "noise/a"),
            ("Größe \\ 2".as_bytes(), "Größe \\ 2"),
            (b"na\xefve", r"na\xEFve"),
            (b"a\nb\x1b", r"a\x0Ab\x1B"),
            (br"na\xEFve", r"na\x5CxEFve"),
            (b"\\\xff\\x", r"\\xFF\x5Cx"),
        ];
        for (bytes, name) in cases {
            assert_eq!(name_of(path(bytes)), name);
            assert_eq!(path_of(name), path(bytes), "{name}");
        }
        assert_eq!(path_of(r"a\xZ1\x+1\x"), path(br"a\xZ1\x+1\x"), "these are no escapes");
    }

    #[test]
    fn a_shell_reads_quoted_words_as_they_were() {
        let words = ["", "a b", "it's", "$HOME", "x=1e-3", "(1).yaml", "new\nline"];
        let script = format!("printf '%s|' {}", quoted(&words));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "|a b|it's|$HOME|x=1e-3|(1).yaml|new\nline|");
        assert_eq!(quoted(&words[4..6]), "x=1e-3 '(1).yaml'");
    }

    #[test]
    fn bash_reads_words_that_are_not_utf8() {
        let word = OsStr::from_bytes(b"it's na\xefve\\");
        let script = format!("printf %s {}", quoted(&[word]));
        let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
        assert_eq!(output.stdout, word.as_bytes());
    }
}
