//! The workspace: its settings, networks and losses.

mod batch;
mod domain;
mod fusion;
mod losses;
mod networks;
mod plan;
mod settings;
mod validation;
mod workspace;

pub use batch::{Group, LatentBatch};
pub use domain::Domain;
pub use fusion::{
    Choice, Corruption, CorruptionDraw, FusedProbe, Fusing, FusionTerm, FusionTerms, ProbeTarget, Selection,
};
pub use losses::{CONTRASTIVE, CYCLES, DEMI_CYCLES, FUSED, TRANSLATION};
pub use settings::{
    Amount, BatchRule, Coefs, Combine, ContrastiveGroups, ContrastiveKind, DOMAINS, GwSettings, LossSet,
    ScheduleKind, SelectionKind,
};
pub use workspace::Workspace;
