use ndarray::arr2;

use super::*;

/// An array file as NumPy 2 writes it: the header fills 128 bytes, numbers follow.
fn numpy(dictionary: &str, numbers: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00v\x00".to_vec();
    bytes.extend(format!("{dictionary:<117}\n").bytes());
    bytes.extend(numbers);
    bytes
}

fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The error of a file without its folder.
fn refused<T: Element>(bytes: &[u8]) -> String {
    let (_folder, path) = written(bytes);
    let error = open_table::<T>(&path).err().expect("it is refused");
    assert!(error.is::<UserError>());
    error.to_string().rsplit_once("/a.npy: ").expect("it names the file").1.to_owned()
}

const TABLE: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

#[test]
fn tables_are_those_of_numpy() {
    let values = arr2(&[[0.5f32, -1.0, 2.0], [3.0, f32::MAX, 1e-30]]);
    let numbers: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (_folder, path) = written(b"old");
    write(&mut File::create(&path).unwrap(), values.view()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), numpy(TABLE, &numbers));
    let file = open_table::<f32>(&path).unwrap();
    assert_eq!((file.shape(), table(&file, 2).unwrap()), (&[2, 3][..], values.clone()));
    assert_eq!(table(&file, 1).unwrap(), arr2(&[[0.5, -1.0, 2.0]]));
    assert_eq!(header("|u1", &[5]), numpy("{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }", &[]));
}

#[test]
fn rows_are_read_from_any_place_in_pieces() {
    let width = CHUNK + 3;
    let values = Array2::from_shape_fn((3, width), |(row, column)| (row * 100 + column % 97) as u8);
    let (_folder, path) = written(b"");
    write(&mut File::create(&path).unwrap(), values.view()).unwrap();
    let mut rows = vec![0; 2 * width];
    open_table::<u8>(&path).unwrap().read_rows(1..3, &mut rows).unwrap();
    assert!(rows == values.as_slice().unwrap()[width..]);
}

#[test]
fn versions_2_and_3_and_other_spacing_are_read() {
    for version in [2, 3] {
        let dictionary = "{'shape':(1,1),'fortran_order':True ,'descr':'|u1'}";
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0, dictionary.len() as u8, 0, 0, 0]);
        bytes.extend(dictionary.bytes());
        // The order of one axis, or none, does not matter; that of two does.
        bytes.push(7);
        assert!(refused::<u8>(&bytes).starts_with("is in Fortran order"));
        let bytes = String::from_utf8_lossy(&bytes[6..]).replace("True ", "False").into_bytes();
        let (_folder, path) = written(&[b"\x93NUMPY", &bytes[..]].concat());
        assert_eq!(table(&open_table::<u8>(&path).unwrap(), 1).unwrap(), arr2(&[[7]]));
    }
}

#[test]
fn files_that_hold_no_such_table_are_refused() {
    let table = |dictionary: &str, bytes: usize| numpy(dictionary, &vec![0; bytes]);
    assert_eq!(refused::<f32>(b""), "is no .npy file; write it with numpy.save: failed to fill whole buffer");
    assert_eq!(refused::<f32>(b"PK\x03\x04 and so on"), "is no .npy file; write it with numpy.save");
    assert_eq!(
        refused::<f32>(&table(TABLE, 23)),
        "has 151 bytes where its header says 152; write or copy it anew"
    );
    assert_eq!(
        refused::<u8>(&table(TABLE, 24)),
        "holds numbers of the type <f4 where |u1 is needed; save array.astype('|u1')"
    );
    assert_eq!(
        refused::<f32>(&table(&TABLE.replace("(2, 3)", "(6,)"), 24)),
        "has the shape [6] where a table [items, numbers] is needed"
    );
    let objects = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }";
    assert!(
        refused::<f32>(&table(objects, 24)).starts_with("has a header that describes no array: {'descr': [(")
    );
    assert!(refused::<f32>(&table(&TABLE.replace("2", "-2"), 0)).starts_with("has a header that describes"));
    assert!(refused::<f32>(&numpy(TABLE, &[])[..90]).starts_with("is cut off in its header"));
    assert!(refused::<f32>(b"\x93NUMPY\x09\x00v\x00").starts_with("has version 9 of the .npy format"));
}

/// No memory of the stated size is allocated.
#[test]
fn headers_with_huge_numbers_are_refused() {
    let shape = |extents: &str| numpy(&TABLE.replace("2, 3", extents), &[0; 8]);
    let refusal = refused::<f32>(&shape("2305843009213693952, 2"));
    assert_eq!(refusal, "has the impossible shape [2305843009213693952, 2]");
    let refusal = refused::<f32>(&shape("1000000000000, 1"));
    assert_eq!(refusal, "has 136 bytes where its header says 4000000000128; write or copy it anew");
    let refusal = refused::<f32>(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{");
    assert_eq!(refusal, "has a header of 4294967295 bytes, more than the 65536 that are read");
}
