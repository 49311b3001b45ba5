//! The command line's texts for the user: help, results and error messages.

use std::fs;
use std::process::Command;

use crate::common::{fails, succeeds, text, train, umwelt};

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
    let origins: Vec<&str> = printed.lines().filter(|line| !line.ends_with("# default")).collect();
    insta::assert_snapshot!(origins.join("\n"));
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
fn runs_are_listed_whatever_number_of_threads_the_environment_names() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir_all(at.path().join("runs/a")).unwrap();
    let mut list = umwelt(at.path(), &["runs", "ls"]);
    list.env("RAYON_NUM_THREADS", "100000");
    succeeds(list);
}

#[test]
fn numbers_of_threads_that_nobody_can_give_are_refused_by_their_name() {
    let at = tempfile::tempdir().unwrap();
    let refused = fails(train(at.path(), &["threads=100000"]), 2);
    assert!(refused.starts_with("error: --values threads=100000: threads: must be from 0 to "), "{refused}");
    for value in ["99999", "many"] {
        let mut command = train(at.path(), &["threads=0"]);
        command.env("OMP_NUM_THREADS", value);
        let refused = fails(command, 2);
        assert!(refused.contains(&format!("error: OMP_NUM_THREADS={value}: must be ")), "{refused}");
    }
    assert!(!at.path().join("runs").exists(), "a mistake must leave no run behind");
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
        ["libtorch          2.13.0 (", " flavour)", "compiled against  2.13.0", "bfloat16", "CUDA devices"]
    {
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn structured_noise_comes_from_the_folder_that_the_published_settings_name() {
    let file = "/reproduce_configs/sweep_fixed_structured.(1).vicreg.best.yaml";
    let published = format!("{}{file}", env!("CARGO_MANIFEST_DIR"));
    let at = tempfile::tempdir().unwrap();
    let missing = fails(bare(at.path(), &["--configs", &published]), 2);
    let told = "dataset_structured_noise_path: there is no folder data/cifar10; give";
    assert!(missing.contains(told), "{missing}");
    let folder = at.path().join("data/cifar10");
    fs::create_dir_all(&folder).unwrap();
    for batch in
        ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]
    {
        fs::write(folder.join(format!("{batch}.bin")), [3; 2 * 3073]).unwrap();
    }
    let noise = ["dataset_structured_noise=true", "dataset_noise=0", "dataset_static_noise=1"];
    let told = succeeds(train(at.path(), &[&["quick_debug=true"], &noise[..]].concat()));
    assert!(told.starts_with("one dot, fixed structured noise 1.0 "), "{told}");
}

#[test]
fn frame_differences_are_named_in_the_heading() {
    let at = tempfile::tempdir().unwrap();
    let told = succeeds(train(at.path(), &["quick_debug=true", "dataset_frame_difference=true"]));
    assert!(told.starts_with("one dot, changing noise 0.5, frame differences "), "{told}");
}

/// The probes are trained by gradient steps and by least squares.
#[test]
fn each_of_three_dots_is_scored_beside_its_baselines() {
    let at = tempfile::tempdir().unwrap();
    for (solver, channels) in [("adam", "vicreg.channels=3"), ("ridge", "vicreg.channels=1")] {
        let (path, solver) = (format!("output_path={solver}"), format!("probing_cfg.solver={solver}"));
        let values = ["quick_debug=true", "dataset_type=Multiple", channels, &solver, &path];
        let told = succeeds(train(at.path(), &values));
        assert!(told.starts_with("three dots, changing noise 0.5 "), "{told}");
        let folder = at.path().join(&path["output_path=".len()..]);
        let found = fs::read_to_string(folder.join("evaluation.json")).unwrap();
        let found: serde_json::Value = serde_json::from_str(&found).unwrap();
        let dots = found["dots"].as_array().unwrap();
        let names: Vec<_> = dots.iter().map(|dot| dot["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["action dot", "other moving dot", "standing dot"]);
        let squares = dots.iter().map(|dot| dot["prediction_px"].as_f64().unwrap().powi(2));
        let (all, together) = (found["prediction"]["rmse_px"].as_f64().unwrap(), squares.sum::<f64>() / 3.0);
        assert!((all - together.sqrt()).abs() < 1e-9, "{all} {together}");
        assert_eq!(found["baseline_scores"].as_array().unwrap().len(), 2);
        let status = fs::read_to_string(folder.join("status.json")).unwrap();
        assert!(status.contains("prediction.standing_dot_px"), "{status}");
    }
}
