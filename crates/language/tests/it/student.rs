//! A student that compresses messages, compared with a recorded step.

use std::collections::HashMap;

use anyhow::Context;
use tch::{Device, Kind, Tensor};
use umwelt_language::{
    AdapterKind, AdapterShape, DecoderLm, Head, LmConfig, MessageAdapter, Segment, Student, Weights,
    agreement_weights, cross_entropies, directions, disagreements, information,
};
use umwelt_torch::nn::Parameters;

use crate::models::decoder;
use crate::recorded::{Recorded, close, within};

struct Stored(HashMap<String, Tensor>);

impl Weights for Stored {
    fn take(&mut self, name: &str, _: &[i64]) -> anyhow::Result<Tensor> {
        self.0.remove(name).with_context(|| name.to_owned())
    }
}

fn load(recorded: &Recorded, part: &str) -> DecoderLm {
    let config = LmConfig::from_json(&recorded.case["config"]).unwrap();
    DecoderLm::new(config, &mut Stored(recorded.part(part)), Kind::Float, Device::Cpu).unwrap()
}

struct Step {
    recorded: Recorded,
    actor: DecoderLm,
    adapter: MessageAdapter,
}

impl Step {
    fn ids(&self, sample: usize, name: &str) -> Vec<i64> {
        Vec::try_from(&self.recorded.tensors[&format!("input.{sample}.{name}")]).unwrap()
    }

    fn expected(&self, name: &str) -> &Tensor {
        &self.recorded.tensors[&format!("expect.{name}")]
    }

    /// The message of hidden states `[L, d]`.
    fn message(&self, hidden: &Tensor) -> Tensor {
        self.adapter.forward(&hidden.unsqueeze(0), &[hidden.size()[0]], None).unwrap().get(0)
    }

    /// The hidden states that predict the answer of a sample.
    fn hidden(&self, sample: usize, message: Option<&Tensor>) -> Tensor {
        let id = |key: &str| Segment::Ids(vec![self.recorded.case[key].as_i64().unwrap()]);
        let mut text = vec![Segment::Ids(self.ids(sample, "prefix_ids"))];
        if let Some(message) = message {
            text.extend([id("bop_id"), Segment::Embeddings(message.shallow_clone()), id("eop_id")]);
        }
        let answer = self.ids(sample, "answer_ids");
        text.push(Segment::Ids([self.ids(sample, "suffix_ids"), answer.clone()].concat()));
        let (_, hidden) = self.actor.prefill(&[text]).unwrap();
        let last = hidden.size()[1] - 1;
        hidden.get(0).narrow(0, last - answer.len() as i64, answer.len() as i64)
    }
}

fn step() -> (Step, Parameters) {
    let recorded = Recorded::load("lm_compress");
    let parameters = Parameters::new(Device::Cpu, 0);
    let shape =
        AdapterShape { kind: AdapterKind::Attention, sender: 24, receiver: 24, heads: 8, output_scale: 0.1 };
    let adapter = MessageAdapter::new(&parameters.root().sub("adapter"), &shape).unwrap();
    parameters
        .assign(
            &recorded.part("param").into_iter().filter(|(name, _)| name.starts_with("adapter.")).collect(),
        )
        .unwrap();
    let actor = load(&recorded, "param.actor");
    actor.parameters().freeze("");
    parameters.freeze("");
    (Step { actor, adapter, recorded }, parameters)
}

#[test]
fn a_step_of_compression_is_the_recorded_one() {
    let (step, adapter) = step();
    let student = Student::new(load(&step.recorded, "param.student"), 0);
    let own = step.recorded.part("param").into_iter();
    let own = own.filter(|(name, _)| name.starts_with("h2e.") || name == "lat_bos").collect();
    student.parameters().assign(&own).unwrap();
    let prompts = [0, 1].map(|sample| [Segment::Ids(step.ids(sample, "context_ids"))]);
    let latents = student.latents(&prompts, 3).unwrap();
    close("latents", &latents, step.expected("latents"));
    let messages = step.adapter.forward(&latents, &[3, 3], None).unwrap();
    close("message", &messages, step.expected("message"));
    let student_messages = [messages.get(0), messages.get(1)];
    let full = [0, 1].map(|sample| {
        let message = step.message(&step.recorded.tensors[&format!("input.{sample}.data_latents")]);
        close("data message", &message, step.expected(&format!("{sample}.data_message")));
        message
    });
    let both = |messages: [Option<&Tensor>; 2]| {
        Tensor::cat(&[step.hidden(0, messages[0]), step.hidden(1, messages[1])], 0)
    };
    let with_student = both([Some(&student_messages[0]), Some(&student_messages[1])]);
    let with_full = both([Some(&full[0]), Some(&full[1])]);
    let with_none = both([None, None]);
    close("student", &step.actor.logits(&with_student), step.expected("logits_student"));
    close("full", &step.actor.logits(&with_full), step.expected("logits_data"));
    close("none", &step.actor.logits(&with_none), step.expected("logits_none"));
    // Seven logits at once: each position is a chunk of its own.
    let head = Head::of(&step.actor).with_most(7);
    let weights = agreement_weights(&information(&head, &with_full, &with_none), 0.95);
    close("weights", &weights, step.expected("weights"));
    let disagreed = disagreements(&head, &with_student, &with_full, 4.0);
    let agreed = (&weights * disagreed).sum(Kind::Float) / (weights.sum(Kind::Float) + 1e-6);
    close("agreement", &agreed, step.expected("agreement"));
    let directed = directions(&student_messages, &full).mean(Kind::Float);
    close("direction", &directed, step.expected("direction"));
    let answers = Tensor::from_slice(&[step.ids(0, "answer_ids"), step.ids(1, "answer_ids")].concat());
    let ce = cross_entropies(&head, &with_student, &answers).mean(Kind::Float);
    close("ce", &ce, step.expected("ce"));
    let total = ce + agreed * 0.1 + directed * 0.1;
    close("total", &total, step.expected("total"));
    total.backward();
    let decoder = student.decoder().parameters().named().into_iter();
    let named = decoder.map(|(name, tensor)| (format!("student.{name}"), tensor));
    let named: Vec<_> = named.chain(student.parameters().named()).collect();
    assert_eq!(named.len(), step.recorded.part("grad").len());
    for (name, tensor) in named {
        let expected = &step.recorded.tensors[&format!("grad.{name}")];
        let largest = expected.abs().max().double_value(&[]);
        assert!(largest > 0.0, "{name}");
        within(&name, &tensor.grad(), expected, 0.0, 1e-3 * largest + 1e-7);
    }
    let frozen = adapter.named().into_iter().chain(step.actor.parameters().named());
    assert!(frozen.into_iter().all(|(_, tensor)| !tensor.grad().defined()));
}

#[test]
fn latents_of_prompts_of_several_lengths_are_those_of_each_alone() {
    let student = Student::new(decoder("llama", 5), 1);
    let prompt = |i: i64| [Segment::Ids((0..2 + 3 * i).map(|t| (t * 7 + i) % 29).collect())];
    let together = student.latents(&[prompt(0), prompt(2), prompt(1)], 4).unwrap();
    for (row, i) in [(0, 0), (1, 2), (2, 1)] {
        let alone = student.latents(&[prompt(i)], 4).unwrap();
        let gap = crate::models::gap(&together.get(row), &alone.get(0));
        let largest = alone.abs().max().double_value(&[]);
        assert!(gap < 1e-5 * largest, "prompt {i}: {gap} of {largest}");
    }
    assert!(student.latents(&[prompt(0)], 0).is_err());
}
