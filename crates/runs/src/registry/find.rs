//! A run by what a person types: its name, its path, or a part of its name that no other has.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::name::{is_called, name_of};
use umwelt_base::UserError;

use super::Registry;
use crate::RunSummary;

/// More candidates than this are not read.
const MOST: usize = 10;
/// Below this likeness (1 is equal) two names have nothing to do with each other.
const ALIKE: f64 = 0.5;

/// A run and where it lies.
#[derive(Clone, Debug)]
pub struct Run {
    pub folder: PathBuf,
    pub summary: RunSummary,
}

impl Registry {
    /// The one of `runs` that `typed` means, or the run in the folder `typed`.
    ///
    /// # Errors
    /// When several are meant, which are named, or none; then the nearest names are.
    pub fn find(&self, runs: &[RunSummary], typed: &Path) -> Result<Run, UserError> {
        let run =
            |summary: &RunSummary| Run { folder: self.folder_of(&summary.name), summary: summary.clone() };
        if let Some(exact) = runs.iter().find(|run| is_called(&run.name, typed)) {
            return Ok(run(exact));
        }
        if let Some(summary) = RunSummary::read(typed) {
            let name = self.name_below_root(typed);
            let known = runs.iter().find(|run| Some(&run.name) == name.as_ref());
            return Ok(known.map_or_else(|| Run { folder: typed.into(), summary }, run));
        }
        let typed = name_of(typed);
        let wanted = typed.trim_end_matches('/');
        let starting: Vec<_> = runs.iter().filter(|run| run.name.starts_with(wanted)).collect();
        let holding = || runs.iter().filter(|run| run.name.contains(wanted)).collect();
        let meant = if starting.is_empty() { holding() } else { starting };
        match meant[..] {
            [only] => Ok(run(only)),
            [] => Err(unknown(
                &typed,
                self.root(),
                runs.iter().map(|run| run.name.as_str()),
                "`umwelt runs ls` lists those there are",
            )),
            _ => Err(ambiguous(&typed, &meant)),
        }
    }

    /// The name that a folder has here, if it lies below the root.
    pub(super) fn name_below_root(&self, folder: &Path) -> Option<String> {
        let (root, folder) = (fs::canonicalize(self.root()).ok()?, place(folder).ok()?);
        let below = folder.strip_prefix(root).ok()?;
        (!below.as_os_str().is_empty()).then(|| name_of(below))
    }
}

/// Where a folder lies, without links and `..` in the path to it. A folder that is itself a link lies where the link does.
fn place(folder: &Path) -> io::Result<PathBuf> {
    match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Ok(fs::canonicalize(parent)?.join(name))
        }
        _ => fs::canonicalize(folder),
    }
}

/// That there is no run `typed` in `place`, and which names are nearest, or else where to look.
pub fn unknown<'a>(
    typed: &str,
    place: &Path,
    names: impl Iterator<Item = &'a str>,
    otherwise: &str,
) -> UserError {
    let mut alike: Vec<(f64, &str)> = names.map(|name| (likeness(typed, name), name)).collect();
    alike.retain(|(likeness, _)| *likeness >= ALIKE);
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let nearest: Vec<&str> = alike.iter().take(3).map(|(_, name)| *name).collect();
    let hint = if nearest.is_empty() {
        otherwise.to_owned()
    } else {
        format!("did you mean {}?", nearest.join(" or "))
    };
    UserError(format!("there is no run `{typed}` in {}; {hint}", place.display()))
}

fn ambiguous(typed: &str, meant: &[&RunSummary]) -> UserError {
    let named: String = meant.iter().take(MOST).map(|run| format!("\n  {}", run.name)).collect();
    let more =
        if meant.len() > MOST { format!("\n  and {} more", meant.len() - MOST) } else { String::new() };
    UserError(format!("`{typed}` may be any of {} runs; write more of its name:{named}{more}", meant.len()))
}

/// From 0 to 1, by the whole name or by its last part.
fn likeness(typed: &str, name: &str) -> f64 {
    let last = name.rsplit('/').next().unwrap_or(name);
    let like = |known: &str| strsim::normalized_damerau_levenshtein(typed, known);
    like(name).max(like(last))
}
