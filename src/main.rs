//! `umwelt`: every subcommand.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use umwelt::cli;
use umwelt_base::terminal;

#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Umwelt {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(cli::TrainArguments),
    Evaluate(cli::EvaluateArguments),
    Sweep(cli::SweepArguments),
    Report(cli::ReportArguments),
    Runs(cli::RunsArguments),
    #[cfg(feature = "serve")]
    Serve(cli::ServeArguments),
    Data(cli::DataArguments),
    Agents(cli::AgentsArguments),
    #[cfg(feature = "language")]
    Lm(cli::LmArguments),
    #[cfg(feature = "language")]
    Message(cli::MessageArguments),
    /// Checks this machine, and says how to fix a problem
    Doctor,
    /// Prints a completion script for a shell
    Completions {
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    cli::leave(match Umwelt::parse().command {
        Command::Train(arguments) => cli::train(&arguments),
        Command::Evaluate(arguments) => cli::evaluate(&arguments),
        Command::Sweep(arguments) => cli::sweep(&arguments),
        Command::Report(arguments) => cli::report(&arguments),
        Command::Runs(arguments) => cli::runs(&arguments, |again| cli::train(&again.into())),
        #[cfg(feature = "serve")]
        Command::Serve(arguments) => cli::serve(&arguments),
        Command::Data(arguments) => cli::data(&arguments),
        Command::Agents(arguments) => cli::agents(&arguments),
        #[cfg(feature = "language")]
        Command::Lm(arguments) => cli::lm(&arguments),
        #[cfg(feature = "language")]
        Command::Message(arguments) => cli::message(&arguments),
        Command::Doctor => cli::doctor(),
        Command::Completions { shell } => {
            let mut script = vec![];
            clap_complete::generate(shell, &mut Umwelt::command(), "umwelt", &mut script);
            terminal::print(String::from_utf8_lossy(&script))
        }
    })
}
