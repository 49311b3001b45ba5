//! Removal and restoration of runs.

use std::fs;

use serde_json::json;

use super::test_runs::{TestRuns, hold, text};

#[test]
fn a_removed_run_comes_back_as_it_was() {
    let made = TestRuns::four();
    let printed = made.says(&["rm", "noise/a"]);
    let moved = printed.lines().next().unwrap().strip_prefix("runs/noise/a is now runs/.trash/").unwrap();
    assert_eq!((moved.len(), &moved[8..9], &moved[15..]), (23, "-", "-noise/a"));
    assert_eq!(printed.lines().nth(1).unwrap(), "`umwelt runs restore noise/a` brings it back");
    assert_eq!(made.names(&[]), ["noise/b", "still", "rssm"]);
    assert_eq!(made.says(&["restore"]), format!("noise/a  runs/.trash/{moved}\n"));
    assert_eq!(made.says(&["restore", "noise/a"]), "runs/noise/a is back\n");
    assert_eq!(made.names(&[]), ["noise/b", "noise/a", "still", "rssm"]);
    assert_eq!(made.says(&["restore"]), "runs/.trash is empty\n");
    assert!(!made.path(".trash").exists());
}

#[test]
fn of_two_runs_of_one_name_the_last_comes_back() {
    let made = TestRuns::nothing();
    for seed in ["seed=1", "seed=2"] {
        made.run("a", "finished", 1, json!({}), &[seed]);
        made.says(&["rm", "a"]);
    }
    made.says(&["restore", "a"]);
    assert_eq!(made.names(&["seed=2"]), ["a"]);
    assert_eq!(made.refuses(&["restore", "a"]), "runs/a is taken; move it away first");
}

#[test]
fn a_running_run_is_not_removed_nor_are_those_named_with_it() {
    let made = TestRuns::four();
    let _lock = hold(&made.run("now", "running", 0, json!({}), &[]));
    assert_eq!(made.refuses(&["rm", "still", "now"]), "runs/now is running; stop it first, then remove it");
    assert_eq!(made.names(&[]).len(), 5);
}

#[test]
fn the_trash_is_emptied_only_when_someone_says_so() {
    let made = TestRuns::four();
    made.says(&["rm", "still", "rssm"]);
    let asked =
        "Delete 2 runs in runs/.trash permanently? The input is not a terminal: pass --yes to confirm";
    assert_eq!(made.refuses(&["rm", "--empty-trash"]), asked);
    assert_eq!(made.says(&["rm", "--empty-trash", "--yes"]), "2 runs deleted permanently\n");
    assert_eq!(made.says(&["rm", "--empty-trash"]), "runs/.trash is empty\n");
    assert_eq!(
        made.refuses(&["restore", "still"]),
        "there is no run `still` in runs/.trash; `umwelt runs restore` lists the trash"
    );
}

#[test]
fn a_path_that_leads_out_of_the_root_and_back_is_taken_for_what_it_is() {
    let made = TestRuns::four();
    fs::create_dir(made.path("../outside")).unwrap();
    fs::rename(made.path("still"), made.path("../outside/still")).unwrap();
    for typed in ["runs/../outside/still", "runs/noise/../../outside/still", "outside/still/."] {
        let printed = made.refuses(&["rm", typed]);
        assert!(
            printed.ends_with("does not lie in runs; name the folder that holds it with --root"),
            "{printed}"
        );
    }
    assert!(made.path("../outside/still/settings.yaml").is_file());
    let printed = made.says(&["rm", "outside/../runs/noise/../rssm"]);
    assert!(printed.contains("`umwelt runs restore rssm` brings it back"), "{printed}");
    assert_eq!(made.says(&["restore", "rssm"]), "runs/rssm is back\n");
    let trashed = made.says(&["rm", "rssm"]);
    let trashed = trashed.lines().next().unwrap().rsplit(' ').next().unwrap();
    assert_eq!(made.refuses(&["rm", trashed]), format!("{trashed} is in the trash already"));
}

#[test]
fn of_a_link_the_link_is_removed_and_comes_back() {
    let made = TestRuns::four();
    let far = made.path("../far");
    fs::rename(made.path("still"), &far).unwrap();
    std::os::unix::fs::symlink(&far, made.path("near")).unwrap();
    for typed in ["near", "runs/near"] {
        let printed = made.says(&["rm", typed]);
        assert!(printed.contains("`umwelt runs restore near` brings it back"), "{printed}");
        assert!(far.join("settings.yaml").is_file() && made.path("near").symlink_metadata().is_err());
        made.says(&["restore", "near"]);
        assert_eq!(fs::read_link(made.path("near")).unwrap(), far);
    }
    // A run behind a link is outside `runs`, and so is a run that would be restored behind one.
    fs::create_dir(made.path("../others")).unwrap();
    fs::rename(&far, made.path("../others/a")).unwrap();
    std::os::unix::fs::symlink(made.path("../others"), made.path("group")).unwrap();
    assert!(made.refuses(&["rm", "runs/group/a"]).starts_with("runs/group/a does not lie in runs"));
    made.says(&["rm", "noise/b"]);
    fs::rename(made.path("noise"), made.path("kept")).unwrap();
    std::os::unix::fs::symlink(made.path("../others"), made.path("noise")).unwrap();
    assert_eq!(
        made.refuses(&["restore", "noise/b"]),
        "runs/noise/b is behind a link; move the link away first"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_name_is_no_text_on_one_line_is_listed_shown_removed_and_restored() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let made = TestRuns::nothing();
    let plain = made.run("plain", "finished", 1, json!({"score": 0.5}), &[]);
    let named = |bytes: &[u8]| made.path("").join(OsStr::from_bytes(bytes));
    let folders = [named(b"na\xefve"), named(b"na\xeeve"), named(b"two\nlines")];
    folders.iter().for_each(|folder| fs::rename(copy(&plain), folder).unwrap());
    let names = [r"na\xEEve", r"na\xEFve", "plain", r"two\x0Alines"];
    for _ in ["read", "known by the index"] {
        assert_eq!(made.names(&["--sort", "name"]), names);
    }
    assert!(made.says(&["show", r"na\xEFve"]).starts_with("run          runs/na\\xEFve\n"));
    assert!(made.says(&["show", "two"]).starts_with("run          runs/two\\x0Alines\n"));
    let rerun = made.says(&["rerun", r"na\xEFve", "--print"]);
    assert!(rerun.starts_with("umwelt train --configs $'runs/na\\xefve/settings.yaml' "), "{rerun}");
    let mut typed = std::process::Command::new(env!("CARGO_BIN_EXE_umwelt"));
    typed.current_dir(made.path("..")).args(["runs", "rm"]).arg(OsStr::from_bytes(b"runs/na\xefve"));
    let printed = text(&typed.output().unwrap().stdout);
    assert!(printed.contains(r"`umwelt runs restore 'na\xEFve'` brings it back"), "{printed}");
    made.says(&["rm", r"two\x0Alines"]);
    assert!(!folders[0].exists() && folders[1].exists() && !folders[2].exists());
    assert_eq!(made.says(&["restore"]).lines().count(), 2);
    made.says(&["restore", r"na\xEFve"]);
    made.says(&["restore", "two\nlines"]);
    assert!(folders.iter().all(|folder| folder.join("settings.yaml").is_file()));
}

/// A copy of a run in a neighbouring folder.
fn copy(run: &std::path::Path) -> std::path::PathBuf {
    let copy = run.with_file_name("copy");
    fs::create_dir(&copy).unwrap();
    for file in ["settings.yaml", "status.json"] {
        fs::copy(run.join(file), copy.join(file)).unwrap();
    }
    copy
}

#[test]
fn a_run_elsewhere_is_not_removed() {
    let made = TestRuns::four();
    let elsewhere = made.path("../elsewhere");
    fs::rename(made.path("still"), &elsewhere).unwrap();
    assert_eq!(
        made.refuses(&["rm", "elsewhere"]),
        "elsewhere does not lie in runs; name the folder that holds it with --root"
    );
    assert!(text(&made.umwelt(&["show", "elsewhere"]).stdout).starts_with("run          elsewhere\n"));
}
