//! The command `umwelt data`. It downloads the digits, so this test needs a network.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::common::{fails, hold, idx, output, signal, succeeds, text, umwelt};

const NAMES: [&str; 4] = [
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
];

/// The content of a folder without the lock.
fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".fetching.lock").collect();
    names.sort();
    names
}

fn flip_a_bit(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn fetched_once_verified_and_mended() {
    let at = tempfile::tempdir().unwrap();
    let folder = at.path().join("data/mnist");
    // The files that a killed process leaves behind.
    fs::create_dir_all(folder.join(".fetching")).unwrap();
    fs::write(folder.join(".fetching/train-images-idx3-ubyte.gz"), "half").unwrap();
    fs::write(folder.join(".writing-abc"), "half").unwrap();
    fs::write(folder.join("t10k-labels-idx1-ubyte.gz"), "half").unwrap();

    let fetching = output(umwelt(at.path(), &["data", "mnist"]));
    let (printed, progress) = (text(&fetching.stdout), text(&fetching.stderr));
    assert!(fetching.status.success(), "{progress}");
    assert_eq!(printed, "data/mnist: MNIST, 60000 training and 10000 test digits; checked\n");
    let damaged = "data/mnist/t10k-labels-idx1-ubyte.gz: has the magic number 1751215206, not 2049 (labels): \
                   it is no IDX file of bytes; it is fetched again\n";
    assert!(progress.starts_with(damaged), "{progress}");
    assert!(progress.contains("fetching MNIST (4 of 4 files, 54.95 MB unpacked) from "), "{progress}");
    assert_eq!(files(&folder), NAMES);
    let sizes = NAMES.map(|name| fs::metadata(folder.join(name)).unwrap().len());
    assert_eq!(sizes, [7_840_016, 10_008, 47_040_016, 60_008]);
    let listed = "\
data set  folder      files   training   test     size  state
--------  ----------  ------  --------  -----  -------  --------
MNIST     data/mnist  4 of 4     60000  10000  55.0 MB  complete
";
    assert_eq!(succeeds(umwelt(at.path(), &["data", "ls"])), listed);
    assert_eq!(succeeds(umwelt(at.path(), &["data", "verify"])).lines().count(), 4);
    let again = succeeds(umwelt(at.path(), &["data", "mnist", "--from", "nowhere"]));
    assert_eq!(
        again,
        "data/mnist: MNIST, 60000 training and 10000 test digits; was there already, checked\n"
    );

    copies_are_mended_from_a_folder(at.path());
    a_kill_leaves_no_bad_file(at.path());
}

/// Damaged copies in other layouts are repaired in place.
fn copies_are_mended_from_a_folder(at: &Path) {
    let copy = at.join("copy");
    let nested = copy.join("train-images-idx3-ubyte");
    fs::create_dir_all(&nested).unwrap();
    let data = at.join("data/mnist");
    fs::copy(data.join("train-images-idx3-ubyte"), nested.join("train-images-idx3-ubyte")).unwrap();
    fs::copy(data.join("train-labels-idx1-ubyte"), copy.join("train-labels.idx1-ubyte")).unwrap();
    fs::copy(data.join("t10k-images-idx3-ubyte"), copy.join("t10k-images-idx3-ubyte")).unwrap();
    flip_a_bit(&nested.join("train-images-idx3-ubyte"));
    flip_a_bit(&copy.join("train-labels.idx1-ubyte"));

    let printed = fails(umwelt(at, &["data", "verify", "--folder", "copy"]), 1);
    let lines: Vec<&str> = printed.lines().collect();
    let images = "error: copy/train-images-idx3-ubyte/train-images-idx3-ubyte: its SHA-256 is ";
    assert!(lines[0].starts_with(images), "{printed}");
    assert!(
        lines[0]
            .ends_with(" where MNIST has ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
    );
    assert!(lines[1].starts_with("copy/train-labels.idx1-ubyte: its SHA-256 is "), "{printed}");
    assert_eq!(lines[2], "copy/t10k-labels-idx1-ubyte: no such file, plain or gzipped");
    assert_eq!(lines[3..], ["`umwelt data mnist --folder copy` fetches MNIST"]);
    let listed = succeeds(umwelt(at, &["data", "ls", "--folder", "copy"]));
    assert!(listed.contains("\nMNIST     copy    3 of 4         -     -  7.8 MB  damaged\n"), "{listed}");

    let mended = output(umwelt(at, &["data", "mnist", "--folder", "copy", "--from", "data/mnist"]));
    assert!(mended.status.success());
    let printed = text(&mended.stderr);
    assert_eq!(
        (printed.matches("; it is fetched again\n").count(), printed.matches(" bytes, checked\n").count()),
        (2, 3),
        "{printed}"
    );
    assert_eq!(files(&copy), NAMES);
    assert_eq!(files(&nested), ["train-images-idx3-ubyte"]);
    succeeds(umwelt(at, &["data", "verify", "--folder", "copy"]));
}

/// A process that is paused once `reached` is true. If it ends before that, `folder` is removed and
/// the process starts again.
fn caught(command: impl Fn() -> Command, reached: impl Fn() -> bool, folder: &Path) -> Child {
    loop {
        let mut process = command().stderr(Stdio::null()).spawn().unwrap();
        while process.try_wait().unwrap().is_none() {
            if hold(process.id()) && reached() {
                return process;
            }
            signal(process.id(), "-CONT");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

/// Kills the command before the first byte, during the first file, and after the first file.
fn a_kill_leaves_no_bad_file(at: &Path) {
    let copied = ["data", "mnist", "--folder", "killed", "--from", "data/mnist"];
    let (killed, first) = (at.join("killed"), "train-images-idx3-ubyte");
    for moment in [".fetching", ".writing-", first] {
        let there = |name: &str| killed.exists() && files(&killed).iter().any(|file| file.starts_with(name));
        let reached = || there(moment) && there(first) == (moment == first);
        let mut process = caught(|| umwelt(at, &copied), reached, &killed);
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let printed = output(umwelt(at, &copied));
    // On a busy machine the kill may come after further files.
    let left =
        ["3 of 4 files", "2 of 4 files", "1 of 4 files"].map(|left| format!("fetching MNIST ({left}, "));
    assert!(left.iter().any(|left| text(&printed.stderr).starts_with(left)), "{}", text(&printed.stderr));
    assert_eq!(files(&killed), NAMES);
    succeeds(umwelt(at, &["data", "verify", "--folder", "killed"]));
}

#[test]
fn other_digits_are_refused() {
    let at = tempfile::tempdir().unwrap();
    idx::write(&at.path().join("small"), 20, 10);
    let printed = fails(umwelt(at.path(), &["data", "mnist", "--from", "small"]), 1);
    let expected = "\
fetching MNIST (4 of 4 files, 54.95 MB unpacked) from small
small: small/train-images-idx3-ubyte: has 15696 bytes where MNIST has 47040016
error: could not get MNIST. Tried:
  small: small/train-images-idx3-ubyte: has 15696 bytes where MNIST has 47040016
Copy train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte into data/mnist, \
plain or gzipped, or name a folder that holds them with --from FOLDER
";
    assert_eq!(printed, expected);
    assert!(files(&at.path().join("data/mnist")).is_empty());
    let listed = succeeds(umwelt(at.path(), &["data", "ls"]));
    assert!(listed.contains("\nMNIST     data/mnist  0 of 4         -     -   0 B  missing\n"), "{listed}");
    assert!(listed.ends_with("`umwelt data mnist` fetches MNIST\n"), "{listed}");
}

#[test]
fn an_error_lists_all_sources_that_were_tried() {
    let at = tempfile::tempdir().unwrap();
    let mut command = umwelt(at.path(), &["data", "mnist"]);
    command.env("PATH", at.path());
    let printed = fails(command, 1);
    let tried: Vec<&str> = printed.lines().filter(|line| line.starts_with("  ")).collect();
    assert_eq!(tried.len(), 3, "{printed}");
    for (tried, program) in tried.iter().zip(["curl", "curl", "npm"]) {
        assert!(tried.ends_with(&format!(": {program} is not installed")), "{printed}");
    }
    assert!(printed.trim_end().ends_with("or name a folder that holds them with --from FOLDER"), "{printed}");
}
