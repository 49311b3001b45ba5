//! The reader of sweep files.

use std::path::{Path, PathBuf};

use super::{
    super::{
        command,
        condition::Condition,
        domain::Domain,
        early_stopping::EarlyStopping,
        groups,
        metric::Metric,
        parameters::{self, Kinds, Parameters},
        plain::{Method, Plain},
        reading::{entries, items},
        samplers::Drawn,
        setting::flatten,
        space::{Dimension, Space},
    },
    SweepFile, clash,
    keys::{is_for_agent, is_plain, known},
    overrides, placeholders, seeds, verify,
};
use crate::safe;
use umwelt_settings::{
    Key, Node, Origin, Schema, SettingsError, Value, expand_paths, number_kind, read_file,
    refuse_interpolation,
};

type Result<T> = std::result::Result<T, SettingsError>;

impl SweepFile {
    /// Reads a sweep file. `values`, each `KEY=VALUE`, override the settings that it does not vary.
    ///
    /// The schema `T` knows the settings that take whole numbers. The settings themselves are
    /// checked later, by [`Trial::check`](super::super::Trial::check).
    ///
    /// # Errors
    /// A mistake in the file or in `values`, with its place.
    pub fn read<T: Schema>(path: &Path, values: &[String]) -> Result<Self> {
        Self::read_with(path, values, &number_kind::<T>)
    }

    fn read_with(path: &Path, values: &[String], kinds: Kinds<'_>) -> Result<Self> {
        let root = read_file(path)?;
        let sections = Sections::of(&root, kinds)?;
        let whole_file = Origin::File { file: path.display().to_string().into(), line: 1, column: 1 };
        let mut sweep = sections.build(path, &whole_file)?;
        overrides::apply(&mut sweep, values)?;
        clash::names(&sweep)?;
        verify::order(&mut sweep.space)?;
        verify::exclusions(&sweep.space)?;
        placeholders::check(&sweep)?;
        sweep.points = sweep.space.points();
        let place = |key: &str| sections.node(key).map_or(&whole_file, |node| &node.origin);
        verify::size(&sweep, place)?;
        verify::runs(&sweep, sections.node("seeds"), |key| sections.node(key).map(|node| &node.origin))?;
        Ok(sweep)
    }
}

/// The sections of a sweep file.
struct Sections<'a> {
    entries: &'a [(Key, Node)],
    plain: Plain,
    kinds: Kinds<'a>,
}

impl<'a> Sections<'a> {
    fn of(root: &'a Node, kinds: Kinds<'a>) -> Result<Self> {
        let entries = entries(root, "")?;
        for (key, node) in entries.iter().filter(|(key, _)| !is_for_agent(&key.name)) {
            refuse_interpolation(node).map_err(|error| error.under(&key.name))?;
        }
        let plain = entries.iter().filter(|(key, _)| is_plain(&key.name)).cloned().collect();
        let mut plain = Node { value: Value::Map(plain), origin: root.origin.clone() };
        expand_paths(&mut plain)?;
        let plain = Plain::read(&plain, &known())?;
        Ok(Self { entries, plain, kinds })
    }

    fn entry(&self, name: &str) -> Option<&'a (Key, Node)> {
        self.entries.iter().find(|(key, _)| key.name == name)
    }

    fn node(&self, name: &str) -> Option<&'a Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// The section `name` parsed by `read`, or the default without one.
    fn section<T: Default>(&self, name: &str, read: impl FnOnce(&'a Node) -> Result<T>) -> Result<T> {
        self.node(name).map_or_else(|| Ok(T::default()), read)
    }

    fn build(&self, path: &Path, whole_file: &Origin) -> Result<SweepFile> {
        let plain = &self.plain;
        let stem = path.file_stem().map_or("sweep".into(), |stem| stem.to_string_lossy().into_owned());
        let name = plain.name.clone().unwrap_or(stem);
        let command = self.section("command", command::read)?;
        let mut configs = command.configs;
        configs.extend(self.section("configs", |node| groups::configs(node, "configs"))?);
        let mut fixed = command.values;
        fixed.extend(self.section("values", |node| flatten(node, "values"))?);
        let dimensions = self.dimensions()?;
        let Parameters { fixed: constants, .. } =
            self.section("parameters", |node| parameters::read(node, self.kinds))?;
        clash::constants(&constants, &dimensions)?;
        fixed.extend(constants);
        let space = Space { dimensions, excluded: self.excluded()?, fixed };
        let metric = plain.metric();
        Ok(SweepFile {
            output_path: plain.output_path.clone().unwrap_or_else(|| default_folder(&name)),
            name,
            description: plain.description.clone(),
            method: self.method(&space),
            early_stopping: self.early_stopping(&metric, whole_file)?,
            metric,
            budget: plain.budget.or(plain.run_cap),
            sampler_seed: plain.sampler_seed,
            retries: plain.retries,
            report: plain.report.clone(),
            space,
            configs,
            seeds: self.entry("seeds").map_or(Ok(Vec::new()), |(key, node)| seeds::read(key, node))?,
            points: None,
            drawn: Drawn::default(),
        })
    }

    /// The parameters, groups and labels, in the order of the file.
    fn dimensions(&self) -> Result<Vec<Dimension>> {
        let mut dimensions = Vec::new();
        for (key, node) in self.entries {
            dimensions.extend(match key.name.as_str() {
                "parameters" => parameters::read(node, self.kinds)?.dimensions,
                "groups" => groups::read(node)?,
                "labels" => parameters::read_labels(node)?,
                _ => Vec::new(),
            });
        }
        Ok(dimensions)
    }

    fn excluded(&self) -> Result<Vec<Vec<Condition>>> {
        self.section("exclude", |node| {
            items(node, "exclude")?.iter().map(|node| Condition::read_all(node, "exclude")).collect()
        })
    }

    fn method(&self, space: &Space) -> Method {
        let is_list = |dimension: &Dimension| matches!(dimension.domain, Domain::Choices(_));
        match self.plain.method {
            Some(method) => method,
            None if space.dimensions.iter().all(is_list) => Method::Grid,
            None => Method::Tpe,
        }
    }

    fn early_stopping(&self, metric: &Metric, whole_file: &Origin) -> Result<Option<EarlyStopping>> {
        let (section, stopping) = match (&self.plain.early_stopping, &self.plain.early_terminate) {
            (Some(fields), _) => ("early_stopping", fields.resolve(metric)),
            (None, Some(fields)) => ("early_terminate", fields.resolve(metric)),
            (None, None) => return Ok(None),
        };
        let origin = self.node(section).map_or(whole_file, |node| &node.origin);
        stopping.check(section, origin).map(Some)
    }
}

fn default_folder(name: &str) -> PathBuf {
    Path::new("runs").join(safe_name(name))
}

/// A sweep's name, made safe for paths and job names.
pub(in super::super) fn safe_name(name: &str) -> String {
    let safe = safe(name, '-');
    if safe.is_empty() { "sweep".into() } else { safe }
}
