//! A settings file to a tree.

use std::{fs, io, path::Path};

use super::{
    error::SettingsError,
    parse::{Source, parse},
    scalar::Meaning,
    tree::{Node, Scalar, Value},
};

/// Reads a file; one without content is an empty mapping.
pub fn read_file(path: &Path) -> Result<Node, SettingsError> {
    let file = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&file, &error))?;
    match parse(Source::File(file.as_str().into()), &text)? {
        None | Some(Node { value: Value::Scalar(Scalar { meaning: Meaning::Null, .. }), .. }) => {
            Ok(Node::empty())
        }
        Some(node @ Node { value: Value::Map(_), .. }) => Ok(node),
        Some(node) => Err(SettingsError::plain("expected lines of `key: value`").at(&node.origin)),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> SettingsError {
    let message = if path.is_dir() {
        "a folder, not a settings file; name a file in it".to_owned()
    } else if error.kind() == io::ErrorKind::NotFound {
        let here = std::env::current_dir().unwrap_or_default();
        format!("no such file; check its name, which is looked up from {}", here.display())
    } else {
        format!("cannot be read: {error}")
    };
    SettingsError::about_file(&path.display().to_string(), message)
}

fn not_utf8(file: &str, error: &std::string::FromUtf8Error) -> SettingsError {
    let readable = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let line = readable.split(|byte| *byte == b'\n').count();
    SettingsError::about_file(file, format!("line {line} is not UTF-8 text; save the file as UTF-8"))
}
