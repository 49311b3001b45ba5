//! `umwelt data shapes`: the items of Simple Shapes as files.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::charts::format::bytes;
use crate::settings;
use crate::worlds::workspace::data::files::{self, FilesSettings, Layout};
use umwelt_base::terminal::{self, print_line};

/// The least time between two lines of progress.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Args, Debug)]
pub struct ShapesArguments {
    /// The folder to write into
    #[arg(value_name = "FOLDER", default_value = files::FOLDER)]
    into: PathBuf,

    /// The layout of the files
    #[arg(long)]
    layout: Option<Layout>,

    /// Settings as dotted keys: seed=1 shapes.n_train_examples=1000
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    values: Vec<String>,
}

/// Writes the files.
///
/// # Errors
/// A mistake in the settings, a folder with other items, or a file that cannot be written.
pub fn write(arguments: &ShapesArguments) -> Result<()> {
    let mut settings = settings::load::<FilesSettings>(&[], &arguments.values)?.settings;
    settings.layout = arguments.layout.unwrap_or(settings.layout);
    let folder = &arguments.into;
    let written = files::write(folder, &settings, &progress())?;
    let (found, shapes) = (if written { "written" } else { "all were there already" }, settings.shapes);
    let (training, validation, test) =
        (shapes.n_train_examples, shapes.n_val_examples, shapes.n_test_examples);
    let folder = folder.display();
    print_line(format!(
        "{folder}: Simple Shapes, {training} training, {validation} validation and {test} test items; {found}"
    ))
}

/// Compares the files of a folder with the items of its settings.
///
/// # Errors
/// The first file that differs.
pub fn verify(folder: &Path) -> Result<()> {
    files::verify(folder, &progress(), &|path| print_line(format!("{}: as generated", path.display())))
}

/// The row of a folder in the table of data sets.
pub fn row(folder: &Path) -> [String; 7] {
    let summary = files::summary(folder);
    let [training, _, test] =
        summary.items.map(|items| items.map_or("-".to_owned(), |items| items.to_string()));
    [
        "Simple Shapes".to_owned(),
        folder.display().to_string(),
        format!("{} of {}", summary.found, summary.all),
        training,
        test,
        bytes(summary.bytes),
        if summary.found == summary.all { "complete" } else { "partial" }.to_owned(),
    ]
}

/// Progress as a line every two seconds.
fn progress() -> impl Fn(&Path, usize, usize) {
    let last = Cell::new(Instant::now());
    move |path, done, all| {
        if done < all && last.get().elapsed() >= PAUSE {
            terminal::note(format!("{}: {done} of {all}", path.display()));
            last.set(Instant::now());
        }
    }
}
