//! Finds out when sessions that have admitted somebody change or end in their Redis.
//!
//! Where the Redis tells events of its keys (`notify-keyspace-events`), at once; everywhere, at each recheck.
//! A Redis that is away ends nobody's session: it is looked at all of them when it is back.

use std::sync::Weak;
use std::time::Duration;

use bellgate_gate::identity::StoredKey;
use bellgate_redis::feed::{Feed, News};
use bellgate_redis::{Fault, Redis, cmd};
use tokio::time::{Instant, sleep_until};

use super::sessions::Sessions;

/// How soon what could not be looked at is looked at again.
const AGAIN: Duration = Duration::from_secs(1);

/// Events of keys that end a session, or may have changed it.
const EVENTS: [&str; 6] = [
    "del",
    "expired",
    "evicted",
    "set",
    "rename_from",
    "rename_to",
];

/// Watches for as long as somebody holds the sessions.
pub(super) async fn run(sessions: Weak<Sessions>, redis: Redis) {
    let mut watch = Watch {
        redis,
        feed: None,
        is_told: false,
        is_behind: false,
    };
    let mut due = Instant::now();
    loop {
        let Some(held) = sessions.upgrade() else {
            return;
        };
        if watch.feed.is_none() && watch.redis.is_up() {
            watch.listen(held.prefix()).await;
        }
        // Also after a while without anything, so that a server that has gone is noticed.
        let wake = due.min(Instant::now() + AGAIN);
        let wanted = tokio::select! {
            news = watch.next() => watch.wanted(&held, news),
            soon = held.wanted_soon() => soon,
            () = sleep_until(wake) => Vec::new(),
        };
        let looked = held.look(&wanted).await;
        watch.is_behind |= looked.is_err();
        let now = Instant::now();
        if due <= now || (watch.is_behind && watch.redis.is_up()) {
            watch.is_behind = held.look(&held.all()).await.is_err();
            due = now + held.recheck();
        }
        due = due.min(now + held.recheck());
    }
}

struct Watch {
    redis: Redis,
    /// Events, where the Redis tells them.
    feed: Option<Feed>,
    /// The log knows whether it does.
    is_told: bool,
    /// Something may have changed that was not looked at.
    is_behind: bool,
}

impl Watch {
    /// Subscribes to the events of keys, if there are any.
    async fn listen(&mut self, prefix: &str) {
        let database = self.redis.place().database();
        let mut ask = cmd("CONFIG");
        ask.arg("GET").arg("notify-keyspace-events");
        let set: Result<Vec<String>, Fault> = self.redis.ask(ask).await;
        let kinds = match &set {
            Ok(pair) => pair.get(1).map_or("", String::as_str),
            // Whoever may not ask may still be told.
            Err(Fault::Refused(_)) => "KA",
            Err(Fault::Down(_)) => return,
        };
        let by_key = || vec![format!("__keyspace@{database}__:{}*", literally(prefix))];
        let by_event = || EVENTS.map(|event| format!("__keyevent@{database}__:{event}"));
        let (channels, patterns) = match kinds {
            kinds if kinds.contains('K') => (Vec::new(), by_key()),
            kinds if kinds.contains('E') => (by_event().into(), Vec::new()),
            _ => (Vec::new(), Vec::new()),
        };
        if !self.is_told {
            self.is_told = true;
            self.tell(kinds);
        }
        if !(channels.is_empty() && patterns.is_empty()) {
            self.feed = Some(self.redis.subscribe(channels, patterns));
        }
    }

    fn tell(&self, kinds: &str) {
        let place = self.redis.place();
        let tells = |kind: char| kinds.contains('A') || kinds.contains(kind);
        if !(kinds.contains(['K', 'E']) && tells('g') && tells('x') && tells('$')) {
            tracing::warn!(
                "the Redis of {place} does not tell of all that ends a session: a logout is seen only at the \
                 next BELLGATE_RECHECK_INTERVAL. `CONFIG SET notify-keyspace-events K$gx` there, and in \
                 redis.conf, has it seen at once"
            );
        }
    }

    /// What the feed tells; waits for ever where there is none.
    async fn next(&mut self) -> Option<News> {
        match &mut self.feed {
            Some(feed) => feed.next().await,
            None => std::future::pending().await,
        }
    }

    /// Which sessions are to be looked at for what was told.
    fn wanted(&mut self, sessions: &Sessions, news: Option<News>) -> Vec<StoredKey> {
        match news {
            Some(News::Here) => sessions.all(),
            Some(News::Message { channel, payload }) => {
                let payload = std::str::from_utf8(&payload).unwrap_or_default();
                let (kind, name) = channel.split_once("__:").unwrap_or_default();
                let (key, event) = if kind.starts_with("__keyspace@") {
                    (name, payload)
                } else {
                    (payload, name)
                };
                // A longer life, which each request gives, is no change.
                let is_change = EVENTS.contains(&event);
                let held = is_change.then(|| sessions.held_at(key)).flatten();
                held.into_iter().collect()
            }
            Some(News::Gone(fault)) => {
                if let Fault::Refused(cause) = fault {
                    let place = self.redis.place();
                    tracing::warn!(
                        "the Redis of {place} tells no events: {cause}. A logout is seen only at the next \
                         BELLGATE_RECHECK_INTERVAL"
                    );
                }
                Vec::new()
            }
            None => {
                self.feed = None;
                Vec::new()
            }
        }
    }
}

/// The text as a pattern of Redis that matches it alone.
fn literally(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '*' | '?' | '[' | ']' | '^' | '\\') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::literally;

    #[test]
    fn a_prefix_matches_itself_alone() {
        assert_eq!(literally("session:"), "session:");
        assert_eq!(literally(r"a*[b]?\"), r"a\*\[b\]\?\\");
    }
}
