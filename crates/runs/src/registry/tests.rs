//! Tests of the registry with a score card whose names belong to no world.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{Registry, best, compared_by, default_columns};
use crate::{Baseline, EVALUATION, Goal, Score, ScoreCard, State, Status};

fn write_card(run: &Path, stars: f64, headline: &str) {
    let scores = vec![
        Score::higher("soup.rating", stars, "stars", "rating"),
        Score::lower("soup.wait", 10.0 - stars, "min", "wait"),
    ];
    let baseline = Baseline { name: "water".into(), value: 1.0, of: "soup.rating".into() };
    let card = ScoreCard { scores, baselines: vec![baseline], headline: vec![headline.into()] };
    fs::write(run.join(EVALUATION), json!(card).to_string()).unwrap();
}

fn write_run(root: &Path, name: &str, stars: f64) {
    let run = root.join(name);
    fs::create_dir(&run).unwrap();
    fs::write(run.join("settings.yaml"), "recipe: leek\n").unwrap();
    let mut status = Status { state: State::Finished, ..Status::new() };
    status.scores.insert("soup.rating".into(), stars.into());
    fs::write(run.join("status.json"), json!(status).to_string()).unwrap();
    write_card(&run, stars, "soup.rating");
}

#[test]
fn headline_unit_and_goal_come_from_the_score_card() {
    let root = tempfile::tempdir().unwrap();
    write_run(root.path(), "good", 4.5);
    write_run(root.path(), "poor", 2.0);
    let runs = Registry::new(root.path()).runs().unwrap().runs;
    assert!(default_columns(&runs).contains(&"soup.rating".to_owned()));
    let by = compared_by(&runs, None).unwrap();
    assert_eq!((&*by.name, by.goal, &*by.unit), ("soup.rating", Goal::Maximize, "stars"));
    let (best, count) = best(runs, &by).unwrap();
    assert_eq!((&*best.name, best.score("soup.rating"), count), ("good", Some(4.5), 2));
}

#[test]
fn a_score_card_that_changes_alone_is_read_again() {
    let root = tempfile::tempdir().unwrap();
    write_run(root.path(), "soup", 4.5);
    let headline = || Registry::new(root.path()).runs().unwrap().runs[0].headline[0].name.clone();
    assert_eq!(headline(), "soup.rating");
    write_card(&root.path().join("soup"), 4.5, "soup.wait");
    assert_eq!(headline(), "soup.wait");
}
