//! `train`: the same as `umwelt train`.

use std::process::ExitCode;

use clap::Parser;
use umwelt::cli;

#[derive(Parser)]
#[command(name = "train", version)]
struct Train {
    #[command(flatten)]
    arguments: cli::TrainArguments,
}

fn main() -> ExitCode {
    cli::leave(cli::train(&Train::parse().arguments))
}
