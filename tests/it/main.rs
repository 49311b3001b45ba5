//! The integration tests of `umwelt`, in one program: each is linked with libtorch once.

mod common;

mod cli;
mod como;
mod console;
mod data;
mod defaults;
mod evaluate;
mod imports;
mod lm;
mod metric_names;
mod networks;
mod not_finite;
mod options;
mod parity;
mod published;
mod registry;
mod reproduce_configs;
mod rooms;
mod runs;
mod same_bits;
mod stages;
mod sweep_examples;
mod sweeps;
mod talk;
mod talk_real;
mod tracking;
mod waiting;
mod weightless;
mod workspace;
mod workspace_alignment;
mod workspace_captions;
mod workspace_domains;
mod workspace_fusion;
mod workspace_losses;
mod workspace_shapes;
