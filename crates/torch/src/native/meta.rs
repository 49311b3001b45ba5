//! A device without memory, for tests of device placement without a GPU.
//!
//! It is libtorch's meta device under the name of Metal's. It computes shapes but no numbers;
//! reading a number from it fails.

use std::ffi::c_char;

use tch::Device;

unsafe extern "C" {
    fn umwelt_meta_stands_in();
    fn umwelt_meta_mixed() -> *const c_char;
    fn umwelt_meta_copied() -> bool;
}

/// The meta device, which replaces Metal's in this process from now on.
pub fn device() -> Device {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| unsafe { umwelt_meta_stands_in() });
    Device::Mps
}

/// The operations of this thread since the last call that mixed tensors of the CPU and of the
/// device, in one line. A GPU would refuse them. Copies and scalars are allowed.
pub fn mixed() -> String {
    super::text(unsafe { umwelt_meta_mixed() })
}

/// True if this thread copied a tensor from the CPU to the device since the last call. On a GPU
/// such a copy makes the process wait.
pub fn copied() -> bool {
    unsafe { umwelt_meta_copied() }
}
