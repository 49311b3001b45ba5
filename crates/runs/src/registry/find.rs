//! The search for a run by its name, its path or a unique part of its name.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::name::{is_called, name_of};
use umwelt_base::UserError;

use super::Registry;
use crate::RunSummary;

/// The most candidates that an error lists.
const MOST: usize = 10;
/// The least likeness (1 is equal) of a name to suggest.
const LEAST_LIKENESS: f64 = 0.5;

/// A run and its folder.
#[derive(Clone, Debug)]
pub struct Run {
    pub folder: PathBuf,
    pub summary: RunSummary,
}

impl Registry {
    /// The run among `runs` with the name `typed` or a part of it, or the run in the folder
    /// `typed`.
    ///
    /// # Errors
    /// Several matches, which the error lists, or no match; then it suggests the nearest names.
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
        let containing = || runs.iter().filter(|run| run.name.contains(wanted)).collect();
        let matching = if starting.is_empty() { containing() } else { starting };
        match matching[..] {
            [only] => Ok(run(only)),
            [] => Err(unknown(
                &typed,
                self.root(),
                runs.iter().map(|run| run.name.as_str()),
                "`umwelt runs ls` lists all runs",
            )),
            _ => Err(ambiguous(&typed, &matching)),
        }
    }

    /// The name of a folder in this registry, if the folder lies below the root.
    pub(super) fn name_below_root(&self, folder: &Path) -> Option<String> {
        let (root, folder) = (fs::canonicalize(self.root()).ok()?, canonical_place(folder).ok()?);
        let below = folder.strip_prefix(root).ok()?;
        (!below.as_os_str().is_empty()).then(|| name_of(below))
    }
}

/// The path of a folder without links and `..` in its parents. A link itself stays a link.
fn canonical_place(folder: &Path) -> io::Result<PathBuf> {
    match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Ok(fs::canonicalize(parent)?.join(name))
        }
        _ => fs::canonicalize(folder),
    }
}

/// The error that `place` has no run `typed`, with the most similar of `names`, or else the hint
/// `otherwise`.
pub fn unknown<'a>(
    typed: &str,
    place: &Path,
    names: impl Iterator<Item = &'a str>,
    otherwise: &str,
) -> UserError {
    let mut alike: Vec<(f64, &str)> = names.map(|name| (likeness(typed, name), name)).collect();
    alike.retain(|(likeness, _)| *likeness >= LEAST_LIKENESS);
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let nearest: Vec<&str> = alike.iter().take(3).map(|(_, name)| *name).collect();
    let hint = if nearest.is_empty() {
        otherwise.to_owned()
    } else {
        format!("did you mean {}?", nearest.join(" or "))
    };
    UserError(format!("there is no run `{typed}` in {}; {hint}", place.display()))
}

fn ambiguous(typed: &str, matching: &[&RunSummary]) -> UserError {
    let count = matching.len();
    let listed: String = matching.iter().take(MOST).map(|run| format!("\n  {}", run.name)).collect();
    let more = if count > MOST { format!("\n  and {} more", count - MOST) } else { String::new() };
    UserError(format!("`{typed}` matches {count} runs; write more of its name:{listed}{more}"))
}

/// The likeness of `typed` to a name or to its last part, from 0 to 1.
fn likeness(typed: &str, name: &str) -> f64 {
    let last = name.rsplit('/').next().unwrap_or(name);
    let like = |known: &str| strsim::normalized_damerau_levenshtein(typed, known);
    like(name).max(like(last))
}
