//! Tests of logs against lines read one by one.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::parse::{chunks, parse};
use super::*;

const NOW: Duration = Duration::ZERO;

fn append(run: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(run.join("metrics.jsonl")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn column(store: &ColumnStore, run: &Path, key: &str) -> Option<(Vec<f64>, Vec<f64>)> {
    let pair = |column: &Arc<Column>| (column.steps.clone(), column.values.clone());
    store.with("run", run, NOW, |log| log.columns().get(key).map(pair)).unwrap()
}

#[test]
fn lines_become_columns_whatever_they_hold() {
    let lines = br#"{"step":0,"epoch":0.5,"loss":1.5,"lr":1e-3}
{"loss":2,"step":10,"text":"x","flag":true,"list":[1,{"a":2}],"map":{"step":7}}
{"step":20,"loss":null,"l\u006fss":-3}
{"loss":9}
[1]
{"step":30,"loss":"Infinity","lr":"-Infinity"
{"step":40,"loss":"-Infinity"}
"#;
    let columns = parse(lines);
    assert_eq!(columns.keys().collect::<Vec<_>>(), ["epoch", "loss", "lr"]);
    let loss = columns.get("loss").unwrap();
    assert_eq!(loss.steps, [0.0, 10.0, 20.0, 20.0, 40.0]);
    assert_eq!(loss.values[..2], [1.5, 2.0]);
    assert!(loss.values[2].is_nan());
    assert_eq!(loss.values[3..], [-3.0, f64::NEG_INFINITY]);
    assert_eq!(**columns.get("lr").unwrap(), Column::of(vec![0.0], vec![1e-3]));
    assert_eq!(columns.last_step(), Some(40.0));
}

#[test]
fn chunks_end_with_lines_and_lose_nothing() {
    let lines: String = (0..997).map(|i| format!("{{\"step\":{i},\"v\":{}}}\n", i * i)).collect();
    for size in [1, 10, 100, 5000, 1 << 20] {
        let chunks = chunks(lines.as_bytes(), size);
        assert_eq!(chunks.concat(), lines.as_bytes());
        assert!(chunks.iter().all(|chunk| chunk.ends_with(b"\n")));
    }
}

#[test]
fn a_log_of_many_chunks_reads_like_its_lines_one_by_one() {
    let line = |i: u64| {
        let other =
            if i.is_multiple_of(3) { format!(",\"score\":{}", i as f64 * 0.25) } else { String::new() };
        format!("{{\"step\":{i},\"loss\":{}{other}}}\n", (i * 7919) % 1009)
    };
    let text: String = (0..60_000).map(line).collect();
    let columns = parse(text.as_bytes());
    let mut naive: HashMap<String, Column> = HashMap::new();
    for line in text.lines() {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        for (key, value) in line.iter().filter(|(key, _)| *key != "step") {
            let column = naive.entry(key.clone()).or_default();
            column.steps.push(line["step"].as_f64().unwrap());
            column.values.push(value.as_f64().unwrap());
        }
    }
    assert_eq!(columns.keys().count(), naive.len());
    assert!(naive.iter().all(|(key, column)| columns.get(key).is_some_and(|found| **found == *column)));
}

#[test]
fn only_whole_lines_are_read_and_a_torn_one_waits() {
    let run = tempfile::tempdir().unwrap();
    let store = ColumnStore::new(1 << 20);
    assert_eq!(column(&store, run.path(), "loss"), None);
    append(run.path(), "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"lo");
    assert_eq!(column(&store, run.path(), "loss"), Some((vec![1.0], vec![0.5])));
    append(run.path(), "ss\":0.25}\n");
    assert_eq!(column(&store, run.path(), "loss"), Some((vec![1.0, 2.0], vec![0.5, 0.25])));
}

#[test]
fn a_replaced_log_is_read_anew() {
    let run = tempfile::tempdir().unwrap();
    let (store, log) = (ColumnStore::new(1 << 20), run.path().join("metrics.jsonl"));
    append(run.path(), "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":0.75}\n");
    assert_eq!(column(&store, run.path(), "loss").unwrap().1, [0.5, 0.75]);
    // A resumed run replaces its log by a shorter one, which then grows beyond the old size.
    let other = run.path().join("new");
    fs::write(&other, "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":3}\n{\"step\":3,\"loss\":4}\n")
        .unwrap();
    fs::rename(other, &log).unwrap();
    assert_eq!(column(&store, run.path(), "loss").unwrap().1, [0.5, 3.0, 4.0]);
    // In place, with the same inode and more bytes.
    fs::write(&log, "{\"step\":5,\"loss\":7}\n".repeat(8)).unwrap();
    assert_eq!(column(&store, run.path(), "loss").unwrap().1, [7.0; 8]);
    fs::remove_file(&log).unwrap();
    assert_eq!(column(&store, run.path(), "loss"), None);
}

#[test]
fn steps_that_go_back_are_sorted_in() {
    let columns = parse(b"{\"step\":5,\"a\":1}\n{\"step\":3,\"a\":2}\n{\"step\":5,\"a\":3}\n");
    let a = columns.get("a").unwrap();
    assert_eq!((&a.steps[..], &a.values[..]), (&[3.0, 5.0, 5.0][..], &[2.0, 1.0, 3.0][..]));
}

#[test]
fn a_request_keeps_its_column_while_lines_are_appended() {
    let run = tempfile::tempdir().unwrap();
    let store = ColumnStore::new(1 << 20);
    let look =
        || store.with("run", run.path(), NOW, |log| log.columns().get("loss").unwrap().clone()).unwrap();
    append(run.path(), "{\"step\":1,\"loss\":0.5}\n");
    let (first, same) = (look(), look());
    assert!(Arc::ptr_eq(&first, &same), "no request copies a column");
    append(run.path(), "{\"step\":2,\"loss\":0.25}\n");
    assert_eq!(look().values, [0.5, 0.25]);
    assert_eq!(first.values, [0.5]);
}

#[test]
fn the_buckets_of_a_long_column_follow_its_lines() {
    let column = |steps: std::ops::Range<u64>| {
        let steps: Vec<f64> = steps.map(|step| step as f64).collect();
        Column::of(steps.clone(), steps.iter().map(|step| step % 7.0).collect())
    };
    assert!(column(0..99_999).pyramid().is_none());
    let mut grown = column(0..100_000);
    assert!(grown.pyramid().is_some());
    grown.append(column(100_000..130_000));
    let all = column(0..130_000);
    let cells = |column: &Column| {
        let grid = crate::curves::Grid::Buckets(1024.0);
        column.pyramid().unwrap().cells(&column.steps, &column.values, &(5..129_000), grid).unwrap()
    };
    assert_eq!(cells(&grown), cells(&all));
    grown.append(column(0..10));
    assert_eq!(cells(&grown)[0].count, 1024 + 10 - 5, "steps that go back are sorted in");
}

#[test]
fn the_least_recently_used_log_leaves_first() {
    let root = tempfile::tempdir().unwrap();
    let lines: String = (0..100).map(|i| format!("{{\"step\":{i},\"loss\":1}}\n")).collect();
    let names = ["a", "b", "c"];
    for name in names {
        fs::create_dir(root.path().join(name)).unwrap();
        append(&root.path().join(name), &lines);
    }
    let size = |store: &ColumnStore, name: &str| {
        store.with(name, &root.path().join(name), NOW, |log| log.columns().bytes()).unwrap()
    };
    let one = size(&ColumnStore::new(0), "a");
    assert!(one >= 1600, "100 steps and values of 8 bytes");
    let store = ColumnStore::new(2 * one);
    names.iter().for_each(|name| assert_eq!(size(&store, name), one));
    assert_eq!(store.names(), ["b", "c"]);
    size(&store, "b");
    size(&store, "a");
    assert_eq!((store.names(), store.bytes()), (vec!["a".to_owned(), "b".to_owned()], 2 * one));
}

#[test]
fn a_first_read_answers_in_parts() {
    let run = tempfile::tempdir().unwrap();
    let note = "x".repeat(4000);
    let lines: String =
        (0..6000).map(|i| format!("{{\"step\":{i},\"loss\":1,\"note\":\"{note}\"}}\n")).collect();
    append(run.path(), &lines);
    let store = ColumnStore::new(1 << 20);
    let look = || {
        let found = |log: &Log| (log.columns().get("loss").unwrap().values.len(), log.is_complete());
        store.with("run", run.path(), NOW, found).unwrap()
    };
    let (first, complete) = look();
    assert!(!complete && (1..6000).contains(&first), "{first}");
    assert_eq!(look(), (6000, true));
    assert!(store.with("other", run.path(), Duration::from_secs(60), Log::is_complete).unwrap());
}
