//! Lists of runs: columns, filters and order.

use std::fs;

use serde_json::{Value, json};

use super::test_runs::{TestRuns, hold};

#[test]
fn a_list_shows_name_state_progress_model_score_and_age_the_newest_first() {
    let made = TestRuns::four();
    let running = made.run("now", "running", 0, json!({}), &[]);
    let _lock = hold(&running);
    made.run("killed", "running", 4, json!({}), &[]);
    let expected = "\
name     state     progress  model_type  prediction.rmse_px    age
-------  --------  --------  ----------  ------------------  -----
now      running       37 %  VICReg                          1 min
noise/b  failed        37 %  VICReg                            1 h
noise/a  finished            VICReg                   1.500    2 h
still    finished            VICReg                   0.750    3 h
killed   lost          37 %  VICReg                            4 h
rssm     finished            RSSM                    10.250    1 d
";
    assert_eq!(made.says(&["ls"]), expected);
    drop(_lock);
    assert_eq!(made.names(&["--state", "lost"]), ["now", "killed"]);
}

#[test]
fn filters_compare_settings_scores_and_columns() {
    let made = TestRuns::four();
    let cases: &[(&[&str], &[&str])] = &[
        (&["vicreg.base_lr=0.001"], &["noise/b"]),
        (&["vicreg.base_lr==1e-3"], &["noise/b"]),
        (&["vicreg.base_lr!=0.001"], &["noise/a", "still", "rssm"]),
        (&["prediction.rmse_px<1.5"], &["still"]),
        (&["prediction.rmse_px<=1.5"], &["noise/a", "still"]),
        (&["prediction.rmse_px>1.5"], &["rssm"]),
        (&["dataset_noise>=1"], &["noise/b"]),
        (&["model_type!=RSSM", "state=finished"], &["noise/a", "still"]),
        (&["name~STILL"], &["still"]),
        (&["name!~s"], &[]),
        (&["run_group=null"], &["still", "rssm"]),
        (&["age<7200"], &["noise/b"]),
        (&["progress=100", "seed=7"], &["still"]),
        (&["--group", "noise"], &["noise/b", "noise/a"]),
        (&["--model", "rssm"], &["rssm"]),
        (&["--state", "failed"], &["noise/b"]),
    ];
    for (arguments, expected) in cases {
        let listed = made.names(arguments);
        let printed: Vec<&str> =
            listed.iter().map(String::as_str).filter(|line| !line.starts_with("no run ")).collect();
        assert_eq!(printed, *expected, "{arguments:?}");
    }
    assert_eq!(made.says(&["ls", "seed=8"]), "no run in runs matches (of 4)\n");
}

#[test]
fn numbers_sort_as_numbers_and_what_is_missing_comes_last() {
    let made = TestRuns::four();
    let by_score = ["--sort", "prediction.rmse_px"];
    assert_eq!(made.names(&by_score), ["still", "noise/a", "rssm", "noise/b"]);
    assert_eq!(
        made.names(&[&by_score[..], &["--reverse"]].concat()),
        ["rssm", "noise/a", "still", "noise/b"]
    );
    assert_eq!(made.names(&[&by_score[..], &["--limit", "1"]].concat()), ["still"]);
    assert_eq!(made.names(&["--sort", "name"]), ["noise/a", "noise/b", "rssm", "still"]);
}

#[test]
fn the_same_list_is_csv_json_and_markdown() {
    let made = TestRuns::nothing();
    made.run("a,b", "finished", 1, json!({"score": 0.123456789}), &["vicreg.base_lr=1e-7"]);
    let ls =
        |format| made.says(&["ls", "--columns", "name,score,vicreg.base_lr,run_name", "--format", format]);
    assert_eq!(ls("csv"), "name,score,vicreg.base_lr,run_name\n\"a,b\",0.123456789,1e-7,\n");
    let expected = json!([{"name": "a,b", "score": 0.123456789, "vicreg.base_lr": 1e-7, "run_name": null}]);
    assert_eq!(serde_json::from_str::<Value>(&ls("json")).unwrap(), expected);
    let expected = "\
| name | score | vicreg.base_lr | run_name |
| ---- | ----: | -------------: | -------- |
| a,b  | 0.123 |           1e-7 |          |
";
    assert_eq!(ls("markdown"), expected);
    let all: Value = serde_json::from_str(&made.says(&["ls", "--format", "json"])).unwrap();
    assert_eq!((&all[0]["state"], &all[0]["settings"]["n_steps"]), (&json!("finished"), &json!(17)));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let made = TestRuns::nothing();
    let script = "\"$0\" runs ls --root \"$1\" --format json | true; printf '%s' \"${PIPESTATUS[0]}\"";
    for index in 0..50 {
        made.run(&format!("{index}"), "finished", 1, json!({}), &[]);
    }
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", script, env!("CARGO_BIN_EXE_umwelt")]).arg(made.path(""));
    let output = bash.output().unwrap();
    assert_eq!((output.stdout, output.stderr), (b"0".to_vec(), vec![]));
}

#[test]
fn what_no_run_has_is_refused_with_the_nearest_name() {
    let made = TestRuns::four();
    let cases: &[(&[&str], &str)] = &[
        (&["--columns", "nam,state"], "no run has `nam`; did you mean name?"),
        (&["--sort", "prediction.rmse"], "no run has `prediction.rmse`; did you mean prediction.rmse_px?"),
        (&["vicreg.bse_lr=1"], "no run has `vicreg.bse_lr`; did you mean vicreg.base_lr?"),
        (&["base_lr=1"], "no run has `base_lr`; did you mean simclr.base_lr or vicreg.base_lr?"),
        (
            &["state=finshed"],
            "unknown state `finshed`; choose one of running, interrupted, failed, finished, stopped, lost, damaged; \
             did you mean finished?",
        ),
        (&["score<low"], "`score<low` compares with `low`, which is not a number"),
        (
            &["quick"],
            "`quick` is not a filter; write KEY=VALUE, KEY!=VALUE, KEY<NUMBER, KEY>=NUMBER or KEY~PART, \
             for instance name~quick",
        ),
    ];
    for (arguments, expected) in cases {
        assert_eq!(made.refuses(&[&["ls"], *arguments].concat()), *expected);
    }
}

#[test]
fn without_runs_the_list_says_how_to_make_one() {
    let made = TestRuns::nothing();
    let hint = "no runs in runs yet; make one with `umwelt train --configs experiments/quick.yaml`, \
                or name another folder with --root\n";
    assert_eq!(made.says(&["ls"]), hint);
    assert_eq!(made.says(&["ls", "anything=1", "--format", "json"]), format!("[]\n{hint}"));
    assert!(!made.path("").exists());
}

#[test]
fn a_run_as_root_is_refused_with_advice() {
    let made = TestRuns::four();
    let printed = made.umwelt(&["ls", "--root", "runs/still"]);
    let expected = "error: runs/still is a run itself; --root names the folder that holds runs \
                    (`umwelt runs show runs/still` shows the run)\n";
    assert_eq!(String::from_utf8(printed.stderr).unwrap(), expected);
}

#[test]
fn damaged_files_are_listed_with_what_is_wrong() {
    let made = TestRuns::nothing();
    let run = |name| made.run(name, "finished", 1, json!({}), &[]);
    fs::write(run("status").join("status.json"), "{\"state\": \"fini").unwrap();
    fs::write(run("yaml").join("settings.yaml"), "a: [1\n").unwrap();
    fs::remove_file(run("gone").join("settings.yaml")).unwrap();
    let listed = made.says(&["ls", "--columns", "name,state,message", "--sort", "name", "--format", "csv"]);
    let here = fs::canonicalize(made.path("")).unwrap();
    let here = here.parent().unwrap().display();
    let expected = format!(
        "name,state,message\n\
         gone,damaged,\"runs/gone/settings.yaml: no such file; check its name, which is looked up from {here}\"\n\
         status,damaged,runs/status/status.json is damaged: EOF while parsing a string at line 1 column 15\n\
         yaml,damaged,\"runs/yaml/settings.yaml:1:4: not valid YAML: this `[` is never closed, or a comma is \
         missing after it\"\n"
    );
    assert_eq!(listed, expected);
    assert_eq!(made.names(&["--state", "damaged", "--sort", "name"]), ["gone", "status", "yaml"]);
}

#[test]
fn a_run_that_has_only_begun_and_scores_of_an_older_version_are_read() {
    let made = TestRuns::nothing();
    let begun = made.run("begun", "running", 1, json!({}), &[]);
    fs::remove_file(begun.join("status.json")).unwrap();
    let _lock = hold(&begun);
    let older = made.run("older", "finished", 1, json!({}), &[]);
    let filler = format!("{{\"step\":30,\"loss\":{}1.0}}\n", " ".repeat(100)).repeat(400);
    let lines =
        "{\"step\":10,\"epoch\":1.0,\"score\":4.0}\n{\"step\":20,\"epoch\":2.0,\"score\":3.0,\"a.px\":2.0}\n";
    fs::write(older.join("metrics.jsonl"), format!("{lines}{filler}{{\"step\":40,\"sco")).unwrap();
    let listed =
        made.says(&["ls", "--columns", "name,state,score,a.px", "--sort", "name", "--format", "csv"]);
    assert_eq!(listed, "name,state,score,a.px\nbegun,running,,\nolder,finished,3.0,2.0\n");
}
