//! Standard output and standard error, written so that a closed pipe, a full disk or a terminal that is gone
//! never ends the process: `println!` and its relatives panic there.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes a line to standard error. Where that cannot be written to, the line is dropped: work goes on without
/// anyone who looks on.
pub fn note(line: impl Display) {
    // One write, so that the lines of several processes do not mix.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Writes to standard error without ending the line, for a question whose answer follows.
pub fn ask(question: impl Display) {
    let _ = io::stderr().lock().write_all(question.to_string().as_bytes());
}

/// Prints a result to standard output. A reader that has seen enough, such as `head`, is no error.
///
/// # Errors
/// When the text cannot be written for another reason, such as a full disk.
pub fn print(text: impl Display) -> Result<()> {
    write(&mut io::stdout().lock(), &text.to_string()).context("could not write to standard output")
}

/// [`print`] with the end of the line.
///
/// # Errors
/// As [`print`].
pub fn print_line(text: impl Display) -> Result<()> {
    print(format!("{text}\n"))
}

fn write(output: &mut impl Write, text: &str) -> io::Result<()> {
    // Flushed here: what is left in the buffer at the end of the process would fail without a word.
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(closed) if closed.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything and fails when it is flushed.
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
