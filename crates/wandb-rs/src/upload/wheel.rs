//! The installed Python wheel `wandb`: its uploader and its default server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cause::Cause;
use super::child::Slot;
use crate::settings::Settings;

/// Python code that finds the package without importing it, because an import takes a second.
const LOOK_UP: &str =
    "import importlib.util as u; s = u.find_spec('wandb'); print(s.origin if s and s.origin else '')";

pub(crate) struct Wheel {
    /// The path of `wandb-core`.
    pub core: PathBuf,
    /// The content of `sdk/lib/urls.py`, or an empty text.
    addresses: String,
}

impl Wheel {
    /// Searches the explicit setting or `WANDB_CORE`, then the wheel of `python3` or `python`, then
    /// `PATH`.
    pub fn find(settings: &Settings, slot: &Slot) -> Result<Self, Cause> {
        let core = match &settings.core {
            Some(core) if core.is_file() => core.clone(),
            Some(core) => return Err(Cause::NotThere(core.clone())),
            None => of_python("python3", slot)
                .or_else(|| of_python("python", slot))
                .or_else(on_path)
                .ok_or(Cause::NoCore)?,
        };
        let core = core.canonicalize().unwrap_or(core);
        let package = core.parent().and_then(Path::parent);
        let addresses = package.map(|package| fs::read_to_string(package.join("sdk/lib/urls.py")));
        Ok(Self { core, addresses: addresses.and_then(Result::ok).unwrap_or_default() })
    }

    /// The server address that the wheel uses by default.
    pub fn default_address(&self) -> Option<String> {
        assigned(&self.addresses, "DEFAULT_BASE_URL")
    }

    /// Other names of `host`, under which a key may be stored. The wheel lists pairs of names for
    /// one server.
    pub fn other_names(&self, host: &str) -> Vec<String> {
        let pair = self
            .pairs()
            .find(|(front, back)| [front, back, &format!("api.{front}")].iter().any(|name| *name == host));
        pair.map_or(vec![], |(front, back)| vec![back, format!("api.{front}"), front])
    }

    /// The address of the pages for the server at `base_url`.
    pub fn page_address(&self, base_url: &str) -> String {
        let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest).trim_end_matches('/');
        match (self.other_names(host).pop(), assigned(&self.addresses, "FORGE_APP_PATH")) {
            (Some(front), Some(path)) => format!("https://{front}{path}"),
            _ => base_url.replacen("://api.wandb.", "://wandb.", 1).replacen("://api.", "://app.", 1),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        self.addresses.lines().filter_map(|line| {
            let (front, back) = line.trim().strip_prefix('"')?.split_once("\": \"")?;
            Some((front.to_owned(), back.strip_suffix("\",")?.to_owned()))
        })
    }
}

/// The text that a Python file assigns to a name.
fn assigned(python: &str, name: &str) -> Option<String> {
    let line = python.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""))?;
    Some(line.trim_end().strip_suffix('"')?.to_owned())
}

fn of_python(python: &str, slot: &Slot) -> Option<PathBuf> {
    // Run in `/`: in the current folder, Python would take a run's own folder `wandb` for the
    // package.
    let origin = slot.output(Command::new(python).args(["-c", LOOK_UP]).current_dir("/")).ok()?;
    let core = Path::new(origin.trim()).parent()?.join("bin/wandb-core");
    core.is_file().then_some(core)
}

fn on_path() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join("wandb-core")).find(|core| core.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel() -> Wheel {
        let addresses = "\nDEFAULT_BASE_URL = \"https://api.front.example\"\nFORGE_APP_PATH = \"/pages\"\n\
                         HOSTS = {\n    \"front.example\": \"api.back.example\",\n}\n";
        Wheel { core: PathBuf::new(), addresses: addresses.into() }
    }

    #[test]
    fn the_wheels_own_server_is_read_from_it() {
        assert_eq!(wheel().default_address().unwrap(), "https://api.front.example");
        let names = ["api.back.example", "api.front.example", "front.example"];
        assert_eq!(wheel().other_names("api.front.example"), names);
        assert_eq!(wheel().other_names("api.back.example"), names);
        assert!(wheel().other_names("127.0.0.1:80").is_empty());
    }

    #[test]
    fn pages_lie_beside_the_api() {
        let page = |url| wheel().page_address(url);
        assert_eq!(page("https://api.front.example/"), "https://front.example/pages");
        assert_eq!(page("https://api.wandb.example"), "https://wandb.example");
        assert_eq!(page("https://api.example"), "https://app.example");
        assert_eq!(page("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    }
}
