//! Tests of the exact text of each error.

use std::path::Path;

use super::{about, in_file, read};
use crate::sweeps::SweepFile;
use umwelt_settings::example::RunSettings;

#[track_caller]
fn refuses(content: &str, expected: &str) {
    assert_eq!(read(content, &[]).unwrap_err(), expected);
}

#[track_caller]
fn refuses_value(content: &str, value: &str, expected: &str) {
    assert_eq!(read(content, &[value]).unwrap_err(), format!("--values {value}: {expected}"));
}

/// The error that refuses the first trial's settings.
#[track_caller]
fn trial_refuses(content: &str, expected: &str) {
    let check =
        |path: &Path| SweepFile::read::<RunSettings>(path, &[]).unwrap().trial(0, &[]).check::<RunSettings>();
    assert_eq!(in_file(content, check).unwrap_err(), expected);
}

#[test]
fn an_unknown_key() {
    refuses("parametrs: {a: [1]}", "noise.yaml:1:1: parametrs: unknown key; did you mean parameters?");
    refuses("metric: {nam: loss}", "noise.yaml:1:10: metric.nam: unknown key; did you mean metric.name?");
    refuses(
        "method: bayse\nbudget: 3",
        "noise.yaml:1:9: method: expected one of grid, random, sobol, bayes, tpe, found `bayse`; did you mean bayes?",
    );
    refuses(
        "parameters:\n  vicreg:\n    base_lr: {min: 0.1, maxx: 1}",
        "noise.yaml:3:25: parameters.vicreg.base_lr.maxx: unknown key; did you mean parameters.vicreg.base_lr.max?",
    );
}

#[test]
fn a_setting_that_is_not_there_or_cannot_have_the_value() {
    let start = "values: {model_type: VICReg}\n";
    trial_refuses(
        &format!("{start}parameters:\n  vicreg.base_lrr: [0.1, 0.2]"),
        "noise.yaml:3:3: vicreg.base_lrr: unknown key; did you mean vicreg.base_lr?",
    );
    trial_refuses(
        &format!("{start}parameters:\n  vicreg: {{rnn_layers: [many, 2]}}"),
        "noise.yaml:3:25: vicreg.rnn_layers: expected a whole number, 0 or more, found `many`",
    );
    trial_refuses(
        &format!("{start}groups:\n  method:\n    A: {{vicreg.base_lr: -1}}"),
        "noise.yaml:4:25: vicreg.base_lr: must be above 0 and finite, but is -1",
    );
    trial_refuses("values: {seeed: 1}", "noise.yaml:1:10: seeed: unknown key; did you mean seed?");
    trial_refuses(
        "parameters: {seed: [1, 2]}",
        "model_type is missing; choose one of VICReg, SimCLR, RSSM, CoMo, for instance `--values model_type=VICReg`",
    );
}

#[test]
fn a_list_or_range_that_is_none() {
    refuses("parameters: {a: []}", "noise.yaml:1:17: parameters.a: an empty list");
    refuses(
        "parameters:\n  a: [1, 2, 1.0]",
        "noise.yaml:2:13: parameters.a: 1.0 is given twice, first at noise.yaml:2:7",
    );
    refuses(
        "parameters: {a: {}}",
        "noise.yaml:1:17: parameters.a: is empty; give a list of values, or min and max",
    );
    refuses(
        "parameters: {a: {min: 2, max: 1}}",
        "noise.yaml:1:23: parameters.a.min: must be below max, 1, but is 2",
    );
    refuses(
        "parameters: {a: {min: 0, max: 1, log: true}}",
        "noise.yaml:1:23: parameters.a.min: must be above 0 on a log scale, but is 0",
    );
    refuses(
        "parameters: {a: {min: 1}}",
        "noise.yaml:1:17: parameters.a.max: is missing; give both min and max",
    );
    refuses(
        "parameters: {a: {min: 0.5, max: 2, int: true}}",
        "noise.yaml:1:23: parameters.a.min: must be a whole number with int: true, but is 0.5",
    );
    refuses(
        "parameters: {a: {min: 0, max: 2, step: -1}}",
        "noise.yaml:1:40: parameters.a.step: must be above 0, but is -1",
    );
    refuses(
        "parameters: {a: {min: x, max: 2}}",
        "noise.yaml:1:23: parameters.a.min: expected a number, found `x`",
    );
    refuses(
        "parameters: {a: {values: [1], min: 3}}",
        "noise.yaml:1:31: parameters.a.min: has no effect with values",
    );
    refuses(
        "parameters: {a: {value: 1, min: 3}}",
        "noise.yaml:1:28: parameters.a.min: has no effect with value",
    );
    refuses(
        "parameters: {a: {values: [1, 2], probabilities: [1]}}",
        "noise.yaml:1:49: parameters.a.probabilities: expected 2 numbers, one for each value, found 1",
    );
    refuses(
        "parameters: {a: {distribution: loguniform, min: 1, max: 2}}",
        "noise.yaml:1:32: parameters.a.distribution: expected one of constant, categorical, categorical_w_probabilities, int_uniform, uniform, q_uniform, log_uniform, log_uniform_values, q_log_uniform, q_log_uniform_values, inv_log_uniform, inv_log_uniform_values, normal, q_normal, log_normal, q_log_normal, found `loguniform`; did you mean log_uniform?",
    );
    refuses(
        "parameters: {a: {min: 0.1, max: 0.9, q: 1}}",
        "noise.yaml:1:41: parameters.a.q: has no multiple between min and max",
    );
}

#[test]
fn an_end_whose_power_of_e_is_no_number() {
    let spec = |spec: &str, expected: &str| {
        let file = format!("method: random\nbudget: 3\nparameters:\n  a: {{distribution: {spec}}}");
        refuses(&file, &format!("noise.yaml:4:{expected}"));
    };
    let exponent = |what: &str, name: &str| {
        format!("e to the power of {what}; {name}_values takes the values themselves")
    };
    spec(
        "log_uniform, min: 0.0001, max: 1000",
        &format!(
            "52: parameters.a.max: is an exponent in log_uniform, and {}",
            exponent("1000 is infinite", "log_uniform")
        ),
    );
    spec(
        "log_uniform, min: -1000, max: -900",
        &format!(
            "39: parameters.a.min: is an exponent in log_uniform, and {}",
            exponent("-1000 is 0", "log_uniform")
        ),
    );
    spec(
        "inv_log_uniform, min: -1000, max: 1",
        &format!(
            "43: parameters.a.min: is an exponent in inv_log_uniform, and {}",
            exponent("1000 is infinite", "inv_log_uniform")
        ),
    );
    spec(
        "q_log_uniform, min: 0, max: 1000, q: 1",
        &format!(
            "49: parameters.a.max: is an exponent in q_log_uniform, and {}",
            exponent("1000 is infinite", "q_log_uniform")
        ),
    );
    spec(
        "log_normal, mu: 1000, sigma: 1",
        "37: parameters.a.mu: is the mean of the logarithm, and e to the power of 1000 is infinite; mu: 6.908 means \
         values around 1000",
    );
    spec(
        "q_log_normal, mu: -1000",
        "39: parameters.a.mu: is the mean of the logarithm, and e to the power of -1000 is 0",
    );
    spec(
        "log_normal, mu: 1, sigma: 100",
        "47: parameters.a.sigma: is that of the logarithm; draws reach e to the power of -899, which is 0",
    );
}

#[test]
fn a_range_or_step_that_numbers_cannot_hold() {
    let spec = |spec: &str, expected: &str| {
        let file = format!("method: random\nbudget: 3\nparameters:\n  a: {{{spec}}}");
        refuses(&file, &format!("noise.yaml:4:{expected}"));
    };
    let far = "is too far from min, -1e308: the range is infinite";
    spec("min: -1e308, max: 1e308", &format!("25: parameters.a.max: {far}"));
    spec(
        "min: 0.5, max: 1, step: 1e-320",
        "31: parameters.a.step: is too small for numbers up to 1.0: it is 1e-320",
    );
    spec("min: 1.5, max: 3, step: 2", "31: parameters.a.step: must be at most max - min, 1.5, but is 2");
    spec(
        "distribution: q_uniform, min: 0, max: 5, q: 10",
        "51: parameters.a.q: must be at most max - min, 5, but is 10",
    );
    spec(
        "distribution: q_uniform, min: 0.5, max: 0.9",
        "6: parameters.a.q: has no multiple between min and max",
    );
    spec(
        "distribution: normal, mu: 1, sigma: 1e308",
        "43: parameters.a.sigma: is too large: draws reach beyond all numbers",
    );
}

#[test]
fn a_range_that_a_setting_of_whole_numbers_cannot_take() {
    let spec = |spec: &str, expected: &str| {
        let file = format!("method: random\nbudget: 3\nparameters:\n  seed: {{{spec}}}");
        refuses(&file, &format!("noise.yaml:4:{expected}"));
    };
    spec(
        "min: 0.5, max: 3",
        "15: parameters.seed.min: must be a whole number, as the setting is, but is 0.5",
    );
    spec(
        "min: 1, max: 3, int: false",
        "31: parameters.seed.int: must not be false: the setting takes whole numbers only",
    );
    spec(
        "distribution: q_uniform, min: 1, max: 3, q: 0.5",
        "54: parameters.seed.q: must be a whole number, as the setting is, but is 0.5",
    );
    spec(
        "distribution: log_uniform, min: 0.1, max: 0.5",
        "52: parameters.seed.max: leaves no whole number above min",
    );
}

#[test]
fn more_runs_than_anyone_means() {
    let seeds = |count: &str| {
        format!(
            "noise.yaml:1:8: seeds: means the seeds 1 to {count}, but a sweep has at most 100000 runs; if {count} is the seed, write `seeds: [{count}]`"
        )
    };
    refuses("seeds: 1000000000000", &seeds("1000000000000"));
    refuses("seeds: 20240101\nparameters: {a: [1]}", &seeds("20240101"));
    refuses(
        "parameters: {a: {min: 1, max: 100}}\nmethod: grid\nseeds: 2024",
        "noise.yaml:3:8: seeds: 100 points with 2024 seeds each, but a sweep has at most 100000 runs; if 2024 is the seed, write `seeds: [2024]`",
    );
    let reals = "parameters: {a: {min: 0.1, max: 1}, b: {min: 0.1, max: 1}}\nmethod: random\n";
    refuses(
        &format!("{reals}budget: 100000000"),
        "noise.yaml:3:9: budget: must be at most 100000, the most runs of a sweep, but is 100000000",
    );
    refuses(
        &format!("{reals}run_cap: 18446744073709551615"),
        "noise.yaml:3:10: run_cap: must be at most 100000, the most runs of a sweep, but is 18446744073709551615",
    );
    refuses(
        &format!("{reals}budget: 50001\nseeds: [7, 8]"),
        "noise.yaml:4:8: seeds: 50001 points with 2 seeds each, but a sweep has at most 100000 runs",
    );
    let all_but_none = "parameters:\n  a: {min: 1, max: 90000}\n  b: {min: 1, max: 90000}\nmethod: grid\nexclude: [{b: [2, 3]}, {b: 1}]";
    refuses(
        all_but_none,
        "noise.yaml:4:9: method: a grid of more than 100000 points; choose `method: random`",
    );
    assert_eq!(read(&format!("{reals}budget: 100000"), &[]).unwrap().len(), 100_000);
    assert_eq!(read("parameters: {a: [1, 2]}\nbudget: 100000000", &[]).unwrap().len(), 2);
}

#[test]
fn interpolation_and_homes_of_others() {
    let interpolation = "`${...}` is not filled in here; write the value itself, or give it by --values, where the shell can fill it in";
    for (file, place) in [
        ("values: {run_name: 'a-${seed}'}", "1:20: values.run_name"),
        ("parameters:\n  a: [1, '${x}']", "2:10: parameters.a[1]"),
        ("configs: ['${x}.yaml']", "1:11: configs[0]"),
        ("output_path: '${x}'", "1:14: output_path"),
        ("groups: {g: {A: {a: '${x}'}}}", "1:21: groups.g.A.a"),
        ("command: [--values, 'run_name=${x}']", "1:21: command"),
        ("command: ['${env}', --configs, 'a/${x}.yaml']", "1:32: command"),
    ] {
        refuses(file, &format!("noise.yaml:{place}: {interpolation}"));
    }
    refuses(
        "parameters: {a: [1, ???]}",
        "noise.yaml:1:21: parameters.a[1]: `???` marks a value that is still missing; write the value, or give it by --values",
    );
    let others = "`~` stands for your own home folder only; write the path out, or ./~ann/x for a name that begins with ~";
    refuses("configs: ~ann/x", &format!("noise.yaml:1:10: configs: {others}"));
    refuses("output_path: ~ann/x", &format!("noise.yaml:1:14: output_path: {others}"));
    refuses_value("seeds: 2", "run_name=${x}", &format!("run_name: {interpolation}"));
}

#[test]
fn a_condition_on_what_is_not_there() {
    refuses(
        "parameters:\n  depth: [1, 2]\n  a: {values: [1], when: {depht: 1}}",
        "noise.yaml:3:27: when.depht: neither varied nor set in this sweep; did you mean depth?",
    );
    refuses(
        "parameters:\n  depth: [1, 2]\n  a: {values: [1], when: {depth: 3}}",
        "noise.yaml:3:34: when.depth: expected one of 1, 2, found `3`",
    );
    refuses(
        "parameters:\n  a: {values: [1], when: {b: 1}}\n  b: {values: [1], when: {a: 1}}",
        "noise.yaml:2:27: when.b: a depends on itself",
    );
    refuses(
        "labels: {level: [1]}\nexclude: [{levl: 1}]",
        "noise.yaml:2:12: exclude.levl: neither varied nor set in this sweep; did you mean level?",
    );
    refuses(
        "labels: {level: [1]}\nexclude: [{level: 2}]",
        "noise.yaml:2:19: exclude.level: expected one of 1, found `2`",
    );
    refuses("labels: {level: [1]}\nexclude: [{level: 1}]", "noise.yaml:2:10: exclude: leaves no point");
}

#[test]
fn a_key_that_two_set() {
    refuses(
        "values: {a: 1, a: 2}",
        "noise.yaml:1:16: values.a: duplicate key, first given at noise.yaml:1:10",
    );
    refuses(
        "values: {a.b: 1, a: {b: 2}}",
        "noise.yaml:1:22: values.a.b: duplicate key, first given at noise.yaml:1:10",
    );
    refuses(
        "parameters:\n  lr: [1]\ngroups:\n  g:\n    A: {lr: 2}\n    B: {}",
        "noise.yaml:5:9: lr: the group g sets it, but so does a parameter, at noise.yaml:2:3",
    );
    refuses(
        "parameters: {a: {b: [1]}, a.b: 2}",
        "noise.yaml:1:27: a.b: a parameter sets it, but so does a parameter, at noise.yaml:1:18",
    );
    refuses(
        "parameters: {x: 1}\ngroups: {g: {A: {x: 2}}}",
        "noise.yaml:1:14: x: a parameter sets it, but so does the group g, at noise.yaml:2:18",
    );
    refuses(
        "labels: {a: [1]}\nparameters: {a: [1]}",
        "noise.yaml:2:14: a: this name is used before, at noise.yaml:1:10",
    );
    refuses(
        "parameters: {seed: [1, 2]}\nseeds: 3",
        "noise.yaml:2:1: seeds: sets seed, but so does a parameter, at noise.yaml:1:14",
    );
    refuses(
        "groups: {g: {A: {x: 1}, B: {x: 1.0}}}",
        "noise.yaml:1:10: groups.g: A and B are the same settings",
    );
}

#[test]
fn a_parameter_may_set_what_a_group_sets_where_it_does_not_apply() {
    let file = |when: &str| {
        format!(
            "groups:\n  g:\n    A: {{lr: 2, model: m}}\n    B: {{model: n}}\nparameters:\n  lr: {{values: [1], when: {{{when}}}}}"
        )
    };
    let clash = "noise.yaml:6:3: lr: a parameter sets it, but so does the group g, at noise.yaml:3:9";
    refuses(&file("g: [A, B]"), clash);
    refuses(&file("model: m"), clash);
    assert_eq!(about(&file("g: B")), ["g=A", "g=B lr=1"]);
    assert_eq!(about(&file("model: n")), ["g=A", "g=B lr=1"]);
}

#[test]
fn a_placeholder_that_nothing_fills() {
    refuses(
        "configs: ['a.{levl}.yaml']\nlabels: {level: [1]}",
        "noise.yaml:1:11: configs: no label fills {levl}; did you mean level?",
    );
    refuses(
        "values: {run_name: 'a-{level}'}",
        "noise.yaml:1:20: run_name: no label fills {level}; give it under `labels:`",
    );
}

#[test]
fn a_budget_that_is_missing_and_a_method_that_does_not_fit() {
    refuses(
        "method: random\nparameters: {a: [1]}",
        "noise.yaml:1:9: budget: is missing; say how many points to try, for instance `budget: 30`",
    );
    refuses(
        "parameters: {a: {min: 0.5, max: 1}}",
        "noise.yaml:1:1: budget: is missing; say how many points to try, for instance `budget: 30`",
    );
    refuses(
        "method: grid\nparameters: {a: {min: 0.5, max: 1}}",
        "noise.yaml:2:14: a: a grid needs a list of values, or `step`; or choose `method: random`, sobol or tpe",
    );
    let axis = |name: &str| format!("  {name}: {{min: 1, max: 400}}\n");
    refuses(
        &format!("method: grid\nparameters:\n{}{}", axis("a"), axis("b")),
        "noise.yaml:1:9: method: a grid of more than 100000 points; choose `method: random`",
    );
    let many: String = (0..25).map(|k| axis(&format!("a{k}"))).collect();
    refuses(
        &format!("method: sobol\nbudget: 9\nparameters:\n{many}"),
        "noise.yaml:1:9: method: sobol has at most 24 dimensions, not 25; choose `method: random`",
    );
}

#[test]
fn seeds_and_early_stopping_that_are_none() {
    refuses("seeds: 0", "noise.yaml:1:8: seeds: must be 1 or more, or a list of seeds");
    refuses("seeds: [1, x]", "noise.yaml:1:12: seeds: expected a whole number, 0 or more, found `x`");
    refuses("seeds: [1, 1]", "noise.yaml:1:12: seeds: 1 is given twice, first at noise.yaml:1:9");
    refuses(
        "early_stopping: {eta: 1}",
        "noise.yaml:1:17: early_stopping: needs epochs above 0 and eta above 1, but has 1 and 1",
    );
}

#[test]
fn a_command_line_that_sets_what_varies() {
    let file = "parameters: {vicreg.base_lr: [1, 2]}\nseeds: 2\ngroups: {g: {A: {x: 1}, B: {x: 2}}}";
    let varies = "this sweep varies it; leave it out here, or change the sweep file";
    refuses_value(file, "vicreg.base_lr=3", &format!("vicreg.base_lr: {varies}"));
    refuses_value(file, "seed=3", &format!("seed: {varies}"));
    refuses_value(file, "x=3", "x: makes A and B of the group g the same settings");
}
