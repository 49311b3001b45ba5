//! The global workspace: a run with its stages, its tables and figures, and mistakes in settings.

use std::path::Path;
use std::process::Command;

use crate::common::{SHAPES, fails, json, output, succeeds, text, umwelt};

fn gw(at: &Path, values: &[&str]) -> Command {
    let values = [&["train", "--values"], SHAPES, &["model_type=GW", "output_path=run"], values].concat();
    umwelt(at, &values)
}

#[test]
fn a_run_makes_its_stages_and_scores_every_direction_beside_baselines() {
    let at = tempfile::tempdir().unwrap();
    let made = output(gw(at.path(), &["odd_one_out.enabled=true"]));
    let (printed, table) = (text(&made.stderr), text(&made.stdout));
    assert!(made.status.success(), "{printed}");
    assert!(printed.contains("stage 1 of 3: vision") && printed.contains("stage 2 of 3: text"), "{printed}");
    for row in [
        "workspace of v, attr, t, 100 matched items, losses tr+cont+dcy+cy",
        "to v (pictures)",
        "to attr (attributes)",
        "to t (captions)",
        "v -> attr ",
        "attr -> v -> attr ",
        "  nearest pair of t ",
        "  reader of v ",
        "  captions ",
        "  autoencoder ",
        "  black ",
        "  chance ",
        "retrieval among 60 ",
        "odd one out, learned on v",
        "gw, v with attr ",
        "losses: matched loss ",
    ] {
        assert!(table.contains(row), "{row} is missing:\n{table}");
    }
    let run = at.path().join("run");
    let evaluation = json(&run.join("evaluation.json"));
    assert_eq!(evaluation["headline"][0], "matched_loss");
    assert!(evaluation["losses"]["translation/domain_attr-v"].as_f64().unwrap() > 0.0);
    assert!(evaluation["test"]["v_to_attr.class"].is_number());
    for figure in ["translations", "captions", "states", "loss_terms"] {
        assert!(run.join(format!("figures/{figure}.svg")).exists(), "{figure}");
    }
    let keys: Vec<String> = json(&run.join("environment.json"))["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| input["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["gw.vision", "gw.text"]);
}

#[test]
fn other_losses_fusion_and_domains_share_the_stages() {
    let at = tempfile::tempdir().unwrap();
    let values = ["gw.domains=[v, attr]", "gw.losses=tr+cy", "gw.batch=published", "gw.schedule=published"];
    let table = succeeds(gw(at.path(), &values));
    assert!(table.contains("workspace of v, attr, 100 matched items, losses tr+cy"), "{table}");
    let values = ["gw.domains=[v, attr]", "gw.fusion=true", "gw.selection=attention", "output_path=fused"];
    let fused = output(gw(at.path(), &values));
    assert!(fused.status.success() && text(&fused.stderr).contains("is finished"), "{}", text(&fused.stderr));
    assert!(text(&fused.stdout).contains("fused "), "{}", text(&fused.stdout));
    assert_eq!(std::fs::read_dir(at.path().join("runs/stages")).unwrap().count(), 1);
}

#[test]
fn latents_of_a_domain_are_imported() {
    let at = tempfile::tempdir().unwrap();
    let folder = at.path().join("smells");
    std::fs::create_dir(&folder).unwrap();
    let write = |split: &str, rows: usize| {
        let table =
            ndarray::Array2::from_shape_fn((rows, 5), |(row, column)| ((row * 7 + column) % 11) as f32);
        let mut file = std::fs::File::create(folder.join(format!("{split}_latent.npy"))).unwrap();
        umwelt::datasets::npy::write(&mut file, table.view()).unwrap();
    };
    let values = ["gw.domains=[attr, smell]", "gw.latents={smell: smells}"];
    [("train", 400), ("val", 60)].into_iter().for_each(|(split, rows)| write(split, rows));
    let refused = fails(gw(at.path(), &values), 2);
    assert!(refused.contains("gw.latents.smell") && refused.contains("test_latent.npy"), "{refused}");
    write("test", 59);
    let refused = fails(gw(at.path(), &values), 2);
    assert!(refused.contains("test_latent.npy has 59 rows, but the split has 60 items"), "{refused}");
    write("test", 60);
    let table = succeeds(gw(at.path(), &values));
    assert!(table.contains("smell -> attr ") && table.contains("smell finds attr"), "{table}");
}

#[test]
fn a_stage_of_other_settings_and_quotas_that_do_not_fit_are_refused() {
    let at = tempfile::tempdir().unwrap();
    let vision = [&["train", "--values"], SHAPES, &["model_type=ShapesVision", "output_path=eyes"]].concat();
    succeeds(umwelt(at.path(), &vision));
    let refused = fails(gw(at.path(), &["gw.domains=[v, attr]", "gw.vision=eyes", "vision.z_size=7"]), 2);
    assert!(
        refused.contains("gw.vision") && refused.contains("does not fit the settings under `vision`"),
        "{refused}"
    );
    let refused = fails(gw(at.path(), &["gw.domains=[v, attr]", "gw.vision=eyes", "gw.paired=999"]), 2);
    assert!(refused.contains("group v,attr cannot have 999 of 400 training items"), "{refused}");
    let refused = fails(gw(at.path(), &["gw.domains=[v, smell]"]), 2);
    assert!(refused.contains("there is no domain `smell`"), "{refused}");
    let refused = fails(gw(at.path(), &["gw.losses=tr+cyc"]), 2);
    assert!(refused.contains("`cyc` is no family of losses"), "{refused}");
}

#[test]
fn items_out_of_distribution_and_probes_are_scored_beside_the_others() {
    let at = tempfile::tempdir().unwrap();
    let values = [
        "ood.rule=hole",
        "ood.attributes=2",
        "ood.domain=attr",
        "attr.use_unpaired=true",
        "attention.enabled=true",
        "attention.steps=20",
        "attention.batch_size=64",
    ];
    let table = succeeds(gw(at.path(), &values));
    for row in
        ["items out of distribution", "unpaired numbers ", "read from attr ", "class (%) of shifted items"]
    {
        assert!(table.contains(row), "{row} is missing:\n{table}");
    }
    assert_eq!(table.matches("\nto attr (attributes)").count(), 2, "{table}");
    let evaluation = json(&at.path().join("run/evaluation.json"));
    let value = |name: &str| evaluation["test"][name].as_f64().unwrap();
    assert!(value("ood_v_to_attr.x_px") > 0.0 && value("ood_matched_loss") > 0.0);
    assert_ne!(value("ood_matched_loss"), value("matched_loss"));
    assert!(at.path().join("run/figures/corrupted.svg").exists());
    let natural = ["ood.rule=bands", "ood.synthesise=false", "output_path=bands", "gw.domains=[v, attr]"];
    assert!(succeeds(gw(at.path(), &natural)).contains("items out of distribution"));
    let refused = fails(gw(at.path(), &["ood.rule=hole", "ood.domain=smell"]), 2);
    assert!(refused.contains("ood.domain") && refused.contains("not among gw.domains"), "{refused}");
    let none = ["ood.rule=hole", "ood.synthesise=false", "output_path=none", "gw.domains=[v, attr]"];
    let refused = fails(gw(at.path(), &none), 2);
    assert!(refused.contains("set ood.synthesise=true"), "{refused}");
}
