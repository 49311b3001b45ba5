//! Conditions that select runs, such as `KEY=VALUE` and `KEY<NUMBER`.

use std::str::FromStr;

use serde_json::Value;

use umwelt_base::UserError;

use super::{columns::value, format::text};
use crate::RunSummary;
use umwelt_settings as settings;

/// A condition on one column.
#[derive(Clone, Debug)]
pub struct Filter {
    pub key: String,
    relation: Relation,
    wanted: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    Contains,
    Excludes,
}

/// The signs of the relations. Longer signs precede the shorter ones that they start with.
const RELATIONS: [(&str, Relation); 9] = [
    ("!=", Relation::Unequal),
    ("!~", Relation::Excludes),
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("=", Relation::Equal),
    ("<", Relation::Less),
    (">", Relation::More),
    ("~", Relation::Contains),
];

impl FromStr for Filter {
    type Err = UserError;

    fn from_str(typed: &str) -> Result<Self, UserError> {
        let split = typed.find(['=', '!', '<', '>', '~']).map(|at| typed.split_at(at));
        let found = split.and_then(|(key, rest)| {
            let (sign, relation) = RELATIONS.iter().find(|(sign, _)| rest.starts_with(sign))?;
            Some((key.trim(), *relation, rest[sign.len()..].trim()))
        });
        let Some((key, relation, wanted)) = found.filter(|(key, ..)| !key.is_empty()) else {
            return Err(UserError(format!(
                "`{typed}` is not a filter; write KEY=VALUE, KEY!=VALUE, KEY<NUMBER, KEY>=NUMBER or KEY~PART, \
                 for instance name~{}",
                typed.trim_matches(|c: char| !c.is_ascii_alphanumeric())
            )));
        };
        if relation.is_order() && settings::plain(wanted).as_f64().is_none() {
            return Err(UserError(format!("`{typed}` compares with `{wanted}`, which is not a number")));
        }
        Ok(Self { key: key.to_owned(), relation, wanted: wanted.to_owned() })
    }
}

impl Filter {
    /// The condition that the column `key` equals `wanted`.
    pub fn equal(key: &str, wanted: &str) -> Self {
        Self { key: key.to_owned(), relation: Relation::Equal, wanted: wanted.to_owned() }
    }

    /// The value that `=` or `!=` compares with; `None` for other relations.
    pub(super) fn compared_for_equality(&self) -> Option<&str> {
        matches!(self.relation, Relation::Equal | Relation::Unequal).then_some(&*self.wanted)
    }

    /// True if `run` meets the condition. Only numbers meet an order such as `<`.
    pub fn matches(&self, run: &RunSummary, now: f64) -> bool {
        let value = value(run, &self.key, now);
        let wanted = settings::plain(&self.wanted);
        let numbers = value.as_f64().zip(wanted.as_f64());
        let order = |fits: fn(&f64, &f64) -> bool| numbers.is_some_and(|(is, wanted)| fits(&is, &wanted));
        match self.relation {
            Relation::Equal => self.is_equal(&value, numbers),
            Relation::Unequal => !self.is_equal(&value, numbers),
            Relation::Less => order(f64::lt),
            Relation::AtMost => order(f64::le),
            Relation::More => order(f64::gt),
            Relation::AtLeast => order(f64::ge),
            Relation::Contains => self.is_part_of(&value),
            Relation::Excludes => !self.is_part_of(&value),
        }
    }

    fn is_equal(&self, value: &Value, numbers: Option<(f64, f64)>) -> bool {
        let same_text = || text(value).eq_ignore_ascii_case(text(&settings::plain(&self.wanted)).as_str());
        numbers.map_or_else(same_text, |(is, wanted)| is == wanted)
    }

    fn is_part_of(&self, value: &Value) -> bool {
        text(value).to_lowercase().contains(&self.wanted.to_lowercase())
    }
}

impl Relation {
    fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }
}
