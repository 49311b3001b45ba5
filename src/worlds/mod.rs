//! The worlds: each is one folder with its settings, data, models, evaluation, figures and task.

pub mod collaboration;
pub mod dots;
#[cfg(feature = "example")]
pub mod example;
#[cfg(feature = "serve")]
pub mod rooms;
#[cfg(feature = "language")]
pub mod talk;
pub mod weightless;
pub mod workspace;

use std::sync::LazyLock;

use anyhow::Result;
use serde::Serialize;
use tch::Device;

use crate::runs::Inputs;
use crate::settings::check::InvalidSetting;
use crate::settings::{Node, SettingsError, has_key, keys_of, read_keys};
use crate::training::{InputSetting, Job, RunKeys, Work, World};

/// Makes [`WorldSettings`] from the list of worlds.
macro_rules! worlds {
    ($($(#[$attribute:meta])* $variant:ident: $settings:ty),* $(,)?) => {
        /// The settings of a world.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum WorldSettings {
            $($(#[$attribute])* $variant(Box<$settings>),)*
        }

        /// The values of `model_type`, of all worlds.
        pub const MODELS: &[&str] = &{
            const ALL: &[&[&str]] = &[$($(#[$attribute])* <$settings as World>::MODELS),*];
            flattened::<{ count(ALL) }>(ALL)
        };

        impl WorldSettings {
            /// The default settings of every world.
            pub fn all() -> Vec<Self> {
                Vec::from([$($(#[$attribute])* Self::$variant(Box::default())),*])
            }

            /// The settings, if they are of the type `S`.
            #[cfg(feature = "serve")]
            pub fn get<S: 'static>(&self) -> Option<&S> {
                match self {
                    $($(#[$attribute])* Self::$variant(settings) => {
                        (&**settings as &dyn std::any::Any).downcast_ref()
                    })*
                }
            }

            /// The default settings of the same world.
            pub fn defaults(&self) -> Self {
                match self { $($(#[$attribute])* Self::$variant(_) => Self::$variant(Box::default())),* }
            }

            /// The world with the keys of `tree`. Suggestions for unknown keys come from `known`.
            ///
            /// # Errors
            /// Unknown keys and wrong types, with their places.
            pub fn read(&self, tree: &Node, known: &[String]) -> std::result::Result<Self, SettingsError> {
                Ok(match self { $($(#[$attribute])* Self::$variant(_) => Self::$variant(Box::new(read_keys(tree, known)?))),* })
            }

            /// The dotted keys of the world.
            pub fn keys(&self) -> &'static [String] {
                match self {
                    $($(#[$attribute])* Self::$variant(_) => {
                        static KEYS: LazyLock<Vec<String>> =
                            LazyLock::new(|| keys_of(&<$settings>::default()));
                        &KEYS
                    })*
                }
            }

            /// The name of the world in messages.
            pub fn name(&self) -> &'static str {
                match self { $($(#[$attribute])* Self::$variant(_) => <$settings as World>::NAME),* }
            }

            /// The values of `model_type` that belong to the world.
            pub fn models(&self) -> &'static [&'static str] {
                match self { $($(#[$attribute])* Self::$variant(_) => <$settings as World>::MODELS),* }
            }

            /// The value of `model_type`.
            pub fn model(&self) -> &'static str {
                match self { $($(#[$attribute])* Self::$variant(settings) => settings.model()),* }
            }

            /// Refuses values that no run can be made with.
            ///
            /// # Errors
            /// The dotted key and what is allowed there.
            pub fn check(&self, run: &RunKeys) -> std::result::Result<(), InvalidSetting> {
                match self { $($(#[$attribute])* Self::$variant(settings) => settings.check(run)),* }
            }

            /// True if the value of a dotted key can change a result of a run with these settings.
            pub fn affects_results(&self, key: &str) -> bool {
                match self { $($(#[$attribute])* Self::$variant(settings) => settings.affects_results(key)),* }
            }

            /// The settings that name other runs and have a value.
            pub fn inputs(&self, run: &RunKeys) -> Vec<InputSetting<(Self, RunKeys)>> {
                match self {
                    $($(#[$attribute])* Self::$variant(settings) => {
                        let stage = |(settings, run)| (Self::$variant(Box::new(settings)), run);
                        settings.inputs(run).into_iter().map(|input| input.map(stage)).collect()
                    })*
                }
            }

            /// The job that does `work` with these settings and inputs.
            ///
            /// # Errors
            /// Names the setting that cannot be met here, such as a data set that is missing.
            pub fn job(
                &self,
                work: Work,
                run: &RunKeys,
                device: Device,
                inputs: &Inputs,
            ) -> Result<Box<dyn Job>> {
                match self { $($(#[$attribute])* Self::$variant(settings) => settings.job(work, run, device, inputs)),* }
            }

            /// The names under which a run may log numbers, with a `*` for each part that depends
            /// on the settings.
            pub fn metric_names(&self) -> Vec<&'static str> {
                let (own, descends) = match self {
                    $($(#[$attribute])* Self::$variant(settings) => (settings.metric_names(), settings.descends())),*
                };
                let descent = if descends { DESCENT.to_vec() } else { vec![] };
                [vec![crate::runs::SCORE], descent, own].concat()
            }
        }
    };
}

worlds! {
    Dots: dots::Settings,
    Collaboration: collaboration::Settings,
    Workspace: workspace::Settings,
    Weightless: weightless::Settings,
    #[cfg(feature = "language")]
    Talk: talk::Settings,
    #[cfg(feature = "example")]
    Example: example::Settings,
}

/// The models that a build may leave out, each with the feature that builds it in.
pub const OPTIONAL: &[(&str, &str)] =
    &[("LatentTalk", "language"), ("ExampleMean", "example"), ("ExampleVariance", "example")];

/// The pages that worlds bring to `umwelt serve`; the agents in the files `agents` are open there,
/// and `load` reads the settings of a run whose model is asked.
///
/// # Errors
/// A file that a page cannot read.
#[cfg(feature = "serve")]
pub fn rooms(
    agents: &[std::path::PathBuf],
    load: rooms::Load,
    dashboard: &std::sync::Arc<umwelt_serve::Dashboard>,
) -> Result<Vec<umwelt_serve::Room>> {
    let thread = std::sync::Arc::default();
    let asked = [
        rooms::room::<dots::Settings>(load),
        rooms::room::<collaboration::Settings>(load),
        rooms::room::<workspace::Settings>(load),
        #[cfg(feature = "language")]
        rooms::room::<talk::Settings>(load),
    ];
    let asked = asked.into_iter().map(|room| room.over(dashboard, &thread));
    Ok([weightless::room::room(agents, dashboard.publisher())?].into_iter().chain(asked).collect())
}

/// The names that every run by gradient descent logs.
const DESCENT: [&str; 2] = ["loss", "lr"];

impl Default for WorldSettings {
    fn default() -> Self {
        Self::Dots(Box::default())
    }
}

impl WorldSettings {
    /// The default settings of the world that has this `model_type`, or else the first of `keys`
    /// that one world alone has.
    pub fn of<'a>(model: Option<&str>, mut keys: impl Iterator<Item = &'a str>) -> Self {
        let by_model = model.and_then(|model| Self::all().into_iter().find(|w| w.models().contains(&model)));
        by_model.or_else(|| keys.find_map(Self::owner)).unwrap_or_default()
    }

    /// The world that alone has a key or section of this name.
    pub fn owner(key: &str) -> Option<Self> {
        let mut owners = Self::all().into_iter().filter(|world| has_key(world.keys(), key));
        owners.next().filter(|_| owners.next().is_none())
    }
}

/// True if `name` matches `pattern`, in which a `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| matches(rest, &name[at..]))
}

const fn count(lists: &[&[&str]]) -> usize {
    let (mut total, mut list) = (0, 0);
    while list < lists.len() {
        total += lists[list].len();
        list += 1;
    }
    total
}

const fn flattened<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let (mut all, mut filled, mut list) = ([""; N], 0, 0);
    while list < lists.len() {
        let mut item = 0;
        while item < lists[list].len() {
            all[filled] = lists[list][item];
            (filled, item) = (filled + 1, item + 1);
        }
        list += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(
            matches("planning.*.rmse_px", "planning.cem.rmse_px")
                && matches("encodings/*", "encodings/std/3")
        );
        assert!(!matches("planning.*.rmse_px", "planning.cem.rmse") && !matches("loss", "lss"));
        assert!(matches("a*b*c", "a1b2bc") && !matches("a*b*c", "acb"));
    }

    #[test]
    fn each_model_belongs_to_one_world_and_each_default_names_its_own() {
        for world in WorldSettings::all() {
            assert_eq!(world.model(), world.models()[0]);
            for model in world.models() {
                assert_eq!(WorldSettings::of(Some(model), std::iter::empty()).name(), world.name());
                assert_eq!(MODELS.iter().filter(|other| *other == model).count(), 1);
            }
        }
    }

    #[test]
    fn a_key_of_several_worlds_has_no_owner() {
        let owner = |key| WorldSettings::owner(key).map(|world| world.name());
        assert_eq!(owner("vicreg"), Some(dots::Settings::NAME));
        assert_eq!(owner("como"), Some(collaboration::Settings::NAME));
        assert_eq!([owner("dataset_batch_size"), owner("model_type"), owner("nothing")], [None; 3]);
    }
}
