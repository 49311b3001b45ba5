//! Links the binaries with libtorch and the kernels as `crates/torch/build.rs` says.

/// What `umwelt-torch` tells the crates that link with it.
const ARGUMENTS: &str = "DEP_UMWELT_NATIVE_LINK_ARGS";

fn main() {
    // Several crates use this script. If one lacked a file named here, cargo would build it every time.
    println!("cargo:rerun-if-env-changed={ARGUMENTS}");
    let arguments = std::env::var(ARGUMENTS).unwrap_or_default();
    arguments.split(';').for_each(|argument| println!("cargo:rustc-link-arg={argument}"));
}
