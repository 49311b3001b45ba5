use super::*;

#[test]
fn sums_are_those_of_the_standard() {
    // FIPS 180-2, appendix B.1.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256(b"abc"), abc);
}

#[test]
fn what_differs_from_the_published_file_is_told() {
    let labels = FILES[3];
    let bytes = |magic: u32, size: usize| [&magic.to_be_bytes()[..], &vec![0; size - 4]].concat();
    let told = |bytes: &[u8]| labels.difference(bytes).expect("it differs");
    assert_eq!(told(&[]), "is empty");
    assert!(told(&bytes(2051, 10_008)).starts_with("has the magic number 2051, not 2049 (labels)"));
    assert_eq!(told(&bytes(2049, 10_007)), "has 10007 bytes where MNIST has 10008");
    let sum = told(&bytes(2049, 10_008));
    assert!(
        sum.starts_with("its SHA-256 is ") && sum.ends_with(&format!("where MNIST has {}", labels.sha256))
    );
}

#[test]
fn the_sizes_follow_from_the_numbers_of_items() {
    for file in FILES {
        let expected = match file.kind {
            Kind::Images => 16 + file.items * 28 * 28,
            Kind::Labels => 8 + file.items,
        };
        assert_eq!(file.size, expected);
    }
}
