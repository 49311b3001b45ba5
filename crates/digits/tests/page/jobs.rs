//! Trainings and tests.

use serde_json::{Value, json};

use super::fixture::{Page, WRITTEN};

fn drawn(count: usize) -> Value {
    json!({"source": "written", "count": count, "seed": 1})
}

#[tokio::test]
async fn a_trained_agent_passes_its_test_and_stays_trained_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "wisard"})).await;
    page.done("agents/1/test", drawn(50)).await;
    page.rest().await;
    let untaught = page.agent().await["tests"][0].clone();
    assert_eq!(
        (&untaught["right"], &untaught["answers"], &untaught["learnt"]),
        (&json!(0), &json!(50), &json!(0))
    );
    assert_eq!(untaught["mistakes"].as_array().unwrap().len(), 24);
    page.done("agents/1/train", drawn(WRITTEN)).await;
    page.rest().await;
    page.done("agents/1/test", drawn(200)).await;
    page.rest().await;
    let agent = page.agent().await;
    let test = &agent["tests"][1];
    assert_eq!((&test["learnt"], &test["answers"]), (&json!(WRITTEN), &json!(200)));
    assert!(test["right"].as_u64().unwrap() >= 190, "{test}");
    // Every test digit is a training digit, too.
    let nearest = json!({"name": "nearest neighbour", "right": 200});
    assert!(test["baselines"].as_array().unwrap().contains(&nearest), "{test}");
    assert_eq!(untaught["baselines"], json!([]), "nothing was known");
    let confusion: Vec<Vec<u64>> = serde_json::from_value(test["confusion"].clone()).unwrap();
    let diagonal: u64 = (0..10).map(|class| confusion[class][class]).sum();
    assert_eq!((diagonal, confusion.iter().flatten().sum::<u64>()), (test["right"].as_u64().unwrap(), 200));
    let again = Page::open(folder.path());
    assert_eq!(again.agent().await["learnt"], agent["learnt"]);
    assert_eq!(again.agent().await["tests"], agent["tests"], "tests are kept");
    assert_eq!(again.guess(5, 4).await, page.guess(5, 4).await);
}

#[tokio::test]
async fn a_stopped_training_leaves_the_agent_as_it_was_with_what_was_taught_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "wisard", "settings": {"passes": 1000, "coverage": 4}})).await;
    page.teach(1, 1, 0).await;
    page.done("agents/1/train", drawn(WRITTEN)).await;
    assert_eq!(page.post("agents/1/train", drawn(10)).await.status, 400, "one job at a time");
    page.teach(1, 2, 0).await;
    let job = page.agent().await["job"].clone();
    assert_eq!(job["work"], "train", "it must still be at work: {job}");
    assert_eq!(page.done("agents/1/stop", json!({})).await["stopped"], true);
    page.rest().await;
    let agent = page.agent().await;
    assert_eq!(agent["learnt"], json!([0, 1, 1, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(
        (page.guess(1, 0).await[0]["label"].clone(), page.guess(2, 0).await[0]["label"].clone()),
        (json!(1), json!(2))
    );
    assert_eq!(Page::open(folder.path()).agent().await["learnt"], agent["learnt"]);
}

#[tokio::test]
async fn only_some_classes_are_trained() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "wisard"})).await;
    let some = json!({"source": "written", "count": 60, "classes": [2, 5]});
    page.done("agents/1/train", some.clone()).await;
    page.rest().await;
    let learnt: Vec<u64> = serde_json::from_value(page.agent().await["learnt"].clone()).unwrap();
    assert_eq!((learnt[2] + learnt[5], learnt.iter().sum::<u64>()), (60, 60));
    let refused =
        page.post("agents/1/test", json!({"source": "written", "count": 81, "classes": [2, 5]})).await;
    assert_eq!((refused.status, refused.json()["hint"].clone()), (400, json!("draw 1 to 80")));
}

#[tokio::test]
async fn more_digits_than_there_are_cannot_be_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(folder.path());
    page.done("agents", json!({"kind": "ao"})).await;
    let refused = page.post("agents/1/train", drawn(WRITTEN + 1)).await;
    assert_eq!((refused.status, refused.json()["hint"].clone()), (400, json!("draw 1 to 400")));
}
