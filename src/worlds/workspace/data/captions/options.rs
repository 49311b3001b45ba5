//! Options by the names of what is chosen, given or drawn.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use umwelt_base::random::Rng;

use super::Variants;

/// Numbers of options by the name of what is chosen.
pub type Options = BTreeMap<String, u32>;

/// The name of the number of a synonym.
pub const SYNONYM: &str = "val";

/// The name of the number of a writer.
pub const WRITER: &str = "_writer";

/// One option of each of `variants`, the given one or a random one. `others` are further names that
/// may be given.
pub fn pick_variants<const N: usize>(
    given: &Options,
    variants: Variants,
    others: &[&str],
    rng: &mut Rng,
) -> Result<[u8; N]> {
    check_names(given, variants, others)?;
    let mut picked = [0; N];
    for ((name, options), picked) in variants.iter().zip(&mut picked) {
        *picked = pick(name, given.get(*name).copied(), options.len(), rng)?;
    }
    Ok(picked)
}

/// Checks that each name is one of `variants` or `others`.
pub fn check_names(given: &Options, variants: Variants, others: &[&str]) -> Result<()> {
    let known = |name: &str| others.contains(&name) || variants.iter().any(|(known, _)| *known == name);
    match given.keys().find(|name| !known(name)) {
        Some(name) => bail!("a choice record has no `{name}` here; remove it"),
        None => Ok(()),
    }
}

/// A writer below `count`, the given one or a random one.
pub fn pick_writer(given: &Options, count: usize, rng: &mut Rng) -> Result<u8> {
    pick(WRITER, given.get(WRITER).copied(), count, rng)
}

/// An option below `options`, the given one or a random one.
pub fn pick(name: &str, given: Option<u32>, options: usize, rng: &mut Rng) -> Result<u8> {
    let Some(option) = given else { return Ok(rng.below(options) as u8) };
    ensure!((option as usize) < options, "`{name}` must be below {options}, not {option}");
    Ok(option as u8)
}

/// A synonym below `count`, the given one modulo `count` or a random one.
pub fn synonym(given: &Options, count: u8, rng: &mut Rng) -> u8 {
    match given.get(SYNONYM) {
        Some(synonym) => (synonym % u32::from(count)) as u8,
        None => rng.below(usize::from(count)) as u8,
    }
}

/// The options of all variants by their names.
pub fn named(variants: Variants, options: &[u8]) -> Options {
    let named = variants.iter().zip(options);
    named.map(|((name, _), option)| ((*name).to_owned(), u32::from(*option))).collect()
}
