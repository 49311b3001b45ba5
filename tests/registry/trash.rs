//! Moving runs away and bringing them back.

use std::fs;

use serde_json::json;

use crate::made::{Made, hold, text};

#[test]
fn a_removed_run_comes_back_as_it_was() {
    let made = Made::four();
    let told = made.says(&["rm", "noise/a"]);
    let moved = told.lines().next().unwrap().strip_prefix("runs/noise/a is now runs/.trash/").unwrap();
    assert_eq!((moved.len(), &moved[8..9], &moved[15..]), (23, "-", "-noise/a"));
    assert_eq!(told.lines().nth(1).unwrap(), "`umwelt runs restore noise/a` brings it back");
    assert_eq!(made.names(&[]), ["noise/b", "still", "rssm"]);
    assert_eq!(made.says(&["restore"]), format!("noise/a  runs/.trash/{moved}\n"));
    assert_eq!(made.says(&["restore", "noise/a"]), "runs/noise/a is back\n");
    assert_eq!(made.names(&[]), ["noise/b", "noise/a", "still", "rssm"]);
    assert_eq!(made.says(&["restore"]), "runs/.trash is empty\n");
    assert!(!made.path(".trash").exists());
}

#[test]
fn of_two_runs_of_one_name_the_last_comes_back() {
    let made = Made::nothing();
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
    let made = Made::four();
    let _lock = hold(&made.run("now", "running", 0, json!({}), &[]));
    assert_eq!(made.refuses(&["rm", "still", "now"]), "runs/now is running; stop it first, then remove it");
    assert_eq!(made.names(&[]).len(), 5);
}

#[test]
fn the_trash_is_emptied_only_when_someone_says_so() {
    let made = Made::four();
    made.says(&["rm", "still", "rssm"]);
    let asked = "Remove 2 runs in runs/.trash for good? Nobody can answer here; say so with --yes";
    assert_eq!(made.refuses(&["rm", "--empty-trash"]), asked);
    assert_eq!(made.says(&["rm", "--empty-trash", "--yes"]), "2 runs removed for good\n");
    assert_eq!(made.says(&["rm", "--empty-trash"]), "runs/.trash is empty\n");
    assert_eq!(
        made.refuses(&["restore", "still"]),
        "there is no run `still` in runs/.trash; `umwelt runs restore` lists what there is"
    );
}

#[test]
fn a_run_elsewhere_is_not_removed() {
    let made = Made::four();
    let elsewhere = made.path("../elsewhere");
    fs::rename(made.path("still"), &elsewhere).unwrap();
    assert_eq!(
        made.refuses(&["rm", "elsewhere"]),
        "elsewhere does not lie in runs; name the folder that holds it with --root"
    );
    assert!(text(&made.umwelt(&["show", "elsewhere"]).stdout).starts_with("run          elsewhere\n"));
}
