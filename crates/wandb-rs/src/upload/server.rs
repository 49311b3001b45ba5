//! The server of a run, its API key, and the check that it can be reached.

use std::fs;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cause::Cause;
use super::wheel::Wheel;
use crate::settings::{Settings, password};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Server {
    pub base_url: String,
    pub app_url: String,
    pub api_key: String,
    /// A proxy is in use, so a direct connection proves nothing.
    proxied: bool,
}

impl Server {
    pub fn of(settings: &Settings, wheel: &Wheel) -> Result<Self, Cause> {
        let base_url =
            settings.base_url.clone().or_else(|| wheel.default_address()).ok_or(Cause::NoAddress)?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        let api_key = key(settings, wheel, &base_url).ok_or_else(|| Cause::NoKey(base_url.clone()))?;
        let app_url = settings.app_url.clone().unwrap_or_else(|| wheel.page_address(&base_url));
        let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
        let proxied = proxies.iter().any(|name| settings.vars.contains_key(*name)) && !is_local(&base_url);
        Ok(Self { base_url, app_url, api_key, proxied })
    }

    /// Connects once. An error holds the message of the operating system.
    pub fn check(&self) -> Result<(), Cause> {
        if self.proxied {
            return Ok(());
        }
        let unreachable = |said: String| Cause::Unreachable(self.base_url.clone(), said);
        let addresses =
            with_port(&self.base_url).to_socket_addrs().map_err(|said| unreachable(said.to_string()))?;
        let mut said = "it has no address".to_owned();
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(_) => return Ok(()),
                Err(refused) => said = refused.to_string(),
            }
        }
        Err(unreachable(said))
    }
}

/// The API key. Its sources, in the order of W&B's own client: the environment, `~/.netrc`, the
/// settings file.
fn key(settings: &Settings, wheel: &Wheel, base_url: &str) -> Option<String> {
    let own = settings.vars.get("NETRC").map(PathBuf::from);
    let home = settings.vars.get("HOME").map(|home| Path::new(home).join(".netrc"));
    let netrc = || own.or(home).and_then(|path| fs::read_to_string(path).ok());
    let host = host(base_url).to_owned();
    let mut hosts = wheel.other_names(&host);
    hosts.insert(0, host);
    let of_netrc = || password(&netrc()?, &hosts);
    settings.api_key.clone().or_else(of_netrc).or_else(|| settings.api_key_in_file.clone())
}

/// The host of an address, with its port if it has one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

fn with_port(url: &str) -> String {
    let host = host(url);
    let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
    match (has_port, url.starts_with("http://")) {
        (true, _) => host.to_owned(),
        (false, true) => format!("{host}:80"),
        (false, false) => format!("{host}:443"),
    }
}

fn is_local(url: &str) -> bool {
    ["127.", "localhost", "[::1]"].iter().any(|local| host(url).starts_with(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_the_port_of_their_scheme() {
        assert_eq!(with_port("https://api.example"), "api.example:443");
        assert_eq!(with_port("http://api.example/base"), "api.example:80");
        assert_eq!(with_port("http://[::1]:8080"), "[::1]:8080");
        assert_eq!(with_port("https://[::1]/"), "[::1]:443");
    }

    #[test]
    fn a_closed_port_is_unreachable_and_an_open_one_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server { base_url, app_url: String::new(), api_key: String::new(), proxied: false };
        assert!(server.check().is_ok());
        drop(listener);
        assert!(matches!(server.check(), Err(Cause::Unreachable(..))));
        assert!(Server { proxied: true, ..server }.check().is_ok());
    }
}
