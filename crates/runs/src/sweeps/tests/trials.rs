//! Tests of the trials of sweep files.

use super::{about, read, sweep, trials};
use crate::sweeps::Trial;
use umwelt_settings::example::RunSettings;

fn names(content: &str) -> Vec<String> {
    trials(content).into_iter().map(|trial| trial.named::<RunSettings>().unwrap().name).collect()
}

#[test]
fn the_first_dimension_varies_slowest_and_the_seed_fastest() {
    let grid = about("parameters:\n  b: [x, y]\n  a: {c: [1, 2]}\nseeds: [7, 9]");
    let expected = [
        "b=x a.c=1 seed=7",
        "b=x a.c=1 seed=9",
        "b=x a.c=2 seed=7",
        "b=x a.c=2 seed=9",
        "b=y a.c=1 seed=7",
        "b=y a.c=1 seed=9",
        "b=y a.c=2 seed=7",
        "b=y a.c=2 seed=9",
    ];
    assert_eq!(grid, expected);
    assert_eq!(about("seeds: 3"), ["seed=1", "seed=2", "seed=3"]);
    assert_eq!(about("parameters: {a: [1, 2, 3]}\nseeds: 2\nbudget: 1"), ["a=1 seed=1", "a=1 seed=2"]);
    assert_eq!(
        about("parameters: {a: {min: 0.1, max: 0.3, step: 0.1}}\nmethod: grid"),
        ["a=0.1", "a=0.2", "a=0.3"]
    );
}

#[test]
fn what_does_not_apply_is_absent_and_doubles_nothing() {
    let file = "parameters:\n  tau: {values: [0.1, 0.2], when: {model_type: [SimCLR, Barlow]}}\n  k: [1, 2]\n\
                groups:\n  method:\n    V: {model_type: VICReg}\n    S: {model_type: SimCLR}\n";
    let expected = [
        "k=1 method=V",
        "k=1 method=S tau=0.1",
        "k=1 method=S tau=0.2",
        "k=2 method=V",
        "k=2 method=S tau=0.1",
        "k=2 method=S tau=0.2",
    ];
    assert_eq!(about(file), expected);
    let base = "parameters: {a: {values: [1, 2], when: {on: true}}, b: [1]}\nvalues: {on: ";
    assert_eq!(about(&format!("{base}yes}}")).len(), 2);
    assert_eq!(about(&format!("{base}no}}")), ["b=1"]);
    let chain =
        "parameters:\n  a: [1, 2]\n  b: {values: [3, 4], when: {a: 2}}\n  c: {values: [5, 6], when: {b: 4}}";
    assert_eq!(about(chain), ["a=1", "a=2 b=3", "a=2 b=4 c=5", "a=2 b=4 c=6"]);
}

#[test]
fn excluded_points_are_left_out() {
    let file = "labels: {level: [0.25, 0.5], method: [rssm, idm]}\nexclude: [{level: 0.250, method: [rssm]}]";
    assert_eq!(about(file), ["level=0.25 method=idm", "level=0.5 method=rssm", "level=0.5 method=idm"]);
}

#[test]
fn placeholders_are_filled_and_values_reach_the_command_line_as_typed() {
    let file = "configs: ['c/{level}.{method}.yaml']\nlabels: {level: [0.50]}\n\
                values: {run_name: 'n-{level}', dataset_noise: '{level}', vicreg: {projector: '512'}}\n\
                groups: {method: {A: {configs: '{method}.yaml', vicreg.base_lr: 1e-3}}}\nseeds: [3]";
    let trial = &trials(file)[0];
    let configs: Vec<_> = trial.configs.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(configs, ["c/0.50.A.yaml", "A.yaml"]);
    let expected = [
        "run_name=n-0.50",
        "dataset_noise=0.50",
        "vicreg.projector=\"512\"",
        "vicreg.base_lr=1e-3",
        "seed=3",
    ];
    assert_eq!(trial.arguments(), expected);
}

#[test]
fn a_leading_tilde_is_the_home_folder_and_the_agents_words_are_left_alone() {
    let home = std::env::home_dir().unwrap();
    let at = |name: &str| home.join(name);
    let file = "configs: ['~/a.{l}.yaml']\noutput_path: ~/out\nlabels: {l: [1]}\n\
                groups: {g: {A: {configs: ~/b.yaml}}}\nvalues: {run_name: 'cost: $5'}\nprogram: ${p}\n\
                command: ['${env}', python, '${program}', --configs, ~/c.yaml, --values, seed=1, '${args_no_hyphens}']";
    let sweep = sweep(file);
    assert_eq!(sweep.output_path, at("out"));
    let trial = sweep.trial(0, &[]);
    assert_eq!(trial.configs, [at("c.yaml"), at("a.1.yaml"), at("b.yaml")]);
    assert_eq!(trial.arguments(), ["seed=1", "run_name=\"cost: $5\""]);
}

#[test]
fn the_command_line_wins_over_all_that_does_not_vary() {
    let file = "values: {model_type: VICReg, vicreg.epochs: 50}\nparameters: {n_steps: 4, seed: [1]}\n\
                groups: {g: {A: {dataset_size: 500}, B: {dataset_size: 600, dataset_noise: 1}}}";
    let sweep = read(file, &["vicreg.epochs=2", "dataset_size=256", "n_steps=5"]).unwrap();
    let settings = sweep.trial(1, &[]).check::<RunSettings>().unwrap().settings;
    assert_eq!((settings.vicreg.epochs, settings.dataset_size, settings.n_steps), (2, 256, 5));
    assert_eq!((settings.dataset_noise, settings.seed), (1.0, 1));
}

#[test]
fn a_name_says_what_the_trial_is_about_and_stays_the_same() {
    let file = "groups: {method: {VICReg: {model_type: VICReg}, IDM: {model_type: SimCLR}}}\n\
                parameters: {dataset_noise: [0.5, 1]}\nseeds: 2";
    let names = names(file);
    // printf 'dataset_noise: 0.5\nseed: 1\n' | sha256sum
    assert_eq!(names[0], "method=VICReg,dataset_noise=0.5,seed=1-d21971d7");
    let swapped = file.replace("[0.5, 1]", "[1, 0.5]");
    assert_eq!(self::names(&swapped)[2], names[0], "the place in the sweep does not matter");
    let longer = format!("values: {{n_steps: 5}}\n{file}");
    assert_ne!(self::names(&longer)[0], names[0], "all settings do");
    let ambiguous = "values: {model_type: VICReg}\nparameters: {vicreg.base_lr: [1], simclr.base_lr: [0.5]}";
    assert!(self::names(ambiguous)[0].starts_with("vicreg.base_lr=1,simclr.base_lr=0.5-"));
    let odd = "values: {model_type: VICReg}\nparameters: {run_name: ['a b/ü']}";
    assert!(self::names(odd)[0].starts_with("run_name=a_b_ü-"));
    let long = format!("values: {{model_type: VICReg}}\nparameters: {{run_name: [{}]}}", "x".repeat(200));
    assert_eq!(self::names(&long)[0].len(), 80);
    assert!(self::names("values: {model_type: VICReg, seed: 1}")[0].starts_with("trial-"));
}

#[test]
fn a_trial_survives_being_written_down() {
    let file =
        "values: {model_type: VICReg}\nparameters: {vicreg.base_lr: {min: 0.1, max: 1}}\nbudget: 3\nseeds: 2";
    let trial = sweep(file).trial(3, &[]).named::<RunSettings>().unwrap();
    let line = serde_json::to_string(&trial).unwrap();
    let back: Trial = serde_json::from_str(&line).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), line);
    assert_eq!(
        (&back.name, &back.identity, back.arguments()),
        (&trial.name, &trial.identity, trial.arguments())
    );
    let (a, b) = (trial.check::<RunSettings>().unwrap(), back.check::<RunSettings>().unwrap());
    assert_eq!(a.settings, b.settings);
    assert_eq!(a.settings.seed, 2);
    assert!(a.origin("vicreg.base_lr").to_string().ends_with("noise.yaml:2:14"));
    assert_eq!(b.origin("seed").to_string(), "--values seed=2");
}
