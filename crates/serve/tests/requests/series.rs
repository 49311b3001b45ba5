//! Curves: exact, deterministic, live.

use std::fs;

use serde_json::json;

use super::fixture::{Server, lines, log, numbers};

#[tokio::test]
async fn a_short_curve_is_sent_whole_with_baselines() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    log(
        &run,
        "{\"step\":0,\"cups\":1}\n{\"step\":10,\"cups\":null}\n{\"step\":20,\"cups\":2.5}\n{\"step\":30,\"cu",
    );
    let chart = server.get("/api/series?run=a&key=cups").await;
    assert_eq!(
        (&chart["complete"], &chart["baselines"]),
        (&json!(true), &json!([{"name": "water", "y": 1.5}]))
    );
    let line = &chart["lines"][0];
    assert_eq!((&line["x"], &line["y"]), (&json!([0, 10, 20]), &json!([1, "NaN", 2.5])));
    assert_eq!((&line["run"], &line["raw"], &line["last_step"]), (&json!("a"), &json!(true), &json!(20)));
    assert_eq!(chart["bad"], json!([{"run": "a", "step": 10, "value": "NaN"}]));
}

#[tokio::test]
async fn a_spike_of_one_point_survives_and_two_answers_are_the_same_bytes() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    log(&run, &lines(0..100_000, |step| if step == 54_321 { 1e9 } else { ((step * 7919) % 1009) as f64 }));
    let ask = || server.ask("/api/series?run=a&key=loss&pixels=500");
    let (first, again) = (ask().await, ask().await);
    assert_eq!(first.body, again.body);
    let line = first.json()["lines"][0].clone();
    let (xs, ys) = (numbers(&line["x"]), numbers(&line["y"]));
    assert!(xs.len() <= 1002 && xs.len() > 500, "{}", xs.len());
    let spike = ys.iter().position(|y| *y == 1e9).unwrap();
    assert_eq!(xs[spike], 54_321.0);
    assert_eq!((xs[0], xs[xs.len() - 1], &line["bucket"]), (0.0, 99_999.0, &json!(256)));
}

#[tokio::test]
async fn new_points_change_the_last_bucket_only_and_since_sends_whole_buckets() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    let loss = |step: u64| ((step * 37) % 101) as f64;
    log(&run, &lines(0..9_000, loss));
    let ask = async |more: &str| {
        let line =
            server.get(&format!("/api/series?run=a&key=loss&pixels=800{more}")).await["lines"][0].clone();
        (numbers(&line["x"]), numbers(&line["y"]))
    };
    let (xs, ys) = ask("").await;
    log(&run, &lines(9_000..10_000, loss));
    let (later_xs, later_ys) = ask("").await;
    // Buckets of 16 steps; the one of step 8,999 starts at 8,992.
    let kept = xs.iter().take_while(|x| **x < 8_992.0).count();
    assert_eq!((&xs[..kept], &ys[..kept]), (&later_xs[..kept], &later_ys[..kept]));
    let (since_xs, since_ys) = ask("&since=8999").await;
    assert_eq!((&since_xs[..], &since_ys[..]), (&later_xs[kept..], &later_ys[kept..]));
}

#[tokio::test]
async fn the_range_is_cut_before_sampling() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    log(&run, &lines(0..10_000, |step| step as f64));
    let part = server.get("/api/series?run=a&key=loss&from=5000&to=5100&pixels=100").await;
    let line = &part["lines"][0];
    let expected: Vec<f64> = (4_999..=5_101).map(f64::from).collect();
    assert_eq!(numbers(&line["x"]), expected, "one point more on either side");
    let epochs = server.get("/api/series?run=a&key=loss&x=epoch&from=2&to=2.1").await;
    assert_eq!(numbers(&epochs["lines"][0]["x"]), [1.9, 2.0, 2.1, 2.2]);
}

#[tokio::test]
async fn smoothing_is_done_at_full_resolution() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    let loss = |step: u64| ((step * 37) % 101) as f64;
    log(&run, &lines(0..4_000, loss));
    let chart = server.get("/api/series?run=a&key=loss&smooth=ema:0.9&pixels=1000").await;
    let line = &chart["lines"][0];
    // Buckets of 4 steps hold the means of a curve that was smoothed before.
    let (mut last, mut weight, mut smooth) = (0.0, 1.0, Vec::new());
    for step in 0..4_000 {
        last = 0.9 * last + 0.1 * loss(step);
        weight *= 0.9;
        smooth.push(last / (1.0 - weight));
    }
    let ys = numbers(&line["y"]);
    assert_eq!((ys.len(), &line["bucket"], &line["raw"]), (1_000, &json!(4), &json!(false)));
    for (bucket, y) in ys.iter().enumerate() {
        let mean = smooth[4 * bucket..4 * bucket + 4].iter().sum::<f64>() / 4.0;
        assert!((y - mean).abs() < 1e-9, "{bucket}");
    }
}

#[tokio::test]
async fn seeds_become_mean_and_band() {
    let server = Server::new();
    for (name, seed, lr, offset) in [("a", 1, 0.1, 0.0), ("b", 2, 0.1, 2.0), ("c", 1, 0.2, 50.0)] {
        let settings = format!("seed: {seed}\nvicreg: {{base_lr: {lr}}}\n");
        let run = server.finished(name, &settings, 1.0);
        let end = if name == "b" { 3 } else { 4 };
        log(&run, &lines(0..end, |step| step as f64 + offset));
    }
    let chart = server.get("/api/series?run=a&run=b&run=c&key=loss&by=seed").await;
    let line = &chart["lines"][0];
    assert_eq!((&line["run"], &line["n"]), (&json!("vicreg.base_lr=0.1"), &json!(2)));
    assert_eq!((&line["x"], &line["y"]), (&json!([0, 1, 2, 3]), &json!([1, 2, 3, 3])));
    assert_eq!(line["counts"], json!([2, 2, 2, 1]), "one seed ended earlier");
    let deviations = line["deviation"].as_array().unwrap();
    assert_eq!((&deviations[0], &deviations[3]), (&json!(2f64.sqrt()), &json!("NaN")));
    assert_eq!((&line["low"], &line["high"]), (&json!([0, 1, 2, 3]), &json!([2, 3, 4, 3])));
    assert_eq!(chart["lines"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_log_that_a_resume_rewrote_is_read_anew() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    log(&run, &lines(0..10, |_| 1.0));
    assert_eq!(server.get("/api/series?run=a&key=loss").await["lines"][0]["y"], json!(vec![1; 10]));
    let new = run.join("new");
    fs::write(&new, lines(0..5, |_| 1.0) + &lines(5..12, |_| 2.0)).unwrap();
    fs::rename(new, run.join("metrics.jsonl")).unwrap();
    let ys = server.get("/api/series?run=a&key=loss").await["lines"][0]["y"].clone();
    assert_eq!(ys, json!([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]));
}

#[tokio::test]
async fn what_cannot_be_drawn_is_said() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    log(&run, &lines(0..5, |_| 1.0));
    for (path, status, text) in [
        ("run=a&key=lost", 404, "a has not logged `lost`"),
        ("run=a&key=loss&x=seconds", 404, "a has not logged `seconds`"),
        ("run=a", 400, "`key` is missing"),
        ("run=a&key=loss&pixels=4001", 400, "`pixels=4001` is out of range"),
        ("run=a&key=loss&smooth=ema:2", 400, "is no smoothing"),
        ("run=a&key=loss&from=NaN", 400, "`from` is not finite"),
        ("run=nobody&key=loss", 404, "there is no run `nobody`"),
    ] {
        let refused = server.ask(&format!("/api/series?{path}")).await;
        assert_eq!(refused.status, status, "{path}");
        assert!(refused.json()["error"].as_str().unwrap().contains(text), "{}", refused.text());
    }
    let many = "run=a&".repeat(51);
    let refused = server.ask(&format!("/api/series?{many}key=loss")).await;
    assert_eq!((refused.status, refused.json()["hint"].as_str()), (400, Some("name at most 50")));
}

#[tokio::test]
async fn small_curves_have_forty_points_at_most() {
    let server = Server::new();
    let run = server.finished("a", "seed: 7\n", 2.5);
    server.finished("b", "seed: 7\n", 2.5);
    log(&run, &lines(0..1_000, |step| step as f64));
    let sparks = server.get("/api/sparks?key=loss&run=a&run=b").await["sparks"].clone();
    assert_eq!(sparks["b"], json!(null));
    // Buckets of 32 steps: the first has the mean of 0 to 31.
    let ys = numbers(&sparks["a"]["y"]);
    assert_eq!((ys.len(), ys[0]), (32, 15.5));
}

#[tokio::test]
async fn charts_and_tables_are_exported() {
    let server = Server::new();
    let run = server.finished("a,b", "seed: 7\n", 2.5);
    log(&run, &lines(0..3, |step| step as f64 / 2.0));
    let csv = server.ask("/api/export?view=series&as=csv&run=a,b&key=loss").await;
    assert_eq!(csv.text(), "line,step,loss,deviation\n\"a,b\",0,0,\n\"a,b\",1,0.5,\n\"a,b\",2,1,\n");
    assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"series.csv\"");
    let svg = server.ask("/api/export?view=series&as=svg&run=a,b&key=loss&title=Tea").await;
    assert!(svg.text().starts_with("<svg") && svg.text().contains("Tea"));
    let png = server.ask("/api/export?view=series&as=png&run=a,b&key=loss").await;
    assert_eq!(png.body[..4], *b"\x89PNG");
    let table = server.ask("/api/export?view=runs&as=csv&columns=name,cups").await;
    assert_eq!(table.text(), "name,cups\n\"a,b\",2.5\n");
    for wrong in ["view=runs&as=png", "view=series&as=pdf&run=a,b&key=loss", "view=walk&as=csv", "as=csv"] {
        assert_eq!(server.ask(&format!("/api/export?{wrong}")).await.status, 400, "{wrong}");
    }
}
