use std::sync::Barrier;
use std::thread;

use super::*;
use umwelt_settings::example::RunSettings;

fn example() -> RunSettings {
    settings::load::<RunSettings>(&[], &["model_type=VICReg".into()]).unwrap().settings
}

#[test]
fn processes_that_start_a_run_at_once_open_it_or_learn_that_it_runs() {
    let (at, settings) = (tempfile::tempdir().unwrap(), example());
    for index in 0..100 {
        let (path, barrier) = (at.path().join(index.to_string()), Barrier::new(3));
        let opened = || {
            barrier.wait();
            let run = RunFolder::open(&path, &settings);
            barrier.wait();
            run.map(drop)
        };
        let opened = thread::scope(|scope| {
            let started = [(); 3].map(|()| scope.spawn(opened));
            started.map(|thread| thread.join().unwrap())
        });
        for error in opened.iter().filter_map(|opened| opened.as_ref().err()) {
            assert!(error.is::<AlreadyRunning>(), "{index}: {error:#}");
        }
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1, "{index}");
    }
}

#[test]
fn a_run_goes_on_whose_process_was_killed_while_it_wrote_its_settings() {
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join(LOCK), "").unwrap();
    fs::write(at.path().join(".writing-abc"), "model_type: VIC").unwrap();
    assert!(matches!(RunFolder::open(at.path(), &example()).unwrap(), Opened::Unfinished(_)));
    assert!(at.path().join(SETTINGS).exists() && !at.path().join(".writing-abc").exists());
}

#[test]
fn what_another_process_writes_is_left_alone() {
    let (at, settings) = (tempfile::tempdir().unwrap(), example());
    let held = RunFolder::open(at.path(), &settings).unwrap();
    let temporary = at.path().join(CHECKPOINTS).join(".writing-abc");
    fs::write(&temporary, "half a checkpoint").unwrap();
    assert!(RunFolder::open(at.path(), &settings).is_err());
    assert!(temporary.exists());
    drop(held);
    RunFolder::open(at.path(), &settings).unwrap();
    assert!(!temporary.exists());
}
