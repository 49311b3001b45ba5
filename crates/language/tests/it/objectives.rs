//! The objectives of receivers, compared with recorded losses.

use tch::{Kind, Tensor};
use umwelt_language::{
    Supervised, Variant, contrast, divergences, plan_similarities, receiver_losses, weights,
};

use crate::recorded::{Recorded, close, within};

struct Passes {
    logits: [Tensor; 3],
    labels: [Tensor; 3],
}

/// The passes with the right message, the plan and the wrong message.
fn passes(recorded: &Recorded) -> Passes {
    let names = ["matched", "plan", "mismatched"];
    let input = |name: &str, part: &str| recorded.tensors[&format!("input.{name}.{part}")].copy();
    Passes {
        logits: names.map(|name| input(name, "logits").set_requires_grad(true)),
        labels: names.map(|name| input(name, "labels")),
    }
}

const VARIANTS: [(Variant, &str); 3] =
    [(Variant::Fixed, "fixed"), (Variant::Repo, "repo"), (Variant::Paper, "paper")];

#[test]
fn terms_totals_and_gradients_are_the_recorded_ones() {
    let recorded = Recorded::load("lm_losses");
    let expect = |name: &str| &recorded.tensors[&format!("expect.{name}")];
    for (variant, name) in VARIANTS {
        let Passes { logits: [right, plan, wrong], labels } = passes(&recorded);
        let losses = receiver_losses(
            variant,
            Tensor::shallow_clone,
            (&right, &labels[0]),
            (&plan, &labels[1]),
            (&wrong, &labels[2]),
        )
        .unwrap();
        close("ce", &losses.cross_entropy, expect("ce"));
        close(name, &losses.contrast, expect(&format!("contrast_{name}")));
        let plans = expect(&format!("plan_{name}_per_sample"));
        close(name, &losses.plan, &plans.mean(Kind::Float));
        close(name, &losses.total, expect(&format!("total_{name}")));
        if variant != Variant::Repo {
            close(name, &losses.divergence, &expect("js_nats_per_sample").mean(Kind::Float));
        }
        let gradient = |loss: &Tensor| Tensor::run_backward(&[loss], &[&right], true, false).remove(0);
        let mut terms = vec![("total", &losses.total)];
        if variant == Variant::Fixed {
            terms.extend([("plan", &losses.plan), ("contrast", &losses.contrast)]);
            compare(&gradient(&losses.cross_entropy), &recorded.tensors["grad.ce"], "ce");
        }
        for (term, loss) in terms {
            let name = format!("grad.{term}_{name}");
            compare(&gradient(loss), &recorded.tensors[&name], &name);
        }
    }
}

fn compare(ours: &Tensor, expected: &Tensor, name: &str) {
    let largest = expected.abs().max().double_value(&[]);
    within(name, ours, expected, 0.0, 1e-3 * largest);
}

#[test]
fn samples_have_the_recorded_similarities_and_divergences() {
    let recorded = Recorded::load("lm_losses");
    for (variant, name) in VARIANTS {
        let Passes { logits, labels } = passes(&recorded);
        let places = labels.map(|labels| Supervised::new(&labels, variant.shift()).unwrap());
        let rows: Vec<Tensor> =
            places.iter().zip(&logits).map(|(places, logits)| places.rows(logits)).collect();
        let plans = plan_similarities(variant, &rows[0], &rows[1], &places[0]);
        close(name, &plans, &recorded.tensors[&format!("expect.plan_{name}_per_sample")]);
        let divergences = divergences(variant, &rows[0], &rows[2], &places[0]);
        let expected = if variant == Variant::Repo { "ag_per_sample" } else { "js_nats_per_sample" };
        close(name, &divergences, &recorded.tensors[&format!("expect.{expected}")]);
    }
}

#[test]
fn weights_grow_as_recorded() {
    let recorded = Recorded::load("lm_losses");
    let values: Vec<f64> =
        Vec::try_from(&recorded.tensors["input.weight_values"].to_kind(Kind::Double)).unwrap();
    for (variant, name) in &VARIANTS[..2] {
        let rows: Vec<Tensor> = values
            .iter()
            .map(|value| {
                let term = Tensor::from(*value as f32);
                Tensor::stack(&weights(*variant, &term, &term), 0)
            })
            .collect();
        close(name, &Tensor::stack(&rows, 0), &recorded.tensors[&format!("expect.weights_{name}")]);
    }
}

#[test]
fn the_right_message_as_the_wrong_one_has_no_divergence_and_no_gradient() {
    let recorded = Recorded::load("lm_losses");
    let Passes { logits: [right, ..], labels: [labels, ..] } = passes(&recorded);
    let places = Supervised::new(&labels, 1).unwrap();
    let rows = places.rows(&right);
    let same = divergences(Variant::Fixed, &rows, &rows.detach(), &places);
    assert!(same.abs().max().double_value(&[]) < 1e-6);
    let hinge = contrast(Variant::Fixed, &same);
    assert!((hinge.double_value(&[]) - 2f64.ln()).abs() < 1e-6);
    let gradient = Tensor::run_backward(&[hinge], &[&right], false, false).remove(0);
    assert!(gradient.abs().max().double_value(&[]) < 1e-7);
    // Distributions without a common token are ln 2 apart, and the order does not matter.
    let far = Tensor::zeros([17, 29], tch::kind::FLOAT_CPU);
    let [one, other] = [0, 1].map(|token| {
        let far = far.copy();
        let _ = far.select(1, token).fill_(1e4);
        far
    });
    for (a, b) in [(&one, &other), (&other, &one)] {
        let apart = divergences(Variant::Fixed, a, b, &places);
        assert!((apart - 2f64.ln()).abs().max().double_value(&[]) < 1e-6);
    }
}

#[test]
fn passes_that_do_not_fit_are_refused() {
    let recorded = Recorded::load("lm_losses");
    let Passes { logits: [right, plan, wrong], labels } = passes(&recorded);
    let none = Tensor::full([3, 16], -100i64, tch::kind::INT64_CPU);
    let error = Supervised::new(&none, 1).err().unwrap().to_string();
    assert_eq!(error, "sample 0 has no supervised label");
    let first = none.copy();
    let _ = first.select(1, 0).fill_(5);
    let error = Supervised::new(&first, 1).err().unwrap().to_string();
    assert!(error.contains("sample 0 has a label at its first position"), "{error}");
    let fewer = labels[1].copy();
    let _ = fewer.get(1).fill_(-100);
    let _ = fewer.get(1).get(9).fill_(3);
    let passes = ((&right, &labels[0]), (&plan, &fewer), (&wrong, &labels[2]));
    let error = receiver_losses(Variant::Fixed, Tensor::shallow_clone, passes.0, passes.1, passes.2)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("the passes have [6, 4, 7] and [6, 1, 7] labels"), "{error}");
}
