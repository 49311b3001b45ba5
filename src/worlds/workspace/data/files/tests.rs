use std::fs;
use std::path::Path;

use ndarray::Array2;
use serde_json::Value;
use tempfile::TempDir;
use umwelt_base::UserError;

use super::*;
use crate::datasets::{npy, read_rgb};
use crate::worlds::workspace::data::captions::{Choices, Record, caption, stream};
use crate::worlds::workspace::data::{
    ImageSource, OodSettings, Shape, ShapeSet, ShapesSettings, Split, render_array,
};

fn settings(layout: Layout) -> FilesSettings {
    let shapes = ShapesSettings {
        n_train_examples: 40,
        n_val_examples: 6,
        n_test_examples: 3,
        unpaired_dim: 2,
        ..Default::default()
    };
    FilesSettings { seed: 5, layout, shapes }
}

fn written(layout: Layout) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert!(write(folder.path(), &settings(layout), &|_, _, _| ()).unwrap());
    folder
}

fn generated() -> ShapeSet {
    ShapeSet::new(&settings(Layout::Ours).shapes, &OodSettings::default(), 5).unwrap()
}

/// The data set that a run with another seed reads from a folder.
fn read(folder: &Path, change: impl FnOnce(&mut ShapesSettings)) -> anyhow::Result<ShapeSet> {
    let mut shapes = settings(Layout::Ours).shapes;
    (shapes.path, shapes.images) = (Some(folder.to_str().unwrap().to_owned()), ImageSource::Files);
    change(&mut shapes);
    ShapeSet::new(&shapes, &OodSettings::default(), 99)
}

/// The error of reading a folder, without the path of the folder.
fn refused(folder: &Path, change: impl FnOnce(&mut ShapesSettings)) -> String {
    let error = read(folder, change).err().expect("it is refused");
    assert!(error.is::<UserError>());
    error.to_string().replace(&format!("{}/", folder.display()), "")
}

fn verified(folder: &Path) -> anyhow::Result<()> {
    verify(folder, &|_, _, _| (), &|_| Ok(()))
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".writing.lock").collect();
    names.sort();
    names
}

#[test]
fn items_and_images_of_both_layouts_are_those_of_the_seed() {
    let expected = generated();
    for layout in [Layout::Ours, Layout::Published] {
        let folder = written(layout);
        let found = read(folder.path(), |_| ()).unwrap();
        for split in Split::ALL {
            assert_eq!(found.items(split), expected.items(split));
            let rows: Vec<i64> = (0..expected.shapes(split).len() as i64).rev().collect();
            assert!(found.images(split, &rows).unwrap() == expected.images(split, &rows).unwrap());
        }
        verified(folder.path()).unwrap();
        let (found, items) = (9, [Some(40), Some(6), Some(3)]);
        let summary = summary(folder.path());
        assert_eq!((summary.found, summary.all, summary.items), (found, 9, items));
        assert!(!write(folder.path(), &settings(layout), &|_, _, _| ()).unwrap());
    }
}

#[test]
fn a_folder_has_the_files_of_its_layout() {
    let ours = written(Layout::Ours);
    let files = |split| ["captions.jsonl", "images.npy", "labels.npy"].map(|part| format!("{split}_{part}"));
    let all = [vec!["shapes.yaml".into()], ["test", "train", "val"].map(files).concat()].concat();
    assert_eq!(names(ours.path()), all);
    let images = fs::read(ours.path().join("val_images.npy")).unwrap();
    let expected = render_array(generated().shapes(Split::Validation));
    assert!(images[128..] == *expected.as_slice().unwrap());
    assert!(images[..128] == *npy::header("|u1", &[6, 32, 32, 3]));

    let published = written(Layout::Published);
    assert_eq!(names(&published.path().join("test")), ["0.png", "1.png", "2.png"]);
    let file = fs::File::open(published.path().join("val/2.png")).unwrap();
    let decoder = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    assert_eq!((decoder.info().size(), decoder.info().color_type), ((32, 32), png::ColorType::Rgba));
    let rgb = read_rgb(&published.path().join("val/2.png")).unwrap();
    assert_eq!(rgb.view(), expected.index_axis(ndarray::Axis(0), 2));
}

/// Captions are those of their choices, in the order of the labels.
#[test]
fn captions_of_both_layouts_are_the_same() {
    let (ours, published, set) = (written(Layout::Ours), written(Layout::Published), generated());
    let lines = fs::read_to_string(ours.path().join("train_captions.jsonl")).unwrap();
    let strings = fs::read(published.path().join("train_captions.npy")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 40);
    let captions: Vec<&str> = lines.iter().map(|line| line["caption"].as_str().unwrap()).collect();
    let longest = captions.iter().map(|caption| caption.len()).max().unwrap();
    assert!(strings.starts_with(&npy::header(&format!("<U{longest}"), &[40])));
    for (i, (shape, line)) in set.shapes(Split::Training).iter().zip(&lines).enumerate() {
        let record: Record = serde_json::from_value(line["choices"].clone()).unwrap();
        // All parts that the sentence needs are in the record: the seed does not matter.
        let choices = record.complete(shape, &mut stream(i as u64, "other").at(&[])).unwrap();
        assert_eq!(caption(shape, &choices), captions[i]);
        let codes = strings[128 + 4 * longest * i..][..4 * longest].chunks(4);
        let text: String = codes.map(|code| char::from(code[0])).filter(|c| *c != '\0').collect();
        assert_eq!(text, captions[i]);
    }
}

#[test]
fn what_is_missing_is_written_and_what_differs_is_named() {
    let folder = written(Layout::Published);
    fs::remove_file(folder.path().join("val_labels.npy")).unwrap();
    fs::rename(folder.path().join("test"), folder.path().join(".writing-test")).unwrap();
    fs::write(folder.path().join(".writing-abc"), "half").unwrap();
    let error = format!("{:#}", verified(folder.path()).unwrap_err());
    assert!(error.contains("/val_labels.npy: is not as it was written; remove it, then"), "{error}");
    assert!(write(folder.path(), &settings(Layout::Published), &|_, _, _| ()).unwrap());
    assert_eq!(names(folder.path()).iter().filter(|name| name.starts_with('.')).count(), 0);
    verified(folder.path()).unwrap();

    let picture = folder.path().join("train/39.png");
    let original = fs::read(&picture).unwrap();
    fs::copy(folder.path().join("train/38.png"), &picture).unwrap();
    let error = format!("{:#}", verified(folder.path()).unwrap_err());
    assert!(error.contains("39.png: differs from its label"), "{error}");
    let captions = folder.path().join("train_captions.npy");
    let bytes = fs::read(&captions).unwrap();
    let error = |bytes: &[u8]| {
        fs::write(&captions, bytes).unwrap();
        format!("{:#}", verified(folder.path()).unwrap_err())
    };
    fs::write(&picture, original).unwrap();
    assert!(error(&bytes[..bytes.len() - 1]).ends_with("writes it anew: it is too short"));
    assert!(error(&[&bytes[..], &[0]].concat()).ends_with("writes it anew: it is too long"));
    assert!(error(&[&bytes[..bytes.len() - 1], &[1]].concat()).ends_with("writes it anew: its bytes differ"));
}

#[test]
fn folders_with_other_items_stay_as_they_are() {
    let folder = written(Layout::Ours);
    let before = fs::read(folder.path().join("train_labels.npy")).unwrap();
    let other = FilesSettings { seed: 6, ..settings(Layout::Ours) };
    let error = write(folder.path(), &other, &|_, _, _| ()).unwrap_err();
    let reason = "holds items of other settings: seed is 5 there and 6 here; choose another folder";
    assert!(error.is::<UserError>() && error.to_string().ends_with(reason), "{error}");
    fs::remove_file(folder.path().join("shapes.yaml")).unwrap();
    let error = write(folder.path(), &other, &|_, _, _| ()).unwrap_err().to_string();
    assert!(error.ends_with("holds items that this command did not write; choose another folder"), "{error}");
    assert!(verified(folder.path()).unwrap_err().to_string().ends_with("did not write it"));
    assert_eq!(fs::read(folder.path().join("train_labels.npy")).unwrap(), before);
}

#[test]
fn missing_files_and_wrong_shapes_are_refused() {
    let folder = written(Layout::Ours);
    let at = folder.path();
    assert_eq!(
        refused(at, |s| s.n_val_examples = 7),
        "val_labels.npy: has 6 items, fewer than 7; set shapes.n_val_examples=6 or less"
    );
    assert_eq!(
        refused(at, |s| s.unpaired_dim = 1),
        "train_labels.npy: has 2 unpaired columns, not 1; set shapes.unpaired_dim=2"
    );
    fs::remove_file(at.join("test_images.npy")).unwrap();
    assert_eq!(
        refused(at, |_| ()),
        "there is neither test_images.npy nor a folder test with images; \
         write it anew with `umwelt data shapes`, or set shapes.images=render"
    );
    assert!(read(at, |s| s.images = ImageSource::Render).is_ok());
    fs::create_dir(at.join("test")).unwrap();
    assert!(refused(at, |_| ()).starts_with("there is no test/2.png; write it anew"));
    fs::write(at.join("test_images.npy"), npy::header("|u1", &[0, 32, 32, 3])).unwrap();
    assert!(
        refused(at, |_| ())
            .starts_with("test_images.npy: has the shape [0, 32, 32, 3] where at least 3 images")
    );
    fs::remove_file(at.join("val_labels.npy")).unwrap();
    assert!(refused(at, |_| ()).starts_with("val_labels.npy: cannot be read: No such file"));
}

#[test]
fn pictures_of_another_size_and_other_files_are_refused() {
    let folder = written(Layout::Published);
    let set = read(folder.path(), |_| ()).unwrap();
    let mut encoder = png::Encoder::new(fs::File::create(folder.path().join("val/1.png")).unwrap(), 31, 32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[0; 31 * 32]).unwrap();
    let error = |row| format!("{:#}", set.images(Split::Validation, &[row]).unwrap_err());
    assert!(error(1).ends_with("val/1.png: has 31 x 32 pixels, not 32 x 32"), "{}", error(1));
    fs::write(folder.path().join("val/2.png"), "text").unwrap();
    assert!(error(2).ends_with("val/2.png: is neither PNG nor JPEG"), "{}", error(2));
}

#[test]
fn rows_that_describe_no_shape_are_refused() {
    let folder = written(Layout::Ours);
    let path = folder.path().join("test_labels.npy");
    let table = npy::open_table::<f32>(&path).and_then(|file| npy::table(&file, 3)).unwrap();
    let error = |column: usize, value: f32| {
        let mut table: Array2<f32> = table.clone();
        table[[1, column]] = value;
        npy::write(&mut fs::File::create(&path).unwrap(), table.view()).unwrap();
        refused(folder.path(), |_| ())
    };
    let start = "test_labels.npy: row 1 has the";
    assert_eq!(error(0, 3.0), format!("{start} class 3, which must be a whole number from 0 to 2"));
    assert_eq!(error(1, f32::NAN), format!("{start} x NaN, which must be a number from 0 to 32"));
    assert_eq!(error(4, 6.3), format!("{start} rotation 6.3, which must be a number from 0 to 6.2831855"));
    assert_eq!(error(6, 0.5), format!("{start} G 0.5, which must be a whole number from 0 to 255"));
    assert_eq!(error(Shape::COLUMNS + 1, f32::INFINITY), format!("{start} unpaired number inf"));
    npy::write(&mut fs::File::create(&path).unwrap(), Array2::<f32>::zeros((3, 11)).view()).unwrap();
    assert_eq!(
        refused(folder.path(), |_| ()),
        "test_labels.npy: has 11 columns; a row of labels has 12 or more"
    );
}

#[test]
fn captions_are_read_back_and_damaged_ones_are_refused() {
    let folder = written(Layout::Ours);
    let path = folder.path().join("val_captions.jsonl");
    let set = read(folder.path(), |_| ()).unwrap();
    let stream = stream(5, "val");
    let shapes = set.shapes(Split::Validation);
    let expected: Vec<_> =
        (0..).zip(shapes).map(|(i, shape)| Choices::draw(shape, &mut stream.at(&[i]))).collect();
    assert_eq!(set.choices(Split::Validation).unwrap(), expected);
    let lines = fs::read_to_string(&path).unwrap();
    let few: String = lines.lines().take(4).map(|line| format!("{line}\n")).collect();
    fs::write(&path, few).unwrap();
    assert_eq!(refused(folder.path(), |_| ()), "val_captions.jsonl: has 4 captions of 6 items");
    fs::write(&path, lines.replacen("{\"caption\":\"", "{\"caption\":\"Not ", 1)).unwrap();
    let refusal = refused(folder.path(), |_| ());
    assert!(
        refusal.starts_with("val_captions.jsonl: line 1: the choices and the label make another"),
        "{refusal}"
    );
    fs::write(&path, lines.replacen("\"structure\":", "\"structure\":9", 1)).unwrap();
    let refusal = refused(folder.path(), |_| ());
    assert!(refusal.starts_with("val_captions.jsonl: line 1: "), "{refusal}");
    fs::remove_file(&path).unwrap();
    assert!(read(folder.path(), |_| ()).unwrap().choices(Split::Validation).is_none());
    let published = written(Layout::Published);
    assert!(read(published.path(), |_| ()).unwrap().choices(Split::Test).is_none());
}
