use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wandb_rs::{Aggregate, Ending, Goal, Histogram, Image, Metric, Mode, Run, Settings, Table};

use crate::server::{Server, settings};
use crate::wheel::{read_log, sync};

const PNG: &[u8] = include_bytes!("../../examples/figure.png");

/// Logs one value of every kind.
fn everything(settings: Settings) -> (Run, Ending) {
    let run = settings
        .mode(Mode::Offline)
        .stats_interval(Duration::from_millis(20))
        .run_id("all")
        .name("one of everything")
        .group("noise")
        .job_type("train")
        .notes("long")
        .tags(["a", "b"])
        .config(json!({"seed": 1, "model": {"width": 16}}))
        .start()
        .unwrap();
    run.define_metric(Metric::new("loss").summary(Aggregate::Min).goal(Goal::Minimize)).unwrap();
    run.define_metric(Metric::new("val/*").step_metric("epoch")).unwrap();
    run.log(0, [("loss", 0.25), ("epoch", 1.0)]).unwrap();
    run.log(1, [("loss", f64::NAN), ("val/loss", f64::INFINITY)]).unwrap();
    run.log(2, [("text", "x".repeat(70_000))]).unwrap();
    run.log(3, [("figure", Image::png(PNG).unwrap().caption("two"))]).unwrap();
    run.log(4, [("scores", Table::new(["name", "score"]).row([json!("a"), json!(0.5)]))]).unwrap();
    run.log(5, [("weights", Histogram::of(&[0.0, 1.0, 4.0], 2))]).unwrap();
    run.log(4, [("loss", 0.0)]).unwrap();
    run.log(3, [("loss", 0.0)]).unwrap();
    run.config([("late", 3)]).unwrap();
    run.summary([("best", 0.125)]).unwrap();
    run.output_line("epoch 1 done").unwrap();
    run.save("notes/a.txt", b"kept").unwrap();
    assert!(run.save("../a.txt", b"").is_err() && run.save("/a.txt", b"").is_err());
    wait_for_stats(&run);
    let ending = run.finish(3);
    (run, ending)
}

fn wait_for_stats(run: &Run) {
    let log = run.folder().unwrap().join("run-all.wandb");
    let key = b"proc.memory.rssMB";
    let deadline = Instant::now() + Duration::from_secs(10);
    while !std::fs::read(&log).unwrap().windows(key.len()).any(|bytes| bytes == key) {
        assert!(Instant::now() < deadline, "the machine's load was not logged");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn folder_of(ending: &Ending) -> std::path::PathBuf {
    match ending {
        Ending::Offline { folders, reason: None } => folders[0].clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_stock_reader_reads_every_record() {
    let at = tempfile::tempdir().unwrap();
    let (run, ending) = everything(settings(at.path(), "http://127.0.0.1:9"));
    let late = "W&B: rows whose step is below the one before are left out; the first is step 4 after 5";
    assert_eq!(run.messages(), [late]);
    let records = read_log(&folder_of(&ending).join("run-all.wandb"));
    let nums: Vec<u64> = records.iter().map(|record| record["num"].as_u64().unwrap()).collect();
    assert_eq!(nums, (1..=records.len() as u64).collect::<Vec<_>>());
    let all = |kind: &str| -> Vec<&Value> {
        records.iter().filter(|record| record["kind"] == kind).map(|record| &record["content"]).collect()
    };
    let described = all("run")[0];
    for (key, text) in [("run_id", "all"), ("display_name", "one of everything"), ("run_group", "noise")] {
        assert_eq!(described[key], text);
    }
    assert_eq!(described["tags"], json!(["a", "b"]));
    assert_eq!(value(&described["config"]["update"], "model"), r#"{"width":16}"#);
    assert_eq!(value(&all("config")[0]["update"], "late"), "3");
    let rows = all("history");
    assert_eq!(rows.len(), 6);
    assert_eq!(value(&rows[1]["item"], "loss"), "NaN");
    assert_eq!(value(&rows[1]["item"], "val/loss"), "Infinity");
    assert_eq!(value(&rows[1]["item"], "epoch"), "1.0");
    assert_eq!(value(&rows[2]["item"], "text").len(), 70_002);
    assert!(
        value(&rows[3]["item"], "figure")
            .contains(r#""format":"png","width":64,"height":48,"caption":"two""#)
    );
    assert!(value(&rows[4]["item"], "scores").contains(r#""ncols":2,"nrows":1"#));
    assert_eq!(
        value(&rows[5]["item"], "weights"),
        r#"{"_type":"histogram","values":[2,1],"bins":[0.0,2.0,4.0]}"#
    );
    assert_eq!(value(&rows[5]["item"], "_step"), "5");
    assert_eq!(all("summary").iter().map(|it| &it["update"]).find_map(|it| found(it, "best")), Some("0.125"));
    assert_eq!(all("output_raw")[0]["line"], "epoch 1 done\n");
    assert_eq!(all("exit")[0]["exit_code"], 3);
    assert!(all("environment")[0]["executable"].as_str().unwrap().contains("contract"));
}

#[test]
fn wandb_sync_uploads_everything() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let (_, ending) = everything(settings(at.path(), &server.url));
    sync(at.path(), &server, &[folder_of(&ending)]);
    let run = server.run("all").unwrap();
    assert_eq!((&run["complete"], &run["exitcode"]), (&json!(true), &json!(3)));
    assert_eq!(run["history"].as_array().unwrap().len(), 6);
    assert_eq!((&run["history"][1]["loss"], &run["history"][1]["epoch"]), (&json!("NaN"), &json!(1)));
    assert_eq!(run["summary"]["loss"], json!({"min": 0.25}));
    assert_eq!(run["summary"]["best"], 0.125);
    assert_eq!(run["summary"]["_step"], 5);
    assert_eq!(run["summary"]["weights"]["values"], json!([2, 1]));
    let config: Value = serde_json::from_str(run["asked"]["config"].as_str().unwrap()).unwrap();
    assert_eq!(config["model"]["value"]["width"], 16);
    assert_eq!(config["late"]["value"], 3);
    assert!(run["output"][0].as_str().unwrap().ends_with("epoch 1 done"));
    assert!(run["events"][0]["system.proc.memory.rssMB"].as_f64().unwrap() > 1.0, "{}", run["events"]);
    let figure = run["summary"]["figure"]["path"].as_str().unwrap();
    assert_eq!(server.uploaded("all", figure), PNG);
    let table = server.uploaded("all", run["summary"]["scores"]["path"].as_str().unwrap());
    assert_eq!(table, br#"{"columns":["name","score"],"data":[["a",0.5]]}"#);
    assert_eq!(server.uploaded("all", "notes/a.txt"), b"kept");
    let metadata: Value = serde_json::from_slice(&server.uploaded("all", "wandb-metadata.json")).unwrap();
    assert!(metadata["program"].as_str().unwrap().contains("contract"));
}

#[test]
fn a_run_that_is_dropped_counts_as_failed() {
    let at = tempfile::tempdir().unwrap();
    let run = settings(at.path(), "").mode(Mode::Offline).run_id("dropped").start().unwrap();
    let log = run.folder().unwrap().join("run-dropped.wandb");
    run.log(0, [("loss", 0.5)]).unwrap();
    drop(run);
    let last = read_log(&log).pop().unwrap();
    assert_eq!((&last["kind"], &last["content"]["exit_code"]), (&json!("exit"), &json!(1)));
}

fn found<'a>(items: &'a Value, key: &str) -> Option<&'a str> {
    items.as_array()?.iter().find(|item| item["key"] == key)?["value_json"].as_str()
}

fn value<'a>(items: &'a Value, key: &str) -> &'a str {
    found(items, key).unwrap_or_else(|| panic!("no {key} in {items}"))
}
