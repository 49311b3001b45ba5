//! Logging through the public interface, without W&B's own software.

use std::time::Instant;

use wandb_rs::{Aggregate, Ending, Error, Metric, Mode, Settings};

#[test]
fn a_row_of_five_numbers_takes_less_than_a_tenth_of_a_millisecond() {
    let at = tempfile::tempdir().unwrap();
    let run = Settings::from_vars([]).mode(Mode::Offline).dir(at.path()).start().unwrap();
    let names = ["loss", "learning_rate", "variance", "covariance", "sequences_per_second"];
    let timed = |step: u64| {
        let begun = Instant::now();
        run.log(step, names.map(|name| (name, 1.0 / (step + 3) as f64))).unwrap();
        begun.elapsed().as_secs_f64() * 1e6
    };
    let mut times: Vec<f64> = (0..5000).map(timed).collect();
    times.sort_by(f64::total_cmp);
    let [median, slow] = [times[2500], times[4950]];
    println!("median {median:.1} us, 99 in 100 below {slow:.1} us");
    assert!(median < 100.0, "{median} us");
}

#[test]
fn threads_share_a_run() {
    let at = tempfile::tempdir().unwrap();
    let run = Settings::from_vars([]).mode(Mode::Offline).dir(at.path()).run_id("shared").start().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let run = &run;
            scope
                .spawn(move || (0..100).for_each(|row| run.output_line(&format!("{thread} {row}")).unwrap()));
        }
    });
    let Ending::Offline { folders, reason: None } = run.finish(0) else { panic!("{:?}", run.finish(0)) };
    let log = std::fs::read(folders[0].join("run-shared.wandb")).unwrap();
    let holds = |line: String| log.windows(line.len()).any(|bytes| bytes == line.as_bytes());
    assert!((0..400).all(|line| holds(format!("{} {}\n", line / 100, line % 100))));
}

#[test]
fn a_resumed_run_keeps_what_is_new_of_its_last_row_and_its_least_loss() {
    let at = tempfile::tempdir().unwrap();
    let start = || {
        let settings = Settings::from_vars([]).mode(Mode::Offline).dir(at.path()).run_id("again");
        settings.start().unwrap()
    };
    let first = start();
    first.define_metric(Metric::new("loss").summary(Aggregate::Min)).unwrap();
    [0.5, 0.25, 0.75].iter().zip(0..).for_each(|(loss, step)| first.log(step, [("loss", *loss)]).unwrap());
    first.finish(1);

    let second = start();
    assert_eq!(second.earlier_step(), Some(2));
    second.log(1, [("loss", 0.25)]).unwrap();
    second.log(2, [("loss", 0.75), ("accuracy", 0.125)]).unwrap();
    second.log(3, [("loss", 0.5)]).unwrap();
    assert!(second.messages().is_empty());
    let Ending::Offline { folders, .. } = second.finish(0) else { panic!("it was offline") };
    let log = std::fs::read(folders[1].join("run-again.wandb")).unwrap();
    let text = String::from_utf8_lossy(&log);
    assert_eq!((text.matches("accuracy").count(), text.matches("0.125").count()), (2, 2), "row and summary");
    assert_eq!((text.matches("0.75").count(), text.matches(r#"{"min":0.25}"#).count()), (0, 1));
}

#[test]
fn resume_auto_takes_the_latest_run_and_never_begins_anew() {
    let at = tempfile::tempdir().unwrap();
    let start = |resume: &str, id: Option<&str>| {
        let vars =
            [("WANDB_RESUME", resume), ("WANDB_MODE", "offline"), ("WANDB_RUN_ID", id.unwrap_or_default())];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let run = Settings::from_vars(vars).dir(at.path()).start()?;
        run.log(7, [("loss", 0.5)])?;
        run.finish(0);
        Ok::<_, Error>((run.id().to_owned(), run.earlier_step()))
    };
    let (id, none) = start("auto", None).unwrap();
    assert_eq!((id.len(), none), (8, None));
    assert_eq!(start("auto", None).unwrap(), (id.clone(), Some(7)));
    assert_eq!(start("never", Some(&id)).unwrap(), (id, None));
    assert!(matches!(start("", Some("a/b")), Err(Error::RunId(_))));
}
