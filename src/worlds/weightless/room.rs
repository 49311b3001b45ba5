//! The page `/digits` of `umwelt serve`, on which agents are taught by hand.

use std::path::PathBuf;

use anyhow::{Context, Result};
use umwelt_digits::{Options, Part};
use umwelt_serve::{Publisher, Room};
use umwelt_weightless::sampling::Chosen;

use crate::datasets::{Digits, Split, mnist};

/// The folder of agents that are saved from the page.
const FOLDER: &str = "agents";

/// The page, with the agents in the files `agents` open.
///
/// # Errors
/// A file that is no agent.
pub fn room(agents: &[PathBuf], events: Publisher) -> Result<Room> {
    let options = Options { folder: FOLDER.into(), agents: agents.to_vec(), written: Box::new(written) };
    umwelt_digits::room(options, events)
}

/// A part of MNIST.
fn written(part: Part) -> Result<Chosen> {
    let split = match part {
        Part::Training => Split::Training,
        Part::Test => Split::Validation,
    };
    let digits = Digits::load(mnist::FOLDER.as_ref(), split)?;
    let (images, _) = digits.images().as_slice().context("images are in memory row by row")?.as_chunks();
    Ok(Chosen { images: images.to_vec(), labels: digits.labels().to_vec() })
}
