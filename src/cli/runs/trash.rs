//! `umwelt runs rm` and `umwelt runs restore`.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Result, bail};
use clap::Args;

use super::find_all;
use crate::cli::Mistake;
use crate::registry::Registry;

/// Move runs to the trash, or empty it
#[derive(Args, Debug)]
pub struct RemoveArguments {
    /// Names, folders, or parts of names
    #[arg(required_unless_present = "empty_trash")]
    runs: Vec<String>,

    /// Remove for good what is in the trash
    #[arg(long, conflicts_with = "runs")]
    empty_trash: bool,

    /// Do not ask
    #[arg(long, short, requires = "empty_trash")]
    yes: bool,
}

pub fn remove(registry: &Registry, arguments: &RemoveArguments) -> Result<()> {
    if arguments.empty_trash {
        return empty(registry, arguments.yes);
    }
    let runs = find_all(registry, &arguments.runs)?;
    runs.iter().try_for_each(|run| registry.check_removable(run))?;
    for run in &runs {
        let trashed = registry.remove(run)?;
        println!("{} is now {}", run.folder.display(), trashed.folder.display());
        println!("`umwelt runs restore {}{}` brings it back", trashed.name, root_flag(registry));
    }
    Ok(())
}

pub fn restore(registry: &Registry, name: Option<&str>) -> Result<()> {
    if let Some(name) = name {
        println!("{} is back", registry.restore(name)?.display());
        return Ok(());
    }
    let trashed = registry.trashed()?;
    for run in &trashed {
        println!("{}  {}", run.name, run.folder.display());
    }
    if trashed.is_empty() {
        eprintln!("{} is empty", registry.trash().display());
    }
    Ok(())
}

fn empty(registry: &Registry, yes: bool) -> Result<()> {
    let (count, trash) = (registry.trashed()?.len(), registry.trash());
    if count == 0 {
        eprintln!("{} is empty", trash.display());
        return Ok(());
    }
    let runs = if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    if !yes && !agreed(&format!("Remove {runs} in {} for good?", trash.display()))? {
        eprintln!("nothing was removed");
        return Ok(());
    }
    registry.empty_trash()?;
    println!("{runs} removed for good");
    Ok(())
}

fn agreed(question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!(Mistake(format!("{question} Nobody can answer here; say so with --yes")));
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What a command needs to find the same runs.
fn root_flag(registry: &Registry) -> String {
    let root = registry.root().display().to_string();
    if root == "runs" { String::new() } else { format!(" --root {}", crate::registry::quoted(&[root])) }
}
