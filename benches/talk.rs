//! Prefill and decoding of language models against transformers' `generate`, in turns in one run.
//!
//!     cargo bench --bench talk --features language [-- WORD ...]
//!
//! measures what has one of the words in its name; without words it measures everything. The large
//! model reads one text at a time: a batch of 32 takes minutes.
//! Random weights, greedy choices, a key/value cache. `prefill` reads a prompt and writes one
//! token; `decode` reads it and writes 64 tokens (tiny) or 16 (large).

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};
use tch::{Device, Kind};
use umwelt_language::{DecoderLm, InitialWeights, Kept, LmConfig, Prompt, Sampling, Segment, Writing};

mod common;

use common::{Baseline, Work, compare};

/// A model with the lengths of prompts and texts.
struct Size {
    name: &'static str,
    config: fn() -> Value,
    prompt: i64,
    written: usize,
    /// The names of batches with their numbers of texts.
    batches: &'static [(&'static str, usize)],
}

const SIZES: [Size; 2] = [
    Size { name: "tiny", config: tiny, prompt: 64, written: 64, batches: &[("alone", 1), ("batch", 32)] },
    Size { name: "large", config: large, prompt: 256, written: 16, batches: &[("alone", 1)] },
];

fn tiny() -> Value {
    json!({
        "model_type": "qwen2", "hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 4,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 128,
        "rms_norm_eps": 1e-6, "rope_theta": 1e4, "tie_word_embeddings": true,
    })
}

/// The sizes of SmolLM2-135M.
fn large() -> Value {
    json!({
        "model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
        "rms_norm_eps": 1e-5, "rope_theta": 1e5, "tie_word_embeddings": true,
    })
}

fn main() -> Result<()> {
    // As `train` does.
    umwelt::native::deterministic();
    umwelt::native::keep_freed_memory();
    let mut baseline = Baseline::start("pytorch_talk.py", 2)?;
    println!("baseline: {}", baseline.versions);
    println!("medians over pairs; ratio = baseline's seconds / ours\n");
    println!("{:<34}{:>12}{:>12}{:>8}", "texts", "baseline/s", "ours/s", "ratio");
    for size in &SIZES {
        for (format, kind) in [("fp32", Kind::Float), ("bf16", Kind::BFloat16)] {
            let mut weights = InitialWeights { seed: 1, range: 0.02 };
            let config = LmConfig::from_json(&(size.config)())?;
            let model = DecoderLm::new(config, &mut weights, kind, Device::Cpu)?;
            for (batch, texts) in size.batches {
                measure(&mut baseline, size, &model, (format, batch, *texts))?;
            }
        }
    }
    Ok(())
}

fn measure(
    baseline: &mut Baseline,
    size: &Size,
    model: &DecoderLm,
    (format, batch, texts): (&str, &str, usize),
) -> Result<()> {
    for (work, written) in [("prefill", 1), ("decode", size.written)] {
        for threads in [1, 2] {
            let request = format!("{}_{batch}_{format}_{work}-{threads}", size.name);
            tch::set_num_threads(threads);
            let mut ours = |count| seconds(model, size, texts, written, count);
            let (count, pairs) = if size.name == "tiny" { (10, 9) } else { (1, 5) };
            // A few dozen names in all.
            let work = Work { request: request.clone().leak(), count, pairs };
            compare(&request, baseline, work, &mut ours)?;
        }
    }
    Ok(())
}

/// The seconds of writing texts some times.
fn seconds(model: &DecoderLm, size: &Size, texts: usize, written: usize, count: usize) -> Result<f64> {
    let vocabulary = model.config().vocabulary;
    let ids = |text: i64| (0..size.prompt).map(|at| (at * 31 + text * 7) % vocabulary).collect();
    let prompt =
        |text: usize| Prompt { task: text.to_string(), segments: vec![Segment::Ids(ids(text as i64))] };
    let prompts: Vec<Prompt> = (0..texts).map(prompt).collect();
    let writing = Writing {
        sampling: Sampling::GREEDY,
        seed: 0,
        max_new_tokens: written,
        stop: vec![],
        hidden: Kept::None,
    };
    let started = Instant::now();
    for _ in 0..count {
        model.generate(&prompts, &writing)?;
    }
    Ok(started.elapsed().as_secs_f64())
}
