//! The list is correct whether the index is old, missing, broken or shared.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use umwelt::registry::{Listing, Registry};

use super::test_runs::{TestRuns, text, write_status};

fn names(registry: &Registry) -> Vec<String> {
    let listing = registry.runs().unwrap();
    assert_eq!(listing.warning, None);
    listing.runs.into_iter().map(|run| run.name).collect()
}

#[test]
fn a_deleted_index_is_made_anew() {
    let made = TestRuns::four();
    let registry = Registry::new(made.path(""));
    let expected = ["noise/a", "noise/b", "rssm", "still"];
    assert_eq!(names(&registry), expected);
    fs::remove_file(registry.index()).unwrap();
    assert_eq!(names(&registry), expected);
    assert!(registry.index().exists());
}

#[test]
fn a_broken_index_costs_a_warning_until_it_is_rebuilt() {
    let made = TestRuns::four();
    fs::write(made.path(".index.sqlite"), "no database, but long enough to be taken for one").unwrap();
    let output = made.umwelt(&["ls", "--format", "csv", "--columns", "name"]);
    assert_eq!(text(&output.stdout), "name\nnoise/b\nnoise/a\nstill\nrssm\n");
    assert_eq!(
        text(&output.stderr),
        "warning: the index runs/.index.sqlite cannot be read (file is not a database), so every run folder was read; \
         `umwelt runs index --rebuild` makes a new one\n"
    );
    assert_eq!(made.says(&["index", "--rebuild"]), "4 runs in runs/.index.sqlite\n");
    assert_eq!(made.names(&[]), ["noise/b", "noise/a", "still", "rssm"]);
}

#[test]
fn an_index_that_another_process_will_not_let_go_of_is_read_but_not_written() {
    let made = TestRuns::four();
    let registry = Registry::new(made.path(""));
    names(&registry);
    let other = rusqlite::Connection::open(registry.index()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    made.run("new", "finished", 1, json!({}), &[]);
    let listing = registry.runs().unwrap();
    let expected = format!(
        "the index {} cannot be written (database is locked); the list is correct, but slow",
        registry.index().display()
    );
    assert_eq!((listing.runs.len(), listing.warning), (5, Some(expected)));
}

#[test]
fn an_index_that_cannot_be_opened_costs_a_warning_only() {
    let made = TestRuns::four();
    fs::create_dir(made.path(".index.sqlite")).unwrap();
    let listing = Registry::new(made.path("")).runs().unwrap();
    assert_eq!(listing.runs.len(), 4);
    assert!(listing.warning.unwrap().contains("unable to open database file"));
}

#[test]
fn a_changed_status_is_seen_at_once() {
    let made = TestRuns::four();
    let registry = Registry::new(made.path(""));
    let run = made.path("still");
    let mut status: Value = serde_json::from_slice(&fs::read(run.join("status.json")).unwrap()).unwrap();
    for step in 100..200 {
        status["step"] = step.into();
        write_status(&run, &status);
        let runs = registry.runs().unwrap().runs;
        assert_eq!(runs.iter().find(|run| run.name == "still").unwrap().step, step);
    }
}

#[test]
fn what_is_read_from_the_index_is_what_was_read_from_the_folders() {
    let made = TestRuns::four();
    let registry = Registry::new(made.path(""));
    let (first, second) = (registry.runs().unwrap().runs, registry.runs().unwrap().runs);
    assert_eq!(first, second);
    // The second list came from the index: no stamp covers this file, so it is not read again.
    fs::remove_file(made.path("still/environment.json")).unwrap();
    assert_eq!(registry.runs().unwrap().runs, first);
    assert_eq!(registry.rebuild().unwrap().runs[3].started_at, None);
}

#[test]
fn runs_that_are_gone_and_folders_that_are_none_are_not_listed() {
    let made = TestRuns::four();
    let registry = Registry::new(made.path(""));
    names(&registry);
    fs::remove_dir_all(made.path("noise")).unwrap();
    fs::create_dir_all(made.path("still/figures")).unwrap();
    fs::write(made.path("still/figures/settings.yaml"), "a: 1").unwrap();
    fs::create_dir_all(made.path(".hidden")).unwrap();
    fs::write(made.path(".hidden/settings.yaml"), "a: 1").unwrap();
    fs::create_dir_all(made.path("empty/deep")).unwrap();
    assert_eq!(names(&registry), ["rssm", "still"]);
}

#[test]
fn many_processes_may_list_and_rebuild_at_once() {
    let made = TestRuns::nothing();
    for index in 0..200 {
        made.run(&format!("sweep/{index:03}"), "finished", 1, json!({"score": index}), &[]);
    }
    let start = |index: usize| {
        let arguments: &[&str] =
            if index % 3 == 2 { &["index", "--rebuild"] } else { &["ls", "--limit", "1"] };
        let mut command = Command::new(env!("CARGO_BIN_EXE_umwelt"));
        command.arg("runs").args(arguments).arg("--root").arg(made.path(""));
        command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let processes: Vec<_> = (0..9).map(start).collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert_eq!((output.status.success(), text(&output.stderr)), (true, String::new()));
    }
    assert_eq!(names(&Registry::new(made.path(""))).len(), 200);
}

#[test]
fn a_folder_that_did_not_change_is_not_read_again() {
    let made = TestRuns::four();
    let registry = Registry::new(made.path(""));
    let step = |listing: Listing| listing.runs.iter().find(|run| run.name == "rssm").unwrap().step;
    assert_eq!(step(registry.runs().unwrap()), 468);
    // A rewrite that no stamp shows: the same file, of the same length and time.
    let status = made.path("rssm/status.json");
    let (text, written) =
        (fs::read_to_string(&status).unwrap(), status.metadata().unwrap().modified().unwrap());
    fs::write(&status, text.replace("\"step\":468", "\"step\":467")).unwrap();
    fs::File::options().write(true).open(&status).unwrap().set_modified(written).unwrap();
    assert_eq!(step(registry.runs().unwrap()), 468, "it was read from the index");
    assert_eq!(step(registry.rebuild().unwrap()), 467);
}
