//! Families of losses by their short names.

use serde::{Deserialize, Serialize};

use super::Coefs;

const NAMES: [&str; 4] = ["tr", "cont", "dcy", "cy"];

/// A set of the families translation (`tr`), contrastive (`cont`), demi-cycles (`dcy`) and cycles
/// (`cy`), written as `tr+cont+dcy+cy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LossSet([bool; 4]);

impl LossSet {
    /// The families with a coefficient above 0.
    pub fn of_coefs(coefs: &Coefs) -> Self {
        let Coefs { translation, contrastive, demi_cycles, cycles, .. } = *coefs;
        Self([translation, contrastive, demi_cycles, cycles].map(|coefficient| coefficient > 0.0))
    }

    /// The coefficients of the families in the set, 0 for all others.
    pub fn of(self, coefs: Coefs) -> Coefs {
        let [tr, cont, dcy, cy] = self.0;
        let kept = |within: bool, coefficient: f64| if within { coefficient } else { 0.0 };
        Coefs {
            translation: kept(tr, coefs.translation),
            contrastive: kept(cont, coefs.contrastive),
            demi_cycles: kept(dcy, coefs.demi_cycles),
            cycles: kept(cy, coefs.cycles),
            fused: 0.0,
        }
    }
}

impl std::fmt::Display for LossSet {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "{}", String::from(*self))
    }
}

impl TryFrom<String> for LossSet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut set = Self([false; 4]);
        for name in text.split('+').map(str::trim) {
            let Some(family) = NAMES.iter().position(|known| *known == name) else {
                let known = NAMES.join(", ");
                return Err(format!("`{name}` is no family of losses; join some of {known} by `+`"));
            };
            set.0[family] = true;
        }
        Ok(set)
    }
}

impl From<LossSet> for String {
    fn from(set: LossSet) -> Self {
        let named = NAMES.into_iter().zip(set.0).filter(|(_, within)| *within);
        named.map(|(name, _)| name).collect::<Vec<_>>().join("+")
    }
}
