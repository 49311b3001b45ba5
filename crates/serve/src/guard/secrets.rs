//! Tokens: 128 random bits, compared in constant time, with few tries.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rustix::rand::{GetRandomFlags, getrandom};

use super::text;
use crate::ApiError;
use crate::query::{Parameters, encoded};

/// The most wrong tokens within [`INTERVAL`].
const TRIES: usize = 3;
const INTERVAL: Duration = Duration::from_secs(1);
const COOKIE: &str = "umwelt_session";
/// The parameter of the link that holds the token.
const PARAMETER: &str = "token";

/// 128 random bits as 32 hexadecimal digits.
///
/// # Panics
/// If the system has no random numbers.
pub fn random_word() -> String {
    let mut bytes = [0u8; 16];
    let filled = getrandom(&mut bytes, GetRandomFlags::empty()).expect("the system has random numbers");
    assert_eq!(filled, bytes.len(), "the system gave fewer random bytes than asked");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// True if two texts are equal, in a time that depends on their lengths alone.
pub fn same(a: &str, b: &str) -> bool {
    let differences = a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    a.len() == b.len() && differences == 0
}

/// The token of a server, and the cookie for which its link is exchanged.
#[derive(Debug)]
pub struct Token {
    token: String,
    /// A word of its own: a cookie of an earlier process is no try at the token.
    session: String,
    wrong: Mutex<Vec<Instant>>,
}

impl Token {
    pub fn new(token: String) -> Self {
        Self { token, session: random_word(), wrong: Mutex::default() }
    }

    /// For a link with a token: the answer that sets the cookie and leaves the token out of the
    /// address.
    pub fn exchange(&self, request: &Request, base: &str) -> Result<Option<Response>, ApiError> {
        let query = Parameters::parse(request.uri().query().unwrap_or_default());
        let Some(given) = query.last(PARAMETER) else { return Ok(None) };
        self.compare(given)?;
        let path = if base.is_empty() { "/" } else { base };
        let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path={path}", self.session);
        let rest: Vec<String> = query
            .iter()
            .filter(|(key, _)| key != PARAMETER)
            .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)))
            .collect();
        let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
        // A path that begins with two slashes would be another host.
        let place = format!("/{}{query}", request.uri().path().trim_start_matches('/'));
        let value = |text: String| {
            HeaderValue::try_from(text)
                .map_err(|_| ApiError::bad("the address is malformed", "open the link"))
        };
        let headers = [(header::SET_COOKIE, value(cookie)?), (header::LOCATION, value(place)?)];
        Ok(Some((StatusCode::SEE_OTHER, headers).into_response()))
    }

    /// Checks the cookie, or the token of a script.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        if cookies.any(|(name, value)| name == COOKIE && same(value, &self.session)) {
            return Ok(());
        }
        let bearer =
            text(headers, header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        bearer.map_or_else(|| Err(refused("this server needs its token")), |given| self.compare(given.trim()))
    }

    fn compare(&self, given: &str) -> Result<(), ApiError> {
        let mut wrong = self.wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        wrong.retain(|at| at.elapsed() < INTERVAL);
        if wrong.len() >= TRIES {
            return Err(refused("too many wrong tokens; wait a second"));
        }
        if same(given, &self.token) {
            return Ok(());
        }
        wrong.push(Instant::now());
        Err(refused("the token is wrong"))
    }
}

fn refused(error: &str) -> ApiError {
    let hint = "open the link that `umwelt serve` printed, or send `Authorization: Bearer TOKEN`";
    ApiError::new(StatusCode::UNAUTHORIZED, error, hint)
}
