use std::fs;

use serde_json::json;

use super::*;

fn problem(number: usize, subject: &str) -> Value {
    json!({
        "problem": format!("What is {number}?"), "level": "Level 2", "type": subject,
        "solution": format!("It is $\\boxed{{{number}}}$."),
    })
}

fn keys(entries: &[Entry]) -> Vec<(&str, usize, &str)> {
    entries.iter().map(|entry| (entry.subject.as_str(), entry.index, entry.problem.as_str())).collect()
}

#[test]
fn a_folder_of_a_file_for_each_problem_is_read_in_the_order_of_numbers() {
    let at = tempfile::tempdir().unwrap();
    for (place, number) in [
        ("train/algebra/10.json", 10),
        ("train/algebra/9.json", 9),
        ("test/geometry/3.json", 3),
        ("train/prealgebra/1.json", 1),
    ] {
        let path = at.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, problem(number, "Algebra").to_string()).unwrap();
    }
    fs::write(at.path().join("train/algebra/README.txt"), "no problem").unwrap();
    let found = Dataset::read(at.path()).unwrap();
    // The folder names the subject.
    let train =
        [("algebra", 9, "What is 9?"), ("algebra", 10, "What is 10?"), ("prealgebra", 1, "What is 1?")];
    assert_eq!(keys(&found.train), train);
    assert_eq!(keys(&found.test), [("geometry", 3, "What is 3?")]);
    assert_eq!(
        (found.test[0].level.as_str(), found.test[0].solution.as_str()),
        ("Level 2", "It is $\\boxed{3}$.")
    );
}

#[test]
fn lines_number_the_problems_of_each_subject() {
    let at = tempfile::tempdir().unwrap();
    let lines = [(7, "Counting & Probability"), (8, "Algebra"), (9, "Counting & Probability")];
    let lines: String =
        lines.iter().map(|(number, subject)| format!("{}\n", problem(*number, subject))).collect();
    fs::write(at.path().join("train.jsonl"), &lines).unwrap();
    let found = Dataset::read(at.path()).unwrap();
    let expected = [
        ("algebra", 0, "What is 8?"),
        ("counting_and_probability", 0, "What is 7?"),
        ("counting_and_probability", 1, "What is 9?"),
    ];
    assert_eq!(keys(&found.train), expected);
    fs::write(at.path().join("test-easy.jsonl"), &lines).unwrap();
    let found = Dataset::read(&at.path().join("test-easy.jsonl")).unwrap();
    assert_eq!((found.train.len(), keys(&found.test)), (0, expected.to_vec()));
}

#[test]
fn what_is_missing_is_named_with_its_file() {
    let at = tempfile::tempdir().unwrap();
    let error = |path: &Path| format!("{:#}", Dataset::read(path).unwrap_err());
    assert!(error(at.path()).contains(" holds no problem; it needs `train` and `test`"));
    assert!(error(&at.path().join("none")).starts_with("talk.data: could not read "));
    fs::write(at.path().join("train.jsonl"), "{\"problem\": \"?\", \"type\": \"Algebra\"}\n").unwrap();
    assert!(error(at.path()).ends_with("train.jsonl, row 0: there is no text `solution`"));
    fs::write(at.path().join("train.jsonl"), "{\"problem\": \"?\"").unwrap();
    assert!(error(at.path()).contains("train.jsonl, line 1 is no JSON"));
    fs::write(at.path().join("train.parquet"), "PAR1 torn").unwrap();
    fs::remove_file(at.path().join("train.jsonl")).unwrap();
    assert!(error(at.path()).contains("train.parquet is no whole Parquet file"));
}
