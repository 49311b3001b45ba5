//! The sweep files of this repository.

use crate::common::dots;
use std::{collections::HashSet, path::Path};

use umwelt::runs::Goal;
use umwelt::schema::RunSettings;
use umwelt::sweeps::{Method, SweepFile};

fn example(name: &str) -> SweepFile {
    SweepFile::read::<RunSettings>(&Path::new("experiments").join(name), &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_grid_of_published_settings_loads_as_a_whole() {
    let sweep = example("paper_changing_uniform.yaml");
    // Seven strengths of each method, and eleven of RSSM.
    assert_eq!((sweep.len(), sweep.method, sweep.retries), ((4 * 7 + 11) * 3, Method::Grid, 0));
    assert_eq!(
        (sweep.name.as_str(), sweep.output_path.as_path()),
        ("paper_changing_uniform", Path::new("runs/paper_changing_uniform"))
    );
    assert_eq!(sweep.dimensions(), ["method", "level", "seed"]);
    let trials: Vec<_> = (0..sweep.len()).map(|index| sweep.trial(index, &[])).collect();
    let names: HashSet<String> =
        trials.iter().map(|trial| trial.clone().named::<RunSettings>().unwrap().name).collect();
    assert_eq!(names.len(), trials.len());
    let settings: Vec<RunSettings> =
        trials.iter().map(|trial| trial.check().unwrap_or_else(|error| panic!("{error}")).settings).collect();
    assert_eq!(
        (settings[1].model(), dots(&settings[1]).dataset_noise, settings[1].run.seed),
        ("VICReg", 0.0, 2)
    );
    let supervised = settings.last().unwrap();
    assert_eq!(
        (supervised.run.eval_only, dots(supervised).dataset_noise, supervised.run.seed),
        (true, 1.5, 3)
    );
}

#[test]
fn the_search_varies_only_what_applies() {
    let sweep = example("search.yaml");
    assert!(sweep.is_adaptive());
    assert_eq!(sweep.len(), 40);
    let stopping = sweep.early_stopping.as_ref().unwrap();
    assert_eq!(
        (stopping.metric.name.as_str(), stopping.rule.min_epochs, stopping.rule.eta),
        ("score", 1.0, 2.0)
    );
    for index in 0..40 {
        let trial = sweep.trial(index, &[]);
        let settings = trial.check::<RunSettings>().unwrap_or_else(|error| panic!("{error}")).settings;
        let varied: Vec<&str> = trial.varied.iter().map(|(key, _)| key.as_str()).collect();
        match trial.point.get("method").unwrap() {
            "SimCLR" => assert_eq!(varied, ["method", "simclr.base_lr", "simclr.loss_temp"]),
            "VICReg" => assert_eq!(varied, ["method", "vicreg.base_lr", "vicreg.sim_coeff"]),
            _ => {
                assert_eq!(varied, ["method", "vicreg.base_lr"]);
                let vicreg = &dots(&settings).vicreg;
                assert_eq!((vicreg.sim_coeff, vicreg.action_coeff), (0.0, 1.0));
            }
        }
        assert_eq!(dots(&settings).vicreg.epochs, 4);
    }
}

#[test]
fn a_stock_wandb_file_means_what_it_means_there() {
    let sweep = example("wandb.yaml");
    assert_eq!((sweep.method, sweep.budget, sweep.metric.goal), (Method::Tpe, Some(20), Goal::Minimize));
    assert_eq!(sweep.early_stopping.as_ref().unwrap().rule.min_epochs, 2.0);
    assert_eq!(
        sweep.dimensions(),
        ["vicreg.base_lr", "vicreg.rnn_layers", "dataset_noise", "vicreg.embedding_size"]
    );
    let mut loud = 0;
    for index in 0..20 {
        let trial = sweep.trial(index, &[]);
        assert_eq!(trial.configs, [Path::new("experiments/quick.yaml")]);
        let settings = trial.check::<RunSettings>().unwrap_or_else(|error| panic!("{error}")).settings;
        let vicreg = &dots(&settings).vicreg;
        assert_eq!((vicreg.epochs, settings.run.seed, vicreg.embedding_size % 64), (2, 1, 0));
        assert!((0.01..=1.0).contains(&vicreg.base_lr) && (1..=3).contains(&vicreg.rnn_layers));
        assert!((64..=512).contains(&vicreg.embedding_size));
        loud += usize::from(dots(&settings).dataset_noise == 1.0);
    }
    assert!((10..20).contains(&loud), "three in four: {loud}");
}

#[test]
fn a_sweep_that_names_no_metric_is_about_the_score_that_every_world_has() {
    for (name, metric) in
        [("como_message_size.yaml", "score"), ("noise.yaml", "score"), ("wandb.yaml", "prediction.rmse_px")]
    {
        assert_eq!(example(name).metric.name, metric);
    }
}

#[test]
fn every_trial_of_every_sweep_file_loads() {
    for entry in std::fs::read_dir("experiments").unwrap() {
        let path = entry.unwrap().path();
        let is_yaml = path.extension().is_some_and(|end| end == "yaml");
        // The settings of single runs lie there too; they name a model.
        let names_model = |text: String| text.lines().any(|line| line.starts_with("model_type:"));
        if !is_yaml || names_model(std::fs::read_to_string(&path).unwrap()) {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let sweep = example(name);
        for index in 0..sweep.len() {
            sweep.trial(index, &[]).check::<RunSettings>().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
