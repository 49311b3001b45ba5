use super::*;
use crate::datasets::IMAGE_SIZE;
use std::fs;
use umwelt_base::random::Stream;

/// A CIFAR-10 record whose planes are 2 x + base, 3 y + base and base.
fn record(base: u8) -> Vec<u8> {
    let plane = |of: fn(usize, usize) -> usize| (0..1024).map(move |i| of(i % 32, i / 32) as u8 + base);
    let planes = plane(|x, _| 2 * x).chain(plane(|_, y| 3 * y)).chain(plane(|_, _| 0));
    std::iter::once(3).chain(planes).collect()
}

/// A folder with six batches of two records each, the n-th with base 20 n.
fn cifar() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = (1..=5).map(|n| format!("data_batch_{n}.bin")).chain(["test_batch.bin".into()]);
    for (name, n) in names.zip(0..) {
        fs::write(folder.path().join(name), [record(20 * n), record(20 * n + 10)].concat()).unwrap();
    }
    folder
}

fn named(folder: &Path, split: Split) -> Result<Pictures> {
    Pictures::named(folder.to_str().unwrap(), split)
}

fn error(folder: &Path) -> String {
    format!("{:#}", named(folder, Split::Training).unwrap_err())
}

/// A picture drawn on a black image with a gain of 2, and halved.
fn drawn(pictures: &Pictures, index: u64) -> Image {
    let mut image = [0.0; PIXELS];
    pictures.add_to(&mut image, &mut Stream::new(1, "draw").at(&[index]), 2.0);
    image.map(|pixel| pixel / 2.0)
}

#[test]
fn cifar_10_is_read_as_grey_of_its_upper_left() {
    let folder = cifar();
    for (split, count, first) in [(Split::Training, 10, 0.0), (Split::Validation, 2, 100.0)] {
        let pictures = named(folder.path(), split).unwrap();
        let mut seen = vec![0usize; count];
        for index in 0..1000 {
            let image = drawn(&pictures, index);
            let base = f64::from(image[0]) * 255.0 / 0.9999;
            let which = ((base - first) / 10.0).round();
            seen[which as usize] += 1;
            let base = first + 10.0 * which;
            for (i, pixel) in image.iter().enumerate() {
                let (x, y) = ((i % IMAGE_SIZE) as f64, (i / IMAGE_SIZE) as f64);
                let grey = 0.2989 * (2.0 * x + base) + 0.587 * (3.0 * y + base) + 0.114 * base;
                assert!((f64::from(*pixel) - grey / 255.0).abs() < 1e-5);
            }
        }
        let expected = 1000 / count;
        assert!(seen.iter().all(|n| n.abs_diff(expected) < expected / 2), "{seen:?}");
    }
}

#[test]
fn the_folder_that_holds_the_unpacked_archive_will_do() {
    let outer = tempfile::tempdir().unwrap();
    fs::rename(cifar().keep(), outer.path().join("cifar-10-batches-bin")).unwrap();
    assert_eq!(named(outer.path(), Split::Validation).unwrap().greys.len(), 2);
}

#[test]
fn damaged_cifar_files_are_named() {
    let folder = cifar();
    let batch = folder.path().join("data_batch_4.bin");
    fs::write(&batch, &record(1)[..3000]).unwrap();
    assert!(error(folder.path()).contains("data_batch_4.bin: 3000 bytes are not a multiple"));
    fs::write(&batch, []).unwrap();
    assert!(error(folder.path()).contains("data_batch_4.bin: 0 bytes are not a multiple"));
    fs::write(&batch, vec![77; 2 * 3073]).unwrap();
    assert!(error(folder.path()).contains("data_batch_4.bin: record 0 has label 77, not 0 to 9"));
    fs::remove_file(&batch).unwrap();
    assert!(error(folder.path()).contains("data_batch_4.bin: cannot be read: No such file"));
}

#[test]
fn what_names_no_collection_is_answered_with_the_choices() {
    let nowhere = Pictures::named("data/nowhere", Split::Training).unwrap_err().to_string();
    assert!(nowhere.starts_with("there is no folder data/nowhere; give a folder with CIFAR-10"), "{nowhere}");
    let empty = tempfile::tempdir().unwrap();
    for message in [nowhere, error(empty.path())] {
        for choice in ["CIFAR-10", "test_batch.bin", "PNG or JPEG", "dead_leaves"] {
            assert!(message.contains(choice), "{message}");
        }
    }
}

#[test]
fn moments_are_those_of_all_pixels() {
    let half: Grey = std::array::from_fn(|i| if i < PIXELS / 2 { WHITE } else { 0 });
    let (mean, variance) = Pictures::new(vec![[WHITE; PIXELS], [0; PIXELS], half, half]).moments();
    assert!((mean - 0.5).abs() < 1e-12 && (variance - 0.25).abs() < 1e-12);
    let (mean, variance) = Pictures::new(vec![[WHITE / 5; PIXELS]; 3]).moments();
    assert!((mean - 0.2).abs() < 1e-12 && variance.abs() < 1e-12);
}
