//! The settings of the items that are out of distribution.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, at_least, at_most};

/// The attributes that a hole has bins of.
pub(super) const HOLE_ATTRIBUTES: usize = 6;

/// Settings under `ood`: items that matched examples leave out, and that are scored apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OodSettings {
    /// The rule that says which items are out of distribution; null for none.
    pub rule: Option<OodRule>,
    /// The seed that chooses attributes and bins.
    pub seed: u64,
    /// The attributes that bound a hole, 1 to 6.
    pub attributes: usize,
    /// The domain whose unmatched examples include the items out of distribution; null for none.
    pub domain: Option<String>,
    /// Draws 1,000 validation and 1,000 test items inside the hole, where the splits hold few.
    pub synthesise: bool,
}

/// A rule that says which items are out of distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OodRule {
    /// Items in one bin of each of `ood.attributes` attributes: about 1 in 900 for all six.
    Hole,
    /// Items in a bin of one of two attributes: about half of all.
    Bands,
}

impl Default for OodSettings {
    fn default() -> Self {
        Self { rule: None, seed: 0, attributes: HOLE_ATTRIBUTES, domain: None, synthesise: true }
    }
}

impl OodSettings {
    /// True if items are drawn inside a hole.
    pub fn synthesises(&self) -> bool {
        self.rule == Some(OodRule::Hole) && self.synthesise
    }

    /// Refuses values that describe no rule.
    ///
    /// # Errors
    /// The key of the first invalid value, without its section, and the reason.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("attributes", self.attributes)])?;
        at_most(HOLE_ATTRIBUTES, &[("attributes", self.attributes)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_bounded_by_one_to_six_attributes() {
        let check = |attributes| OodSettings { attributes, ..Default::default() }.check();
        assert!((1..=6).all(|attributes| check(attributes).is_ok()));
        assert_eq!([check(0), check(7)].map(|refusal| refusal.unwrap_err().0), ["attributes"; 2]);
    }
}
