//! Fields whose effect is not built yet: checked as strictly as the others, and refused wherever
//! taking them would promise something that would not happen.

use std::time::Duration;

use bellgate_codes::Refusal;
use serde_json::Value;

use crate::publish::fields::{Fields, join, refuse};
use crate::publish::limits;
use crate::time::{UnixMillis, YEAR, millis, point};

const CHANNELS: [&str; 3] = ["webpush", "webhook", "email"];
const SECOND: Duration = Duration::from_secs(1);
const HALF_MINUTE: Duration = Duration::from_secs(30);
const THREE_HOURS: Duration = Duration::from_secs(3 * 3600);

/// `deliver_at`: what is not in the future is delivered at once, so it may stand there.
pub(crate) fn check_deliver_at(body: &Fields<'_>, now: UnixMillis) -> Result<(), Refusal> {
    let Some(value) = body.value("deliver_at") else {
        return Ok(());
    };
    let Some(at) = point(value, now) else {
        let detail =
            "it must be a time (2030-01-31T09:00:00Z) or a length of time from now (\"10m\")";
        return Err(body.refuse("deliver_at", detail));
    };
    let latest = millis(YEAR).map_or(i64::MAX, |year| now.saturating_add(year));
    if at > latest {
        return Err(body.refuse("deliver_at", "it may be at most a year ahead"));
    }
    if at > now {
        return Err(body.refuse(
            "deliver_at",
            "delivery at a later time is not available yet",
        ));
    }
    Ok(())
}

/// `fallback`: `"off"`, or steps of the form `{after, via}`.
pub(crate) fn check_fallback(body: &Fields<'_>) -> Result<(), Refusal> {
    let Some(value) = body.value("fallback") else {
        return Ok(());
    };
    if value == "off" {
        return Ok(());
    }
    if !value.is_array() {
        return Err(body.refuse("fallback", "it must be \"off\" or a list of {after, via}"));
    }
    let steps = body.list("fallback", limits::FALLBACK_STEPS)?;
    for (index, step) in steps.iter().enumerate() {
        check_step(step, format!("{}/{index}", body.pointer("fallback")))?;
    }
    Err(body.refuse(
        "fallback",
        "fallbacks are not available yet, leave it out or write \"off\"",
    ))
}

fn check_step(step: &Value, pointer: String) -> Result<(), Refusal> {
    let via = join(&pointer, "via");
    let fields = Fields::open(step, pointer, &["after", "via"])?;
    if fields.duration("after", (SECOND, YEAR))?.is_none() {
        return Err(fields.refuse("after", "it is missing"));
    }
    match fields.value("via").and_then(Value::as_str) {
        Some(channel) if CHANNELS.contains(&channel) => Ok(()),
        _ => Err(refuse(
            via,
            format!("it must be one of {}", CHANNELS.join(", ")),
        )),
    }
}

/// `repeat`: `{every, until}`, with `requires_ack` alone.
pub(crate) fn check_repeat(body: &Fields<'_>, requires_ack: bool) -> Result<(), Refusal> {
    let Some(value) = body.value("repeat") else {
        return Ok(());
    };
    let repeat = Fields::open(value, body.pointer("repeat"), &["every", "until"])?;
    for name in ["every", "until"] {
        if repeat.duration(name, (HALF_MINUTE, THREE_HOURS))?.is_none() {
            return Err(repeat.refuse(name, "it is missing"));
        }
    }
    if !requires_ack {
        return Err(body.refuse("repeat", "it needs requires_ack"));
    }
    Err(body.refuse("repeat", "repeating is not available yet, leave it out"))
}
