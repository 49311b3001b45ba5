//! Caches that are fused.

use tch::{Device, Kind, Tensor};
use umwelt_language::{DecoderLm, Fuser, Gates, LmConfig, Segment};

use crate::models::{config, decoder, gap};

fn texts() -> Vec<[Segment; 1]> {
    [&[2i64, 9, 4, 4, 17][..], &[8, 1, 25]].map(|ids| [Segment::Ids(ids.to_vec())]).into()
}

/// The hidden states of more text behind a cache with a fused end.
fn behind(fuser: &Fuser, models: [&DecoderLm; 2], prefix: &[i64], gates: &Gates) -> Tensor {
    let [sender, receiver] = models;
    let plans = texts();
    let prompted: Vec<Vec<Segment>> = plans
        .iter()
        .map(|[plan]| {
            let Segment::Ids(plan) = plan else { panic!("a plan is ids") };
            vec![Segment::Ids([prefix, plan].concat())]
        })
        .collect();
    let (theirs, _) = sender.prefill(&prompted).unwrap();
    let (mut own, _) = receiver.prefill(&plans).unwrap();
    fuser.fuse((sender, &theirs), (receiver, &mut own), &[3, 2], gates).unwrap();
    receiver.extend(&mut own, &[[Segment::Ids(vec![3, 7])], [Segment::Ids(vec![3, 7])]]).unwrap()
}

fn noise(value: f64) -> Gates {
    Gates::Drawn { temperature: 1.0, noise: vec![value; 2] }
}

#[test]
fn closed_gates_change_nothing_and_open_ones_bring_in_the_sender() {
    let (sender, receiver) = (decoder("llama", 3), decoder("qwen2", 4));
    let fuser = Fuser::new(sender.config(), receiver.config(), 16, Device::Cpu, 5);
    let models = [&sender, &receiver];
    assert_eq!((fuser.blocks(), fuser.open()), (2, 0));
    let (_, plain) = {
        let (mut own, hidden) = receiver.prefill(&texts()).unwrap();
        let next = [[Segment::Ids(vec![3, 7])], [Segment::Ids(vec![3, 7])]];
        (hidden, receiver.extend(&mut own, &next).unwrap())
    };
    assert_eq!(gap(&behind(&fuser, models, &[6], &Gates::Hard), &plain), 0.0);
    assert!(gap(&behind(&fuser, models, &[6], &noise(-40.0)), &plain) < 1e-6);
    let open = behind(&fuser, models, &[6], &noise(40.0));
    assert!(gap(&open, &plain) > 1e-3);
    // What stands before the plan in the sender's prompt reaches the receiver.
    assert!(gap(&behind(&fuser, models, &[11, 20], &noise(40.0)), &open) > 1e-4);
}

/// Keys are fused without their positions.
#[test]
fn the_place_of_the_senders_text_does_not_matter() {
    let receiver = decoder("qwen2", 4);
    // One block: its keys are those of the tokens alone.
    let sender = DecoderLm::initial(LmConfig { layers: 1, ..config("llama") }, 3, Device::Cpu).unwrap();
    let fuser = Fuser::new(sender.config(), receiver.config(), 16, Device::Cpu, 5);
    assert_eq!(fuser.blocks(), 1);
    let of = |prefix: &[i64]| behind(&fuser, [&sender, &receiver], prefix, &noise(40.0));
    assert!(gap(&of(&[6]), &of(&[6, 1, 1, 12])) < 1e-5);
}

#[test]
fn gradients_reach_every_part_of_the_fuser_and_of_nothing_else() {
    let (sender, receiver) = (decoder("llama", 3), decoder("qwen2", 4));
    [&sender, &receiver].iter().for_each(|model| model.parameters().freeze(""));
    let fuser = Fuser::new(sender.config(), receiver.config(), 16, Device::Cpu, 5);
    let hidden = behind(&fuser, [&sender, &receiver], &[6], &noise(0.3));
    hidden.select(-1, 0).sum(Kind::Float).backward();
    for (name, tensor) in fuser.parameters().trainable() {
        assert!(tensor.grad().abs().max().double_value(&[]) > 0.0, "{name}");
    }
}

#[test]
fn lengths_must_fit_the_texts() {
    let model = decoder("qwen2", 4);
    let fuser = Fuser::new(model.config(), model.config(), 8, Device::Cpu, 5);
    let (theirs, _) = model.prefill(&texts()).unwrap();
    let (mut own, _) = model.prefill(&texts()).unwrap();
    let mut error = |lengths: &[i64]| {
        let fused = fuser.fuse((&model, &theirs), (&model, &mut own), lengths, &Gates::Hard);
        fused.unwrap_err().to_string()
    };
    assert_eq!(error(&[3]), "1 lengths for 2 texts");
    assert_eq!(error(&[3, 9]), "a cache of 2 blocks and 5 positions has no 9 positions in its last 2");
}
