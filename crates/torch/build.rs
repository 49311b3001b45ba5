//! Compiles `native/` against the libtorch that torch-sys links, and says how a binary is linked
//! with both.
//!
//! The arguments of the linker reach only the targets of this package; the package of the binaries
//! reads them from `DEP_UMWELT_NATIVE_LINK_ARGS` (separated by `;`).

use std::env;
use std::path::{Path, PathBuf};

const SOURCES: [&str; 8] = [
    "native/umwelt.cpp",
    "native/kernels.cpp",
    "native/patches.cpp",
    "native/relu_mlp.cpp",
    "native/part_losses.cpp",
    "native/recompute.cpp",
    "native/row_products.cpp",
    "native/meta.cpp",
];
const HEADER: &str = "native/vectors.h";

fn main() {
    let libtorch = PathBuf::from(env::var("LIBTORCH").unwrap_or_else(|_| ".libtorch".into()));
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    SOURCES.iter().chain([&HEADER]).for_each(|source| println!("cargo:rerun-if-changed={source}"));
    println!("cargo:rerun-if-changed={}", libtorch.join("include/torch/headeronly/version.h").display());
    assert!(
        libtorch.join("include").is_dir(),
        "no libtorch at {}; run `make setup` (or set LIBTORCH to an unpacked libtorch 2.13.0)",
        libtorch.display()
    );
    compile(&libtorch);
    link(&libtorch);
}

fn compile(libtorch: &Path) {
    cc::Build::new()
        .cpp(true)
        .std("c++20")
        .opt_level(3)
        // As libtorch was: some of its classes are larger without it.
        .define("NDEBUG", None)
        .warnings(false)
        .flag_if_supported("-fopenmp")
        .flag_if_supported("-fno-math-errno")
        .flag_if_supported("-fno-trapping-math")
        .include(libtorch.join("include"))
        .include(libtorch.join("include/torch/csrc/api/include"))
        .files(SOURCES)
        .compile("umwelt_native");
}

fn link(libtorch: &Path) {
    let lib = libtorch.join("lib").canonicalize().expect("libtorch has a lib folder");
    println!("cargo:rustc-link-search=native={}", lib.display());
    println!("cargo:rustc-link-lib=torch_cpu");
    println!("cargo:rustc-link-lib=c10");
    let arguments = link_arguments(&lib);
    arguments.iter().for_each(|argument| println!("cargo:rustc-link-arg={argument}"));
    println!("cargo:link_args={}", arguments.join(";"));
}

fn link_arguments(lib: &Path) -> Vec<String> {
    let mut arguments = vec![format!("-Wl,-rpath,{}", lib.display())];
    // The kernels' loops run on libtorch's own OpenMP threads.
    if lib.join("libgomp.so.1").is_file() {
        arguments.extend([format!("-L{}", lib.display()), "-l:libgomp.so.1".into()]);
    }
    // Nothing calls into libtorch_cuda by name; it registers its kernels when it is loaded.
    if lib.join("libtorch_cuda.so").is_file() {
        arguments.extend(["-Wl,--no-as-needed".into(), "-ltorch_cuda".into()]);
    }
    arguments
}
