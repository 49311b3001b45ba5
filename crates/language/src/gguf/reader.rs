//! Bounded reading of a GGUF file.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// A file that is read from front to back. Nothing larger than the rest of the file is allocated.
pub struct Reader {
    file: BufReader<File>,
    length: u64,
    position: u64,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file: BufReader::new(file), length, position: 0 })
    }

    /// The number of bytes behind the position.
    pub fn rest(&self) -> u64 {
        self.length - self.position
    }

    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes to a byte of the file.
    ///
    /// # Errors
    /// When the file is shorter.
    pub fn seek(&mut self, position: u64) -> Result<()> {
        ensure!(position <= self.length, "it is cut short: byte {position} of {} bytes", self.length);
        self.file.seek(SeekFrom::Start(position))?;
        self.position = position;
        Ok(())
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// When the file has fewer.
    pub fn bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.check(count)?;
        let mut bytes = vec![0; usize::try_from(count).context("too large for this machine")?];
        self.file.read_exact(&mut bytes)?;
        self.position += count;
        Ok(bytes)
    }

    /// Checks that `count` bytes follow.
    ///
    /// # Errors
    /// When the file has fewer.
    pub fn check(&self, count: u64) -> Result<()> {
        let rest = self.rest();
        ensure!(count <= rest, "it is cut short or damaged: {count} bytes are stated where {rest} are left");
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.bytes(N as u64)?.try_into().expect("as many bytes as were asked for"))
    }

    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A text: its length and its bytes in UTF-8.
    ///
    /// # Errors
    /// When the file is shorter, or the bytes are no UTF-8.
    pub fn text(&mut self) -> Result<String> {
        let length = self.u64()?;
        String::from_utf8(self.bytes(length)?).context("a text is no UTF-8")
    }

    /// A number of things of at least `least` bytes each, which all must still follow.
    ///
    /// # Errors
    /// When the file has no room for as many.
    pub fn count(&mut self, least: u64) -> Result<u64> {
        let count = self.u64()?;
        let Some(bytes) = count.checked_mul(least) else { bail!("a count of {count} is damaged") };
        self.check(bytes)?;
        Ok(count)
    }

    /// One number of the GGUF type `kind` as a JSON value.
    ///
    /// # Errors
    /// When the file is shorter, or the type is no number or bool.
    pub fn scalar(&mut self, kind: u32) -> Result<serde_json::Value> {
        Ok(match kind {
            0 => self.array::<1>()?[0].into(),
            1 => i8::from_le_bytes(self.array()?).into(),
            2 => u16::from_le_bytes(self.array()?).into(),
            3 => i16::from_le_bytes(self.array()?).into(),
            4 => self.u32()?.into(),
            5 => i32::from_le_bytes(self.array()?).into(),
            6 => f32::from_le_bytes(self.array()?).into(),
            7 => (self.array::<1>()?[0] != 0).into(),
            10 => self.u64()?.into(),
            11 => i64::from_le_bytes(self.array()?).into(),
            12 => f64::from_le_bytes(self.array()?).into(),
            other => bail!("a value is of the unknown type {other}"),
        })
    }
}
