//! Compiles `native/` against the libtorch that torch-sys links, and lets the binaries find it at run time.

use std::env;
use std::path::PathBuf;

const SOURCES: [&str; 3] = ["native/umwelt.cpp", "native/kernels.cpp", "native/meta.cpp"];

fn main() {
    let libtorch = PathBuf::from(env::var("LIBTORCH").unwrap_or_else(|_| ".libtorch".into()));
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    SOURCES.iter().for_each(|source| println!("cargo:rerun-if-changed={source}"));
    println!("cargo:rerun-if-changed={}", libtorch.join("include/torch/headeronly/version.h").display());
    assert!(
        libtorch.join("include").is_dir(),
        "no libtorch at {}; run `make setup` (or set LIBTORCH to an unpacked libtorch 2.13.0)",
        libtorch.display()
    );
    compile(&libtorch);
    link(&libtorch);
}

fn compile(libtorch: &std::path::Path) {
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

fn link(libtorch: &std::path::Path) {
    let lib = libtorch.join("lib").canonicalize().expect("libtorch has a lib folder");
    println!("cargo:rustc-link-search=native={}", lib.display());
    println!("cargo:rustc-link-lib=torch_cpu");
    println!("cargo:rustc-link-lib=c10");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    // The kernels' loops run on libtorch's own OpenMP threads.
    if lib.join("libgomp.so.1").is_file() {
        println!("cargo:rustc-link-arg=-l:libgomp.so.1");
    }
    // Nothing calls into libtorch_cuda by name; it registers its kernels when it is loaded.
    if lib.join("libtorch_cuda.so").is_file() {
        println!("cargo:rustc-link-arg=-Wl,--no-as-needed");
        println!("cargo:rustc-link-arg=-ltorch_cuda");
    }
}
