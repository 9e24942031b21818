//! `rate_limits.json`: the grammar of `limits`, sequences of hits, and Flask-Limiter's keys.
//!
//! Flask-Limiter's own decoration (headers, meta limits) is no matter of the gateway. Of its `cases`
//! the keys in Redis are made again from the address, the scope and the limit, the statuses and the
//! counts are counted again; meta limits are skipped.

use std::time::{Duration, Instant};

use bellgate_gate::limits::{Bounds, KeySpace, Limiter, Rate, Rates, Strategy};
use serde_json::Value;

use super::{Outcome, Tally, id, list, text};

/// Judges the file.
pub(super) fn judge(file: &Value) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in list(file, "grammar")? {
        let input = text(case, "input").ok_or("a grammar case without input")?;
        tally.count(&format!("grammar {input:?}"), grammar(case, input));
    }
    for case in list(file, "sequences")? {
        tally.count(&id(case), sequence(case).unwrap_or_else(Outcome::Failed));
    }
    for case in list(file, "cases")? {
        tally.count(
            &id(case),
            flask_limiter(case).unwrap_or_else(Outcome::Failed),
        );
    }
    Ok(tally)
}

fn grammar(case: &Value, input: &str) -> Outcome {
    let items = case.get("items").and_then(Value::as_array);
    let expected = items.map(|items| items.iter().map(expected_item).collect::<Vec<_>>());
    let ours = input.parse::<Rates>().ok().map(|rates| {
        let item = |rate: &Rate| {
            let base = KeySpace::default().base("127.0.0.1", "endpoint", rate);
            (rate.to_string(), rate.window().as_secs(), base)
        };
        rates.as_slice().iter().map(item).collect::<Vec<_>>()
    });
    Outcome::same(&ours, &expected)
}

fn expected_item(item: &Value) -> (String, u64, String) {
    let of = |name: &str| text(item, name).unwrap_or_default().to_owned();
    let window = item.get("window_s").and_then(Value::as_u64);
    (of("repr"), window.unwrap_or_default(), of("key_for_ip"))
}

/// Hits one after the other, a millisecond between two as in the run that was recorded.
fn sequence(case: &Value) -> Result<Outcome, String> {
    let strategy = strategy(text(case, "strategy").unwrap_or_default())?;
    let rates = rates(text(case, "limit").unwrap_or_default())?;
    let mut limiter = Limiter::<()>::new(&rates, strategy, Bounds::default());
    let mut now = start();
    let (mut ours, mut expected) = (Vec::new(), Vec::new());
    for step in list(case, "steps")? {
        let number = |name: &str| step.get(name).and_then(Value::as_u64).unwrap_or_default();
        let allowed = limiter.handle_hit(&(), number("cost"), now).is_ok();
        let stats = limiter.stats(&(), now);
        let (_, stats) = stats.first().ok_or("a limit without a rate")?;
        ours.push((
            allowed,
            stats.remaining,
            tenths(stats.reset_in.as_secs_f64()),
        ));
        expected.push((
            step.get("allowed") == Some(&Value::Bool(true)),
            number("remaining"),
            tenths(
                step.get("reset_in_s")
                    .and_then(Value::as_f64)
                    .ok_or("no reset_in_s")?,
            ),
        ));
        now += Duration::from_millis(1);
    }
    let identifiers: Vec<_> = list(case, "identifiers")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let [key, scope] = identifiers[..] else {
        return Err("identifiers are a key and a scope".to_owned());
    };
    let rate = rates.as_slice().first().ok_or("a limit without a rate")?;
    let stored = KeySpace::default().keys(key, scope, rate, strategy).current;
    let is_stored = case
        .get("redis_after")
        .and_then(|after| after.get(&stored))
        .is_some();
    Ok(match Outcome::same(&ours, &expected) {
        Outcome::Passed if !is_stored => Outcome::Failed(format!("nothing lies under {stored}")),
        outcome => outcome,
    })
}

/// A limit as a case's keys tell of it.
struct Stored {
    scope: String,
    rate: Rates,
    count: u64,
}

fn flask_limiter(case: &Value) -> Result<Outcome, String> {
    let config = |name: &str| case.get("config").and_then(|config| config.get(name));
    if config("RATELIMIT_META").is_some() {
        return Ok(Outcome::Skipped);
    }
    let setting = |name: &str| config(name).and_then(Value::as_str);
    let strategy = strategy(setting("RATELIMIT_STRATEGY").unwrap_or("fixed-window"))?;
    let mut space = KeySpace::default();
    if let Some(prefix) = setting("RATELIMIT_KEY_PREFIX") {
        prefix.clone_into(&mut space.prefix);
    }
    let options = config("RATELIMIT_STORAGE_OPTIONS");
    if let Some(prefix) = options.and_then(|options| text(options, "key_prefix")) {
        prefix.clone_into(&mut space.storage);
    }
    let address = text(case, "remote_addr").unwrap_or("127.0.0.1");
    let mut stored = Vec::new();
    for (key, value) in case
        .get("redis_after")
        .and_then(Value::as_object)
        .ok_or("no redis_after")?
    {
        let unknown = || format!("a key of unknown shape: {key}");
        let (scope, rate) = read_key(key, address).ok_or_else(unknown)?;
        let first = rate.as_slice().first().ok_or_else(unknown)?;
        let own = space.keys(address, &scope, first, strategy).current;
        if own != *key {
            return Ok(Outcome::Failed(format!(
                "expected the key {key}, came {own}"
            )));
        }
        let count = count(value).ok_or_else(unknown)?;
        stored.push(Stored { scope, rate, count });
    }
    // Application limits are asked before those of a route.
    stored.sort_by_key(|limit| {
        (
            limit.scope != "global",
            limit.rate.as_slice().first().map(Rate::window),
        )
    });
    let stops = config("RATELIMIT_FAIL_ON_FIRST_BREACH") != Some(&Value::Bool(false));
    replay(case, strategy, &stored, stops)
}

/// Asks all limits of a case for each of its responses.
fn replay(
    case: &Value,
    strategy: Strategy,
    stored: &[Stored],
    stops: bool,
) -> Result<Outcome, String> {
    let now = start();
    let new = |limit: &Stored| Limiter::<()>::new(&limit.rate, strategy, Bounds::default());
    let mut limiters: Vec<_> = stored.iter().map(new).collect();
    for (index, response) in list(case, "responses")?.iter().enumerate() {
        let mut broken = None;
        for limiter in &mut limiters {
            if let Err(breach) = limiter.handle_hit(&(), 1, now) {
                broken = broken.or(Some((429, Some(breach.rate.to_string()))));
                if stops {
                    break;
                }
            }
        }
        let expected = (
            response
                .get("status")
                .and_then(Value::as_u64)
                .ok_or("no status")?,
            text(response, "body")
                .and_then(|body| Some(body.split_once("<p>")?.1.split_once("</p>")?.0.to_owned())),
        );
        let ours = broken.unwrap_or((200, None));
        if ours != expected {
            return Ok(Outcome::Failed(format!(
                "response {index}: expected {expected:?}, came {ours:?}"
            )));
        }
    }
    let amount = |limit: &Stored| limit.rate.as_slice().first().map_or(0, Rate::amount);
    let used = |(limiter, limit): (&Limiter<()>, &Stored)| {
        let left = limiter
            .stats(&(), now)
            .first()
            .map_or(0, |(_, stats)| stats.remaining);
        amount(limit) - left
    };
    let ours: Vec<_> = limiters.iter().zip(stored).map(used).collect();
    // A fixed window in Redis also counts what was refused.
    let expected: Vec<_> = stored
        .iter()
        .map(|limit| limit.count.min(amount(limit)))
        .collect();
    Ok(Outcome::same(&ours, &expected))
}

/// `PREFIX:LIMITER/[prefix/]address/scope/amount/multiples/unit`, with or without braces.
fn read_key(key: &str, address: &str) -> Option<(String, Rates)> {
    let key = key.trim_end_matches('}');
    let (_, rest) = key.split_once(&format!("/{address}/"))?;
    let mut parts = rest.rsplitn(4, '/');
    let (unit, multiples, amount) = (parts.next()?, parts.next()?, parts.next()?);
    let rates = format!("{amount}/{multiples} {unit}").parse().ok()?;
    Some((parts.next()?.to_owned(), rates))
}

/// What a key held in the end: a number, or a list of points of time.
fn count(value: &Value) -> Option<u64> {
    let value = value.get("value")?;
    match value.as_str() {
        Some(number) => number.parse().ok(),
        None => value.get("len").and_then(Value::as_u64),
    }
}

fn rates(text: &str) -> Result<Rates, String> {
    text.parse().map_err(|error| format!("{text} {error}"))
}

fn strategy(name: &str) -> Result<Strategy, String> {
    Strategy::from_name(name).ok_or_else(|| format!("an unknown strategy: {name}"))
}

/// Times of the recorded run are compared to a tenth of a second; -0 is 0.
fn tenths(seconds: f64) -> String {
    format!("{:.1}", seconds + 0.0).replace("-0.0", "0.0")
}

/// Only differences count.
fn start() -> Instant {
    Instant::now()
}
