//! The workspace: its settings, networks and losses.

mod settings;

pub use settings::{
    Amount, BatchRule, Coefs, Combine, ContrastiveGroups, ContrastiveKind, DOMAINS, GwSettings, LossSet,
    ScheduleKind, SelectionKind,
};
