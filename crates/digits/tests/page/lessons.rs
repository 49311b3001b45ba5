//! Teaching by hand, and what outlives a server.

use serde_json::json;

use super::fixture::{Page, encoded, picture};

#[tokio::test]
async fn agents_of_each_kind_learn_from_one_look_and_unlearn() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    for kind in ["wisard", "ao"] {
        page.done("agents", json!({"kind": kind})).await;
    }
    assert!(page.guess(7, 0).await.iter().all(|answer| answer["value"].is_null()), "nothing is learnt");
    for class in [7, 3] {
        page.teach(1, class, 0).await;
        page.teach(2, class, 0).await;
    }
    for answer in page.guess(7, 1).await {
        assert_eq!(answer["label"], 7, "{answer}");
        let layers: Vec<&str> = answer["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|layer| layer["name"].as_str().unwrap())
            .collect();
        assert!(layers.starts_with(&["input"]) && layers.ends_with(&["output"]), "{layers:?}");
    }
    assert_eq!(page.done("agents/2/undo", json!({})).await["undone"], 3);
    assert_eq!(page.guess(3, 0).await[1]["label"], 7, "the only digit that it knows");
    assert_eq!(page.done("agents/2/undo", json!({})).await["undone"], 7);
    assert!(page.done("agents/2/undo", json!({})).await["undone"].is_null());
    assert!(page.guess(7, 0).await[1]["value"].is_null());
}

#[tokio::test]
async fn a_server_that_dies_loses_no_lesson() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "wisard", "seed": 5, "name": "mine"})).await;
    for class in 0..10 {
        page.teach(1, class, 0).await;
    }
    page.done("agents/1/undo", json!({})).await;
    let (before, answer) = (page.agent().await, page.guess(4, 2).await);
    // Nothing is closed or saved: the page is opened again over what is on the disk.
    let again = Page::open(folder.path());
    assert_eq!((again.agent().await, again.guess(4, 2).await), (before, answer));
    // A lesson that was torn by the crash costs itself alone.
    let lessons = folder.path().join("agents/.open/1-0.jsonl");
    let text = std::fs::read_to_string(&lessons).unwrap();
    std::fs::write(
        &lessons,
        text.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n{\"taught\":{\"ima",
    )
    .unwrap();
    let torn = Page::open(folder.path());
    assert_eq!(torn.agent().await["taught"], 10);
    torn.teach(1, 3, 1).await;
    assert_eq!(Page::open(folder.path()).agent().await["taught"], 11);
}

#[tokio::test]
async fn agents_are_saved_loaded_downloaded_and_uploaded() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "wisard", "name": "mine"})).await;
    page.teach(1, 6, 0).await;
    assert_eq!(page.done("agents/1/save", json!({})).await["saved"], json!(["mine"]));
    let file = page.send("GET", "agents/1/file", "application/json", "").await;
    assert_eq!(
        (file.status, &file.body),
        (200, &std::fs::read(folder.path().join("agents/mine.safetensors")).unwrap())
    );
    page.teach(1, 2, 0).await;
    page.done("load", json!({"name": "mine"})).await;
    let uploaded = page.send("POST", "upload", "application/octet-stream", file.body).await;
    assert_eq!(uploaded.status, 200);
    let agents = page.agents().await;
    let names: Vec<&str> = agents.iter().map(|agent| agent["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mine", "mine 2", "mine 3"]);
    let taught: Vec<u64> = agents.iter().map(|agent| agent["taught"].as_u64().unwrap()).collect();
    assert_eq!(taught, [2, 1, 1]);
    let labels: Vec<_> = page.guess(2, 0).await.iter().map(|answer| answer["label"].clone()).collect();
    assert_eq!(labels, [2, 6, 6]);
    page.send("DELETE", "agents/1", "application/json", "{}").await;
    assert_eq!(Page::open(folder.path()).agents().await.len(), 2, "a closed agent does not come back");
}

#[tokio::test]
async fn a_reset_agent_has_learnt_nothing_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "ao"})).await;
    page.teach(1, 6, 0).await;
    page.done("agents/1/reset", json!({})).await;
    for page in [page, Page::open(folder.path())] {
        assert_eq!(
            (page.agent().await["taught"].clone(), page.guess(6, 0).await[0]["value"].clone()),
            (json!(0), json!(null))
        );
    }
}

#[tokio::test]
async fn a_canvas_is_centred_before_agents_see_it() {
    use base64::Engine;
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    let canvas: Vec<u8> = (0..280 * 280).map(|at| if at % 280 / 20 == 3 { 255 } else { 0 }).collect();
    let expected = umwelt_weightless::bits::centre(&canvas, 280).unwrap();
    let grey = base64::engine::general_purpose::STANDARD.encode(&canvas);
    let answer = page.done("guess", json!({"drawing": {"width": 280, "height": 280, "grey": grey}})).await;
    assert_eq!(answer["digit"], encoded(&expected));
    assert_ne!(answer["digit"], encoded(&picture(0, 0)));
}
