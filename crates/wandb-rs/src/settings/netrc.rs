//! API keys in `~/.netrc`, where `wandb login` stores them.

/// The password of the first machine among `hosts` that has one, or of `default`.
pub(crate) fn password(netrc: &str, hosts: &[String]) -> Option<String> {
    let entries = entries(netrc);
    let of = |wanted: Option<&String>| {
        let entry = entries.iter().find(|entry| entry.machine.as_ref() == wanted);
        entry.and_then(|entry| entry.password.clone())
    };
    hosts.iter().find_map(|host| of(Some(host))).or_else(|| of(None))
}

#[derive(Default)]
struct Entry {
    /// The host. None for the entry `default`.
    machine: Option<String>,
    password: Option<String>,
}

fn entries(netrc: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = vec![];
    let mut words = words(netrc).into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" => entries.push(Entry { machine: words.next(), password: None }),
            "default" => entries.push(Entry::default()),
            "login" | "account" => drop(words.next()),
            "password" => {
                let password = words.next();
                entries.last_mut().into_iter().for_each(|entry| entry.password = password.clone());
            }
            _ => {}
        }
    }
    entries
}

/// The words of a file, split at blanks and without quotes. Comments and macros are left out. A
/// macro ends at the next empty line.
fn words(netrc: &str) -> Vec<String> {
    let mut found = vec![];
    let mut in_macro = false;
    for line in netrc.lines() {
        in_macro = (in_macro || line.trim_start().starts_with("macdef")) && !line.trim().is_empty();
        if !in_macro {
            let words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
            found.extend(words.map(|word| word.trim_matches(['"', '\'']).to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETRC: &str = "# keys\nmachine other.example login me password wrong\nmacdef init\nmachine api.example\n\n\
                         machine api.example:8080\n  login user\n  password 'k-8080' # ours\n\
                         machine api.example login user password k";

    fn of(netrc: &str, hosts: &[&str]) -> Option<String> {
        password(netrc, &hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_key_is_the_password_of_the_servers_machine() {
        assert_eq!(of(NETRC, &["api.example:8080"]).unwrap(), "k-8080");
        assert_eq!(of(NETRC, &["new.example", "api.example"]).unwrap(), "k");
        assert_eq!(of(NETRC, &["new.example"]), None);
        assert_eq!(of("", &["new.example"]), None);
    }

    #[test]
    fn default_serves_every_machine_that_is_not_named() {
        let netrc = "machine a password x\ndefault login me password y";
        assert_eq!(of(netrc, &["a"]).unwrap(), "x");
        assert_eq!(of(netrc, &["b"]).unwrap(), "y");
    }
}
