//! The adapter, compared with recorded cases.

use tch::{Device, Kind, Tensor};
use umwelt_language::{AdapterKind, AdapterShape, MessageAdapter, parameter_count};
use umwelt_torch::nn::{Dropout, Parameters};

use crate::models::gap;
use crate::recorded::{Recorded, close, within};

fn shape(sender: i64, receiver: i64) -> AdapterShape {
    AdapterShape { kind: AdapterKind::Attention, sender, receiver, heads: 8, output_scale: 0.1 }
}

fn adapter(parameters: &Parameters, shape: &AdapterShape) -> MessageAdapter {
    MessageAdapter::new(&parameters.root().sub("adapter"), shape).unwrap()
}

#[test]
fn outputs_and_gradients_are_the_recorded_ones() {
    for case in ["lm_adapter", "lm_adapter_projected"] {
        let recorded = Recorded::load(case);
        let size = |key: &str| recorded.case[key].as_i64().unwrap();
        let (parameters, shape) = (Parameters::new(Device::Cpu, 0), shape(size("d_sender"), size("d")));
        let adapter = adapter(&parameters, &shape);
        parameters.assign(&recorded.part("param")).unwrap();
        assert_eq!(parameters.count() as i64, size("parameters"), "{case}");
        assert_eq!(parameter_count(&shape), size("parameters"), "{case}");
        let hidden = recorded.tensors["input.hidden"].copy().set_requires_grad(true);
        let lengths: Vec<i64> = Vec::try_from(&recorded.tensors["input.lengths"]).unwrap();
        let output = adapter.forward(&hidden, &lengths, None).unwrap();
        close(case, &output, &recorded.tensors["expect.output"]);
        for (i, length) in (0i64..).zip(&lengths) {
            let alone = hidden.narrow(0, i, 1).narrow(1, 0, *length);
            let alone = adapter.forward(&alone, &[*length], None).unwrap().get(0);
            close(&format!("{case}: {i} alone"), &alone, &recorded.tensors[&format!("expect.single.{i}")]);
        }
        let loss = (&output * &recorded.tensors["input.loss_weight"]).sum(Kind::Float);
        let expected = recorded.case["expect_loss"].as_f64().unwrap();
        assert!((loss.double_value(&[]) - expected).abs() < 1e-4 * expected.abs());
        loss.backward();
        let mut named = parameters.named();
        named.push(("hidden".into(), hidden));
        assert_eq!(named.len(), recorded.part("grad").len());
        for (name, tensor) in named {
            let expected = &recorded.tensors[&format!("grad.{name}")];
            let largest = expected.abs().max().double_value(&[]);
            within(&format!("{case}: {name}"), &tensor.grad(), expected, 0.0, 1e-3 * largest + 1e-6);
        }
    }
}

#[test]
fn outputs_start_at_a_small_scale_and_dropout_changes_training_alone() {
    let parameters = Parameters::new(Device::Cpu, 4);
    let adapter = adapter(&parameters, &shape(128, 128));
    let hidden = Tensor::arange(2 * 40 * 128, (Kind::Float, Device::Cpu)).sin().view([2, 40, 128]);
    let output = adapter.forward(&hidden, &[40, 40], None).unwrap();
    let size = output.square().mean(Kind::Float).sqrt().double_value(&[]);
    assert!((size - 0.02).abs() < 0.003, "{size}");
    assert_eq!(gap(&adapter.forward(&hidden, &[40, 40], None).unwrap(), &output), 0.0);
    let dropout = Dropout::new(0.1);
    let masked = |step| adapter.forward(&hidden, &[40, 40], Some(&dropout.masks(1, step))).unwrap();
    assert!(gap(&masked(0), &output) > 1e-5);
    assert_eq!(gap(&masked(0), &masked(0)), 0.0);
    assert!(gap(&masked(0), &masked(1)) > 1e-5);
}

#[test]
fn messages_that_do_not_fit_are_refused() {
    let parameters = Parameters::new(Device::Cpu, 0);
    let error = MessageAdapter::new(&parameters.root(), &shape(20, 20)).err().unwrap().to_string();
    assert_eq!(error, "the adapter's 8 heads cannot share 20 features");
    let adapter = adapter(&parameters, &shape(16, 16));
    let hidden = Tensor::zeros([2, 3, 16], tch::kind::FLOAT_CPU);
    for lengths in [vec![3], vec![3, 0], vec![4, 1]] {
        assert!(adapter.forward(&hidden, &lengths, None).is_err(), "{lengths:?}");
    }
}

#[test]
fn a_linear_adapter_maps_each_normalised_row_and_none_leaves_rows_as_they_are() {
    let parameters = Parameters::new(Device::Cpu, 4);
    let linear = AdapterShape { kind: AdapterKind::Linear, ..shape(16, 24) };
    let adapter = adapter(&parameters, &linear);
    assert_eq!(parameters.count() as i64, parameter_count(&linear));
    let hidden = Tensor::arange(2 * 5 * 16, (Kind::Float, Device::Cpu)).sin().view([2, 5, 16]);
    let output = adapter.forward(&hidden, &[5, 3], None).unwrap();
    let named: std::collections::HashMap<_, _> = parameters.named().into_iter().collect();
    let row = hidden.get(1).get(2);
    let centred = &row - row.mean(Kind::Float);
    let normalised = &centred / (centred.square().mean(Kind::Float) + 1e-6).sqrt();
    let mapped = named["adapter.linear.weight"].matmul(&normalised) + &named["adapter.linear.bias"];
    assert!(gap(&output.get(1).get(2), &(mapped * 0.1)) < 1e-6);
    assert_eq!(output.get(1).narrow(0, 3, 2).abs().max().double_value(&[]), 0.0);
    let none = AdapterShape { kind: AdapterKind::None, ..shape(16, 16) };
    let same = MessageAdapter::new(&parameters.root(), &none).unwrap();
    assert_eq!(same.forward(&hidden, &[5, 5], None).unwrap(), hidden);
    assert_eq!(parameter_count(&none), 0);
    let error = MessageAdapter::new(&parameters.root(), &AdapterShape { receiver: 24, ..none });
    assert!(error.err().unwrap().to_string().contains("need an adapter to become embeddings of 24"));
}
