//! Standard output and standard error without panics.
//!
//! `println!` and `eprintln!` panic if the pipe is closed, the disk is full or the terminal is
//! gone. The functions of this module do not.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes a line to standard error. A line that cannot be written is dropped, so that work
/// continues after the terminal is closed.
pub fn note(line: impl Display) {
    // A single write, so that lines of several processes do not mix.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Writes a question to standard error without ending the line, so that the answer follows it.
pub fn ask(question: impl Display) {
    let _ = io::stderr().lock().write_all(question.to_string().as_bytes());
}

/// Prints a result to standard output. A closed pipe is no error: readers such as `head` close it
/// once they have read enough.
///
/// # Errors
/// The text cannot be written for another reason, such as a full disk.
pub fn print(text: impl Display) -> Result<()> {
    write(&mut io::stdout().lock(), &text.to_string()).context("could not write to standard output")
}

/// Prints a result and a line end to standard output.
///
/// # Errors
/// See [`print`].
pub fn print_line(text: impl Display) -> Result<()> {
    print(format!("{text}\n"))
}

fn write(output: &mut impl Write, text: &str) -> io::Result<()> {
    // A flush here reports its error. The flush at the end of the process would ignore it.
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(closed) if closed.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that accepts all bytes and fails when it is flushed.
    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
        assert!(write(&mut Failing(ErrorKind::BrokenPipe), "text").is_ok());
        let error = write(&mut Failing(ErrorKind::StorageFull), "text").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }
}
