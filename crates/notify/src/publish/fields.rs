//! Reading the members of a JSON object, so that each error names its place (RFC 6901).

use std::fmt::Write as _;
use std::time::Duration;

use bellgate_codes::Refusal;
use serde_json::{Map, Value};

use crate::names::Name;
use crate::time;

/// How much of an unknown member's name is told back.
const TOLD: usize = 64;

/// One object of the body and where it stands.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    pointer: String,
}

impl<'a> Fields<'a> {
    /// Opens the object at `pointer`; a member that is not in `known` is an error.
    pub(crate) fn open(value: &'a Value, pointer: String, known: &[&str]) -> Result<Self, Refusal> {
        let Some(map) = value.as_object() else {
            return Err(refuse(pointer, "it must be an object"));
        };
        if let Some(unknown) = map.keys().find(|name| !known.contains(&name.as_str())) {
            let told: String = unknown.chars().take(TOLD).collect();
            let detail = format!("it is not known here; known are {}", known.join(", "));
            return Err(refuse(join(&pointer, &told), detail));
        }
        Ok(Self { map, pointer })
    }

    /// A member that is there and not null.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// The names of the members that are there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.map.keys().map(String::as_str)
    }

    /// Where a member stands.
    pub(crate) fn pointer(&self, name: &str) -> String {
        join(&self.pointer, name)
    }

    /// The refusal of a member.
    pub(crate) fn refuse(&self, name: &str, detail: impl Into<String>) -> Refusal {
        refuse(self.pointer(name), detail)
    }

    /// A text of 1 to `longest` characters without control characters.
    pub(crate) fn line(&self, name: &str, longest: usize) -> Result<Option<&'a str>, Refusal> {
        self.value(name)
            .map(|value| line(value, longest).map_err(|detail| self.refuse(name, detail)))
            .transpose()
    }

    /// A text of several lines of at most `longest` characters.
    pub(crate) fn text(&self, name: &str, longest: usize) -> Result<Option<&'a str>, Refusal> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let text = value
            .as_str()
            .ok_or_else(|| self.refuse(name, "it must be a text"))?;
        check_length(text, longest).map_err(|detail| self.refuse(name, detail))?;
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            return Err(self.refuse(name, "it holds a control character"));
        }
        Ok(Some(text))
    }

    /// A name of ASCII letters, digits, `.`, `_`, `-` and `:`.
    pub(crate) fn token(&self, name: &str, longest: usize) -> Result<Option<&'a str>, Refusal> {
        let line = self.line(name, longest)?;
        match line {
            Some(text) if !is_token(text) => {
                Err(self.refuse(name, "it may hold letters, digits, and . _ - : alone"))
            }
            line => Ok(line),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.value(name)
            .map(|value| {
                value
                    .as_bool()
                    .ok_or_else(|| self.refuse(name, "it must be true or false"))
            })
            .transpose()
    }

    /// A value of a closed vocabulary.
    pub(crate) fn choice<T: Name>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let found = T::all()
            .iter()
            .find(|choice| value.as_str() == Some(choice.text()));
        found.copied().map(Some).ok_or_else(|| {
            let names: Vec<_> = T::all().iter().map(|choice| choice.text()).collect();
            self.refuse(name, format!("it must be one of {}", names.join(", ")))
        })
    }

    /// A length of time between two bounds, both included.
    pub(crate) fn duration(
        &self,
        name: &str,
        (least, most): (Duration, Duration),
    ) -> Result<Option<Duration>, Refusal> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let Some(length) = time::duration(value) else {
            return Err(self.refuse(
                name,
                "it must be a length of time: \"30s\", \"5m\", \"1h\", \"7d\", or seconds",
            ));
        };
        if length < least || length > most {
            let detail = format!(
                "it must be from {} to {} seconds",
                least.as_secs(),
                most.as_secs()
            );
            return Err(self.refuse(name, detail));
        }
        Ok(Some(length))
    }

    /// A list of at most `most` values.
    pub(crate) fn list(&self, name: &str, most: usize) -> Result<&'a [Value], Refusal> {
        let Some(value) = self.value(name) else {
            return Ok(&[]);
        };
        let list = value
            .as_array()
            .ok_or_else(|| self.refuse(name, "it must be a list"))?;
        if list.len() > most {
            return Err(self.refuse(
                name,
                format!("it has {} entries, {most} are allowed", list.len()),
            ));
        }
        Ok(list)
    }
}

/// A text of 1 to `longest` characters without control characters.
pub(crate) fn line(value: &Value, longest: usize) -> Result<&str, String> {
    let text = value.as_str().ok_or("it must be a text")?;
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    check_length(text, longest)?;
    if text.chars().any(char::is_control) {
        return Err("it holds a control character".to_owned());
    }
    Ok(text)
}

pub(crate) fn is_token(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
}

/// The refusal of whatever stands at `pointer`.
pub(crate) fn refuse(pointer: String, detail: impl Into<String>) -> Refusal {
    Refusal::FieldInvalid {
        pointer,
        detail: detail.into(),
    }
}

/// The pointer of a member or entry.
pub(crate) fn join(pointer: &str, name: &str) -> String {
    let mut joined = String::with_capacity(pointer.len() + 1 + name.len());
    joined.push_str(pointer);
    joined.push('/');
    for c in name.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '~' => joined.write_str("~0"),
            '/' => joined.write_str("~1"),
            c => joined.write_char(c),
        };
    }
    joined
}

fn check_length(text: &str, longest: usize) -> Result<(), String> {
    // A character has at most four bytes, so a long text is not counted.
    if text.len() > 4 * longest || text.chars().count() > longest {
        return Err(format!("it is longer than {longest} characters"));
    }
    Ok(())
}
