//! What a session may hold: JSON, and the Python types that Flask tags.

use std::collections::BTreeMap;

use time::OffsetDateTime;

/// A map of a session, by key.
pub type Map = BTreeMap<String, Value>;

/// A value of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None`
    Null,
    /// `True`, `False`
    Bool(bool),
    /// An integer that fits.
    Int(i128),
    /// An integer that does not, in decimal.
    BigInt(String),
    /// A float; infinite where the text has a number that is too large.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A tuple (tag ` t`).
    Tuple(Vec<Self>),
    /// A dict.
    Map(Map),
    /// Bytes (tag ` b`).
    Bytes(Vec<u8>),
    /// Text that is safe as HTML (tag ` m`).
    Markup(String),
    /// A UUID (tag ` u`), big-endian.
    Uuid(u128),
    /// A moment (tag ` d`).
    Time(OffsetDateTime),
}

impl Value {
    /// The text, of a text only.
    pub const fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Whether Python takes it for true, of what a flag may be written as.
    pub const fn is_true(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            _ => false,
        }
    }

    /// Python's `str()`, of those types whose text is one and the same wherever it is made.
    pub fn to_id(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Markup(text) | Self::BigInt(text) => Some(text.clone()),
            Self::Int(value) => Some(value.to_string()),
            Self::Bool(true) => Some("True".to_owned()),
            Self::Bool(false) => Some("False".to_owned()),
            Self::Uuid(value) => Some(uuid_text(*value)),
            _ => None,
        }
    }
}

/// `8-4-4-4-12` hex digits.
fn uuid_text(value: u128) -> String {
    let mut text = format!("{value:032x}");
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}
