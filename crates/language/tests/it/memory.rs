//! The memory of a training step, measured in processes of their own.

use std::process::Command;

use serde_json::json;
use tch::{Device, Kind, Tensor};
use umwelt_language::{DecoderLm, Head, LmConfig, LowRankShape, Weights, cross_entropies};

/// The variable that names the measurement of a child process.
const CASE: &str = "UMWELT_MEMORY_CASE";

/// The most resident memory of this process so far, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// The peak (MiB) that the ignored test `name` prints for a case.
fn measured(name: &str, case: &str) -> u64 {
    let test = std::env::current_exe().unwrap();
    let mut command = Command::new(test);
    command.args(["--exact", name, "--ignored", "--nocapture"]).env(CASE, case);
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{case}: {printed}");
    let line = printed.lines().find_map(|line| line.split("peak MiB: ").nth(1));
    line.unwrap_or_else(|| panic!("{case}: {printed}")).trim().parse().unwrap()
}

fn step(model: &DecoderLm, head: &Head, positions: i64) {
    let vocabulary = model.config().vocabulary;
    let ids = (Tensor::arange(positions, tch::kind::INT64_CPU) * 7).remainder(vocabulary).unsqueeze(0);
    let hidden = model.hidden(&model.embed(&ids), None).flatten(0, 1);
    let targets = ids.flatten(0, 1);
    cross_entropies(head, &hidden, &targets).mean(Kind::Float).backward();
}

/// Run by [`recomputation_and_chunks_lower_the_peak`].
#[test]
#[ignore = "a part of another test"]
fn peak_of_a_step() {
    let Ok(case) = std::env::var(CASE) else { return };
    let json = json!({
        "model_type": "qwen2", "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 12,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 16384,
        "tie_word_embeddings": true, "initializer_range": 0.1,
    });
    let model = DecoderLm::initial(LmConfig::from_json(&json).unwrap(), 1, Device::Cpu).unwrap();
    let model = model.recomputing(case != "plain");
    let head = Head::of(&model).with_most(if case == "both" { 1 << 20 } else { i64::MAX });
    step(&model, &head, 2048);
    println!("peak MiB: {}", peak());
}

/// 12 blocks of 2,048 positions keep about 2,000 numbers a position and block; the logits are
/// 2,048 x 16,384, 128 MiB in float32. Their backward pass holds two such tensors, of which the
/// chunks and what the blocks held before take a part; one at least must be saved.
#[test]
fn recomputation_and_chunks_lower_the_peak() {
    let peaks = ["plain", "blocks", "both"].map(|case| measured("memory::peak_of_a_step", case));
    let [plain, blocks, both] = peaks;
    assert!(blocks + 60 < plain, "{peaks:?}");
    assert!(both + 128 < blocks, "{peaks:?}");
}

/// Weights of about the right size that are made fast.
struct Quick(u64);

impl Weights for Quick {
    fn take(&mut self, name: &str, shape: &[i64]) -> anyhow::Result<Tensor> {
        self.0 += 1;
        let options = (Kind::BFloat16, Device::Cpu);
        Ok(match shape.len() {
            1 if name.ends_with("bias") => Tensor::zeros(shape, options),
            1 => Tensor::ones(shape, options),
            _ => (umwelt_torch::native::normals(shape, Device::Cpu, self.0) * 0.02).to_kind(Kind::BFloat16),
        })
    }
}

/// One step of a receiver of Qwen2.5-0.5B's sizes: `UMWELT_MEMORY_CASE=full:1024` or `lora:1024`,
/// the parameters that are trained and the positions. Takes minutes and some GiB.
#[test]
#[ignore = "run by hand: cargo test -p umwelt-language half_a_billion -- --ignored --nocapture"]
fn a_step_of_half_a_billion_parameters() {
    let case = std::env::var(CASE).unwrap_or_else(|_| "lora:512".into());
    let (trained, positions) = case.split_once(':').unwrap();
    let json = json!({
        "model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
        "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151_936,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6, "tie_word_embeddings": true,
    });
    let config = LmConfig::from_json(&json).unwrap();
    let kind = if trained == "full" { Kind::Float } else { Kind::BFloat16 };
    let model = DecoderLm::new(config, &mut Quick(0), kind, Device::Cpu).unwrap();
    let mut model = model.computing_in(Kind::BFloat16).recomputing(true);
    let mut optimised = model.parameters().trainable();
    if trained == "lora" {
        let layers = ["q", "k", "v", "o"].map(str::to_owned).to_vec();
        optimised =
            model.add_low_rank(&LowRankShape { rank: 16, alpha: 32.0, layers }, 1).unwrap().trainable();
    }
    println!("with the model, peak MiB so far: {}", peak());
    let mut adam = umwelt_torch::optim::Adam::new(optimised, 1e-8);
    step(&model, &Head::of(&model), positions.parse().unwrap());
    umwelt_torch::optim::Optimiser::step(&mut adam, umwelt_torch::optim::Rates::constant(1e-5));
    println!("{case}, peak MiB: {}", peak());
}
