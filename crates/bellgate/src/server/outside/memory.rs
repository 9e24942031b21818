//! What the application has said and allows to be said again: its answers by `Cache-Control: max-age`.
//!
//! An answer is kept at a hash of its question, so that nothing in memory logs anybody in.

use std::num::NonZero;
use std::time::{Duration, Instant};

use bellgate_gate::identity::{Said, Told};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use lru::LruCache;
use ring::digest::{SHA256, digest};

/// Most answers that are kept; those that were asked for longest ago go first.
const ANSWERS: NonZero<usize> = NonZero::new(10_000).unwrap();

/// The longest that an answer is kept, whatever the application allows.
const LONGEST: Duration = Duration::from_secs(300);

/// What a question is known by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// Of the body of a question.
    pub(super) fn of(body: &[u8]) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, body).as_ref());
        Self(key)
    }
}

/// Answers that may be given again.
pub(super) struct Memory(LruCache<Key, (Told, Instant)>);

impl Default for Memory {
    fn default() -> Self {
        Self(LruCache::new(ANSWERS))
    }
}

impl Memory {
    /// What was said, if it still may be.
    pub(super) fn of(&mut self, key: &Key, now: Instant) -> Option<Said> {
        let (told, end) = self.0.get(key)?;
        if *end <= now {
            self.0.pop(key);
            return None;
        }
        Some(Said::User(told.clone()))
    }

    /// Keeps what was said of a user for so long.
    pub(super) fn keep(&mut self, key: Key, told: Told, lasts: Duration, now: Instant) {
        self.0.put(key, (told, now + lasts.min(LONGEST)));
    }

    /// Keeps nothing of this user any more.
    pub(super) fn forget(&mut self, user: &str) {
        let of_user = self.0.iter().filter(|(_, (told, _))| told.user == user);
        let keys: Vec<Key> = of_user.map(|(key, _)| *key).collect();
        for key in keys {
            self.0.pop(&key);
        }
    }
}

/// How long an answer with these headers may be given again; none: not at all (RFC 9111 §5.2.2).
pub(super) fn lasts(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(CACHE_CONTROL).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let directives = lines.flat_map(|line| line.split(','));
    let mut lasts = None;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return None,
            "max-age" => lasts = value.trim().trim_matches('"').parse().ok(),
            _ => {}
        }
    }
    lasts
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(user: &str) -> Told {
        Told {
            user: user.to_owned(),
            roles: Vec::new(),
            topics: Vec::new(),
            expires_at: None,
        }
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_no_longer_than_the_longest() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        let (short, long) = (Key::of(b"short"), Key::of(b"long"));
        let day = Duration::from_secs(86_400);
        memory.keep(short, told("7"), Duration::from_secs(10), now);
        memory.keep(long, told("8"), day, now);
        assert_eq!(
            memory.of(&short, now + Duration::from_secs(9)),
            Some(Said::User(told("7")))
        );
        assert_eq!(memory.of(&short, now + Duration::from_secs(10)), None);
        assert!(memory.of(&long, now + Duration::from_secs(299)).is_some());
        assert_eq!(memory.of(&long, now + LONGEST), None);
    }

    #[test]
    fn what_is_known_of_a_user_is_forgotten_whole_and_nobody_elses() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        for (body, user) in [("a", "7"), ("b", "7"), ("c", "8")] {
            memory.keep(Key::of(body.as_bytes()), told(user), LONGEST, now);
        }
        memory.forget("7");
        assert_eq!(memory.of(&Key::of(b"a"), now), None);
        assert_eq!(memory.of(&Key::of(b"b"), now), None);
        assert!(memory.of(&Key::of(b"c"), now).is_some());
    }

    #[test]
    fn the_headers_say_for_how_long() {
        for (lines, seconds) in [
            (&["max-age=60"][..], Some(60)),
            (&["private, Max-Age=\"5\""], Some(5)),
            (&["public", "max-age=7"], Some(7)),
            (&["max-age=60, no-store"], None),
            (&["no-cache", "max-age=60"], None),
            (&["max-age=0"], None),
            (&["max-age=-1"], None),
            (&["max-age"], None),
            (&["s-maxage=60"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
            }
            assert_eq!(
                lasts(&headers),
                seconds.map(Duration::from_secs),
                "{lines:?}"
            );
        }
    }
}
