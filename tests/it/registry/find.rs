//! Commands on runs given by name: show, compare, find the best, and run again.

use std::fs;

use serde_json::json;

use super::test_runs::TestRuns;

#[test]
fn a_run_is_found_by_name_path_beginning_or_part() {
    let made = TestRuns::four();
    for typed in ["noise/b", "runs/noise/b", "runs/noise/b/", "./runs/noise/b", "e/b"] {
        let shown = made.says(&["show", typed]);
        assert!(
            shown.starts_with("run          runs/noise/b\nstate        failed (training), step 174 of 468\n")
        );
    }
    assert!(made.says(&["show", "st"]).starts_with("run          runs/still\n"));
}

#[test]
fn an_ambiguous_name_lists_the_candidates_and_an_unknown_one_the_nearest() {
    let made = TestRuns::four();
    let expected = "`noise` matches 2 runs; write more of its name:\n  noise/a\n  noise/b";
    assert_eq!(made.refuses(&["show", "noise"]), expected);
    assert_eq!(made.refuses(&["show", "stil1"]), "there is no run `stil1` in runs; did you mean still?");
    let expected = "there is no run `quick` in runs; `umwelt runs ls` lists all runs";
    assert_eq!(made.refuses(&["rerun", "quick"]), expected);
}

#[test]
fn a_page_shows_all_about_a_run() {
    let made = TestRuns::nothing();
    let run = made.run("quick", "finished", 2, json!({"score": 1.1199}), &["vicreg.epochs=6"]);
    let baseline = |name: &str, value: f64| json!({"name": name, "value": value, "of": "px"});
    let card = json!({
        "scores": [{"name": "px", "value": 1.12, "unit": "px", "goal": "minimize", "title": "RMSE"}],
        "baselines": [baseline("dead reckoning", 1.16), baseline("centre", 9.37)],
        "headline": ["px"],
    });
    fs::write(run.join("evaluation.json"), card.to_string()).unwrap();
    fs::write(run.join("checkpoints/best.safetensors"), vec![0; 2_400_000]).unwrap();
    let shown = made.says(&["show", "quick"]);
    let (times, rest) = shown.split_once("spent ").unwrap();
    assert!(
        times.starts_with(
            "run          runs/quick\nstate        finished (training), step 468 of 468\nstarted "
        )
    );
    assert!(times.contains(", 2 h ago\nheartbeat    20"));
    let expected = "       1 min 55 s training, 6 s evaluating
command      train --configs 'a b.yaml' --values output_path=runs/quick
made with    umwelt 0.1.0, libtorch 2.13.0
made on      vm, linux x86_64
computed on  Cpu, threads: 2

setting        here  default
-------------  ----  -------
vicreg.epochs     6      100

score  value
-----  -----
score  1.120

baselines of px  RMSE (px)
---------------  ---------
dead reckoning       1.160
centre               9.370

file                            size
----------------------------  ------
checkpoints/best.safetensors  2.4 MB
";
    assert_eq!(&rest[..expected.len()], expected);
}

#[test]
fn runs_are_compared_by_differing_settings_and_scores() {
    let made = TestRuns::four();
    let expected = "\
setting         noise/a  noise/b  still
--------------  -------  -------  -----
dataset_noise       0.0      1.0    0.0
vicreg.base_lr      0.2    0.001    0.2
run_group         noise    noise   null
seed                 42       42      7

score                noise/a  noise/b     still
------------------  --------  -------  --------
state               finished   failed  finished
score                  1.500              0.750
prediction.rmse_px     1.500              0.750
";
    assert_eq!(made.says(&["diff", "noise/a", "noise/b", "still"]), expected);
    assert!(made.says(&["diff", "still", "still"]).starts_with("the settings are the same\n\nscore "));
}

#[test]
fn the_best_is_the_finished_run_with_the_smallest_or_largest_score() {
    let made = TestRuns::four();
    made.run("unfinished", "running", 1, json!({"prediction.rmse_px": 0.1}), &[]);
    let best = made.says(&["best"]);
    let expected = "runs/still: prediction.rmse_px 0.750 px, the best of 3 finished\n\
                    train --configs 'a b.yaml' --values output_path=runs/still\n";
    assert_eq!(best, expected);
    assert!(
        made.says(&["best", "--maximize"])
            .starts_with("runs/rssm: prediction.rmse_px 10.250 px, the best of 3")
    );
    assert!(
        made.says(&["best", "seed=42", "model_type=VICReg"])
            .starts_with("runs/noise/a: prediction.rmse_px 1.5")
    );
    assert_eq!(
        made.refuses(&["best", "--metric", "prediction.rmse"]),
        "--metric prediction.rmse: no run has this score; did you mean prediction.rmse_px?"
    );
    assert_eq!(
        made.refuses(&["best", "name=unfinished"]),
        "no finished run has prediction.rmse_px yet; `umwelt runs ls` shows their progress"
    );
}

#[test]
fn a_rerun_takes_the_settings_to_a_new_folder() {
    let made = TestRuns::four();
    made.run("on", "finished", 1, json!({}), &["run_name=named", "output_path=runs/on"]);
    made.run("no-0123abcd", "finished", 1, json!({}), &[]);
    let print = |arguments: &[&str]| made.says(&[&["rerun", "--print"], arguments].concat());
    let start = |name: &str| format!("umwelt train --configs runs/{name}/settings.yaml --values ");
    assert_eq!(print(&["still"]), start("still") + "output_path=null run_name=still\n");
    let changed = print(&["still", "--values", "seed=2", "output_path=runs/x y"]);
    assert_eq!(changed, start("still") + "seed=2 'output_path=runs/x y'\n");
    assert_eq!(print(&["on"]), start("on") + "output_path=null\n");
    let start = start("no-0123abcd");
    let numbered = "output_path=null run_name=no-2\n";
    assert_eq!(print(&["no-0123abcd"]), format!("{start}{numbered}"), "the run itself has the plain name");
    let quoted = r"output_path=null 'run_name='\''no'\''' seed=2";
    assert_eq!(print(&["no-0123abcd", "--values", "seed=2"]), format!("{start}{quoted}\n"));
}
