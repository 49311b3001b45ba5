//! The waiting time of OpenMP's threads: short, or the user's setting.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The number of spins that libgomp was loaded with.
fn spins(program: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(program);
    command.env_remove("GOMP_SPINCOUNT").env_remove("OMP_WAIT_POLICY").env("OMP_DISPLAY_ENV", "verbose");
    let output = command.envs(variables.iter().copied()).arg("--version").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = printed.lines().filter(|line| line.contains("GOMP_SPINCOUNT")).collect();
    let [line] = lines[..] else { panic!("libgomp is loaded once: {printed}") };
    line.split('\'').nth(1).unwrap().to_owned()
}

#[test]
fn threads_spin_for_a_moment_unless_the_user_says_otherwise() {
    for program in [env!("CARGO_BIN_EXE_train"), env!("CARGO_BIN_EXE_umwelt")] {
        assert_eq!(spins(program, &[]), "1000");
        assert_eq!(spins(program, &[("GOMP_SPINCOUNT", "77")]), "77");
        assert_eq!(spins(program, &[("OMP_WAIT_POLICY", "passive")]), "0");
        assert_eq!(spins(program, &[("OMP_WAIT_POLICY", "active")]), "30000000000");
        // A variable with a longer name is another one.
        assert_eq!(spins(program, &[("GOMP_SPINCOUNT_", "5")]), "1000");
    }
}

#[test]
fn the_process_that_starts_anew_is_the_same_in_all_else() {
    // The process reads its settings from a pipe, so it waits while the test inspects it.
    let script = "trap '' HUP; exec -a another \"$0\" --configs /dev/stdin --print-config";
    let mut command = Command::new("bash");
    command.env_remove("GOMP_SPINCOUNT").env_remove("OMP_WAIT_POLICY");
    command.args(["-c", script, env!("CARGO_BIN_EXE_train")]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let about = |file: &str| fs::read(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
    let variables = || String::from_utf8_lossy(&about("environ")).replace('\0', "\n");
    let deadline = Instant::now() + Duration::from_secs(180);
    while !(variables().contains("GOMP_SPINCOUNT=1000") && about("comm") == b"train\n") {
        assert!(Instant::now() < deadline, "it has not started anew");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(about("cmdline"), b"another\0--configs\0/dev/stdin\0--print-config\0");
    let status = String::from_utf8_lossy(&about("status")).into_owned();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & 1, 1, "SIGHUP is still ignored");
    child.stdin.take().unwrap().write_all(b"model_type: VICReg\nseed: 71\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("seed: 71"));
}
