//! Choices in the published form: a JSON object.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use umwelt_base::random::Rng;

use super::choices::{Choices, LocationChoices, RotationChoices};
use super::options::{
    Options, SYNONYM, WRITER, check_names, named, pick, pick_variants, pick_writer, synonym,
};
use super::templates::{self, GRAMMAR};
use super::writers::{location, rotation, shape, size};
use crate::worlds::workspace::data::Shape;

/// A part of the choices of a sentence, or all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// The template, from 0 to 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    structure: Option<u32>,
    /// The order of phrases.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<u8>>,
    writers: Writers,
    variants: Options,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Writers {
    shape: Options,
    rotation: Options,
    color: Options,
    size: Options,
    location: Options,
}

impl Record {
    /// The choices for a sentence about `shape`: those of the record, and random ones for its
    /// missing parts.
    ///
    /// # Errors
    /// When the record holds an unknown name, an option that does not exist or a wrong order.
    ///
    /// # Panics
    /// If the class of `shape` is above 2.
    pub fn complete(&self, shape: &Shape, rng: &mut Rng) -> Result<Choices> {
        let template = pick("structure", self.structure, GRAMMAR.templates.len(), rng)?;
        let writers = &self.writers;
        writers.check_single(rng)?;
        let mut variants =
            pick_variants(&self.variants, templates::VARIANTS, &[], rng).context("in `variants`")?;
        let used = GRAMMAR.used(usize::from(template), &variants);
        variants.iter_mut().zip(used).for_each(|(option, used)| *option *= u8::from(used));
        Ok(Choices {
            template,
            order: self.order(template, rng)?,
            variants,
            shape: synonym(&writers.shape, shape::count(shape.class), rng),
            size: synonym(&writers.size, size::count(shape.size), rng),
            rotation: rotation_choices(&writers.rotation, rng).context("in `writers.rotation`")?,
            location: location_choices(&writers.location, shape, rng).context("in `writers.location`")?,
        })
    }

    /// The record of `choices` for a sentence about `shape`, with the parts that the published
    /// records have.
    pub fn of(shape: &Shape, choices: &Choices) -> Self {
        let used = GRAMMAR.used(usize::from(choices.template), &choices.variants);
        let mut variants = named(templates::VARIANTS, &choices.variants);
        for ((name, _), _) in templates::VARIANTS.iter().zip(used).filter(|(_, used)| !used) {
            variants.remove(*name);
        }
        let groups = choices.template().orders[usize::from(choices.order)].to_vec();
        let structure = Some(u32::from(choices.template));
        Self { structure, groups: Some(groups), writers: Writers::of(shape, choices), variants }
    }

    fn order(&self, template: u8, rng: &mut Rng) -> Result<u8> {
        let orders = GRAMMAR.templates[usize::from(template)].orders;
        let Some(groups) = &self.groups else { return Ok(rng.below(orders.len()) as u8) };
        match orders.iter().position(|order| order == groups) {
            Some(order) => Ok(order as u8),
            None => bail!("`groups` must be one of {orders:?}, not {groups:?}"),
        }
    }
}

impl Writers {
    fn of(shape: &Shape, choices: &Choices) -> Self {
        let Choices { rotation, location, .. } = choices;
        let with = |mut options: Options, writer: u8, synonym: Option<u8>| {
            options.insert(WRITER.to_owned(), u32::from(writer));
            options.extend(synonym.map(|synonym| (SYNONYM.to_owned(), u32::from(synonym))));
            options
        };
        let rotation_variants = named(rotation::variants(rotation.writer), &rotation.variants);
        let location_variants = named(location::VARIANTS, &location.variants);
        let region = (location.writer == 1).then_some(location.synonym);
        Self {
            shape: with(Options::new(), 0, Some(choices.shape)),
            rotation: with(rotation_variants, rotation.writer, None),
            color: with(Options::new(), 0, None),
            size: with(Options::new(), 0, (size::count(shape.size) > 1).then_some(choices.size)),
            location: with(location_variants, location.writer, region),
        }
    }

    /// Checks the attributes that have one writer.
    fn check_single(&self, rng: &mut Rng) -> Result<()> {
        for (name, options) in [("shape", &self.shape), ("color", &self.color), ("size", &self.size)] {
            let checked = check_names(options, &[], &[WRITER, SYNONYM]);
            checked
                .and_then(|()| pick_writer(options, 1, rng))
                .with_context(|| format!("in `writers.{name}`"))?;
        }
        Ok(())
    }
}

fn rotation_choices(given: &Options, rng: &mut Rng) -> Result<RotationChoices> {
    let complete = given.is_empty() || given.contains_key(WRITER);
    ensure!(complete, "`{WRITER}` is missing, and variants depend on it; add it");
    let writer = pick_writer(given, rotation::DIRECTIONS.len(), rng)?;
    Ok(RotationChoices {
        writer,
        variants: pick_variants(given, rotation::variants(writer), &[WRITER], rng)?,
    })
}

fn location_choices(given: &Options, shape: &Shape, rng: &mut Rng) -> Result<LocationChoices> {
    let writer = pick_writer(given, location::WRITERS.len(), rng)?;
    Ok(LocationChoices {
        writer,
        synonym: synonym(given, location::count(writer, shape.x, shape.y), rng),
        variants: pick_variants(given, location::VARIANTS, &[WRITER, SYNONYM], rng)?,
    })
}
