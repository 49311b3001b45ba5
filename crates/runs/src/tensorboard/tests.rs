//! Tests of event files with TensorBoard's own reader.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::*;

const READER: &str = r#"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "tensors": 0})
events.Reload()
image, = events.Images("frames")
text, = events.Tensors("notes")
print(json.dumps({
    "scalars": {tag: [[e.step, e.wall_time, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]},
    "image": [image.step, image.width, image.height, len(image.encoded_image_string)],
    "text": [text.step, text.tensor_proto.string_val[0].decode()],
    "text_plugin": events.SummaryMetadata("notes").plugin_data.plugin_name,
}))
"#;

fn python() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv-test/bin/python");
    let python = std::env::var_os("UMWELT_TEST_PYTHON").map_or(installed, PathBuf::from);
    assert!(python.exists(), "{} is missing; `make .venv-test/ready` installs it", python.display());
    python
}

fn read_back(folder: &Path) -> Value {
    let output = Command::new(python()).args(["-c", READER]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The first bytes of a PNG of 28 x 14 pixels: the signature, and the length, name, width and
/// height of the first chunk.
fn png() -> Vec<u8> {
    let head = [PNG_SIGNATURE, &[0, 0, 0, 13], b"IHDR", &28_u32.to_be_bytes(), &14_u32.to_be_bytes()];
    head.concat()
}

#[test]
fn tensorboard_reads_scalars_images_and_text() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = EventFile::create(folder.path()).unwrap();
    events.scalars(10, 1000.5, &[("train/loss", 0.5), ("rate", 0.25)]).unwrap();
    events.scalars(20, 1001.5, &[("train/loss", 0.125)]).unwrap();
    events.image(20, 1002.0, "frames", png()).unwrap();
    events.text(0, 1000.0, "notes", "a **bold** note").unwrap();
    let expected = json!({
        "scalars": {"train/loss": [[10, 1000.5, 0.5], [20, 1001.5, 0.125]], "rate": [[10, 1000.5, 0.25]]},
        "image": [20, 28, 14, png().len()],
        "text": [0, "a **bold** note"],
        "text_plugin": "text",
    });
    assert_eq!(read_back(folder.path()), expected);
}

#[test]
fn repeated_steps_are_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = EventFile::create(folder.path()).unwrap();
    before.session(1).unwrap();
    for step in [10, 20, 30, 40] {
        before.scalars(step, 1000.0, &[("loss", 1.0)]).unwrap();
    }
    before.image(20, 1000.0, "frames", png()).unwrap();
    before.text(0, 1000.0, "notes", "a note").unwrap();
    // The run was killed after step 40, its checkpoint is of step 20.
    let mut after = EventFile::create(folder.path()).unwrap();
    after.session(21).unwrap();
    after.scalars(30, 2000.0, &[("loss", 0.5)]).unwrap();
    let loss = &read_back(folder.path())["scalars"]["loss"];
    assert_eq!(*loss, json!([[10, 1000.0, 1.0], [20, 1000.0, 1.0], [30, 2000.0, 0.5]]));
}

#[test]
fn files_of_the_same_second_have_different_names() {
    let folder = tempfile::tempdir().unwrap();
    let files = [EventFile::create(folder.path()).unwrap(), EventFile::create(folder.path()).unwrap()];
    let name = files[0].path.file_name().unwrap().to_string_lossy().into_owned();
    let parts: Vec<&str> = name.split('.').collect();
    assert_eq!((&parts[..3], parts[3].len()), (&["events", "out", "tfevents"][..], 10));
    assert_eq!((parts[5], parts[6], parts.len()), (&*process::id().to_string(), "0", 7));
    assert_ne!(files[0].path, files[1].path);
}

#[test]
fn an_image_that_is_not_a_png_is_refused_by_its_tag() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = EventFile::create(folder.path()).unwrap();
    let error = events.image(0, 0.0, "frames", b"GIF89a".to_vec()).unwrap_err();
    assert_eq!(format!("{error:#}"), "the image frames is not a PNG: it begins differently");
}
