//! Weightless agents: a run with its table and figures, kills, files of agents, and mistakes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{fails, idx, json, succeeds, umwelt, wait_for};

const SMALL: &[&str] = &[
    "model_type=Weightless",
    "threads=2",
    "weightless.data_path=digits",
    "weightless.curve=[1, 4]",
    "weightless.curve_seeds=[3, 2]",
];

/// A run on few digits; a WiSARD without warped copies, which take most of the time.
fn run(at: &Path, values: &[&str]) -> Command {
    idx::write(&at.join("digits"), 240, 60);
    let is_other = |value: &&&str| value.starts_with("weightless.kind=") && !value.ends_with("wisard");
    let plain: &[&str] = match values.iter().find(is_other) {
        Some(_) => &[],
        None => &["weightless.wisard.warp=0"],
    };
    umwelt(at, &[&["train", "--values"], SMALL, plain, values].concat())
}

#[test]
fn a_run_compares_an_agent_with_baselines_and_leaves_its_file() {
    let at = tempfile::tempdir().unwrap();
    let table = succeeds(run(at.path(), &["output_path=run"]));
    for row in [
        "wisard agent, 240 digits to learn, 60 test digits",
        "accuracy in % after samples",
        "  nearest neighbour, copies",
        "  logistic regression ",
        "a sample is learnt in ",
        "told its mistakes after ",
        "without replay",
        "counts only",
        "a tenth of 240 labels false: ",
        " faces of fonts teach ",
    ] {
        assert!(table.contains(row), "{row} is missing:\n{table}");
    }
    let folder = at.path().join("run");
    let evaluation = json(&folder.join("evaluation.json"));
    assert_eq!(evaluation["headline"][0], "accuracy");
    assert_eq!(evaluation["curve"].as_array().unwrap().len(), 3);
    assert!(json(&folder.join("status.json"))["evaluating_seconds"].as_f64().unwrap() > 0.0);
    for figure in ["learning_curve", "confidence"] {
        assert!(folder.join(format!("figures/{figure}.svg")).exists(), "{figure}");
    }
    let accuracy = evaluation["curve"][2]["accuracy"]["mean"].as_f64().unwrap();
    let file = "run/agent.safetensors";
    let tested = succeeds(umwelt(at.path(), &["agents", "test", file, "--data", "digits"]));
    assert!(tested.starts_with(&format!("{accuracy:.2} % of 60 test digits right")), "{tested}");
    let shown = succeeds(umwelt(at.path(), &["agents", "show", file]));
    assert!(shown.contains("wisard") && shown.contains("0: 24, 1: 24"), "{shown}");
    assert!(succeeds(umwelt(at.path(), &["agents", "ls", "run"])).contains(file));
}

/// The results of all parts, without times.
fn results(folder: &Path) -> Value {
    let mut results = json(&folder.join("units.json"));
    let all = results.as_object_mut().unwrap();
    all.remove("training");
    all["cost"].as_object_mut().unwrap().retain(|name, _| name.ends_with("bytes"));
    results
}

#[test]
fn killed_at_any_moment_a_run_ends_with_the_same_bits() {
    let at = tempfile::tempdir().unwrap();
    succeeds(run(at.path(), &["output_path=whole"]));
    let (whole, killed) = (at.path().join("whole"), at.path().join("killed"));
    let lines = || fs::read_to_string(killed.join("metrics.jsonl")).map_or(0, |text| text.lines().count());
    for count in [1, 4, 9] {
        let mut command = run(at.path(), &["output_path=killed"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("a part of the run", || lines() >= count || child.try_wait().unwrap().is_some());
        let _ = child.kill();
        child.wait().unwrap();
    }
    let table = succeeds(run(at.path(), &["output_path=killed"]));
    assert!(table.contains("wisard agent"), "{table}");
    assert_eq!(results(&killed), results(&whole));
    let agents = [&whole, &killed].map(|folder| fs::read(folder.join("agent.safetensors")).unwrap());
    assert!(agents[0] == agents[1], "the agents differ");
}

#[test]
fn every_kind_runs_and_is_compacted_where_it_can_be() {
    let at = tempfile::tempdir().unwrap();
    let few = ["weightless.continual=false", "weightless.samples_per_class=2"];
    for (kind, more) in [
        ("ao", &["weightless.ao.steps=2"][..]),
        ("dwn", &["weightless.dwn.tables=[40]", "weightless.dwn.epochs=1"]),
        ("logic", &["weightless.logic.gates=[60, 40]", "weightless.logic.epochs=1"]),
        ("wisard", &["weightless.wisard.decision=bleached"]),
    ] {
        let (kind_is, output) = (format!("weightless.kind={kind}"), format!("output_path={kind}"));
        let table = succeeds(run(at.path(), &[&few, more, &[&kind_is, &output]].concat()));
        assert!(table.contains(&format!("{kind} agent, 20 digits to learn")), "{table}");
        let (file, small) = (format!("{kind}/agent.safetensors"), format!("{kind}.safetensors"));
        let compact = umwelt(at.path(), &["agents", "compact", &file, &small]);
        if kind == "ao" {
            assert!(fails(compact, 2).contains("no smaller form"));
            continue;
        }
        succeeds(compact);
        let c = umwelt(at.path(), &["agents", "show", &file, "--c"]);
        match kind {
            "wisard" => assert!(fails(c, 2).contains("has no form in C")),
            _ => assert!(succeeds(c).contains("int umwelt_answer(const unsigned char pixels[784]) {")),
        }
        let test = |file: &str| succeeds(umwelt(at.path(), &["agents", "test", file, "--data", "digits"]));
        assert_eq!(test(&small), test(&file), "{kind}");
    }
}

/// Writes a PNG of a seven.
fn draw_seven(file: &Path) {
    let mut encoder = png::Encoder::new(fs::File::create(file).unwrap(), 40, 50);
    encoder.set_color(png::ColorType::Grayscale);
    let ink = |at: usize| if (5..8).contains(&(at / 40)) || (at % 40).abs_diff(30) < 2 { 0 } else { 255 };
    let pixels: Vec<u8> = (0..40 * 50).map(ink).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

#[test]
fn fonts_and_drawings_are_learnt_and_training_digits_held_out() {
    let at = tempfile::tempdir().unwrap();
    let few = [
        "weightless.continual=false",
        "weightless.curve=[]",
        "weightless.curve_seeds=[]",
        "weightless.baselines=false",
    ];
    let learnt = |output: &str, values: &[&str]| {
        let output_is = format!("output_path={output}");
        let table = succeeds(run(at.path(), &[&few, values, &[&output_is]].concat()));
        assert!(!table.contains("nearest neighbour"), "{table}");
        let count = json(&at.path().join(output).join("evaluation.json"))["curve"][0]["samples"].as_u64();
        (count.unwrap(), table)
    };
    let fonts = ["weightless.sources=[fonts]", "weightless.font_variants=1"];
    let (of_fonts, _) = learnt("fonts", &fonts);
    // Two faces are built in, and a face has ten digits.
    assert!(of_fonts >= 20 && of_fonts.is_multiple_of(10), "{of_fonts}");
    let drawn = ["weightless.sources=[drawings, fonts]", "weightless.font_variants=1"];
    let refused = fails(run(at.path(), &[&few[..], &drawn, &["output_path=no"]].concat()), 2);
    assert!(refused.contains("weightless.drawings_path: data/drawings holds no drawing"), "{refused}");
    fs::create_dir_all(at.path().join("data/drawings/7")).unwrap();
    draw_seven(&at.path().join("data/drawings/7/mine.PNG"));
    assert_eq!(learnt("both", &drawn).0, of_fonts + 1);
    let (count, table) = learnt("held_out", &["weightless.held_out=40"]);
    assert_eq!(count, 200);
    assert!(table.contains("200 digits to learn, 40 test digits"), "{table}");
}

#[test]
fn another_set_in_mnists_format_has_its_own_classes() {
    let at = tempfile::tempdir().unwrap();
    let mut command =
        run(at.path(), &["output_path=run", "weightless.curve=[]", "weightless.curve_seeds=[]"]);
    for name in ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"] {
        let file = at.path().join("digits").join(name);
        let mut bytes = fs::read(&file).unwrap();
        // As the letters of EMNIST, labels start at 1.
        bytes[8..].iter_mut().enumerate().for_each(|(at, label)| *label = (at % 11) as u8 + 1);
        fs::write(file, bytes).unwrap();
    }
    command.arg("weightless.samples_per_class=20");
    let table = succeeds(command);
    assert!(
        table.contains("wisard agent, 220 digits to learn") && table.contains("0-5, then 6-11"),
        "{table}"
    );
    assert!(!table.contains("faces of fonts"), "{table}");
    let evaluation = json(&at.path().join("run/evaluation.json"));
    assert_eq!(evaluation["confusion"]["counts"].as_array().unwrap().len(), 12);
    let file = "run/agent.safetensors";
    let shown = succeeds(umwelt(at.path(), &["agents", "show", file]));
    assert!(shown.contains("0: 0, 1: 20,") && shown.contains("11: 20"), "{shown}");
    succeeds(umwelt(at.path(), &["agents", "test", file, "--data", "digits"]));
}

#[test]
fn an_agent_is_taught_a_picture() {
    let at = tempfile::tempdir().unwrap();
    let values =
        ["output_path=run", "weightless.continual=false", "weightless.curve=[]", "weightless.curve_seeds=[]"];
    succeeds(run(at.path(), &values));
    draw_seven(&at.path().join("seven.png"));
    let teach =
        |label: &str| umwelt(at.path(), &["agents", "teach", "run/agent.safetensors", "seven.png", label]);
    let said = succeeds(teach("7"));
    assert!(said.contains("learnt as a 7; now: a 7 "), "{said}");
    let shown = succeeds(umwelt(at.path(), &["agents", "show", "run/agent.safetensors"]));
    assert!(
        shown.contains("7: 25,") && shown.lines().any(|line| line.starts_with("taught by hand")),
        "{shown}"
    );
    assert!(fails(teach("12"), 2).contains("the label 12 is not below"));
    fs::write(at.path().join("run/agent.safetensors"), b"no agent").unwrap();
    assert!(fails(teach("7"), 2).contains("run/agent.safetensors"));
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let at = tempfile::tempdir().unwrap();
    let refused = |values: &[&str]| fails(run(at.path(), values), 2);
    assert!(
        refused(&["weightless.dwn.epochs=9"]).contains("is of weightless.kind dwn, but the kind is wisard")
    );
    assert!(
        refused(&["weightless.test_digits=61"]).contains("weightless.test_digits is 61, but digits has 60")
    );
    assert!(
        refused(&["weightless.samples_per_class=25"]).contains("there are not 25 training digits of each")
    );
    assert!(refused(&["weightless.kind=ao"]).contains("samples_per_class"));
    let missing = refused(&["weightless.data_path=nothing"]);
    assert!(missing.contains("umwelt data mnist"), "{missing}");
}
