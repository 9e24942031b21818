//! `cookie_header.json`: a `Cookie` header, and which values Flask sees.

use std::collections::BTreeMap;

use bellgate_gate::Cookies;
use serde_json::Value;

use super::{Outcome, Tally, id, list, text};

/// Judges the file.
pub(super) fn judge(file: &Value) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in list(file, "cases")? {
        let header = header(case)?;
        tally.count(&id(case), outcome(case, &latin1(&header)?)?);
    }
    Ok(tally)
}

fn outcome(case: &Value, header: &[u8]) -> Result<Outcome, String> {
    let cookies = Cookies::parse(header);
    let mut first = BTreeMap::new();
    for (name, value) in cookies.iter() {
        first.entry(name).or_insert_with(|| shown(value));
    }
    let expected_first = case
        .get("first_values")
        .and_then(Value::as_object)
        .ok_or("no first_values")?
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let all: Vec<String> = cookies.all("session").map(shown).collect();
    let expected_all: Vec<String> = list(case, "all_session")?
        .iter()
        .map(|value| value.as_str().unwrap_or_default().to_owned())
        .collect();
    Ok(match Outcome::same(&first, &expected_first) {
        Outcome::Passed => Outcome::same(&all, &expected_all),
        failed => failed,
    })
}

/// The header as it stands, or as `build` says it was made: `len 9008: starts 'session=yy' ends 'yy'`.
fn header(case: &Value) -> Result<String, String> {
    if let Some(header) = text(case, "cookie_header_latin1") {
        return Ok(header.to_owned());
    }
    let build = text(case, "build").ok_or("a case without header")?;
    let read = || {
        let (length, rest) = build.strip_prefix("len ")?.split_once(": starts '")?;
        let (start, end) = rest.strip_suffix('\'')?.split_once("' ends '")?;
        let filler = end.chars().next()?;
        let missing = length.parse::<usize>().ok()?.checked_sub(start.len())?;
        Some(start.to_owned() + &filler.to_string().repeat(missing))
    };
    read().ok_or_else(|| format!("a header that cannot be built: {build}"))
}

/// Values that are too long stand in the file by their length.
fn shown(value: &str) -> String {
    if value.len() > 1000 {
        format!("<len {}>", value.len())
    } else {
        value.to_owned()
    }
}

/// The bytes of a text in latin-1.
fn latin1(text: &str) -> Result<Vec<u8>, String> {
    let bytes = text.chars().map(|letter| u8::try_from(u32::from(letter)));
    bytes
        .collect::<Result<_, _>>()
        .map_err(|_| format!("not latin-1: {text}"))
}
