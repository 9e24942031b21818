//! One budget for several processes: what of the counts here others have to be told, and what they tell.
//!
//! A limiter that [shares](super::Limiter::share) decides by what it knows, at once, and notes each hit.
//! Whoever drives it takes the [`Untold`] hits from time to time, adds them to the counts in a Redis by the
//! [`Question`]s made of them, and has the limiter learn the answers. So nothing waits for a Redis, and one
//! that is away leaves a limiter that counts alone. What others count is known here one exchange later.
//!
//! The counts are those of the `limits` package, in its keys and formats (`flask-formats.md` §5): an
//! application with Flask-Limiter is one of the others. But what was let in here is always added: refusing it
//! afterwards would be too late.

use std::time::Duration;

use super::key::StorageKeys;
use super::window::{Measure, Strategy};

/// Hits of one caller that others do not know of yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold<K> {
    /// Who.
    pub caller: K,
    /// How many against each rate, shortest window first. All may be zero: the caller's counts are wanted.
    pub hits: Box<[u64]>,
}

/// What all count together of one caller against one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// Of a fixed window.
    Fixed {
        /// Hits.
        count: u64,
        /// Until the window closes.
        left: Duration,
    },
    /// Of a sliding window.
    Sliding {
        /// Hits of the window before.
        previous: u64,
        /// Hits of this one.
        current: u64,
        /// How long this one is kept: until the end of the next.
        left: Duration,
    },
    /// Of a moving window: how long ago each hit was, the latest first.
    Moving(Vec<Duration>),
}

/// A script to run, as `EVAL` takes it; its answer is a list of integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The script.
    pub script: &'static str,
    /// `KEYS`.
    pub keys: Vec<String>,
    /// `ARGV`.
    pub args: Vec<String>,
}

impl Question {
    /// Adds `cost` hits at `unix_now` to the count that is kept at `keys`, and asks for it; 0 only asks.
    pub(super) fn new(
        (of, strategy): (Measure, Strategy),
        keys: StorageKeys,
        cost: u64,
        unix_now: Duration,
    ) -> Self {
        let window = of.window.as_secs().to_string();
        let (script, args) = match strategy {
            Strategy::FixedWindow => (FIXED, vec![cost.to_string(), window]),
            Strategy::SlidingWindowCounter => (SLIDING, vec![cost.to_string(), window]),
            Strategy::MovingWindow => {
                let args = [
                    cost.min(of.amount).to_string(),
                    window,
                    format!("{}.{:06}", unix_now.as_secs(), unix_now.subsec_micros()),
                    of.amount.to_string(),
                ];
                (MOVING, args.into())
            }
        };
        let keys = [Some(keys.current), keys.previous];
        Self {
            script,
            keys: keys.into_iter().flatten().collect(),
            args,
        }
    }
}

impl Shared {
    /// The answer of a question's script; none if it is not one.
    pub(super) fn read(strategy: Strategy, answer: &[i64]) -> Option<Self> {
        let count = |of: &i64| u64::try_from(*of).unwrap_or_default();
        let time = |of: &i64| Duration::from_millis(count(of));
        match (strategy, answer) {
            (Strategy::FixedWindow, [hits, left]) => Some(Self::Fixed {
                count: count(hits),
                left: time(left),
            }),
            (Strategy::SlidingWindowCounter, [previous, current, left]) => Some(Self::Sliding {
                previous: count(previous),
                current: count(current),
                left: time(left),
            }),
            (Strategy::MovingWindow, ages) => Some(Self::Moving(ages.iter().map(time).collect())),
            _ => None,
        }
    }
}

/// `limits` loses the end of a window whose first hit was not the whole of the count; here it is set wherever
/// it is missing.
const FIXED: &str = "
local cost = tonumber(ARGV[1])
if cost == 0 then
  return {tonumber(redis.call('GET', KEYS[1]) or 0), redis.call('PTTL', KEYS[1])}
end
local count = redis.call('INCRBY', KEYS[1], cost)
if count == cost or redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {count, redis.call('PTTL', KEYS[1])}";

const SLIDING: &str = "
local cost, window = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000
local left = redis.call('PTTL', KEYS[1])
if left > 0 and left < window then
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('SET', KEYS[1], 0, 'PX', left + window)
end
if cost > 0 then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('INCRBY', KEYS[1], cost)
  else
    redis.call('SET', KEYS[1], cost, 'PX', window * 2)
  end
end
return {tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(redis.call('GET', KEYS[1]) or 0),
  redis.call('PTTL', KEYS[1])}";

const MOVING: &str = "
local cost, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local now, amount = tonumber(ARGV[3]), tonumber(ARGV[4])
if cost > 0 then
  for _ = 1, cost do redis.call('LPUSH', KEYS[1], ARGV[3]) end
  redis.call('LTRIM', KEYS[1], 0, amount - 1)
  redis.call('EXPIRE', KEYS[1], window)
end
local ages = {}
for _, at in ipairs(redis.call('LRANGE', KEYS[1], 0, math.max(amount, 1) - 1)) do
  local age = math.max(now - (tonumber(at) or 0), 0)
  if age <= window then ages[#ages + 1] = math.floor(age * 1000) end
end
return ages";
