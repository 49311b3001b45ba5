//! The memory that saving and loading a checkpoint takes besides its tensors.
//!
//! An allocator counts the bytes that Rust code holds; libtorch allocates its tensors without it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tch::{Device, Kind, Tensor};
use umwelt_torch::checkpoints::Checkpoint;

const TENSORS: usize = 8;
const BYTES_EACH: usize = 4 << 20;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all memory comes from the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), SeqCst) + layout.size();
        PEAK.fetch_max(held, SeqCst);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), SeqCst);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes held at once while `action` runs, besides those held before.
fn peak<T>(action: impl FnOnce() -> T) -> usize {
    let before = HELD.load(SeqCst);
    PEAK.store(before, SeqCst);
    action();
    PEAK.load(SeqCst) - before
}

#[test]
fn saving_and_loading_hold_the_bytes_of_one_tensor_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let tensor = |i| (format!("model.{i}"), Tensor::ones([1 << 20], (Kind::Float, Device::Cpu)));
    let checkpoint = Checkpoint { step: 0, tensors: (0..TENSORS).map(tensor).collect() };
    let one_tensor = BYTES_EACH..BYTES_EACH + (1 << 20);
    assert!(one_tensor.contains(&peak(|| checkpoint.save(&path).unwrap())));
    assert!(one_tensor.contains(&peak(|| Checkpoint::load(&path).unwrap())));
    assert!(peak(|| Checkpoint::load_part(&path, "optimiser").unwrap()) < 1 << 20);
}
