use serde_json::json;
use wandb_rs::{Ending, Mode, latest_run_id};

use crate::server::{Server, loss, settings, steps};
use crate::wheel::sync;

#[test]
fn rows_arrive_while_the_run_goes_on_and_then_its_end() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let run = settings(at.path(), &server.url).run_id("live").start().unwrap();
    (0..20).for_each(|step| run.log(step, [("loss", loss(step))]).unwrap());
    let early = server.wait("live", |run| run["history"].as_array().is_some_and(|rows| !rows.is_empty()));
    assert_eq!((&early["complete"], early["exitcode"].is_null()), (&json!(false), true));
    (20..40).for_each(|step| run.log(step, [("loss", loss(step))]).unwrap());
    let ending = run.finish(5);
    assert_eq!(ending, Ending::Uploaded { url: Some(format!("{}/me/dots/runs/live", server.url)) });
    assert_eq!((run.finish(0), run.messages()), (ending, vec![]));
    let known = server.run("live").unwrap();
    assert_eq!(steps(&known), (0..40).collect::<Vec<_>>());
    assert_eq!((&known["complete"], &known["exitcode"]), (&json!(true), &json!(5)));
    assert_eq!(known["summary"]["loss"], loss(39));
}

#[test]
fn a_resumed_run_goes_on_after_its_last_row() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let start = |mode| settings(at.path(), &server.url).run_id("again").mode(mode).start().unwrap();
    let first = start(Mode::Online);
    (0..10).for_each(|step| first.log(step, [("loss", loss(step))]).unwrap());
    first.preempting().unwrap();
    assert!(matches!(first.finish(1), Ending::Uploaded { .. }));
    assert_eq!(latest_run_id(at.path()).unwrap(), "again");

    let second = start(Mode::Offline);
    assert_eq!(second.earlier_step(), Some(9));
    (5..15).for_each(|step| second.log(step, [("loss", loss(step))]).unwrap());
    let Ending::Offline { folders, .. } = second.finish(1) else { panic!("it was offline") };
    assert_eq!(folders.len(), 1);

    // The third start uploads what the second left on disk, then itself.
    let third = start(Mode::Online);
    (15..20).for_each(|step| third.log(step, [("loss", loss(step))]).unwrap());
    let ending = third.finish(0);
    assert!(matches!(ending, Ending::Uploaded { .. }), "{ending:?} {:?}", third.messages());
    let known = server.run("again").unwrap();
    assert_eq!(steps(&known), (0..20).collect::<Vec<_>>());
    assert_eq!((&known["resumed"], &known["preempting"]), (&json!(true), &json!(true)));
    assert_eq!((&known["complete"], &known["exitcode"]), (&json!(true), &json!(0)));
    assert!(third.messages().is_empty());
}

#[test]
fn two_starts_on_disk_are_synced_in_their_order() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let start = || settings(at.path(), &server.url).run_id("twice").mode(Mode::Offline).start().unwrap();
    let first = start();
    (0..4).for_each(|step| first.log(step, [("loss", loss(step))]).unwrap());
    first.finish(1);
    let second = start();
    (0..8).for_each(|step| second.log(step, [("loss", loss(step))]).unwrap());
    let Ending::Offline { folders, .. } = second.finish(0) else { panic!("it was offline") };
    assert_eq!(folders.len(), 2);
    sync(at.path(), &server, &folders);
    let known = server.run("twice").unwrap();
    assert_eq!(steps(&known), (0..8).collect::<Vec<_>>());
    assert_eq!((&known["exitcode"], &known["summary"]["loss"]), (&json!(0), &json!(loss(7))));
}
