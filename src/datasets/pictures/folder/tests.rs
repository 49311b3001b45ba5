use super::*;
use crate::datasets::IMAGE_SIZE;
use std::collections::HashSet;

/// Writes a PNG whose grey at (x, y) is x + 4 y, in as many channels as the colour type has.
fn png(file: &Path, [width, height]: [usize; 2], colour: png::ColorType) {
    let mut encoder = png::Encoder::new(fs::File::create(file).unwrap(), width as u32, height as u32);
    encoder.set_color(colour);
    let grey = |i: usize| (i % width + i / width * 4) as u8;
    let samples: Vec<u8> = (0..width * height).flat_map(|i| vec![grey(i); colour.samples()]).collect();
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
}

fn folder(sizes: &[(&str, [usize; 2])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("below")).unwrap();
    for (name, size) in sizes {
        png(&folder.path().join(name), *size, png::ColorType::Grayscale);
    }
    folder
}

fn error(folder: &Path) -> String {
    let both = [Split::Training, Split::Validation].map(|split| read(folder, split).err());
    format!("{:#}", both.into_iter().flatten().next().expect("one of them fails"))
}

#[test]
fn crops_are_windows_of_the_pictures() {
    let folder = folder(&[("a.png", [40, 36]), ("below/b.PNG", [40, 36]), (".c.png", [1, 1])]);
    fs::write(folder.path().join("notes.txt"), "no picture").unwrap();
    for (split, count) in [(Split::Training, 50_000), (Split::Validation, 10_000)] {
        let crops = read(folder.path(), split).unwrap();
        let mut corners = HashSet::new();
        for crop in crops.iter().step_by(20) {
            let value = |i: usize| usize::from(crop[i] / 257);
            corners.insert(value(0));
            assert!((0..crop.len()).all(|i| value(i) == value(0) + i % IMAGE_SIZE + 4 * (i / IMAGE_SIZE)));
        }
        // x from 0 to 8 and y from 0 to 4: x + 4 y takes every value from 0 to 24.
        assert_eq!((crops.len(), corners), (count, (0..=24).collect()));
        assert!(crops == read(folder.path(), split).unwrap(), "the same every time");
    }
}

#[test]
fn a_tenth_of_the_pictures_is_held_out_whatever_their_order() {
    let file = |i| {
        let name = format!("{}/{i}.png", i % 7);
        PictureFile { path: Path::new("pictures").join(&name), name }
    };
    let names: Vec<PictureFile> = (0..95).map(file).collect();
    let of = |names: &[PictureFile], split| part(names.to_vec(), split).into_iter().collect::<HashSet<_>>();
    let (training, validation) = (of(&names, Split::Training), of(&names, Split::Validation));
    assert_eq!((training.len(), validation.len()), (85, 10));
    assert!(training.is_disjoint(&validation));
    let reversed: Vec<PictureFile> = names.iter().rev().cloned().collect();
    assert_eq!(of(&reversed, Split::Validation), validation);
    assert_eq!((of(&names[..2], Split::Training).len(), of(&names[..2], Split::Validation).len()), (1, 1));
}

#[test]
fn each_colour_type_is_read_as_grey() {
    let at = tempfile::tempdir().unwrap();
    let file = at.path().join("a.png");
    for (colour, white) in [
        (png::ColorType::Grayscale, 1.0),
        (png::ColorType::GrayscaleAlpha, 1.0),
        (png::ColorType::Rgb, 0.9999),
        (png::ColorType::Rgba, 0.9999),
    ] {
        png(&file, [33, 32], colour);
        let picture = decode::read(&file).unwrap();
        assert_eq!(picture.dim(), (32, 33));
        let expected = |i: usize| white * (i % 33 + i / 33 * 4) as f64 * 257.0;
        assert!(picture.iter().enumerate().all(|(i, grey)| (f64::from(*grey) - expected(i)).abs() <= 0.5));
    }
}

/// Written by Pillow 13: red 8 x, green 5 y, blue 100 in 30 x 40 pixels (`colour`), grey 6 x
/// (`grey`).
#[test]
fn jpeg_is_read_as_grey() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (name, grey) in [
        ("colour.jpg", (|x, y| 0.2989 * 8.0 * x + 0.587 * 5.0 * y + 0.114 * 100.0) as fn(f64, f64) -> f64),
        ("grey.jpg", |x, _| 6.0 * x),
    ] {
        let picture = decode::read(&data.join(name)).unwrap();
        assert_eq!(picture.dim(), (40, 30));
        for (i, found) in picture.iter().enumerate() {
            let (found, expected) = (f64::from(*found) / 257.0, grey((i % 30) as f64, (i / 30) as f64));
            assert!((found - expected).abs() < 4.0, "{name}: {found} {expected} at {i}");
        }
    }
    let at = tempfile::tempdir().unwrap();
    let whole = fs::read(data.join("colour.jpg")).unwrap();
    fs::write(at.path().join("half.jpg"), &whole[..whole.len() / 2]).unwrap();
    let message = format!("{:#}", decode::read(&at.path().join("half.jpg")).expect_err("half a picture"));
    assert!(message.starts_with("is a damaged JPEG file: "), "{message}");
}

#[test]
fn pictures_that_cannot_be_used_are_named() {
    let small = folder(&[("a.png", [31, 40]), ("b.png", [31, 40])]);
    assert!(
        error(small.path())
            .ends_with(".png: 31 x 40 pixels are too few for a crop of 32 x 32; remove the picture")
    );
    let one = folder(&[("a.png", [40, 40])]);
    assert!(error(one.path()).contains("two pictures or more"));
    let broken = folder(&[("a.png", [40, 40]), ("below/b.png", [40, 40])]);
    for name in ["a.png", "below/b.png"] {
        let whole = fs::read(broken.path().join(name)).unwrap();
        fs::write(broken.path().join(name), &whole[..whole.len() / 2]).unwrap();
    }
    let message = error(broken.path());
    assert!(message.contains(".png: is a damaged PNG file: "), "{message}");
    fs::write(broken.path().join("a.png"), "text").unwrap();
    fs::write(broken.path().join("below/b.png"), "text").unwrap();
    assert!(error(broken.path()).ends_with(".png: is neither PNG nor JPEG"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_read() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[]);
    let inner = folder.path().join(OsStr::from_bytes(b"na\xefve"));
    fs::create_dir(&inner).unwrap();
    for name in [&b"\xe9.png"[..], b"\xe8.png"] {
        png(&inner.join(OsStr::from_bytes(name)), [40, 36], png::ColorType::Grayscale);
    }
    for split in [Split::Training, Split::Validation] {
        assert_eq!(read(folder.path(), split).unwrap().len(), crops(split));
    }
}

/// A PNG of 40 x 36 pixels whose header says another size, with the checksum that belongs to it.
fn png_that_says(file: &Path, width: u32, height: u32) {
    png(file, [40, 36], png::ColorType::Grayscale);
    let mut bytes = fs::read(file).unwrap();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_anything_is_made() {
    let folder = folder(&[]);
    for (width, height) in [(200_000, 200_000), (16_384, 16_385), (4_000, 4_000), (0x7fff_ffff, 0x7fff_ffff)]
    {
        for name in ["a.png", "b.png"] {
            png_that_says(&folder.path().join(name), width, height);
        }
        let message = error(folder.path());
        assert!(message.contains(".png: is a damaged PNG file: "), "{message}");
        let says = format!("its header says {width} x {height} pixels, more than ");
        assert!(message.contains(&says) || width == 0x7fff_ffff, "{message}");
    }
}

#[test]
fn a_jpeg_header_that_promises_too_much_is_refused() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/grey.jpg");
    let mut bytes = fs::read(data).unwrap();
    let start = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame begins");
    bytes[start + 5..start + 9].copy_from_slice(&[0x3f, 0xff, 0x3f, 0xff]);
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("a.jpg"), bytes).unwrap();
    let message = format!("{:#}", decode::read(&at.path().join("a.jpg")).expect_err("it is refused"));
    assert!(message.starts_with("is a damaged JPEG file: its header says 16383 x 16383 pixels"), "{message}");
}
