//! What signals do to a process, each sent to a process of its own.

use std::process::Command;

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::low_level::raise;
use umwelt_base::stop::{INTERRUPTED, Stop};

const SIGNALS: &str = "UMWELT_TEST_SIGNALS";
const SURVIVED: i32 = 7;

/// The code with which a process exits that gets `signals`, one after another.
fn exit_code(signals: &[i32]) -> Option<i32> {
    let numbers: Vec<String> = signals.iter().map(i32::to_string).collect();
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "get_signals", "--ignored"]).env(SIGNALS, numbers.join(" "));
    process.output().unwrap().status.code()
}

#[test]
#[ignore = "the other tests start it as a process"]
fn get_signals() {
    let Ok(signals) = std::env::var(SIGNALS) else { return };
    let stop = Stop::listen().unwrap();
    for signal in signals.split(' ').map(|number| number.parse().unwrap()) {
        raise(signal).unwrap();
        assert!(stop.is_requested() && stop.signal() == signal);
    }
    std::process::exit(SURVIVED);
}

#[test]
fn only_a_second_ctrl_c_exits_at_once() {
    assert_eq!(exit_code(&[SIGINT, SIGINT]), Some(INTERRUPTED));
    assert_eq!(exit_code(&[SIGTERM, SIGINT, SIGUSR2, SIGINT]), Some(INTERRUPTED));
}

/// A scheduler sends SIGTERM to a run and to the process that started it, which passes it on.
#[test]
fn what_schedulers_send_leaves_time_for_a_checkpoint() {
    for signals in [[SIGTERM, SIGTERM], [SIGINT, SIGTERM], [SIGTERM, SIGINT], [SIGUSR1, SIGTERM]] {
        assert_eq!(exit_code(&signals), Some(SURVIVED), "{signals:?}");
    }
}
