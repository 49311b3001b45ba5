//! TensorBoard's event files, with scalars, images and text.

mod messages;
mod record;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result, ensure};
use prost::Message;

use umwelt_base::atomic;

use super::{environment, status::unix_seconds};
use messages::{
    Content, Event, Image, Metadata, Payload, Plugin, Session, Shape, Size, Summary, TensorText, Value,
};

const VERSION: &str = "brain.Event:2";
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// `SessionLog.START`.
const START: i32 = 1;
/// `DT_STRING` of TensorFlow's types.
const STRING: i32 = 7;
/// TensorFlow's code for red, green, blue and opacity.
const RGBA: i32 = 4;

/// An open event file. Each call writes its event before it returns.
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Creates a new event file in `folder`, and the folder if it is missing.
    ///
    /// # Errors
    /// The folder or the file cannot be created.
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
        let now = unix_seconds();
        let (path, file) = new_file(folder, now as u64)?;
        let mut events = Self { path, file };
        events.append(Event {
            wall_time: now,
            step: 0,
            content: Some(Content::FileVersion(VERSION.into())),
        })?;
        Ok(events)
    }

    /// Marks a start of the program at the step `first`. TensorBoard drops events of older files
    /// from this step on.
    ///
    /// # Errors
    /// The file cannot be written, as for all calls.
    pub fn session(&mut self, first: u64) -> Result<()> {
        let content = Some(Content::Session(Session { status: START }));
        self.append(Event { wall_time: unix_seconds(), step: i64::try_from(first)?, content })
    }

    /// Writes the scalars of one step by tag. `wall_time` is in Unix seconds.
    pub fn scalars(&mut self, step: u64, wall_time: f64, scalars: &[(&str, f64)]) -> Result<()> {
        let value = |(tag, number): &(&str, f64)| Value::new(tag, Payload::Number(*number as f32));
        self.summary(step, wall_time, scalars.iter().map(value).collect())
    }

    /// Writes an image, given as the bytes of a PNG file.
    ///
    /// # Errors
    /// The bytes are not a PNG file.
    pub fn image(&mut self, step: u64, wall_time: f64, tag: &str, png: Vec<u8>) -> Result<()> {
        let (width, height) = png_size(&png).with_context(|| format!("the image {tag} is not a PNG"))?;
        let image = Image { height, width, colours: RGBA, png };
        self.summary(step, wall_time, vec![Value::new(tag, Payload::Image(image))])
    }

    /// Writes a text in Markdown.
    pub fn text(&mut self, step: u64, wall_time: f64, tag: &str, markdown: &str) -> Result<()> {
        let shape = Shape { sizes: vec![Size { size: 1 }] };
        let texts = vec![markdown.as_bytes().to_vec()];
        let payload = Payload::Text(TensorText { kind: STRING, shape: Some(shape), texts });
        let plugin = Plugin { name: "text".into() };
        let value = Value { metadata: Some(Metadata { plugin: Some(plugin) }), ..Value::new(tag, payload) };
        self.summary(step, wall_time, vec![value])
    }

    fn summary(&mut self, step: u64, wall_time: f64, values: Vec<Value>) -> Result<()> {
        let content = Some(Content::Summary(Summary { values }));
        self.append(Event { wall_time, step: i64::try_from(step)?, content })
    }

    fn append(&mut self, event: Event) -> Result<()> {
        let framed = record::frame(&event.encode_to_vec());
        self.file.write_all(&framed).with_context(|| atomic::failure(&self.path))
    }
}

/// A new file with a name that TensorBoard recognizes.
fn new_file(folder: &Path, seconds: u64) -> Result<(PathBuf, File)> {
    let host = environment::host().unwrap_or_else(|| "host".into());
    let host: String = host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    for number in 0.. {
        let name = format!("events.out.tfevents.{seconds:010}.{host}.{}.{number}", process::id());
        let path = folder.join(name);
        match File::create_new(&path) {
            Err(taken) if taken.kind() == ErrorKind::AlreadyExists => {}
            other => return Ok((path.clone(), other.with_context(|| atomic::failure(&path))?)),
        }
    }
    unreachable!("some number is free")
}

/// The width and height in the first chunk of a PNG.
fn png_size(png: &[u8]) -> Result<(i32, i32)> {
    ensure!(png.starts_with(PNG_SIGNATURE) && png.get(12..16) == Some(b"IHDR"), "it begins differently");
    let number = |at: usize| {
        let bytes = png.get(at..at + 4).context("it ends too early")?;
        Ok::<_, anyhow::Error>(i32::from_be_bytes(bytes.try_into()?))
    };
    Ok((number(16)?, number(20)?))
}
