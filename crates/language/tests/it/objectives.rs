//! The objectives of receivers, compared with recorded losses.

use tch::{Device, Kind, Tensor};
use umwelt_language::{
    Answers, Head, ReceiverTerms, Supervised, Variant, Whole, cross_entropies, divergences, hinges,
    plan_similarities, receiver_terms, weights,
};

use crate::models::gap;
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

/// The recorded logits as hidden states of a head that changes nothing, a few rows at once or all.
fn heads() -> [Head; 2] {
    let head = || Head::new(&Tensor::eye(29, tch::kind::FLOAT_CPU));
    [head(), head().with_most(29 * 3 * 2)]
}

fn terms(variant: Variant, head: &Head, passes: [(&Tensor, &Tensor); 3]) -> anyhow::Result<ReceiverTerms> {
    let [right, plan, wrong] = passes.map(|(logits, labels)| Answers::new(variant, logits, labels));
    let (right, plan, wrong) = (right?, plan?, wrong?);
    let whole = Whole { samples: right.samples(), labels: right.labels() };
    receiver_terms(variant, head, whole, [&right, &plan, &wrong])
}

const VARIANTS: [(Variant, &str); 3] =
    [(Variant::Fixed, "fixed"), (Variant::Repo, "repo"), (Variant::Paper, "paper")];

#[test]
fn terms_totals_and_gradients_are_the_recorded_ones() {
    let recorded = Recorded::load("lm_losses");
    let expect = |name: &str| &recorded.tensors[&format!("expect.{name}")];
    for ((variant, name), head) in VARIANTS.into_iter().flat_map(|one| heads().map(|head| (one, head))) {
        let Passes { logits: [right, plan, wrong], labels } = passes(&recorded);
        let passes = [(&right, &labels[0]), (&plan, &labels[1]), (&wrong, &labels[2])];
        let losses = terms(variant, &head, passes).unwrap();
        let total = losses.total(&weights(variant, &losses.plan, &losses.contrast));
        close("ce", &losses.cross_entropy, expect("ce"));
        close(name, &losses.contrast, expect(&format!("contrast_{name}")));
        let plans = expect(&format!("plan_{name}_per_sample"));
        close(name, &losses.plan, &plans.mean(Kind::Float));
        close(name, &total, expect(&format!("total_{name}")));
        if variant != Variant::Repo {
            close(name, &losses.divergence, &expect("js_nats_per_sample").mean(Kind::Float));
        }
        let gradient = |loss: &Tensor| Tensor::run_backward(&[loss], &[&right], true, false).remove(0);
        let mut terms = vec![("total", &total)];
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
        let head = &heads()[1];
        let plans = plan_similarities(variant, head, &rows[0], &rows[1], &places[0]);
        close(name, &plans, &recorded.tensors[&format!("expect.plan_{name}_per_sample")]);
        let divergences = divergences(variant, head, &rows[0], &rows[2], &places[0]);
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
    let head = &heads()[0];
    let same = divergences(Variant::Fixed, head, &rows, &rows.detach(), &places);
    assert!(same.abs().max().double_value(&[]) < 1e-6);
    let hinge = hinges(Variant::Fixed, &same).mean(Kind::Float);
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
        let apart = divergences(Variant::Fixed, head, a, b, &places);
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
    let passes = [(&right, &labels[0]), (&plan, &fewer), (&wrong, &labels[2])];
    let error = terms(Variant::Fixed, &heads()[0], passes).err().unwrap().to_string();
    assert!(error.contains("the passes have [6, 4, 7] and [6, 1, 7] labels"), "{error}");
}

#[test]
fn only_the_pass_with_the_right_message_reaches_the_head() {
    let recorded = Recorded::load("lm_losses");
    let Passes { logits: [right, plan, wrong], labels } = passes(&recorded);
    let weight = Tensor::eye(29, tch::kind::FLOAT_CPU).set_requires_grad(true);
    let losses = |head: &Head| {
        let passes = [(&right, &labels[0]), (&plan, &labels[1]), (&wrong, &labels[2])];
        terms(Variant::Fixed, head, passes).unwrap()
    };
    let found = losses(&Head::new(&weight));
    let gradient = |of: &Tensor, by: &Tensor| Tensor::run_backward(&[of], &[by], true, false).remove(0);
    for (of, ours) in [(found.plan, 0), (found.contrast, 1)] {
        // With the right logits z = h W^T, the gradient of W is that of z, times h.
        let whole = losses(&heads()[0]);
        let of_logits = gradient(if ours == 0 { &whole.plan } else { &whole.contrast }, &right);
        let expected = of_logits.flatten(0, 1).transpose(0, 1).matmul(&right.flatten(0, 1));
        compare(&gradient(&of, &weight), &expected, "head");
    }
}

#[test]
fn cross_entropies_in_chunks_are_those_of_all_logits() {
    let draw = |shape: &[i64], seed| umwelt_torch::native::normals(shape, Device::Cpu, seed);
    let (hidden, weight) =
        (draw(&[37, 12], 1).set_requires_grad(true), draw(&[50, 12], 2).set_requires_grad(true));
    let targets = Tensor::arange(37, tch::kind::INT64_CPU);
    let plain = hidden.matmul(&weight.transpose(0, 1)).log_softmax(-1, Kind::Float);
    let plain = -plain.gather(1, &targets.unsqueeze(1), false).squeeze_dim(1);
    let by = Tensor::arange(37, tch::kind::FLOAT_CPU) / 37.0;
    let gradients = |values: &Tensor| {
        Tensor::run_backward(&[(values * &by).sum(Kind::Float)], &[&hidden, &weight], false, false)
    };
    let expected = gradients(&plain);
    for most in [1, 50 * 5, 50 * 36, 50 * 37] {
        let ours = cross_entropies(&Head::new(&weight).with_most(most), &hidden, &targets);
        assert!(gap(&ours, &plain) < 1e-5, "{most}");
        for (ours, expected) in gradients(&ours).iter().zip(&expected) {
            assert!(gap(ours, expected) < 1e-5, "{most}: {}", gap(ours, expected));
        }
    }
}
