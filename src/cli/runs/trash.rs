//! `umwelt runs rm` and `umwelt runs restore`.

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;

use super::find_all;
use crate::registry::{Registry, quoted, shown};
use umwelt_base::UserError;
use umwelt_base::terminal::{self, print_line};

/// Move runs to the trash, or empty it
#[derive(Args, Debug)]
pub struct RemoveArguments {
    /// Names or folders of runs, or unique parts of their names
    #[arg(required_unless_present = "empty_trash")]
    runs: Vec<PathBuf>,

    /// Delete all runs in the trash permanently
    #[arg(long, conflicts_with = "runs")]
    empty_trash: bool,

    /// Delete without a question
    #[arg(long, short, requires = "empty_trash")]
    yes: bool,
}

pub fn remove(registry: &Registry, arguments: &RemoveArguments) -> Result<()> {
    if arguments.empty_trash {
        return empty(registry, arguments.yes);
    }
    let runs = find_all(registry, &arguments.runs)?;
    runs.iter().try_for_each(|run| registry.check_removable(run).map(drop))?;
    for run in &runs {
        let trashed = registry.remove(run)?;
        let restore = format!("umwelt runs restore {}{}", quoted(&[&trashed.name]), root_flag(registry));
        print_line(format!("{} is now {}", shown(&run.folder), shown(&trashed.folder)))?;
        print_line(format!("`{restore}` brings it back"))?;
    }
    Ok(())
}

pub fn restore(registry: &Registry, name: Option<&Path>) -> Result<()> {
    if let Some(name) = name {
        return print_line(format!("{} is back", shown(&registry.restore(name)?)));
    }
    let trashed = registry.trashed()?;
    for run in &trashed {
        print_line(format!("{}  {}", run.name, shown(&run.folder)))?;
    }
    if trashed.is_empty() {
        terminal::note(format!("{} is empty", registry.trash().display()));
    }
    Ok(())
}

fn empty(registry: &Registry, yes: bool) -> Result<()> {
    let (count, trash) = (registry.trashed()?.len(), registry.trash());
    if count == 0 {
        terminal::note(format!("{} is empty", trash.display()));
        return Ok(());
    }
    let runs = if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    if !yes && !is_confirmed(&format!("Delete {runs} in {} permanently?", trash.display()))? {
        terminal::note("nothing was removed");
        return Ok(());
    }
    registry.empty_trash()?;
    print_line(format!("{runs} deleted permanently"))
}

fn is_confirmed(question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!(UserError(format!("{question} The input is not a terminal: pass --yes to confirm")));
    }
    terminal::ask(format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The `--root` argument of a command about the same registry; empty for the default root.
fn root_flag(registry: &Registry) -> String {
    let root = registry.root();
    if root == Path::new("runs") { String::new() } else { format!(" --root {}", quoted(&[root])) }
}
