//! Sections of the settings, with their defaults.

mod actor;
mod adapter;
mod collect;
mod compress;
mod fuser;
mod lm;
mod names;
mod pretrain;

pub use actor::{ActorChannel, ActorSettings, Missing, MixtureMode, Switch, Trained};
pub use adapter::AdapterSettings;
pub use collect::{CollectSettings, Filter};
pub use compress::{CompressSettings, TeacherMessage};
pub use fuser::FuserSettings;
pub use lm::{LmSettings, Size};
pub use names::{NumberFormat, StageName, TaskName, Topology};
pub use pretrain::PretrainSettings;
