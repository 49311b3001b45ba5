use super::generated;
use super::*;
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// A folder with 12 digits to train on and 3 to validate.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    generated::write(folder.path(), 12, 3);
    folder
}

fn dotted(name: &str) -> String {
    name.replace("-idx", ".idx")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The error when `name` holds `bytes`, without the folder and the hint at its end.
fn error_of(name: &str, bytes: &[u8]) -> String {
    let folder = folder();
    fs::write(folder.path().join(name), bytes).unwrap();
    error(folder.path())
}

fn error(folder: &Path) -> String {
    let message = [Split::Training, Split::Validation].map(|split| Digits::load(folder, split).err());
    let message = format!("{:#}", message.into_iter().flatten().next().expect("one of them fails"));
    let hint = format!("; `umwelt data mnist --folder {}` fetches MNIST", folder.display());
    let rest = message.strip_suffix(&hint).unwrap_or_else(|| panic!("no hint in {message}"));
    rest.strip_prefix(&folder.display().to_string()).unwrap().trim_start_matches(['/', ':', ' ']).to_owned()
}

#[test]
fn images_and_labels_are_read_in_their_order() {
    let folder = folder();
    for (split, count) in [(Split::Training, 12), (Split::Validation, 3)] {
        let digits = Digits::load(folder.path(), split).unwrap();
        assert_eq!((digits.len(), digits.images().dim()), (count, (count, 28, 28)));
        for (n, image) in digits.images().outer_iter().enumerate() {
            assert_eq!(usize::from(digits.labels()[n]), n % 10);
            assert!(image.iter().enumerate().all(|(i, pixel)| usize::from(*pixel) == (7 * n + i) % 256));
        }
    }
}

#[test]
fn every_layout_is_read() {
    type Layout = fn(&str, Vec<u8>) -> (PathBuf, Vec<u8>);
    let layouts: [Layout; 6] = [
        |name, bytes| (format!("{name}.gz").into(), gzip(&bytes)),
        |name, bytes| (Path::new(name).join(name), bytes),
        |name, bytes| (Path::new(name).join(format!("{name}.gz")), gzip(&bytes)),
        |name, bytes| (dotted(name).into(), bytes),
        |name, bytes| (format!("{}.gz", dotted(name)).into(), gzip(&bytes)),
        |name, bytes| (Path::new(&dotted(name)).join(dotted(name)), bytes),
    ];
    for (index, layout) in layouts.into_iter().enumerate() {
        let (plain, other) = (folder(), tempfile::tempdir().unwrap());
        for name in NAMES {
            let (place, bytes) = layout(name, fs::read(plain.path().join(name)).unwrap());
            let place = other.path().join(place);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, bytes).unwrap();
        }
        for split in [Split::Training, Split::Validation] {
            let [plain, other] = [&plain, &other].map(|folder| Digits::load(folder.path(), split).unwrap());
            assert!(plain.images() == other.images() && plain.labels() == other.labels(), "layout {index}");
        }
    }
}

#[test]
fn a_plain_file_comes_before_a_gzipped_one_and_a_gzipped_one_is_known_by_its_content() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("t10k-labels-idx1-ubyte.gz"), gzip(&generated::labels(2))).unwrap();
    assert_eq!(Digits::load(folder.path(), Split::Validation).unwrap().len(), 3);
    fs::write(at("t10k-labels-idx1-ubyte"), gzip(&generated::labels(3))).unwrap();
    assert_eq!(Digits::load(folder.path(), Split::Validation).unwrap().labels(), [0, 1, 2]);
}

#[test]
fn a_missing_file_is_named() {
    for name in NAMES {
        let folder = folder();
        fs::remove_file(folder.path().join(name)).unwrap();
        assert_eq!(error(folder.path()), format!("{name}: no such file, plain or gzipped"));
    }
    assert_eq!(layout::hint(Path::new("data/mnist")), "`umwelt data mnist` fetches MNIST");
}

#[test]
fn what_is_no_idx_file_of_the_kind_is_refused() {
    let [images, labels] = ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    let cases: [(&str, Vec<u8>, &str); 8] = [
        (images, vec![], "is empty"),
        (images, vec![0, 0], "has 2 bytes, too few for a magic number"),
        (images, generated::labels(12), "has the magic number 2049, not 2051 (images): it is one of labels"),
        (
            labels,
            generated::images(3, 28),
            "has the magic number 2051, not 2049 (labels): it is one of images",
        ),
        (
            labels,
            b"<html>".to_vec(),
            "has the magic number 1013478509, not 2049 (labels): it is no IDX file of bytes",
        ),
        (images, generated::images(12, 28)[..15].to_vec(), "ends after 15 of the 16 bytes of its header"),
        (labels, gzip(&[]), "is empty"),
        (images, generated::file(2051, &[0, 28, 28], []), "holds no images"),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(error_of(name, &bytes), format!("{name}: {expected}"));
    }
}

#[test]
fn a_header_that_disagrees_with_the_size_is_refused() {
    let [images, labels] = ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    let whole = generated::images(12, 28);
    let cut = format!("{images}: its header says 12 x 28 x 28 images, which take 9424 bytes, but it has ");
    assert_eq!(error_of(images, &whole[..9000]), cut.clone() + "9000");
    assert_eq!(error_of(images, &[&*whole, &[0]].concat()), cut + "9425");
    let cut = "t10k-labels-idx1-ubyte: its header says 3 labels, which take 11 bytes, but it has 10";
    assert_eq!(error_of(labels, &generated::labels(3)[..10]), cut);
    let huge = generated::file(2051, &[0xffff_ffff; 3], [1]);
    let cut = "its header says 4294967295 x 4294967295 x 4294967295 images, which take too many bytes, but it has 17";
    assert_eq!(error_of(images, &huge), format!("{images}: {cut}"));
}

#[test]
fn digits_of_another_kind_are_refused() {
    let images = "train-images-idx3-ubyte";
    let large = "train-images-idx3-ubyte: its images are 32 x 32 pixels, not 28 x 28";
    assert_eq!(error_of(images, &generated::images(12, 32)), large);
    let mut labels = generated::labels(12);
    labels[8 + 4] = 10;
    let eleventh = "train-labels-idx1-ubyte: label 4 is 10, not 0 to 9";
    assert_eq!(error_of("train-labels-idx1-ubyte", &labels), eleventh);
    let counts = "11 images in train-images-idx3-ubyte but 12 labels in train-labels-idx1-ubyte: the files are not of one data set";
    assert_eq!(error_of(images, &generated::images(11, 28)), counts);
}

#[test]
fn damaged_gzip_is_refused() {
    let packed = gzip(&generated::images(12, 28));
    let mut flipped = packed.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    for damaged in [&packed[..packed.len() / 2], &flipped, &[&*packed, b"more"].concat()] {
        let message = error_of("train-images-idx3-ubyte", damaged);
        assert!(message.starts_with("train-images-idx3-ubyte: is a damaged gzip file: "), "{message}");
    }
}

#[test]
fn zeros_behind_a_gzip_file_are_padding_and_nothing_else_is() {
    let labels = "t10k-labels-idx1-ubyte";
    let packed = gzip(&generated::labels(3));
    let folder = folder();
    let load = |bytes: &[u8]| {
        fs::write(folder.path().join(labels), bytes).unwrap();
        Digits::load(folder.path(), Split::Validation)
    };
    for zeros in [1, 512, 10_240] {
        assert_eq!(load(&[&*packed, &vec![0; zeros]].concat()).unwrap().labels(), [0, 1, 2]);
    }
    let members = generated::labels(3).chunks(9).map(gzip).collect::<Vec<_>>().concat();
    assert_eq!(load(&members).unwrap().labels(), [0, 1, 2]);
    for rest in [&b"x"[..], b"\0\0x", b"\0\0\x1f\x8b"] {
        let message = format!("{:#}", load(&[&packed, rest].concat()).err().expect("it is damaged"));
        assert!(message.contains("is a damaged gzip file"), "{message}");
    }
}

#[test]
fn a_gzip_file_that_unpacks_to_too_much_is_refused() {
    let packed = gzip(&vec![0; 100_000]);
    assert!(packed.len() < 1000);
    assert_eq!(layout::unpack(&packed, 100_000).unwrap().len(), 100_000);
    let twice = [&*packed, &packed].concat();
    for (bytes, most) in [(&packed, 99_999), (&twice, 150_000)] {
        let message = layout::unpack(bytes, most).unwrap_err().to_string();
        assert_eq!(message, format!("is a gzip file that unpacks to more than {most} bytes"));
    }
}
