//! Telling the log of refusals: code, request id, cause, what only the log may say, what to change.
//!
//! A refused page tries again and again, and a scanner sends origins without end. So each distinct
//! origin is told in full once a minute, and then counted; [`Fold`] decides which, on a clock of the
//! caller's. What was folded away is told in full at the level `debug`.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bellgate_codes::{Category, Code, Refusal, Severity};
use bellgate_gate::origin::explain;

use crate::config::OnRefused;
use crate::http::Judged;

/// For how long an origin that was told in full is only counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Most origins that are told in full within that time; what is beyond is counted as a whole.
const DISTINCT: usize = 128;

/// What the log has been told of refused origins. One for all shards.
#[derive(Default)]
pub struct RefusalLog {
    fold: Mutex<Fold>,
    on_refused: Option<OnRefused>,
}

impl RefusalLog {
    /// One that tells this of each refused request, too.
    pub(crate) fn new(on_refused: Option<OnRefused>) -> Self {
        Self {
            fold: Mutex::default(),
            on_refused,
        }
    }

    /// Tells of a refusal of a request that was judged.
    pub(crate) fn tell(&self, refusal: &Refusal, judged: &Judged, now: Instant) {
        let is_in_full = if refusal.code().row().category == Category::Cors {
            self.tell_origin("refused", refusal, judged, now)
        } else {
            tell(refusal, &judged.request_id.to_string());
            true
        };
        if let Some(on_refused) = &self.on_refused {
            on_refused(refusal, judged, is_in_full);
        }
    }

    /// Tells of a request that came in because refusals are only reported.
    pub(crate) fn report(&self, judged: &Judged, now: Instant) {
        if let Some(refusal) = &judged.verdict.reported {
            self.tell_origin("would be refused", refusal, judged, now);
        }
    }

    /// Whether it was told in full.
    fn tell_origin(&self, what: &str, refusal: &Refusal, judged: &Judged, now: Instant) -> bool {
        let received = judged.facts.received_origin().unwrap_or_default();
        let is_first = match self.fold.lock() {
            Ok(mut fold) => fold.is_first(refusal.code(), &received, now),
            Err(_) => true,
        };
        // Twice the same fields: the level of an event is part of its call site.
        macro_rules! line {
            ($level:ident) => {{
                let explained = explain(&judged.live.origins, &judged.facts, refusal);
                tracing::$level!(
                    code = refusal.code().name(),
                    request_id = judged.request_id.to_string(),
                    origin = explained.received,
                    canonical = explained.canonical,
                    nearest = explained.nearest.map(|nearest| nearest.to_string()),
                    host = explained.host,
                    forwarded = explained.forwarded,
                    client = judged.facts.client_addr().map(|addr| addr.to_string()),
                    change = explained.change.join(" "),
                    detail = refusal.log_detail(),
                    fix = refusal.fix(),
                    "{what}: {}",
                    refusal.cause()
                );
            }};
        }
        if is_first {
            line!(warn);
        } else if tracing::enabled!(tracing::Level::DEBUG) {
            line!(debug);
        }
        is_first
    }

    /// Tells how often origins came again, a minute after they were told in full. To be called now
    /// and then.
    pub(crate) fn settle(&self, now: Instant) {
        let Ok(mut fold) = self.fold.lock() else {
            return;
        };
        for (code, origin, times) in fold.settle(now) {
            tracing::warn!(
                code = code.name(),
                origin,
                times,
                "refused {times} times more within a minute"
            );
        }
        if let Some(times) = fold.settle_beyond(now) {
            tracing::warn!(
                times,
                "refused {times} requests of more origins than the log tells apart"
            );
        }
    }
}

/// Tells of a refusal that has nothing to do with an origin.
pub fn tell(refusal: &Refusal, request_id: &str) {
    let code = refusal.code();
    let (cause, detail, fix) = (refusal.cause(), refusal.log_detail(), refusal.fix());
    match code.row().severity {
        Severity::Warning => {
            tracing::warn!(
                code = code.name(),
                request_id,
                detail,
                fix,
                "refused: {cause}"
            );
        }
        Severity::Routine => {
            tracing::info!(
                code = code.name(),
                request_id,
                detail,
                fix,
                "refused: {cause}"
            );
        }
    }
}

/// Which origins were told in full lately. Its size is bounded, whatever comes.
#[derive(Default)]
struct Fold {
    told: HashMap<(Code, String), Told>,
    beyond: Option<Told>,
}

/// Since when something is only counted, and how often it came.
struct Told {
    since: Instant,
    again: u64,
}

impl Told {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= WINDOW
    }
}

impl Fold {
    /// Whether this is to be told in full; if not, it is counted.
    fn is_first(&mut self, code: Code, origin: &str, now: Instant) -> bool {
        let key = (code, origin.to_owned());
        if let Some(told) = self.told.get_mut(&key) {
            told.again += 1;
            return false;
        }
        let fresh = Told {
            since: now,
            again: 0,
        };
        if self.told.len() >= DISTINCT {
            self.beyond.get_or_insert(fresh).again += 1;
            return false;
        }
        self.told.insert(key, fresh);
        true
    }

    /// The origins whose minute is over and that came again, with how often.
    fn settle(&mut self, now: Instant) -> Vec<(Code, String, u64)> {
        let over = self.told.extract_if(|_, told| told.is_over(now));
        let again = over.filter(|(_, told)| told.again > 0);
        again
            .map(|((code, origin), told)| (code, origin, told.again))
            .collect()
    }

    /// How many requests were beyond what is told apart, once their minute is over.
    fn settle_beyond(&mut self, now: Instant) -> Option<u64> {
        self.beyond
            .take_if(|beyond| beyond.is_over(now))
            .map(|beyond| beyond.again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: Code = Code::OriginHostNotAllowed;

    /// A place to count from; time is moved, never read.
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn an_origin_is_told_once_a_minute_and_then_counted() {
        let (mut fold, begun) = (Fold::default(), start());
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert!(fold.is_first(CODE, "http://a.example", at(0)));
        assert!(fold.is_first(CODE, "http://b.example", at(1)));
        assert!(fold.is_first(Code::OriginPortMismatch, "http://a.example", at(1)));
        for second in 2..59 {
            assert!(!fold.is_first(CODE, "http://a.example", at(second)));
            assert!(fold.settle(at(second)).is_empty());
        }
        let told = fold.settle(at(60));
        assert_eq!(told, [(CODE, "http://a.example".to_owned(), 57)]);
        assert!(fold.is_first(CODE, "http://a.example", at(60)));
        assert!(
            fold.settle(at(120)).is_empty(),
            "who came once is told once"
        );
    }

    #[test]
    fn ten_thousand_origins_neither_grow_it_nor_are_told_apart() {
        let (mut fold, begun) = (Fold::default(), start());
        let told = (0..10_000)
            .filter(|n| fold.is_first(CODE, &format!("http://{n}.example"), begun))
            .count();
        assert_eq!(told, DISTINCT);
        assert_eq!(fold.told.len(), DISTINCT);
        assert!(!fold.is_first(CODE, "http://1.example", begun));
        let later = begun + WINDOW;
        assert_eq!(fold.settle(later).len(), 1);
        assert_eq!(fold.settle_beyond(later), Some(10_000 - DISTINCT as u64));
        assert_eq!(fold.settle_beyond(later), None);
        assert!(fold.is_first(CODE, "http://9999.example", later));
    }
}
