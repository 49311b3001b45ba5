//! Links the binaries with libtorch and the kernels as `crates/torch/build.rs` says.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let arguments = std::env::var("DEP_UMWELT_NATIVE_LINK_ARGS").unwrap_or_default();
    arguments.split(';').for_each(|argument| println!("cargo:rustc-link-arg={argument}"));
}
