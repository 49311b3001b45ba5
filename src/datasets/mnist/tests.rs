use super::*;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;

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
    let message = |bytes: &[u8]| labels.difference(bytes).expect("it differs");
    assert_eq!(message(&[]), "is empty");
    assert!(message(&bytes(2051, 10_008)).starts_with("has the magic number 2051, not 2049 (labels)"));
    assert_eq!(message(&bytes(2049, 10_007)), "has 10007 bytes where MNIST has 10008");
    let sum = message(&bytes(2049, 10_008));
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

/// Answers each request for a path with what `answers` hold for it, else with 404; the address
/// below which to ask.
fn mirror(answers: &'static [(&str, &[u8])]) -> &'static str {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mnist/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request =
                BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let path = request.collect::<Vec<_>>()[0].split(' ').nth(1).unwrap().to_owned();
            let found = answers.iter().find(|(known, _)| *known == path);
            let (status, body) = found.map_or(("404 Not Found", &b""[..]), |(_, body)| ("200 OK", body));
            let header =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(&[header.as_bytes(), body].concat()).unwrap();
        }
    });
    address.leak()
}

#[test]
fn a_mirror_is_asked_for_the_gzipped_file() {
    let (at, address) =
        (tempfile::tempdir().unwrap(), mirror(&[("/mnist/t10k-labels-idx1-ubyte.gz", b"bytes")]));
    let place = Source::Mirror(address).obtain(&FILES[3], at.path()).unwrap();
    assert_eq!(fs::read(place.join("t10k-labels-idx1-ubyte.gz")).unwrap(), b"bytes");
    let missing = Source::Mirror(address).obtain(&FILES[0], at.path()).unwrap_err().to_string();
    assert!(missing.starts_with("curl: (22) The requested URL returned error: 404"), "{missing}");
}

#[test]
fn the_next_source_is_tried_when_one_gives_something_else() {
    let at = tempfile::tempdir().unwrap();
    let sources =
        [mirror(&[("/mnist/train-images-idx3-ubyte.gz", b"<html>Log in first</html>")]), mirror(&[])];
    let said = std::cell::RefCell::new(vec![]);
    let say = |line: &str| said.borrow_mut().push(line.to_owned());
    let message = fetch(at.path(), &sources.map(Source::Mirror), &say).unwrap_err().to_string();
    let tried: Vec<&str> = message.lines().skip(1).take(2).map(str::trim_start).collect();
    assert!(tried[0].ends_with("not 2051 (images): it is no IDX file of bytes"), "{message}");
    assert!(tried[1].contains("error: 404"), "{message}");
    assert_eq!(said.borrow().iter().skip(1).step_by(2).collect::<Vec<_>>(), tried);
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 1, "nothing but the lock");
}
