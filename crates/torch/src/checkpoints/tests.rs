use std::fs;
use std::path::PathBuf;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tch::{Device, Kind};

use super::header::FORMAT_1;
use super::*;

fn path(folder: &Path, step: u64) -> PathBuf {
    folder.join(format!("step-{step:010}.safetensors"))
}

fn sample(step: u64) -> Checkpoint {
    let tensors = vec![
        ("model.a".into(), Tensor::from_slice(&[1.5f32, -2.0]).view([2, 1])),
        ("optimiser.steps.a".into(), Tensor::from(3f32)),
        ("pending".into(), Tensor::from_slice(&[7i64])),
    ];
    Checkpoint { step, tensors }
}

#[test]
fn a_saved_checkpoint_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 12);
    sample(12).save(&path).unwrap();
    let back = Checkpoint::load(&path).unwrap();
    assert_eq!(back.step, 12);
    assert_eq!(back.part("model")["a"], sample(0).tensors[0].1);
    assert_eq!(back.part("optimiser")["steps.a"].size(), [0i64; 0]);
    assert_eq!(back.tensors.len(), 3);
}

#[test]
fn a_file_cut_short_anywhere_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 1);
    sample(1).save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in [0, 4, 9, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Checkpoint::load(&path).err().expect("it is damaged").to_string();
        assert!(error.contains("step-0000000001.safetensors is cut short or damaged"), "{error}");
    }
}

#[test]
fn every_changed_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 12);
    sample(12).save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        for flipped in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flipped;
            fs::write(&path, &bytes).unwrap();
            let Ok(read) = Checkpoint::load(&path) else { continue };
            // A byte of the header's padding or spelling may change nothing.
            let same = |(name, tensor): &(String, Tensor)| {
                read.tensors.iter().any(|(n, t)| n == name && t == tensor)
            };
            assert!(read.step == 12 && sample(12).tensors.iter().all(same), "byte {at} by {flipped}");
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_named_with_both_checksums() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 12);
    sample(12).save(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 4;
    fs::write(&path, &bytes).unwrap();
    let error = format!("{:#}", Checkpoint::load(&path).err().expect("it is damaged"));
    let text = "step-0000000012.safetensors is cut short or damaged: its checksum is ";
    assert!(error.contains(text) && error.contains(", not "), "{error}");
}

/// Writes a file with one tensor and this metadata entry, as versions without checksums did.
fn save_as(path: &Path, metadata: (&str, &str), a: [f32; 2]) {
    let bytes: Vec<u8> = a.iter().flat_map(|value| value.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![2, 1], &bytes).unwrap();
    let metadata = HashMap::from([(metadata.0.to_owned(), metadata.1.to_owned())]);
    fs::write(path, safetensors::serialize([("model.a", view)], Some(metadata)).unwrap()).unwrap();
}

#[test]
fn a_checkpoint_of_the_first_format_has_no_checksum_and_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 7);
    save_as(&path, (FORMAT_1, "7"), [1.5, -2.0]);
    let read = Checkpoint::load(&path).unwrap();
    assert_eq!((read.step, &read.part("model")["a"]), (7, &sample(0).tensors[0].1));
    save_as(&path, ("format", "pt"), [1.5, -2.0]);
    let error = Checkpoint::load(&path).err().expect("it is no checkpoint").to_string();
    assert!(
        error.ends_with("is a safetensors file, but no checkpoint of umwelt (umwelt-checkpoint-2)"),
        "{error}"
    );
}

#[test]
fn a_checkpoint_that_is_not_finite_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 7);
    for (value, what) in [(f32::NAN, "NaN"), (f32::INFINITY, "infinite")] {
        save_as(&path, (FORMAT_1, "7"), [1.5, value]);
        let error = format!("{:#}", Checkpoint::load(&path).err().expect("it is not finite"));
        assert!(
            error.ends_with(&format!("is cut short or damaged: tensor `model.a` is {what} at step 7")),
            "{error}"
        );
    }
}

#[test]
fn a_header_that_promises_more_than_there_is_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 1);
    let tensor = |shape: &str, end: &str| {
        format!(
            r#"{{"__metadata__":{{"{FORMAT_1}":"1"}},"model.a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#
        )
    };
    let huge = (1u64 << 62).to_string();
    let headers = [
        (u64::MAX, String::new()),
        (1 << 40, String::new()),
        (0, tensor("[1099511627776]", "4")),
        (0, tensor("[4611686018427387904]", &huge)),
        (0, tensor("[18446744073709551615, 18446744073709551615]", "4")),
        (0, tensor("[0, 18446744073709551615]", "0")),
    ];
    for (length, header) in headers {
        let length = if length > 0 { length } else { header.len() as u64 };
        let data: &[u8] = if header.contains("[0,0]") { &[] } else { &[0; 4] };
        fs::write(&path, [&length.to_le_bytes(), header.as_bytes(), data].concat()).unwrap();
        let error = Checkpoint::load(&path).err().expect("it is damaged").to_string();
        assert!(error.contains("step-0000000001.safetensors is cut short or damaged"), "{header}: {error}");
    }
}

/// One tensor of every kind, with negative numbers and odd counts where the kind has them.
fn every_kind() -> Checkpoint {
    let kinds = [
        Kind::Float,
        Kind::Double,
        Kind::Half,
        Kind::BFloat16,
        Kind::Int64,
        Kind::Int,
        Kind::Int16,
        Kind::Int8,
        Kind::Uint8,
        Kind::Bool,
    ];
    let values = Tensor::from_slice(&[1.5f64, -2.0, 0.0, 100.25, 3.0]);
    let of = |kind: Kind| {
        let x = if kind == Kind::Uint8 { values.abs() } else { values.shallow_clone() };
        (format!("model.{kind:?}"), x.to_kind(kind))
    };
    Checkpoint { step: 5, tensors: kinds.into_iter().map(of).collect() }
}

#[test]
fn tensors_of_every_kind_are_read_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 5);
    let saved = every_kind();
    saved.save(&path).unwrap();
    let read: HashMap<_, _> = Checkpoint::load(&path).unwrap().tensors.into_iter().collect();
    assert_eq!(read.len(), 10);
    for (name, tensor) in &saved.tensors {
        assert_eq!(read[name].kind(), tensor.kind());
        assert_eq!(encoding::bytes(&read[name]).unwrap(), encoding::bytes(tensor).unwrap(), "{name}");
    }
    let int8 = Vec::<i8>::try_from(&read["model.Int8"]).unwrap();
    assert_eq!(int8, [1, -2, 0, 100, 3]);
    let halves = Vec::<f32>::try_from(read["model.Half"].to_kind(Kind::Float)).unwrap();
    assert_eq!(halves, [1.5, -2.0, 0.0, 100.25, 3.0]);
}

#[test]
fn a_tensor_in_another_order_in_memory_is_stored_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 1);
    let turned = Tensor::arange(6, (Kind::Int64, Device::Cpu)).view([2, 3]).transpose(0, 1);
    Checkpoint { step: 1, tensors: vec![("model.a".into(), turned.shallow_clone())] }.save(&path).unwrap();
    let read = &Checkpoint::load(&path).unwrap().part("model")["a"];
    assert_eq!(
        (read.size(), Vec::<i64>::try_from(read.flatten(0, 1)).unwrap()),
        (vec![3, 2], vec![0, 3, 1, 4, 2, 5])
    );
}

#[test]
fn a_kind_that_safetensors_lacks_is_refused_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 1);
    let complex = Tensor::zeros([2], (Kind::ComplexFloat, Device::Cpu));
    let checkpoint = Checkpoint { step: 1, tensors: vec![("a".into(), complex)] };
    let error = format!("{:#}", checkpoint.save(&path).unwrap_err());
    assert!(error.ends_with("checkpoints hold no tensors of kind ComplexFloat"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_bytes_of_a_file_are_those_of_safetensors_with_our_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 12);
    for checkpoint in [sample(12), every_kind()] {
        checkpoint.save(&path).unwrap();
        let written = fs::read(&path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&written).unwrap();
        let stored: Vec<_> = checkpoint
            .tensors
            .iter()
            .map(|(name, x)| (name, encoding::dtype(x).unwrap(), x.size(), encoding::bytes(x).unwrap()))
            .collect();
        let views = stored.iter().map(|(name, dtype, shape, bytes)| {
            let shape = shape.iter().map(|n| *n as usize).collect();
            (*name, TensorView::new(*dtype, shape, bytes).unwrap())
        });
        assert_eq!(written, safetensors::serialize(views, header.metadata().clone()).unwrap());
    }
}

/// The checksum, computed apart from this code by the definition of format 2.
#[test]
fn the_metadata_states_the_step_and_the_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 12);
    sample(12).save(&path).unwrap();
    let written = fs::read(&path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&written).unwrap();
    let expected = HashMap::from([(FORMAT.to_owned(), "12 crc32c:d9f09434".to_owned())]);
    assert_eq!(header.metadata(), &Some(expected));
}

#[test]
fn a_part_holds_the_tensors_under_its_prefix_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 12);
    let mut checkpoint = sample(12);
    checkpoint.tensors.push(("modelling.b".into(), Tensor::from(1f32)));
    checkpoint.save(&path).unwrap();
    let part = Checkpoint::load_part(&path, "model").unwrap();
    let names: Vec<&str> = part.tensors.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((part.step, names), (12, vec!["model.a"]));
    assert_eq!(part.part("model")["a"], sample(0).tensors[0].1);
    assert!(Checkpoint::load_part(&path, "nothing").unwrap().tensors.is_empty());
}

#[test]
fn a_part_is_refused_where_another_part_of_the_file_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 12);
    let mut checkpoint = sample(12);
    // Longer than the pieces in which it is read.
    checkpoint.tensors.push(("z".into(), Tensor::zeros([100_000], (Kind::Uint8, Device::Cpu))));
    checkpoint.save(&path).unwrap();
    assert_eq!(Checkpoint::load_part(&path, "model").unwrap().tensors.len(), 1);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = format!("{:#}", Checkpoint::load_part(&path, "model").err().expect("it is damaged"));
    assert!(error.contains("is cut short or damaged: its checksum is "), "{error}");
}

#[test]
fn a_bool_of_another_byte_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(folder.path(), 7);
    let view = TensorView::new(Dtype::BOOL, vec![2], &[1, 2]).unwrap();
    let metadata = HashMap::from([(FORMAT_1.to_owned(), "7".to_owned())]);
    fs::write(&path, safetensors::serialize([("model.a", view)], Some(metadata)).unwrap()).unwrap();
    let error = format!("{:#}", Checkpoint::load(&path).err().expect("it is damaged"));
    assert!(error.ends_with("is cut short or damaged: a bool is neither 0 nor 1"), "{error}");
    assert!(Checkpoint::load_part(&path, "optimiser").unwrap().tensors.is_empty());
}
