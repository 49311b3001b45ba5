//! Event files that TensorBoard reads: scalars, images and text.

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
    Content, Event, Image, Metadata, Plugin, Session, Shape, Size, Summary, TensorText, Value, Worth,
};

const VERSION: &str = "brain.Event:2";
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// `SessionLog.START`.
const START: i32 = 1;
/// `DT_STRING` of TensorFlow's types.
const STRING: i32 = 7;
/// TensorFlow's code for red, green, blue and opacity.
const RGBA: i32 = 4;

/// An open event file; what is told to it is in the file when the call returns.
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Begins a new event file in `folder`, which is made if need be.
    ///
    /// # Errors
    /// When the folder or the file cannot be made.
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

    /// Says that the steps from `first` on are about to be taken: TensorBoard drops what older files say of them.
    ///
    /// # Errors
    /// As for every call: when the file cannot be written.
    pub fn session(&mut self, first: u64) -> Result<()> {
        let content = Some(Content::Session(Session { status: START }));
        self.append(Event { wall_time: unix_seconds(), step: i64::try_from(first)?, content })
    }

    /// Tells numbers of one step by tag; `wall_time` is in Unix seconds.
    pub fn scalars(&mut self, step: u64, wall_time: f64, scalars: &[(&str, f64)]) -> Result<()> {
        let value = |(tag, number): &(&str, f64)| Value::new(tag, Worth::Number(*number as f32));
        self.tell(step, wall_time, scalars.iter().map(value).collect())
    }

    /// Tells a picture, given as the bytes of a PNG file.
    ///
    /// # Errors
    /// When the bytes are no PNG.
    pub fn image(&mut self, step: u64, wall_time: f64, tag: &str, png: Vec<u8>) -> Result<()> {
        let (width, height) = png_size(&png).with_context(|| format!("the image {tag} is no PNG"))?;
        let image = Image { height, width, colours: RGBA, png };
        self.tell(step, wall_time, vec![Value::new(tag, Worth::Image(image))])
    }

    /// Tells a text in Markdown.
    pub fn text(&mut self, step: u64, wall_time: f64, tag: &str, markdown: &str) -> Result<()> {
        let shape = Shape { sizes: vec![Size { size: 1 }] };
        let texts = vec![markdown.as_bytes().to_vec()];
        let worth = Worth::Text(TensorText { kind: STRING, shape: Some(shape), texts });
        let plugin = Plugin { name: "text".into() };
        let value = Value { metadata: Some(Metadata { plugin: Some(plugin) }), ..Value::new(tag, worth) };
        self.tell(step, wall_time, vec![value])
    }

    fn tell(&mut self, step: u64, wall_time: f64, values: Vec<Value>) -> Result<()> {
        let content = Some(Content::Summary(Summary { values }));
        self.append(Event { wall_time, step: i64::try_from(step)?, content })
    }

    fn append(&mut self, event: Event) -> Result<()> {
        let framed = record::frame(&event.encode_to_vec());
        self.file.write_all(&framed).with_context(|| atomic::failure(&self.path))
    }
}

/// A name that TensorBoard looks for, and that no other file of this folder has.
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
    unreachable!("the numbers do not end")
}

/// Width and height, which every PNG tells in its first chunk.
fn png_size(png: &[u8]) -> Result<(i32, i32)> {
    ensure!(png.starts_with(PNG_SIGNATURE) && png.get(12..16) == Some(b"IHDR"), "it begins differently");
    let number = |at: usize| {
        let bytes = png.get(at..at + 4).context("it ends too early")?;
        Ok::<_, anyhow::Error>(i32::from_be_bytes(bytes.try_into()?))
    };
    Ok((number(16)?, number(20)?))
}
