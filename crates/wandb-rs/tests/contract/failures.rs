//! A failed upload causes one warning, and `wandb sync` uploads the run later.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use wandb_rs::{Ending, Run, Settings};

use crate::server::{KEY, Server, loss, settings, steps};
use crate::wheel::{core, sync};

fn log(run: &Run, rows: std::ops::Range<u64>) {
    rows.for_each(|step| run.log(step, [("loss", loss(step))]).unwrap());
}

/// Finishes the run, which must be offline for a reason that begins with `reason`, and uploads it.
fn is_synced_after(run: &Run, reason: &str, at: &Path, server: &Server) {
    let Ending::Offline { folders, reason: Some(told) } = run.finish(0) else {
        panic!("not offline: {:?} {:?}", run.finish(0), run.messages())
    };
    assert!(told.starts_with(reason), "{told}");
    assert_eq!(run.messages(), [told]);
    sync(at, server, &folders);
    let known = server.run(run.id()).unwrap();
    assert_eq!(steps(&known), (0..30).collect::<Vec<_>>());
    assert_eq!((&known["complete"], &known["exitcode"]), (&json!(true), &json!(0)));
}

#[test]
fn an_unreachable_server() {
    let at = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = settings(at.path(), &format!("http://{port}")).run_id("unreached").start().unwrap();
    log(&run, 0..30);
    let server = Server::start(at.path(), "");
    is_synced_after(&run, "W&B is offline for now: http://127.0.0.1:", at.path(), &server);
}

#[test]
fn a_server_that_comes_back_before_the_run_ends() {
    let at = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let run = settings(at.path(), &url).run_id("back").start().unwrap();
    log(&run, 0..30);
    let told = told(&run);
    assert!(told.starts_with(&format!("W&B is offline for now: {url} cannot be reached")), "{told}");
    let server = Server::start(at.path(), &format!("port={port}"));
    assert!(matches!(run.finish(0), Ending::Uploaded { .. }), "{:?}", run.messages());
    assert!(run.messages().is_empty());
    assert_eq!(steps(&server.run("back").unwrap()), (0..30).collect::<Vec<_>>());
}

/// Waits for the first warning.
fn told(run: &Run) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match run.messages().pop() {
            Some(told) => return told,
            None => assert!(Instant::now() < deadline, "nothing was told"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_wrong_key() {
    let at = tempfile::tempdir().unwrap();
    let (strict, server) = (Server::start(at.path(), "refuse"), Server::start(at.path(), ""));
    let run = settings(at.path(), &strict.url).run_id("refused").start().unwrap();
    log(&run, 0..30);
    let reason =
        "W&B did not take the run: invalid API key; if the key is wrong, run `wandb login --relogin`";
    is_synced_after(&run, reason, at.path(), &server);
}

#[test]
fn no_key_at_all() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let vars = [("WANDB_BASE_URL", server.url.clone()), ("HOME", at.path().to_str().unwrap().into())];
    let settings = Settings::from_vars(vars.map(|(name, value)| (name.to_owned(), value)));
    let run = settings.dir(at.path()).core(core()).run_id("keyless").start().unwrap();
    log(&run, 0..30);
    is_synced_after(&run, "W&B runs offline: there is no API key for http://127.0.0.1", at.path(), &server);
}

#[test]
fn a_key_in_netrc_is_found() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let machine = server.url.trim_start_matches("http://");
    let netrc = format!("machine {machine}\n  login user\n  password {KEY}\n");
    std::fs::write(at.path().join(".netrc"), netrc).unwrap();
    let vars = [("WANDB_BASE_URL", server.url.clone()), ("HOME", at.path().to_str().unwrap().into())];
    let settings = Settings::from_vars(vars.map(|(name, value)| (name.to_owned(), value)));
    let run = settings.dir(at.path()).core(core()).start().unwrap();
    log(&run, 0..3);
    let ending = run.finish(0);
    assert!(matches!(ending, Ending::Uploaded { .. }), "{ending:?} {:?}", run.messages());
}

#[test]
fn a_server_that_goes_silent_in_the_middle() {
    let at = tempfile::tempdir().unwrap();
    let mut server = Server::start(at.path(), "die=1");
    let timeout = Duration::from_secs(3);
    let run = settings(at.path(), &server.url).run_id("silent").finish_timeout(timeout).start().unwrap();
    log(&run, 0..15);
    server.wait("silent", |run| !run["history"].as_array().unwrap().is_empty());
    log(&run, 15..30);
    let begun = Instant::now();
    run.finish(0);
    // Without the timeout, the call would wait as long as the server is silent. A busy machine adds
    // seconds.
    assert!((timeout..10 * timeout).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    server.revive();
    is_synced_after(&run, "W&B's upload was not complete after 3 s", at.path(), &server);
}

#[test]
fn an_uploader_that_is_killed() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let run = settings(at.path(), &server.url).run_id("killed").start().unwrap();
    log(&run, 0..15);
    server.wait("killed", |_| true);
    let pattern = format!("wandb-core .*{}", run.folder().unwrap().display());
    assert!(std::process::Command::new("pkill").args(["-KILL", "-f", &pattern]).status().unwrap().success());
    log(&run, 15..30);
    is_synced_after(&run, "W&B's uploader ended too early (", at.path(), &server);
}

#[test]
fn an_uploader_that_is_not_there() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let run = settings(at.path(), &server.url).run_id("missing").core("/no/wandb-core").start().unwrap();
    log(&run, 0..30);
    is_synced_after(&run, "W&B runs offline: /no/wandb-core is no program", at.path(), &server);
}

#[test]
fn an_uploader_that_does_not_answer() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let mute = at.path().join("mute");
    std::fs::write(&mute, "#!/bin/sh\nexec sleep 61.25\n").unwrap();
    std::fs::set_permissions(&mute, std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = settings(at.path(), &server.url).core(mute).finish_timeout(Duration::from_secs(1));
    let run = settings.run_id("mute").start().unwrap();
    log(&run, 0..30);
    is_synced_after(&run, "W&B's upload was not complete after 1 s", at.path(), &server);
    let left = std::process::Command::new("pgrep").args(["-f", "sleep 61.25"]).output().unwrap();
    assert!(left.stdout.is_empty(), "the uploader outlived the run");
}

#[test]
fn disabled_leaves_nothing_behind() {
    let at = tempfile::tempdir().unwrap();
    let run = settings(at.path(), "").mode(wandb_rs::Mode::Disabled).start().unwrap();
    log(&run, 0..3);
    assert_eq!((run.finish(0), run.messages(), run.folder()), (Ending::Disabled, vec![], None));
    assert_eq!(std::fs::read_dir(at.path()).unwrap().count(), 0);
}
