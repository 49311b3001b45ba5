//! The pages and their parts.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::fixture::Server;

#[tokio::test]
async fn every_page_holds_the_word_of_the_process() {
    let server = Server::new();
    for path in ["/", "/run?name=a", "/sweep?name=b", "/compare?run=a", "/worlds"] {
        let page = server.ask(path).await;
        assert_eq!(
            (page.status, &page.headers["content-type"]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
        assert!(page.text().contains(server.guard.word()), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    }
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_a_browser_and_an_error_for_a_script() {
    let server = Server::new();
    for (path, accept, kind) in [
        ("/nowhere", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("/worlds/nowhere?run=a", "text/html", "text/html; charset=utf-8"),
        ("/nowhere", "*/*", "application/json"),
        ("/api/nowhere", "text/html", "application/json"),
        ("/web/nowhere.js", "text/html", "application/json"),
    ] {
        let request = Request::get(path).header("host", "localhost").header("accept", accept);
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].to_str().unwrap()),
            (404, kind),
            "{path} {accept}"
        );
    }
}

#[tokio::test]
async fn parts_are_sent_again_only_if_they_have_changed() {
    let server = Server::new();
    let style = server.ask("/web/style.css").await;
    assert_eq!(
        (style.status, &style.headers["content-type"]),
        (200, &"text/css; charset=utf-8".parse().unwrap())
    );
    assert_eq!(style.headers["cache-control"], "no-cache");
    let tag = style.headers["etag"].clone();
    let again = Request::get("/web/style.css").header("host", "localhost").header("if-none-match", tag);
    let again = server.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

/// Our own modules and style sheets, by name.
fn own_files() -> Vec<(String, String)> {
    let web = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let files = std::fs::read_dir(web).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.is_file());
    files
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn our_modules_write_no_markup_and_name_no_other_host() {
    let files = own_files();
    assert!(files.len() > 10);
    for (name, text) in &files {
        for word in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"]
        {
            assert!(!text.contains(word), "{name} must not hold {word}");
        }
    }
    let lines: usize =
        files.iter().filter(|(name, _)| name.ends_with(".js")).map(|(_, text)| text.lines().count()).sum();
    assert!(lines <= 1500, "{lines} lines of modules");
}

#[tokio::test]
async fn every_module_that_is_imported_is_served() {
    let server = Server::new();
    for (name, text) in own_files() {
        let imported = text.split(['"', '\'']).filter_map(|part| part.strip_prefix("./"));
        for file in imported.filter(|file| file.ends_with(".js")) {
            assert_eq!(server.ask(&format!("/web/{file}")).await.status, 200, "{file} of {name}");
        }
    }
    let page = server.ask("/").await.text();
    let parts = page.split('"').filter(|part| part.starts_with("/web/"));
    let parts: Vec<&str> = parts.collect();
    assert_eq!(parts.len(), 4);
    for part in parts {
        assert_eq!(server.ask(part).await.status, 200, "{part}");
    }
}

#[tokio::test]
async fn library_files_are_those_that_were_listed() {
    let server = Server::new();
    let versions = include_str!("../../web/vendor/versions.txt");
    assert_eq!(versions.lines().count(), 11);
    for line in versions.lines() {
        let [name, _, hash] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let file = server.ask(&format!("/web/vendor/{name}")).await;
        assert_eq!(file.headers["etag"], format!("\"{hash}\""), "{name}");
    }
}

#[tokio::test]
async fn a_room_has_a_page_files_and_endpoints_behind_the_guard() {
    let server = Server::new();
    assert!(server.ask("/attic").await.text().contains(server.guard.word()));
    assert_eq!(server.ask("/web/attic/style.css").await.status, 200);
    assert_eq!(server.ask("/web/attic/missing.js").await.status, 404);
    assert_eq!(server.ask("/api/attic/name").await.text(), "attic");
    let about = server.get("/api/about").await;
    let rooms = [("attic", "The attic"), ("worlds/scales", "Scales")];
    assert_eq!(about["rooms"], json!(rooms.map(|(name, title)| json!({"name": name, "title": title}))));
    let foreign = Request::get("/api/attic/name").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(server.send(foreign).await.status, 403);
}
