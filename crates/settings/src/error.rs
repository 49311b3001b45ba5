//! The error of this crate: a place, a key, the mistake and a hint.

use std::fmt;

use super::{origin::Origin, suggest};

/// The reason why settings cannot be loaded, in words for their author.
#[derive(Debug)]
pub struct SettingsError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    place: Option<Place>,
    /// The parts of the key, the innermost first.
    keys: Vec<String>,
    complaint: Complaint,
}

#[derive(Debug)]
enum Place {
    Value(Origin),
    WholeFile(String),
}

#[derive(Debug)]
enum Complaint {
    Plain(String),
    UnknownKey,
}

impl SettingsError {
    fn new(place: Option<Place>, keys: Vec<String>, complaint: Complaint) -> Self {
        Self(Box::new(Parts { place, keys, complaint }))
    }

    pub fn plain(message: impl Into<String>) -> Self {
        Self::new(None, Vec::new(), Complaint::Plain(message.into()))
    }

    pub(super) fn about_file(file: &str, message: impl Into<String>) -> Self {
        Self::new(Some(Place::WholeFile(file.into())), Vec::new(), Complaint::Plain(message.into()))
    }

    /// Sets the place, unless the error has one.
    pub fn at(mut self, origin: &Origin) -> Self {
        self.0.place.get_or_insert_with(|| Place::Value(origin.clone()));
        self
    }

    /// Adds an outer part of the key.
    pub fn under(mut self, key: &str) -> Self {
        self.0.keys.push(key.into());
        self
    }

    /// Adds a suggestion from the dotted keys `known` to the error of an unknown key.
    pub fn suggesting(mut self, known: &[String]) -> Self {
        if matches!(self.0.complaint, Complaint::UnknownKey) {
            let hint = suggest::for_unknown_key(&self.key(), known);
            self.0.complaint = Complaint::Plain(format!("unknown key; {hint}"));
        }
        self
    }

    fn key(&self) -> String {
        let mut dotted = String::new();
        for key in self.0.keys.iter().rev() {
            if !dotted.is_empty() && !key.starts_with('[') {
                dotted.push('.');
            }
            dotted.push_str(key);
        }
        dotted
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.place {
            Some(Place::Value(origin)) => write!(f, "{origin}: ")?,
            Some(Place::WholeFile(file)) => write!(f, "{file}: ")?,
            None => {}
        }
        if !self.0.keys.is_empty() {
            write!(f, "{}: ", self.key())?;
        }
        match &self.0.complaint {
            Complaint::Plain(message) => f.write_str(message),
            Complaint::UnknownKey => f.write_str("unknown key"),
        }
    }
}

impl std::error::Error for SettingsError {}

impl serde::de::Error for SettingsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::plain(message.to_string())
    }

    fn invalid_type(found: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::plain(format!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::plain(format!("expected {expected}, found {found}"))
    }

    fn unknown_field(field: &str, _siblings: &'static [&'static str]) -> Self {
        Self::new(None, vec![field.into()], Complaint::UnknownKey)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::plain("missing, and has no default").under(field)
    }
}

impl serde::ser::Error for SettingsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::plain(message.to_string())
    }
}
