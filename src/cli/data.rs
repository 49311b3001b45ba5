//! `umwelt data`: downloads, lists and verifies data sets.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use crate::charts::{Align, Table, format::bytes};
use crate::datasets::mnist::{self, FILES, Fault, Published, Source};
use umwelt_base::terminal::{self, print, print_line};

/// Downloads, lists and verifies data sets
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt data mnist                          from the network
  umwelt data mnist --from /media/mnist      from a folder, plain or gzipped
  umwelt data verify")]
pub struct DataArguments {
    #[command(subcommand)]
    command: Command,

    /// The folder of the digits
    #[arg(long, global = true, value_name = "FOLDER", default_value = mnist::FOLDER)]
    folder: PathBuf,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Fetch the missing and damaged files of MNIST (55 MB)
    Mnist {
        /// A folder to copy the files from, in place of the network
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
    },
    /// List the known data sets and their files
    Ls,
    /// Compare the checksum of every file with that of the published one
    Verify,
}

/// Runs a subcommand.
///
/// # Errors
/// No source has the files, or `verify` finds a missing or damaged file.
pub fn data(arguments: &DataArguments) -> Result<()> {
    let folder = &arguments.folder;
    match &arguments.command {
        Command::Mnist { from } => fetch(folder, from.clone()),
        Command::Ls => list(folder),
        Command::Verify => verify(folder),
    }
}

fn fetch(folder: &Path, from: Option<PathBuf>) -> Result<()> {
    let sources = from.map_or_else(|| Source::PUBLIC.to_vec(), |from| vec![Source::Folder(from)]);
    let fetched = mnist::fetch(folder, &sources, &|line| terminal::note(line))?;
    let found = if fetched { "checked" } else { "was there already, checked" };
    let (training, test) = (FILES[0].items, FILES[2].items);
    let folder = folder.display();
    print_line(format!("{folder}: MNIST, {training} training and {test} test digits; {found}"))
}

fn list(folder: &Path) -> Result<()> {
    let faults = mnist::faults(folder);
    let missing = faults.iter().filter(|(_, fault)| matches!(fault, Fault::Missing(_))).count();
    let state = match faults.len() {
        0 => "complete",
        all if all == missing => "missing",
        _ => "damaged",
    };
    let is_good = |name: &str| !faults.iter().any(|(file, _)| file.name == name);
    let items = |images: usize| match FILES[images..][..2].iter().all(|file| is_good(file.name)) {
        true => FILES[images].items.to_string(),
        false => "-".to_owned(),
    };
    let size: usize = FILES.iter().filter(|file| is_good(file.name)).map(|file| file.size).sum();
    let left = [("data set", Align::Left), ("folder", Align::Left), ("files", Align::Left)];
    let right = [("training", Align::Right), ("test", Align::Right), ("size", Align::Right)];
    let table = Table::new(left.into_iter().chain(right).chain([("state", Align::Left)])).row([
        "MNIST".to_owned(),
        folder.display().to_string(),
        format!("{} of {}", FILES.len() - missing, FILES.len()),
        items(0),
        items(2),
        bytes(size as u64),
        state.to_owned(),
    ]);
    let faulty = || format!("\n{}\n{}\n", lines(&faults), mnist::hint(folder));
    print(format!("{table}{}", if faults.is_empty() { String::new() } else { faulty() }))
}

fn verify(folder: &Path) -> Result<()> {
    let faults = mnist::faults(folder);
    if !faults.is_empty() {
        bail!("{}\n{}", lines(&faults), mnist::hint(folder));
    }
    FILES.iter().try_for_each(|file| print_line(format!("{}: as published", file.name)))
}

fn lines(faults: &[(Published, Fault)]) -> String {
    faults.iter().map(|(_, fault)| fault.to_string()).collect::<Vec<_>>().join("\n")
}
