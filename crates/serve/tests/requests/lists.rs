//! The list of runs, its filters, groups and names.

use serde_json::json;
use umwelt_runs::State;

use super::fixture::{Server, keys};

/// Two seeds of two learning rates.
fn teas() -> Server {
    let server = Server::new();
    for (name, lr, seed, cups) in
        [("a", 0.1, 1, 2.0), ("b", 0.1, 2, 4.0), ("c", 0.2, 1, 5.0), ("d", 0.2, 2, 8.0)]
    {
        let settings =
            format!("vicreg: {{base_lr: {lr}}}\nseed: {seed}\nn_steps: 7\noutput_path: x/{name}\n");
        server.finished(&format!("tea/{name}"), &settings, cups);
    }
    server
}

#[tokio::test]
async fn a_server_says_what_it_serves() {
    let about = teas().get("/api/about").await;
    assert_eq!(keys(&about), "actions host poll rooms root_name runs stamp sweeps version warning");
    assert_eq!(
        (&about["runs"], &about["sweeps"], &about["actions"]),
        (&json!(4), &json!(["tea"]), &json!(false))
    );
}

#[tokio::test]
async fn the_table_shows_what_differs_and_the_scores() {
    let server = teas();
    let table = server.get("/api/runs?sort=cups&reverse=1").await;
    assert_eq!(keys(&table), "all columns from groups rows stamp total");
    let columns: Vec<&str> =
        table["columns"].as_array().unwrap().iter().map(|column| column["key"].as_str().unwrap()).collect();
    assert_eq!(columns, ["state", "progress", "age", "vicreg.base_lr", "seed", "cups", "wait"]);
    let cups = &table["columns"][5];
    assert_eq!(
        cups,
        &json!({"key": "cups", "kind": "score", "differs": false, "lower_is_better": false, "unit": "cups"})
    );
    assert_eq!(table["columns"][3]["kind"], "setting");
    assert_eq!(table["rows"][0]["name"], "tea/d");
    let values = table["rows"][0]["values"].as_array().unwrap();
    assert_eq!(values[3..], [json!(0.2), json!(2), json!(8.0), json!(3.0)]);
    let window = server.get("/api/runs?sort=name&from=1&count=2&columns=name,cups").await;
    assert_eq!((&window["total"], window["rows"].as_array().unwrap().len()), (&json!(4), 2));
    assert_eq!(window["rows"][0]["values"], json!(["tea/b", 4.0]));
}

#[tokio::test]
async fn filters_are_the_words_of_the_command_line() {
    let server = teas();
    let matching = server.get("/api/runs?where=cups%3E3+seed%3D2&sort=name&columns=name").await;
    let names: Vec<&str> =
        matching["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["tea/b", "tea/d"]);
    for (words, error, hint) in [
        ("cups", "`cups` is not a filter", "write KEY=VALUE"),
        ("cusp%3D1", "no run has `cusp`", "cups"),
        ("state%3Dfinishd", "unknown state `finishd`", "finished"),
    ] {
        let refused = server.ask(&format!("/api/runs?where={words}")).await;
        assert_eq!(refused.status, 400);
        let refused = refused.json();
        assert!(refused["error"].as_str().unwrap().starts_with(error), "{refused}");
        assert!(refused["hint"].as_str().unwrap().contains(hint), "{refused}");
    }
    assert_eq!(server.ask("/api/runs?sort=nothing").await.status, 400);
    assert_eq!(server.ask("/api/runs?count=10000").await.status, 400);
}

#[tokio::test]
async fn seeds_are_grouped_with_mean_and_deviation() {
    let groups = teas().get("/api/runs?group=seed&columns=name,cups").await["groups"].clone();
    assert_eq!(groups.as_array().unwrap().len(), 2);
    assert_eq!(groups[0]["key"], "vicreg.base_lr=0.1");
    assert_eq!((&groups[0]["n"], &groups[0]["means"]), (&json!(2), &json!({"cups": 3})));
    // The values 2 and 4 deviate by 1 from their mean: sqrt(2 / (2 - 1)).
    assert_eq!(groups[0]["deviations"]["cups"], json!(2f64.sqrt()));
    assert_eq!(groups[1]["means"]["cups"], json!(6.5));
    let sweep = teas().get("/api/runs?group=sweep&columns=cups").await["groups"].clone();
    assert_eq!((sweep.as_array().unwrap().len(), &sweep[0]["key"]), (1, &json!("tea")));
}

#[tokio::test]
async fn menus_offer_keys_and_values() {
    let server = teas();
    super::fixture::log(&server.run("tea/a"), "{\"step\":1,\"loss\":2}\n");
    let known = server.get("/api/keys?where=seed%3D1").await;
    assert_eq!(known["scores"], json!(["cups", "wait"]));
    assert_eq!(known["logged"], json!(["loss"]));
    let lr = known["settings"].as_array().unwrap().iter().find(|key| key["key"] == "vicreg.base_lr").unwrap();
    assert_eq!(lr, &json!({"key": "vicreg.base_lr", "values": [0.1, 0.2], "count": 2}));
}

#[tokio::test]
async fn a_run_that_is_removed_and_one_that_is_new_are_noticed() {
    let server = teas();
    assert_eq!(server.get("/api/runs").await["total"], 4);
    std::fs::remove_dir_all(server.run("tea/a")).unwrap();
    server.write("late", State::Interrupted, "seed: 3\n");
    let names = server.get("/api/runs?sort=name&columns=name").await;
    assert_eq!((&names["total"], &names["rows"][0]["name"]), (&json!(4), &json!("late")));
    assert_eq!(server.ask("/api/run?name=tea/a").await.status, 404);
    assert_eq!(server.ask("/api/series?run=tea/a&key=loss").await.status, 404);
}

#[tokio::test]
async fn an_empty_root_is_an_empty_list() {
    let server = Server::new();
    let table = server.get("/api/runs").await;
    assert_eq!((&table["total"], &table["rows"]), (&json!(0), &json!([])));
}
