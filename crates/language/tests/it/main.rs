//! Tests of the crate from outside, in one program so that libtorch is linked once.

// The module of recorded tensors is shared with the tests of the root package, which names the
// crate of networks by its own name.
extern crate umwelt_torch as umwelt;

#[path = "../../../../tests/it/common/recorded.rs"]
#[expect(dead_code, reason = "the root package's tests use the rest")]
mod recorded;

mod adapter;
mod controls;
mod decoder;
mod folders;
mod fuser;
mod generation;
mod gguf;
mod insertion;
#[cfg(target_os = "linux")]
mod memory;
mod models;
mod objectives;
mod sampling;
mod student;
mod templates;
mod tokenizers;
mod training;
mod transformers;
