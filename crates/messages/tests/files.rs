//! Files are read as they were written, and those of other programs too.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use umwelt_messages::{Cache, Collection, Dtype, Folder, MANIFEST, Reader, Row, write};

fn row(number: usize) -> Row {
    let length = number % 5;
    Row {
        task_id: format!("task {number}"),
        task: "a task, 雪".into(),
        plan: "the plan".into(),
        plan_ids: (0..length as i32).collect(),
        // 256ths are exact in bf16 and f16.
        hidden_state: (0..3 * length).map(|at| (at as f32 - 3.0) / 256.0 + number as f32 % 2.0).collect(),
        width: 3,
        task_type: number.is_multiple_of(2).then(|| "even".into()),
        task_level: None,
        answer: Some(number.to_string()),
    }
}

fn read(path: &Path) -> Vec<Row> {
    let file = Reader::open(path).unwrap();
    (0..file.groups()).flat_map(|group| file.rows(group).unwrap()).collect()
}

#[test]
fn rows_are_read_as_they_were_written_in_three_number_formats() {
    let at = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = (1..150).map(row).collect();
    for dtype in Dtype::ALL {
        let path = at.path().join("a.parquet");
        write(&path, &rows, dtype, &vec![("seed".into(), "7".into())]).unwrap();
        let file = Reader::open(&path).unwrap();
        assert_eq!(
            (file.groups(), file.metadata("seed"), file.metadata("schema_version")),
            (3, Some("7"), Some("1"))
        );
        assert_eq!(file.metadata("hidden_dtype"), Some(dtype.name()));
        for (found, row) in read(&path).iter().zip(&rows) {
            let gap = found.hidden_state.iter().zip(&row.hidden_state).map(|(a, b)| (a - b).abs());
            // bf16 has 8 bits of mantissa.
            assert!(gap.fold(0.0, f32::max) <= if dtype == Dtype::F32 { 0.0 } else { 1.0 / 256.0 });
            assert_eq!(found.hidden_state.len(), row.hidden_state.len());
            assert_eq!(
                Row { hidden_state: vec![], ..found.clone() },
                Row { hidden_state: vec![], ..row.clone() }
            );
        }
        assert_eq!(read(&path).len(), 149);
    }
}

/// Writes a file of two rows with the columns of another program.
fn foreign(path: &Path, schema: &str, levels: &[(&[i16], &[i16])], lengths: &[i32]) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer =
        SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut levels = levels.iter();
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(_) => {
                let keys = ["a", "b"].map(ByteArray::from);
                column.typed::<ByteArrayType>().write_batch(&keys, None, None).unwrap();
            }
            ColumnWriter::DoubleColumnWriter(_) => {
                let (defined, repeated) = levels.next().unwrap();
                let values: Vec<f64> = (0..6).map(f64::from).collect();
                column.typed::<DoubleType>().write_batch(&values, Some(defined), Some(repeated)).unwrap();
            }
            _ => drop(column.typed::<Int32Type>().write_batch(lengths, None, None).unwrap()),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

const NESTED: &str = "message m { required binary id (UTF8);
    optional group hidden_state (LIST) { repeated group list { optional group item (LIST) {
        repeated group list { optional double item; } } } } }";
const FLAT: &str = "message m { required binary task_id (UTF8);
    required group hidden_state (LIST) { repeated group list { required double element; } }
    required int32 n_rows; }";

#[test]
fn files_of_other_programs_are_read() {
    let at = tempfile::tempdir().unwrap();
    let path = at.path().join("data.parquet");
    // [[0, 1], [2, 3]] and [[4, 5]]
    foreign(&path, NESTED, &[(&[5; 6], &[0, 2, 1, 2, 0, 2])], &[]);
    let rows = read(&path);
    assert_eq!((rows[0].width, rows[0].length(), rows[1].length()), (2, 2, 1));
    assert_eq!((rows[0].hidden_state.as_slice(), rows[1].task_id.as_str()), (&[0.0, 1.0, 2.0, 3.0][..], "b"));
    foreign(&path, FLAT, &[(&[1; 6], &[0, 1, 1, 1, 0, 1])], &[2, 1]);
    let rows = read(&path);
    assert_eq!((rows[0].width, rows[0].length(), rows[1].hidden_state.as_slice()), (2, 2, &[4.0, 5.0][..]));
    assert_eq!(Folder::open(at.path()).unwrap().keys(), ["a", "b"]);
    foreign(&path, FLAT, &[(&[1; 6], &[0, 1, 1, 1, 0, 1])], &[3, 1]);
    let error = format!("{:#}", Reader::open(&path).unwrap().rows(0).unwrap_err());
    assert!(error.ends_with("row group 0: a: hidden_state has 4 rows where n_rows says 3"), "{error}");
}

/// Files that pyarrow wrote (tests/data/record.py).
#[test]
fn files_of_pyarrow_are_read() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for kind in ["list", "element", "large", "fixed", "half", "flat"] {
        for ending in ["parquet", "arrow"] {
            let path = data.join(format!("{kind}.{ending}"));
            if kind == "flat" && ending == "arrow" {
                continue;
            }
            let rows = read(&path);
            let keys: Vec<&str> = rows.iter().map(|row| row.task_id.as_str()).collect();
            assert_eq!(keys, ["a", "b", "c"], "{}", path.display());
            let states: Vec<f32> = rows.iter().flat_map(|row| row.hidden_state.clone()).collect();
            assert_eq!(states, (0..12).map(|at| at as f32).collect::<Vec<_>>(), "{}", path.display());
            let shapes: Vec<(usize, usize)> = rows.iter().map(|row| (row.length(), row.width)).collect();
            assert_eq!(shapes, [(2, 2), (1, 2), (3, 2)], "{}", path.display());
            if kind != "flat" {
                assert_eq!((rows[0].plan.as_str(), rows[1].plan.as_str()), ("plan a", ""));
                assert_eq!((&rows[0].plan_ids, &rows[2].plan_ids), (&vec![1, 2], &vec![]));
            }
        }
    }
}

#[test]
fn a_saved_data_set_is_read_batch_by_batch_and_a_torn_one_is_named() {
    let at = tempfile::tempdir().unwrap();
    let saved = at.path().join("hf_dataset/data-00000-of-00001.arrow");
    fs::create_dir(saved.parent().unwrap()).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/list.arrow");
    fs::copy(&own, &saved).unwrap();
    let folder = Folder::open(at.path()).unwrap();
    assert_eq!((folder.keys().len(), folder.place("c")), (3, Some((0, 1, 0))));
    assert_eq!(folder.rows(0, 1).unwrap()[0].hidden_state, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    let bytes = fs::read(&own).unwrap();
    // Inside the last batch, whose 8 bytes of an end follow.
    fs::write(&saved, &bytes[..bytes.len() - 40]).unwrap();
    let error = format!("{:#}", Folder::open(at.path()).err().unwrap());
    assert!(error.contains("data-00000-of-00001.arrow is no whole stream of Arrow"), "{error}");
}

#[test]
fn batches_of_long_messages_have_several_parts_and_changed_parts_are_named() {
    let at = tempfile::tempdir().unwrap();
    let open = || Collection::open(at.path(), Dtype::F32, vec![]);
    let rows: Vec<Row> = (1..7).map(row).collect();
    let two = rows[0].bytes() + rows[1].bytes();
    let mut collection = open().unwrap().with_file_bytes(two);
    collection.add(&rows).unwrap();
    let manifest = collection.manifest().clone();
    assert_eq!(manifest.batches(), 1);
    let ids: Vec<usize> = manifest.parts.iter().map(|part| part.ids.len()).collect();
    assert!(ids.len() > 2 && ids[0] == 2 && ids.iter().sum::<usize>() == 6, "{ids:?}");
    assert_eq!(open().unwrap().manifest(), &manifest);
    fs::write(at.path().join("part-00001.parquet"), "torn").unwrap();
    let error = open().err().unwrap().to_string();
    assert!(
        error.ends_with("part-00001.parquet is not as it was written; remove its folder to collect again")
    );
}

#[test]
fn a_torn_file_and_a_key_in_two_rows_are_named() {
    let at = tempfile::tempdir().unwrap();
    let path = at.path().join("part-00000.parquet");
    write(&path, &[row(1), row(2)], Dtype::F32, &vec![]).unwrap();
    write(&at.path().join("part-00001.parquet"), &[row(2)], Dtype::F32, &vec![]).unwrap();
    let error = Folder::open(at.path()).err().unwrap().to_string();
    assert!(error.ends_with("part-00001.parquet: task_id task 2 is in two rows"), "{error}");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    let error = format!("{:#}", Folder::open(at.path()).err().unwrap());
    assert!(error.contains("part-00000.parquet is no whole Parquet file"), "{error}");
}

#[test]
fn a_collection_goes_on_with_the_part_that_was_cut_off() {
    let at = tempfile::tempdir().unwrap();
    let open = || Collection::open(at.path(), Dtype::F32, vec![("seed".into(), "7".into())]).unwrap();
    let mut collection = open();
    collection.add(&[row(1), row(2)]).unwrap();
    fs::write(at.path().join("part-00001.parquet"), "cut off").unwrap();
    let mut collection = {
        drop(collection);
        open()
    };
    assert_eq!((collection.done(), at.path().join("part-00001.parquet").exists()), (2, false));
    collection.add(&[row(3)]).unwrap();
    assert_eq!(Folder::open(at.path()).unwrap().keys(), ["task 1", "task 2", "task 3"]);
    assert_eq!(collection.manifest().parts[1].ids, ["task 3"]);
    assert!(at.path().join(MANIFEST).is_file());
    let error = Collection::open(at.path(), Dtype::F32, vec![]).err().unwrap().to_string();
    assert!(error.contains("choose another folder"), "{error}");
}

#[test]
fn a_cache_keeps_no_more_than_its_budget() {
    let at = tempfile::tempdir().unwrap();
    write(&at.path().join("a.parquet"), &(0..256).map(row).collect::<Vec<_>>(), Dtype::F32, &vec![]).unwrap();
    let group: usize = (64..128).map(|number| row(number).bytes()).sum();
    let mut cache = Cache::new(Folder::open(at.path()).unwrap(), 2 * group + group / 2);
    for number in [3, 70, 130, 200, 4, 255, 77] {
        assert_eq!(cache.row(&format!("task {number}")).unwrap(), row(number));
        assert!(cache.bytes() <= 2 * group + group / 2);
    }
    let error = cache.row("task 256").unwrap_err().to_string();
    assert_eq!(error, "no message of task 256 was collected");
}
