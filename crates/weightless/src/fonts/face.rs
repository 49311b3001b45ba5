//! One face of a font file.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::DrawSettings;
use skrifa::string::StringId;
use skrifa::{FontRef, MetadataProvider};

use super::outline::{Outline, SIDE, ink};
use super::variant::Variant;
use crate::Digit;
use crate::bits::centre;

/// A face that has all ten digits.
#[derive(Clone, Debug)]
pub struct Face {
    /// Family and style, or `font` where the file names none.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The number of the face in the file.
    pub index: u32,
    bytes: Cow<'static, [u8]>,
}

impl Face {
    /// The faces that are built in: Ubuntu Light and Hack Regular.
    pub fn built_in() -> Vec<Self> {
        let files = [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::HACK_REGULAR];
        files.into_iter().flat_map(|bytes| Self::of(Cow::Borrowed(bytes))).collect()
    }

    /// The faces of a font file that have all ten digits; none where the bytes are no font.
    pub fn of(bytes: Cow<'static, [u8]>) -> Vec<Self> {
        let digest = Sha256::digest(&bytes);
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let known = |(index, font): (usize, Result<FontRef, _>)| {
            let font = font.ok()?;
            let has_all = ('0'..='9').all(|digit| font.charmap().map(digit).is_some());
            has_all.then(|| (index as u32, name(&font)))
        };
        let faces: Vec<(u32, String)> = FontRef::fonts(&bytes).enumerate().filter_map(known).collect();
        let face = |(index, name)| Self { name, sha256: sha256.clone(), index, bytes: bytes.clone() };
        faces.into_iter().map(face).collect()
    }

    /// A digit as MNIST would have made a picture of it; `None` where the face has no outline for
    /// it.
    pub fn digit(&self, digit: u8, variant: &Variant) -> Option<Digit> {
        let font = FontRef::from_index(&self.bytes, self.index).ok()?;
        let glyph = font.charmap().map(char::from_digit(u32::from(digit), 10)?)?;
        let glyph = font.outline_glyphs().get(glyph)?;
        let mut outline = Outline::default();
        let settings = DrawSettings::unhinted(Size::new(SIDE as f32), LocationRef::default());
        glyph.draw(settings, &mut outline).ok()?;
        centre(&ink(outline, variant)?, SIDE).ok()
    }
}

fn name(font: &FontRef) -> String {
    let text = |id| font.localized_strings(id).english_or_first().map(|text| text.to_string());
    let names = [StringId::FULL_NAME, StringId::FAMILY_NAME];
    names.into_iter().find_map(text).unwrap_or_else(|| "font".to_owned())
}
