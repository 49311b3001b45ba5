//! The rule by which a server needs a token.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{ServeOptions, TokenChoice};
use crate::guard::random_word;

/// The token of a server over `root`.
///
/// Loopback is reached by everybody on a shared machine, so a root that others may not read gets a
/// token too. A socket file has its owner's rights and needs none.
pub fn token(options: &ServeOptions, root: &Path) -> Option<String> {
    let is_needed = || options.socket.is_none() && !(is_loopback(&options.host) && is_public(root));
    match &options.token {
        TokenChoice::Text(text) => Some(text.clone()),
        TokenChoice::Random => Some(random_word()),
        TokenChoice::WhereNeeded => is_needed().then(random_word),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// True if everybody on this machine may read the folder.
fn is_public(root: &Path) -> bool {
    let Ok(root) = root.canonicalize() else { return false };
    let has = |folder: &Path, rights: u32| {
        folder.metadata().is_ok_and(|folder| folder.permissions().mode() & rights == rights)
    };
    has(&root, 0o005) && root.ancestors().all(|folder| has(folder, 0o001))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn a_private_root_and_other_hosts_need_a_token() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("runs");
        fs::create_dir(&root).unwrap();
        let allow = |folder: &Path, mode| fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
        let needs = |options: &ServeOptions| token(options, &root).is_some();
        let default = ServeOptions::default();
        allow(outer.path(), 0o755);
        allow(&root, 0o755);
        assert!(!needs(&default));
        assert!(needs(&ServeOptions { host: "0.0.0.0".into(), ..default.clone() }));
        assert!(needs(&ServeOptions { token: TokenChoice::Random, ..default.clone() }));
        allow(&root, 0o750);
        assert!(needs(&default));
        allow(&root, 0o755);
        allow(outer.path(), 0o700);
        assert!(needs(&default), "its parent is private");
        assert!(!needs(&ServeOptions { socket: Some("x".into()), ..default.clone() }));
        assert!(token(&default, &root.join("missing")).is_some());
        let given = ServeOptions { token: TokenChoice::Text("abc".into()), ..default };
        assert_eq!(token(&given, &root).as_deref(), Some("abc"));
    }
}
