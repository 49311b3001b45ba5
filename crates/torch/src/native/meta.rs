//! A device without memory, to see without a GPU what happens on one: for tests.
//!
//! It is libtorch's meta device, which computes shapes and no numbers, under the name of another.
//! Reading a number from it fails.

use std::ffi::c_char;

use tch::Device;

unsafe extern "C" {
    fn umwelt_meta_stands_in();
    fn umwelt_meta_mixed() -> *const c_char;
    fn umwelt_meta_copied() -> bool;
}

/// The device, which takes the place of Metal's in this process from now on.
pub fn device() -> Device {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| unsafe { umwelt_meta_stands_in() });
    Device::Mps
}

/// The operations of this thread since the last call that took tensors of the CPU together with
/// tensors of the device, in one line; a GPU refuses them. Copies, and numbers without dimensions,
/// are allowed.
pub fn mixed() -> String {
    super::text(unsafe { umwelt_meta_mixed() })
}

/// Whether this thread copied tensors from the CPU to the device since the last call: a process
/// waits for its GPU to make such a copy.
pub fn copied() -> bool {
    unsafe { umwelt_meta_copied() }
}
