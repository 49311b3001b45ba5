//! The address or socket file that the server listens at.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener as StdListener, ToSocketAddrs};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::Mode;
use rustix::process::umask;
use tokio::net::{TcpListener, UnixListener};
use umwelt_base::UserError;

use super::ServeOptions;

/// The ports after a taken one that are tried.
const NEXT_PORTS: u16 = 100;

/// A listener.
pub enum Bound {
    Address(TcpListener, SocketAddr),
    Socket(UnixListener, PathBuf),
}

impl Bound {
    /// The link to the pages, or the place of the socket file.
    pub fn address(&self, base: &str, token: Option<&str>) -> String {
        let query =
            token.map_or_else(String::new, |token| format!("?token={}", crate::query::encoded(token)));
        let page = if base.is_empty() { "/" } else { base };
        match self {
            Self::Address(_, address) => format!("http://{address}{page}{query}"),
            Self::Socket(_, path) => format!("{}{page}{query}", path.display()),
        }
    }
}

/// Listens at the socket file or address of `options`. A taken port is followed by the next.
pub fn bind(options: &ServeOptions) -> Result<Bound> {
    if let Some(path) = &options.socket {
        return bind_socket(path);
    }
    let last = if options.port == 0 { 0 } else { options.port.saturating_add(NEXT_PORTS) };
    for port in options.port..=last {
        match listen(&options.host, port) {
            Err(taken) if taken.kind() == ErrorKind::AddrInUse && port < last => {}
            bound => {
                let listener =
                    bound.with_context(|| format!("could not listen at {}:{port}", options.host))?;
                let address = listener.local_addr()?;
                return Ok(Bound::Address(TcpListener::from_std(listener)?, address));
            }
        }
    }
    Err(UserError(format!("the ports {} to {last} are taken; choose one with --port", options.port)).into())
}

fn listen(host: &str, port: u16) -> std::io::Result<StdListener> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    let listener = StdListener::bind(&addresses[..])?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Only the owner may open the socket file. One that a dead server left behind is replaced.
fn bind_socket(path: &Path) -> Result<Bound> {
    let is_socket = path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let before = umask(Mode::from_bits_truncate(0o177));
    let bound = UnixListener::bind(path);
    umask(before);
    let bound = bound.with_context(|| format!("could not make the socket {}", path.display()))?;
    Ok(Bound::Socket(bound, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_passed_over() {
        let taken = StdListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let bound = bind(&ServeOptions { port, ..ServeOptions::default() }).unwrap();
        let Bound::Address(_, address) = &bound else { panic!("an address was asked for") };
        assert!(address.port() > port && address.ip().is_loopback());
        assert_eq!(bound.address("/x", Some("a b")), format!("http://{address}/x?token=a%20b"));
    }

    #[tokio::test]
    async fn a_socket_file_is_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("umwelt.sock");
        let options = ServeOptions { socket: Some(path.clone()), ..ServeOptions::default() };
        let bound = bind(&options).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(bind(&options).is_err(), "another server listens there");
        drop(bound);
        assert!(bind(&options).is_ok(), "a dead server's file is replaced");
    }
}
