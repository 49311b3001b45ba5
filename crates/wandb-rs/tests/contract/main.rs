//! Tests of this crate against the installed Python wheel `wandb` and a server on 127.0.0.1.

mod failures;
mod programs;
mod records;
mod server;
mod sweeps;
mod uploads;
mod wheel;
