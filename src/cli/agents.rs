//! `umwelt agents`: files of weightless agents.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use umwelt_weightless::agent::{Agent, Taught};
use umwelt_weightless::{Answer, Samples};

use crate::charts::{Align, Table, format::bytes};
use crate::datasets::{Digits, Split, mnist};
use crate::worlds::weightless::drawing;
use umwelt_base::UserError;
use umwelt_base::terminal::{print, print_line};
use umwelt_base::threads::cores;

/// The folders that are listed without arguments.
const FOLDERS: [&str; 2] = ["agents", "runs"];
/// Folders below a listed one that are looked into.
const DEPTH: usize = 3;

/// Lists, tests and teaches weightless agents
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  umwelt agents ls
  umwelt agents show runs/digits/agent.safetensors
  umwelt agents show runs/digits/agent.safetensors --c > agent.c
  umwelt agents test runs/digits/agent.safetensors
  umwelt agents teach runs/digits/agent.safetensors seven.png 7
  umwelt agents compact runs/digits/agent.safetensors small.safetensors")]
pub struct AgentsArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List the agents in folders
    Ls {
        /// [default: agents and runs]
        #[arg(value_name = "FOLDER")]
        folders: Vec<PathBuf>,
    },
    /// Print what an agent is and what it has learnt
    Show {
        file: PathBuf,
        /// Print the finished form of a dwn or logic agent as C
        #[arg(long)]
        c: bool,
    },
    /// Test an agent on the test digits
    Test {
        file: PathBuf,
        /// The folder of the digits, in the format of MNIST
        #[arg(long, value_name = "FOLDER", default_value = mnist::FOLDER)]
        data: PathBuf,
        /// The number of threads [default: one for each core]
        #[arg(long)]
        threads: Option<usize>,
    },
    /// Teach an agent one picture, and write it back
    Teach { file: PathBuf, picture: PathBuf, label: u8 },
    /// Write an agent in its finished form: the same answers in less memory, and no more learning
    Compact {
        file: PathBuf,
        /// The file to write
        output: PathBuf,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// A file cannot be read or written, or is no agent.
pub fn agents(arguments: &AgentsArguments) -> Result<()> {
    match &arguments.command {
        Command::Ls { folders } => list(folders),
        Command::Show { file, c: false } => show(&load(file)?),
        Command::Show { file, c: true } => show_c(file),
        Command::Test { file, data, threads } => test(&load(file)?, data, *threads),
        Command::Teach { file, picture, label } => teach(file, picture, *label),
        Command::Compact { file, output } => compact(file, output),
    }
}

fn load(file: &Path) -> Result<Agent> {
    Agent::load(file).map_err(|refused| UserError(refused.to_string()).into())
}

fn list(folders: &[PathBuf]) -> Result<()> {
    let default = || FOLDERS.iter().map(PathBuf::from).filter(|folder| folder.is_dir()).collect();
    let folders: Vec<PathBuf> = if folders.is_empty() { default() } else { folders.to_vec() };
    let mut files = vec![];
    for folder in &folders {
        find(folder, DEPTH, &mut files).with_context(|| folder.display().to_string())?;
    }
    files.sort();
    let columns = ["file", "kind", "learnt", "taught", "size"].map(|name| (name, Align::Left)).into_iter();
    let mut table = Table::new(columns);
    for file in &files {
        // Other tensors lie beside agents.
        let Ok(agent) = Agent::load(file) else { continue };
        let size = std::fs::metadata(file).map_or(0, |found| found.len());
        let learnt: u64 = agent.learnt().iter().sum();
        table = table.row([
            file.display().to_string(),
            agent.settings().kind.name().to_owned(),
            learnt.to_string(),
            agent.journal().len().to_string(),
            bytes(size),
        ]);
    }
    print(table)
}

/// The files of tensors in a folder and below it.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && depth > 0 {
            find(&path, depth - 1, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|name| name == "safetensors") {
            files.push(path);
        }
    }
    Ok(())
}

fn show(agent: &Agent) -> Result<()> {
    let (settings, size) = (agent.settings(), agent.size());
    let learnt = agent.learnt().iter().enumerate().map(|(class, count)| format!("{class}: {count}"));
    let finished = size.finished.map_or("none".to_owned(), |finished| bytes(finished as u64));
    let state = if agent.is_finished() { "finished, learns no more" } else { "learns" };
    let lines = [
        ("name", agent.name().to_owned()),
        ("kind", settings.kind.name().to_owned()),
        ("settings", serde_json::to_string(&settings.kind)?),
        ("encoding", serde_json::to_string(&settings.encoding)?),
        ("samples learnt", learnt.collect::<Vec<_>>().join(", ")),
        ("taught by hand", agent.journal().len().to_string()),
        ("memory", bytes(size.learning as u64)),
        ("finished form", finished),
        ("the samples as bits", bytes(size.samples as u64)),
        ("state", state.to_owned()),
    ];
    let table = Table::new([("agent", Align::Left), ("", Align::Left)]);
    print(lines.into_iter().fold(table, |table, (name, value)| table.row([name.to_owned(), value])))
}

fn show_c(file: &Path) -> Result<()> {
    let agent = load(file)?;
    let none = || {
        let kind = agent.settings().kind.name();
        UserError(format!(
            "{}: a {kind} agent has no form in C; dwn and logic agents have one",
            file.display()
        ))
    };
    print(agent.c_code().ok_or_else(none)?)
}

fn test(agent: &Agent, data: &Path, threads: Option<usize>) -> Result<()> {
    let digits = Digits::load_set(data, Split::Validation)?;
    let images = digits.images().as_slice().context("images are in memory row by row")?;
    let samples = Samples::new(images, digits.labels())?;
    let found = agent.accuracy(&samples, threads.unwrap_or_else(cores));
    let none = 100.0 * found.no_class as f64 / found.answers as f64;
    let share = 100.0 * found.share();
    print_line(format!(
        "{share:.2} % of {} test digits right, {none:.2} % answered \"no digit\"",
        found.answers
    ))
}

fn teach(file: &Path, picture: &Path, label: u8) -> Result<()> {
    let (mut agent, image) = (load(file)?, drawing(picture)?);
    let before = said(&agent.answer(&image, 0));
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    agent.teach(Taught { image, label, time }).map_err(|error| UserError(error.to_string()))?;
    let after = said(&agent.answer(&image, 0));
    agent.save(file)?;
    print_line(format!("before: {before}; learnt as a {label}; now: {after}; {} written", file.display()))
}

fn said(answer: &Answer) -> String {
    match (answer.label(), answer.value) {
        (Some(label), _) => format!("a {label} ({:.0} %)", 100.0 * answer.confidence),
        (None, Some(value)) => format!("no digit ({value})"),
        (None, None) => "nothing learnt".into(),
    }
}

fn compact(file: &Path, output: &Path) -> Result<()> {
    let compact = load(file)?.compact().map_err(|error| UserError(error.to_string()))?;
    compact.save(output)?;
    let size = std::fs::metadata(output)?.len();
    print_line(format!(
        "{}: {} agent, finished, {}",
        output.display(),
        compact.settings().kind.name(),
        bytes(size)
    ))
}
