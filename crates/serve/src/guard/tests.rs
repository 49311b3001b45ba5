//! Hostile and honest requests to a guarded router.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::routing::{get, post};
use tower::ServiceExt;

use super::*;

fn router(guard: &Arc<Guard>) -> Router {
    let router = Router::new()
        .route("/", get(|| async { "page" }))
        .route("/api/runs", get(|| async { "runs" }))
        .route("/api/act/stop", post(|| async { "done" }))
        .route("/api/digits/load", post(|| async { "loaded" }));
    guard.protect(router)
}

async fn send(guard: &Arc<Guard>, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:7373");
    }
    let request =
        headers.iter().filter(|(_, value)| !value.is_empty()).fold(request, |r, (n, v)| r.header(*n, *v));
    router(guard).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn status(guard: &Arc<Guard>, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    send(guard, method, path, headers).await.status().as_u16()
}

fn open() -> Arc<Guard> {
    Guard::new(GuardOptions { hosts: vec!["login7".into()], ..GuardOptions::default() })
}

#[tokio::test]
async fn only_our_own_names_are_answered() {
    let guard = open();
    let named = ["localhost", "LOCALHOST:1", "127.0.0.1:7373", "127.1.2.3", "[::1]:80", "login7:7373"];
    for host in named {
        assert_eq!(status(&guard, "GET", "/", &[("host", host)]).await, 200, "{host}");
    }
    let foreign = [
        "evil.example",
        "localhost.evil.example",
        "login7.example",
        "10.0.0.1",
        "[fe80::1]",
        "",
        "a b",
        "user@localhost",
        "localhost@evil.example",
        "127.0.0.1.nip.io",
        "localhost.",
    ];
    for host in foreign {
        assert_eq!(status(&guard, "GET", "/", &[("host", host)]).await, 403, "{host}");
    }
    assert_eq!(status(&guard, "GET", "/", &[("host", "localhost"), ("host", "evil.example")]).await, 403);
    assert_eq!(status(&guard, "GET", "http://evil.example/", &[]).await, 403);
    let refused = send(&guard, "GET", "/", &[("host", "evil.example")]).await;
    let text = axum::body::to_bytes(refused.into_body(), 1000).await.unwrap();
    assert!(String::from_utf8(text.to_vec()).unwrap().contains("--allow-host"));
}

#[tokio::test]
async fn another_site_reads_no_data() {
    let guard = open();
    for (site, expected) in [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)] {
        assert_eq!(status(&guard, "GET", "/api/runs", &[("sec-fetch-site", site)]).await, expected, "{site}");
    }
    assert_eq!(
        status(&guard, "GET", "/", &[("sec-fetch-site", "cross-site")]).await,
        200,
        "a link to the page"
    );
    let answer = send(&guard, "GET", "/api/runs", &[("origin", "http://evil.example")]).await;
    assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
}

#[tokio::test]
async fn a_change_needs_origin_type_and_word() {
    let guard = open();
    let word = guard.word().to_owned();
    let right = [
        ("origin", "http://localhost:7373"),
        ("content-type", "application/json; charset=utf-8"),
        (WORD, &word),
    ];
    assert_eq!(status(&guard, "POST", "/api/act/stop", &right).await, 200);
    let with = |place: usize, value: &'static str| {
        let mut headers = right;
        headers[place].1 = value;
        headers
    };
    let cases = [
        (0, "http://evil.example", 403),
        (0, "http://localhost:1", 403),
        (0, "null", 403),
        (0, "", 403),
        (1, "text/plain", 415),
        (1, "", 415),
        (1, "application/x-www-form-urlencoded", 415),
        (2, "", 403),
        (2, "0123456789abcdef0123456789abcdef", 403),
    ];
    for (place, value, expected) in cases {
        assert_eq!(status(&guard, "POST", "/api/act/stop", &with(place, value)).await, expected, "{value}");
    }
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        assert_eq!(status(&guard, method, "/api/act/stop", &[]).await, 403, "{method}");
    }
}

#[tokio::test]
async fn another_room_may_take_bodies_of_its_own_type() {
    let bodies = vec![("/api/digits/".into(), "application/octet-stream".into())];
    let guard = Guard::new(GuardOptions { bodies, ..GuardOptions::default() });
    let word = guard.word().to_owned();
    let headers =
        [("origin", "https://localhost:7373"), ("content-type", "application/octet-stream"), (WORD, &word)];
    assert_eq!(status(&guard, "POST", "/api/digits/load", &headers).await, 200);
    assert_eq!(status(&guard, "POST", "/api/act/stop", &headers).await, 415);
}

#[tokio::test]
async fn a_token_is_exchanged_for_a_cookie_and_leaves_the_address() {
    let guard = Guard::new(GuardOptions { token: Some("s3cret".into()), ..GuardOptions::default() });
    assert_eq!(status(&guard, "GET", "/", &[]).await, 401);
    let answer = send(&guard, "GET", "/?where=a%3D1&token=s3cret", &[]).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (303, &"/?where=a%3D1".parse().unwrap())
    );
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/") && !cookie.contains("s3cret"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(status(&guard, "GET", "/api/runs", &[("cookie", &format!("a=b; {pair}"))]).await, 200);
    assert_eq!(status(&guard, "GET", "/api/runs", &[("cookie", "umwelt_session=00")]).await, 401);
    assert_eq!(status(&guard, "GET", "/api/runs", &[("authorization", "Bearer s3cret")]).await, 200);
    assert_eq!(status(&guard, "GET", "//evil.example/?token=s3cret", &[]).await, 303);
    let away = send(&guard, "GET", "//evil.example/?token=s3cret", &[]).await;
    assert_eq!(away.headers()["location"], "/evil.example/");
}

#[tokio::test]
async fn three_wrong_tokens_a_second_are_compared_at_most() {
    let guard = Guard::new(GuardOptions { token: Some("s3cret".into()), ..GuardOptions::default() });
    for wrong in ["s3creT", "", "s3crets"] {
        assert_eq!(status(&guard, "GET", "/", &[("authorization", &format!("Bearer {wrong}"))]).await, 401);
    }
    let right = [("authorization", "Bearer s3cret")];
    assert_eq!(status(&guard, "GET", "/", &right).await, 401, "even the right one waits");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(status(&guard, "GET", "/", &right).await, 200);
}

#[tokio::test]
async fn heads_and_times_and_numbers_are_bounded() {
    let guard = open();
    assert_eq!(status(&guard, "GET", "/", &[("x-long", &"x".repeat(17_000))]).await, 431);
    assert_eq!(status(&guard, "GET", &format!("/?run={}", "x".repeat(17_000)), &[]).await, 431);
    assert_eq!(status(&guard, "GET", &format!("/?run={}", "x".repeat(15_000)), &[]).await, 200);
    let bounds = Bounds::of(1, Duration::from_millis(50));
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "never".into_response()
    };
    let (first, second) = tokio::join!(bounds.run(slow()), bounds.run(slow()));
    let text = |answer: Response<Body>| async {
        String::from_utf8(axum::body::to_bytes(answer.into_body(), 1000).await.unwrap().to_vec()).unwrap()
    };
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (503, 503));
    assert!(
        text(first).await.contains("no answer within") && text(second).await.contains("too many requests")
    );
}

#[tokio::test]
async fn every_answer_has_the_headers_of_safety() {
    let guard = open();
    for answer in [
        send(&guard, "GET", "/", &[]).await,
        send(&guard, "GET", "/missing", &[]).await,
        send(&guard, "GET", "/", &[("host", "evil.example")]).await,
    ] {
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!(header("content-security-policy"), PAGE_POLICY);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    }
}

#[test]
fn words_are_random_and_compared_whole() {
    let (a, b) = (random_word(), random_word());
    assert!(a.len() == 32 && a != b);
    assert!(secrets::same("", "") && !secrets::same("a", "") && !secrets::same("ab", "ac"));
}
