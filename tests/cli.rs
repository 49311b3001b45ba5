//! What a user reads: help, and the answer to every mistake.

mod common;

use std::fs;
use std::process::Command;

use common::{fails, succeeds, text, train};

fn bare(at: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.current_dir(at).args(arguments);
    command
}

#[test]
fn help() {
    let at = tempfile::tempdir().unwrap();
    insta::assert_snapshot!("help_train", succeeds(bare(at.path(), &["--help"])));
    let umwelt = Command::new(env!("CARGO_BIN_EXE_umwelt")).arg("--help").output().unwrap();
    insta::assert_snapshot!("help_umwelt", text(&umwelt.stdout));
}

#[test]
fn mistakes_in_settings_end_with_code_2_and_one_message() {
    let at = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| fs::write(at.path().join(name), content).unwrap();
    file("good.yaml", "model_type: VICReg\nvicreg:\n  base_lr: 0.1\n");
    file("typo.yaml", "model_type: VICReg\nvicreg:\n  base_lrr: 0.1\n");
    file("type.yaml", "model_type: VICReg\nn_steps: many\n");
    file("yaml.yaml", "model_type: [VICReg\n");
    file("tab.yaml", "vicreg:\n\tbase_lr: 0.1\n");
    let cases: &[&[&str]] = &[
        &["--configs", "typo.yaml"],
        &["--configs", "type.yaml"],
        &["--configs", "yaml.yaml"],
        &["--configs", "tab.yaml"],
        &["--configs", "good.yaml", "missing.yaml"],
        &["--values", "seed=1"],
        &["--values", "model_type=VICreg"],
        &["--configs", "good.yaml", "--values", "base_lr=0.3"],
        &["--configs", "good.yaml", "--values", "vicreg.epochs=-3"],
        &["--configs", "good.yaml", "--values", "vicreg.epochs"],
        &["--configs", "good.yaml", "--values", "precision=half"],
        &["--configs", "good.yaml", "--values", "device=gpu"],
        &["--configs", "good.yaml", "--values", "device=cuda:7"],
        &["--configs", "good.yaml", "--values", "dataset_dot_std=0"],
        &["--configs", "good.yaml", "--values", "vicreg.arch=canonical", "vicreg.embedding_size=512"],
        &["--configs", "good.yaml", "--values", "vicreg.arch=resnet18", "vicreg.predictor=conv"],
        &["--configs", "good.yaml", "--values", "vicreg.predictor=rnn", "vicreg.rnn_burnin=3"],
        &["--configs", "good.yaml", "--values", "vicreg.arch=menet5", "vicreg.projector=12-x"],
        &["--configs", "good.yaml", "--values", "vicreg.arch=menet5", "vicreg.predictor=gru"],
        &["--configs", "good.yaml", "--values", "vicreg.arch=menet5", "dataset_structured_noise=true"],
        &["--configs", "good.yaml", "--values", "vicreg.arch=lenet5", "vicreg.decoding_coeff=1"],
        &["--values", "model_type=RSSM", "rssm.arch=lenet5"],
        &["--values", "model_type=RSSM", "rssm.arch=menet5", "rssm.rnn_burnin=2"],
    ];
    let mut answers = String::new();
    for arguments in cases {
        let told = fails(bare(at.path(), arguments), 2);
        answers += &format!("$ train {}\n{told}\n", arguments.join(" "));
    }
    let here = at.path().canonicalize().unwrap();
    insta::assert_snapshot!("mistakes", answers.replace(&*here.to_string_lossy(), "[here]"));
    assert!(!at.path().join("runs").exists(), "a mistake must leave no run behind");
}

#[test]
fn print_config_says_where_each_value_came_from() {
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("a.yaml"), "model_type: VICReg\nvicreg:\n  base_lr: 0.1\n  epochs: 7\n")
        .unwrap();
    fs::write(at.path().join("b.yaml"), "vicreg:\n  epochs: 8\n").unwrap();
    let arguments = ["--configs", "a.yaml", "b.yaml", "--values", "seed=3", "--print-config"];
    let printed = succeeds(bare(at.path(), &arguments));
    let told: Vec<&str> = printed.lines().filter(|line| !line.ends_with("# default")).collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(printed.contains("n_steps: 17  "), "{printed}");
    fs::write(at.path().join("printed.yaml"), &printed).unwrap();
    let again = succeeds(bare(at.path(), &["--configs", "printed.yaml", "--print-config"]));
    let values = |text: &str| {
        text.lines().map(|l| l.split('#').next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&printed));
}

#[test]
fn an_output_path_with_other_things_in_it_is_refused() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("mine")).unwrap();
    fs::write(at.path().join("mine/thesis.tex"), "x").unwrap();
    insta::assert_snapshot!("foreign_folder", fails(train(at.path(), &["output_path=mine"]), 1));
    insta::assert_snapshot!("no_folder", fails(train(at.path(), &["output_path=mine/thesis.tex"]), 1));
}

#[test]
fn without_an_output_path_the_folder_follows_from_the_settings() {
    let at = tempfile::tempdir().unwrap();
    succeeds(train(at.path(), &["quick_debug=true", "run_name=probe", "run_group=tests"]));
    succeeds(train(at.path(), &["quick_debug=true", "run_name=probe", "run_group=tests", "seed=5"]));
    let runs: Vec<_> = fs::read_dir(at.path().join("runs/tests")).unwrap().collect();
    assert_eq!(runs.len(), 2);
}

#[test]
fn quiet_prints_the_result_only() {
    let at = tempfile::tempdir().unwrap();
    let mut quiet = train(at.path(), &["quick_debug=true", "output_path=a"]);
    let output = quiet.arg("--quiet").output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert!(text(&output.stdout).starts_with("one dot"));
}

#[test]
fn doctor_finds_the_libtorch_it_was_built_with() {
    let output = Command::new(env!("CARGO_BIN_EXE_umwelt")).arg("doctor").output().unwrap();
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}");
    for line in
        ["libtorch          2.13.0", "compiled against  2.13.0", "threads", "bfloat16", "CUDA devices"]
    {
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn structured_noise_three_dots_and_frame_differences_run() {
    let at = tempfile::tempdir().unwrap();
    let published =
        concat!(env!("CARGO_MANIFEST_DIR"), "/reproduce_configs/sweep_fixed_structured.(1).vicreg.best.yaml");
    let missing = fails(bare(at.path(), &["--configs", published]), 2);
    assert!(
        missing.contains("dataset_structured_noise_path: there is no folder data/cifar10; give"),
        "{missing}"
    );
    let three = ["dataset_type=Multiple", "vicreg.channels=3", "dataset_noise=0", "output_path=three"];
    for (values, heading) in [
        (
            &[
                "dataset_structured_noise=true",
                "dataset_structured_noise_path=dead_leaves",
                "dataset_noise=0",
                "dataset_static_noise=1",
            ][..],
            "one dot, fixed structured noise 1.0 ",
        ),
        (&["dataset_frame_difference=true", "dataset_noise=0"][..], "one dot, no noise, frame differences "),
        (&three[..], "three dots, no noise "),
    ] {
        let told = succeeds(train(at.path(), &[&["quick_debug=true"], values].concat()));
        assert!(told.starts_with(heading), "{told}");
    }
    let found = fs::read_to_string(at.path().join("three/evaluation.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    let names: Vec<_> =
        found["dots"].as_array().unwrap().iter().map(|dot| dot["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["action dot", "other moving dot", "standing dot"]);
    assert_eq!(found["prediction"]["per_dot_px"].as_array().unwrap().len(), 3);
    assert_eq!(found["floors_px"].as_object().unwrap().len(), 2);
    let status = fs::read_to_string(at.path().join("three/status.json")).unwrap();
    assert!(status.contains("prediction.standing_dot_px"), "{status}");
}
