//! The folder of a run, `wandb/offline-run-YYYYMMDD_HHMMSS-ID`, with its log, its files and the
//! uploader's logs.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::Error;

pub(crate) struct RunFolder {
    pub path: PathBuf,
    pub log: PathBuf,
}

impl RunFolder {
    /// Creates the folder of a run that starts at this Unix second. If that folder exists, the name
    /// gets a later second.
    pub fn create(root: &Path, id: &str, start: i64) -> Result<Self, Error> {
        let parent = wandb_dir(root);
        let failed = |path: &Path, source| Error::Folder { path: path.to_owned(), source };
        fs::create_dir_all(&parent).map_err(|refused| failed(&parent, refused))?;
        let parent = parent.canonicalize().map_err(|refused| failed(&parent, refused))?;
        let mut names = (start..).map(|second| format!("offline-run-{}-{id}", stamp(second)));
        let path = loop {
            let path = parent.join(names.next().expect("seconds do not end"));
            match fs::create_dir(&path) {
                Ok(()) => break path,
                Err(refused) if refused.kind() == ErrorKind::AlreadyExists => {}
                Err(refused) => return Err(failed(&path, refused)),
            }
        };
        for inner in ["files", "logs"] {
            fs::create_dir(path.join(inner)).map_err(|refused| failed(&path, refused))?;
        }
        Ok(Self { log: path.join(format!("run-{id}.wandb")), path })
    }

    /// Writes a file of the run. `name` is a relative path inside the folder `files`.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path.join("files").join(name);
        let write = || -> io::Result<()> {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&path, bytes)
        };
        write().map_err(|source| Error::Write { path: path.clone(), source })
    }
}

/// The folder `.wandb` if it exists, as in W&B's own client, otherwise `wandb`.
pub(crate) fn wandb_dir(root: &Path) -> PathBuf {
    let hidden = root.join(".wandb");
    if hidden.exists() { hidden } else { root.join("wandb") }
}

/// The id of the run that started last under `root`, the folder given to
/// [`Settings::dir`](crate::Settings::dir).
pub fn latest_run_id(root: impl AsRef<Path>) -> Option<String> {
    started(root.as_ref()).into_iter().next_back().map(|(_, id, _)| id)
}

/// The logs of this run's earlier starts, the oldest first.
pub(crate) fn earlier_logs(root: &Path, id: &str) -> Vec<PathBuf> {
    let same = started(root).into_iter().filter(|(_, other, _)| other == id);
    same.map(|(_, id, path)| path.join(format!("run-{id}.wandb"))).collect()
}

/// Time stamp, id and folder of every run, the oldest first.
fn started(root: &Path) -> Vec<(String, String, PathBuf)> {
    let Ok(entries) = fs::read_dir(wandb_dir(root)) else { return vec![] };
    let mut runs: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (stamp, id) =
                name.strip_prefix("offline-").unwrap_or(&name).strip_prefix("run-")?.split_once('-')?;
            let is_stamp = stamp.len() == 15 && stamp.starts_with(|first: char| first.is_ascii_digit());
            (is_stamp && !id.is_empty()).then(|| (stamp.to_owned(), id.to_owned(), entry.path()))
        })
        .collect();
    runs.sort();
    runs
}

/// A random run id of eight letters and digits.
pub(crate) fn new_run_id() -> String {
    let mut bits = random_bits();
    let mut digit = || {
        let digit = b"abcdefghijklmnopqrstuvwxyz0123456789"[(bits % 36) as usize];
        bits /= 36;
        digit as char
    };
    (0..8).map(|_| digit()).collect()
}

/// A random UUID (version 4).
pub(crate) fn new_uuid() -> String {
    let bits = (u128::from(random_bits()) << 64 | u128::from(random_bits())) & !(0xf000 << 64 | 0xc000 << 48);
    let digits = format!("{:032x}", bits | 0x4000 << 64 | 0x8000 << 48);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

/// Random bits. The standard library seeds each hasher from the system's random numbers.
fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

pub(crate) fn check_id(id: &str) -> Result<(), Error> {
    let fits = !id.is_empty() && id.trim() == id && !id.contains([':', ';', ',', '#', '?', '/', '\'', '\\']);
    if fits { Ok(()) } else { Err(Error::RunId(id.into())) }
}

/// A time as `YYYYMMDD_HHMMSS` in UTC.
fn stamp(unix_seconds: i64) -> String {
    let (day, second) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    let (year, month, day) = date(day);
    format!("{year:04}{month:02}{day:02}_{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// The year, month and day of a day counted since 1970 (the Gregorian calendar repeats after
/// 146,097 days).
fn date(day: i64) -> (i64, i64, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut left) = (1970 + 400 * day.div_euclid(146_097), day.rem_euclid(146_097));
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    (year, month as i64 + 1, left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_utc_dates() {
        // The expected values come from `date -u -d @N +%Y%m%d_%H%M%S`.
        assert_eq!(stamp(0), "19700101_000000");
        assert_eq!(stamp(951_782_399), "20000228_235959");
        assert_eq!(stamp(951_782_400), "20000229_000000");
        assert_eq!(stamp(1_795_314_541), "20261122_022901");
        assert_eq!(stamp(4_107_542_400), "21000301_000000");
    }

    #[test]
    fn the_latest_run_is_the_one_that_started_last() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(latest_run_id(root.path()), None);
        let made = |id, start| RunFolder::create(root.path(), id, start).unwrap().path;
        let first = made("b", 100);
        let again = made("b", 100);
        made("a-c", 90);
        fs::create_dir(root.path().join("wandb/latest-run")).unwrap();
        fs::create_dir(root.path().join("wandb/run-20261122_022901-new")).unwrap();
        assert_eq!(latest_run_id(root.path()).unwrap(), "new");
        assert!(again.ends_with("offline-run-19700101_000141-b"));
        assert_eq!(earlier_logs(root.path(), "a-c").len(), 1);
        let logs: Vec<PathBuf> = [first, again].iter().map(|folder| folder.join("run-b.wandb")).collect();
        let here = root.path().canonicalize().unwrap();
        assert_eq!(earlier_logs(&here, "b"), logs);
    }

    #[test]
    fn ids_are_eight_letters_and_digits_and_differ() {
        let (one, two) = (new_run_id(), new_run_id());
        assert_ne!(one, two);
        assert!(one.len() == 8 && one.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        let uuid = new_uuid();
        assert_eq!((uuid.len(), &uuid[14..15], &uuid[8..9]), (36, "4", "-"));
        assert!(check_id(&one).is_ok());
        assert!(["", " a", "a/b", "a:b"].iter().all(|id| check_id(id).is_err()));
    }
}
