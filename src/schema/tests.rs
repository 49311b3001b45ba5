use super::*;
use crate::settings;

fn refused(model_type: &str, argument: &str) -> Option<String> {
    let values = [format!("model_type={model_type}"), argument.to_owned()];
    settings::load::<RunSettings>(&[], &values).err().map(|error| error.to_string())
}

#[test]
fn the_defaults_of_each_model_are_accepted() {
    for model_type in ["VICReg", "SimCLR", "RSSM", "CoMo"] {
        assert_eq!(refused(model_type, "seed=1"), None);
    }
}

#[test]
fn a_model_that_was_left_out_of_the_build_names_its_feature() {
    let reason = left_out("LatentTalk").unwrap();
    assert!(reason.starts_with("LatentTalk is not in this build;"), "{reason}");
    assert!(reason.contains("cargo build --release --features language"), "{reason}");
    assert_eq!(left_out("latenttalk"), None);
    // Tests are built with every feature, and a model of this build is none that was left out.
    for (model, _) in worlds::OPTIONAL {
        assert!(worlds::MODELS.contains(model), "{model}");
        assert_eq!(refused(model, "seed=1"), None);
    }
}

#[test]
fn what_no_run_can_be_made_with_is_refused_with_its_key() {
    let impossible = [
        "n_steps=1",
        "val_n_steps=1",
        "dataset_batch_size=1",
        "dataset_size=127",
        "val_dataset_size=127",
        "dataset_noise=-0.1",
        "dataset_static_noise=.inf",
        "dataset_static_noise_speed=.nan",
        "dataset_dot_std=0",
        "dataset_dot_std=6.75",
        "safe_every_n_epochs=0",
        "log_every=0",
        "eval_mpcs=100001",
        "n_steps=131073",
        "val_n_steps=1000000000000",
        "threads=100000",
        "threads=18446744073709551615",
        "device=gpu",
        "device='cuda:'",
        "device=cuda:01",
        "vicreg.action_dim=3",
        "vicreg.channels=3",
        "vicreg.epochs=0",
        "vicreg.epochs=1000000001",
        "vicreg.embedding_size=65537",
        "vicreg.rnn_layers=1025",
        "vicreg.rnn_burnin=1000000000000",
        "vicreg.sigreg_directions=65537",
        "vicreg.backbone_width_factor=257",
        "simclr.epochs=18446744073709551615",
        "simclr.embedding_size=65537",
        "rssm.epochs=1000000001",
        "rssm.embedding_size=65537",
        "rssm.backbone_width_factor=257",
        "probing_cfg.epochs=1000000001",
        "probing_cfg.ridge_sequences=1000000001",
        "vicreg.embedding_size=0",
        "vicreg.rnn_layers=0",
        "vicreg.backbone_width_factor=0",
        "vicreg.base_lr=0",
        "vicreg.std_coeff=-1",
        "vicreg.rnn_burnin=2",
        "simclr.rnn_burnin=0",
        "simclr.loss_temp=0",
        "rssm.learning_rate=.nan",
        "rssm.min_var=-1",
        "rssm.rssm_adam_epsilon=0",
        "probing_cfg.epochs=0",
        "probing_cfg.epochs_enc=0",
        "probing_cfg.lr=0",
        "probing_cfg.ridge_sequences=1",
        "probing_cfg.schedule=cosine",
    ];
    let of_agents = [
        "como.epochs=1000000001",
        "como.encoding_dim=65544",
        "como.state_size=65537",
        "como.num_heads=1025",
        "como.collab_message_size=65537",
        "como.collab_dec_depth=1025",
    ];
    let of_agents = of_agents.map(|argument| ("CoMo", argument));
    for (model, argument) in impossible.map(|argument| ("VICReg", argument)).into_iter().chain(of_agents) {
        let key = argument.split('=').next().unwrap();
        let message = refused(model, argument).unwrap_or_else(|| panic!("{argument} was accepted"));
        assert!(message.starts_with(&format!("--values {argument}: {key}: must be ")), "{message}");
    }
}

#[test]
fn a_batch_that_no_memory_holds_is_refused_at_its_larger_side() {
    let of = |values: &[&str]| {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        settings::load::<RunSettings>(&[], &values).err().map(|error| error.to_string())
    };
    let sequences = ["dataset_size=1000000000", "val_dataset_size=1000000000"];
    let message = of(&[&["model_type=RSSM", "dataset_batch_size=1000000"], &sequences[..]].concat()).unwrap();
    assert_eq!(
        message,
        "--values dataset_batch_size=1000000: dataset_batch_size: must be less than 1000000: a batch has at most \
             16777216 images, not 1000000 sequences of 17 frames and 1 channels"
    );
    assert_eq!(of(&[&["model_type=RSSM", "dataset_batch_size=986895"], &sequences[..]].concat()), None);
    assert!(
        of(&["model_type=RSSM", "dataset_size=1000000001"])
            .unwrap()
            .ends_with("must be 1000000000 or less, but is 1000000001")
    );
    // Whoever means never may write any number.
    assert_eq!(of(&["model_type=RSSM", "safe_every_n_epochs=18446744073709551615"]), None);
}

#[test]
fn a_key_of_another_world_is_refused_with_the_world_that_owns_it() {
    for argument in ["n_steps=5", "dataset_noise=1", "probing_cfg.epochs=9", "vicreg.epochs=3"] {
        let key = argument.split(['=', '.']).next().unwrap();
        let expected = format!(
            "--values {argument}: {key}: is a setting of the moving dots (model_type VICReg, SimCLR, RSSM), \
                 but this run is of the talking agents (model_type CoMo)"
        );
        assert_eq!(refused("CoMo", argument), Some(expected));
    }
    let message = refused("RSSM", "como.epochs=3").unwrap();
    assert!(message.contains("como: is a setting of the talking agents (model_type CoMo)"), "{message}");
    assert_eq!(refused("CoMo", "dataset_batch_size=32"), None);
    assert_eq!(refused("SimCLR", "rssm.epochs=3"), None, "published files hold all models of a world");
}

#[test]
fn nothing_of_another_world_is_printed() {
    let yaml = |model: &str| {
        let values = [format!("model_type={model}")];
        settings::to_yaml(&settings::load::<RunSettings>(&[], &values).unwrap().settings)
    };
    assert!(!yaml("CoMo").contains("vicreg:") && !yaml("CoMo").contains("n_steps"));
    assert!(!yaml("RSSM").contains("como:") && yaml("RSSM").contains("vicreg:"));
}

#[test]
fn the_recorded_settings_of_an_earlier_version_hold_keys_of_all_worlds() {
    let run = tempfile::tempdir().unwrap();
    let (settings, elsewhere) = (run.path().join("settings.yaml"), run.path().join("mine.yaml"));
    let text = "model_type: CoMo\nn_steps: 17\nvicreg: {epochs: 100}\ncomo: {epochs: 3, floors: false}\n";
    std::fs::write(&settings, text).unwrap();
    std::fs::write(&elsewhere, text).unwrap();
    std::fs::write(run.path().join("status.json"), "{}").unwrap();
    let load = |path: &std::path::Path| settings::load::<RunSettings>(&[path.to_owned()], &[]);
    assert!(settings::to_yaml(&load(&settings).unwrap().settings).contains("  epochs: 3\n"));
    assert!(load(&elsewhere).unwrap_err().to_string().contains("n_steps: is a setting of the moving dots"));
}

#[test]
fn the_least_possible_is_accepted() {
    for argument in ["n_steps=2", "dataset_dot_std=6.7", "dataset_size=128", "rssm.min_var=0", "eval_mpcs=0"]
    {
        assert_eq!(refused("VICReg", argument), None);
    }
    for device in ["auto", "cpu", "cuda", "cuda:0", "cuda:12", "mps"] {
        assert_eq!(refused("VICReg", &format!("device={device}")), None);
    }
}

#[test]
fn only_the_model_that_is_trained_must_fit_the_data() {
    assert_eq!(refused("VICReg", "simclr.channels=3"), None);
    assert_eq!(refused("RSSM", "vicreg.channels=3"), None);
    let values = ["model_type=SimCLR", "dataset_type=Multiple", "simclr.channels=3"].map(String::from);
    assert!(settings::load::<RunSettings>(&[], &values).is_ok());
}

#[test]
fn a_canonical_backbone_pools_to_a_square() {
    for (size, fits) in [(64, true), (256, true), (576, true), (128, false), (63, false), (1, false)] {
        let values = [
            "model_type=VICReg".to_owned(),
            "vicreg.arch=canonical".to_owned(),
            format!("vicreg.embedding_size={size}"),
        ];
        assert_eq!(settings::load::<RunSettings>(&[], &values).is_ok(), fits, "{size}");
    }
}
