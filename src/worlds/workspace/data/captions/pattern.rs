//! Texts with slots in braces: `at the very {bottom}`.

/// A text with slots of the kind `S`.
#[derive(Clone, Debug)]
pub struct Pattern<S>(Vec<Piece<S>>);

#[derive(Clone, Debug)]
pub enum Piece<S> {
    Text(String),
    Slot(S),
}

impl<S> Pattern<S> {
    /// The pattern of `text`, with `slot` to look a slot's name up.
    pub fn parse(text: &str, slot: impl Fn(&str) -> S) -> Self {
        let parts = text.split(['{', '}']).enumerate().filter(|(_, part)| !part.is_empty());
        let piece = |(i, part): (usize, &str)| match i % 2 {
            0 => Piece::Text(part.to_owned()),
            _ => Piece::Slot(slot(part)),
        };
        Self(parts.map(piece).collect())
    }

    pub fn pieces(&self) -> &[Piece<S>] {
        &self.0
    }

    pub fn slots(&self) -> impl Iterator<Item = &S> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Slot(slot) => Some(slot),
        })
    }

    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Slot(_) => None,
        })
    }
}
