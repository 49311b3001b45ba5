//! Requests that must be refused without harm.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use umwelt_base::random::Stream;

use super::fixture::{Page, encoded, picture};

#[tokio::test]
async fn names_lead_to_no_other_folder() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "wisard", "name": "mine"})).await;
    page.done("agents/1/save", json!({})).await;
    let agents = folder.path().join("agents");
    std::fs::copy(agents.join("mine.safetensors"), folder.path().join("outside.safetensors")).unwrap();
    symlink("../outside.safetensors", agents.join("linked.safetensors")).unwrap();
    for name in ["../outside", "linked", "/etc/passwd", ".open/1-0", "mine\0", ""] {
        assert_eq!(page.post("load", json!({"name": name})).await.status, 404, "{name:?}");
    }
    for name in ["../evil", "a/b", ".hidden", "a..b", "", "<b>"] {
        assert_eq!(page.post("agents", json!({"kind": "ao", "name": name})).await.status, 400, "{name:?}");
    }
    assert_eq!(names(folder.path()), ["agents", "outside.safetensors"]);
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn bounds_hold() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    let large = page.send("POST", "guess", "application/json", vec![b' '; (512 << 10) + 1]).await;
    assert_eq!(large.status, 413);
    assert_eq!(page.send("POST", "guess", "text/plain", "{}").await.status, 415);
    assert_eq!(page.send("POST", "guess", "application/octet-stream", "{}").await.status, 415);
    for _ in 0..8 {
        page.done("agents", json!({"kind": "ao"})).await;
    }
    let full = page.post("agents", json!({"kind": "ao"})).await;
    assert_eq!((full.status, full.json()["hint"].clone()), (400, json!("close one first")));
    let drawing = json!({"digit": encoded(&picture(1, 0))});
    let refused = page.post("agents/1/learn", json!({"drawing": drawing, "label": 10})).await;
    assert_eq!(
        (refused.status, refused.json()["error"].clone()),
        (400, json!("the label 10 is not below the number of classes, 10"))
    );
    assert_eq!(page.post("agents/9/undo", json!({})).await.status, 404);
    let huge = json!({"kind": "wisard", "settings": {"tuple": 12, "coverage": 64}});
    page.send("DELETE", "agents/1", "application/json", "{}").await;
    assert_eq!(page.post("agents", huge).await.status, 400);
}

/// The most memory that a server may need beyond the start of a test.
const MOST_MEMORY: u64 = 1 << 30;

/// Sends `rounds` changed bodies to each of four paths.
async fn mutated_bodies(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let page = Page::open(&work);
    page.done("agents", json!({"kind": "ao"})).await;
    page.teach(1, 4, 0).await;
    let file = page.send("GET", "agents/1/file", "application/json", "").await.body;
    let drawing = json!({"digit": encoded(&picture(1, 0))});
    let made = json!({"kind": "wisard", "name": "made", "seed": 3, "settings": {"tuple": 8, "shifts": 5}});
    let [json, bytes] = ["application/json", "application/octet-stream"];
    let refusals = [400, 415, 422];
    let bodies = [
        (
            "agents/1/learn",
            json,
            &refusals[..],
            json!({"drawing": drawing, "label": 3}).to_string().into_bytes(),
        ),
        ("guess", json, &refusals[..], json!({"drawing": drawing}).to_string().into_bytes()),
        ("agents", json, &refusals[..], made.to_string().into_bytes()),
        ("upload", bytes, &refusals[..1], file),
    ];
    let mut rng = Stream::new(1, "tests/mutations").at(&[0]);
    let mut changed = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        for _ in 0..=rng.below(3) {
            let place = rng.below(bytes.len());
            match rng.below(3) {
                0 => bytes[place] = rng.below(256) as u8,
                1 => bytes.truncate(place + 1),
                _ => bytes.insert(place, rng.below(256) as u8),
            }
        }
        bytes
    };
    let before = peak_memory();
    let mut answers = [0; 2];
    for _ in 0..rounds {
        for (path, content_type, refusals, body) in &bodies {
            let answer = page.send("POST", path, content_type, changed(body)).await;
            assert!(answer.status == 200 || refusals.contains(&answer.status), "{path}: {}", answer.status);
            answers[usize::from(answer.status == 200)] += 1;
            if answer.status == 200 && *path == "agents/1/learn" {
                page.done("agents/1/undo", json!({})).await;
            }
        }
        for agent in page.agents().await.iter().skip(1) {
            page.send("DELETE", &format!("agents/{}", agent["id"]), "application/json", "{}").await;
        }
    }
    assert!(answers.iter().all(|count| *count > rounds / 20), "refused and answered: {answers:?}");
    assert!(peak_memory() - before < MOST_MEMORY, "{before} bytes before, {} after", peak_memory());
    assert_eq!(page.guess(4, 0).await[0]["label"], 4);
    assert_eq!((names(folder.path()), names(&work)), (vec!["work".into()], vec!["agents".into()]));
    assert_eq!(names(&work.join("agents")), [".open"]);
}

/// The most memory that this process has used, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[tokio::test]
async fn two_thousand_mutated_bodies_are_refused_or_answered() {
    mutated_bodies(500).await;
}

#[tokio::test]
#[ignore = "takes more than a minute"]
async fn a_hundred_thousand_mutated_bodies_are_refused_or_answered() {
    mutated_bodies(25_000).await;
}
