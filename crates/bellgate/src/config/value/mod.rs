//! From text to a value: what a row's [`Kind`](super::table::Kind) admits, and back to text.
//!
//! Start at [`parse()`]. The parsers of the parts stand in files of their own; none of them reads
//! anything but its arguments, and none of them panics on any text.

mod address;
mod duration;
mod list;
mod parse;
mod path;
mod rate;
mod render;
mod size;
mod url;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

pub use self::address::Address;
pub use self::parse::{Dropped, Parsed, parse};
pub use self::render::{HIDDEN, bounds, placeholder, render};
pub use self::url::masked;
use super::secret::{ApiKey, Secret};

/// A value that its row's kind has admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing was set and the row has no default.
    Unset,
    /// Free text, a path of a URL.
    Text(String),
    /// A switch.
    Bool(bool),
    /// A whole number.
    Integer(u64),
    /// A pause.
    Duration(Duration),
    /// Bytes.
    Size(u64),
    /// One of the row's words, by its own name.
    Word(&'static str),
    /// Entries of a comma list.
    List(Vec<String>),
    /// Where to listen.
    Address(Address),
    /// A file.
    File(PathBuf),
    /// A URL of a service.
    Url(Secret),
    /// A secret text.
    Secret(Secret),
    /// Secret texts.
    Secrets(Vec<Secret>),
    /// Keys of the HTTP API.
    ApiKeys(Vec<ApiKey>),
}

/// A switch that may leave the choice to the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// As the environment has it.
    Auto,
    /// On, whatever the environment.
    On,
    /// Off, whatever the environment.
    Off,
}

impl Switch {
    /// The choice, where `auto` stands for `otherwise`.
    pub fn or(self, otherwise: bool) -> bool {
        match self {
            Self::Auto => otherwise,
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// Makes a typed field of a row's value; `None`: the row's kind does not fit the field.
pub trait FromValue: Sized {
    /// The field that `value` stands for.
    fn from_value(value: Value) -> Option<Self>;
}

/// The values of all rows, to be taken by the fields.
#[derive(Debug, Default)]
pub struct Values {
    values: BTreeMap<&'static str, Value>,
    written: BTreeSet<&'static str>,
}

impl Values {
    /// Adds the value of a row; `is_written`: somebody set it, it is not the default.
    pub(super) fn insert(&mut self, name: &'static str, value: Value, is_written: bool) {
        self.values.insert(name, value);
        if is_written {
            self.written.insert(name);
        }
    }

    /// Whether somebody set the row `name`.
    pub(super) fn is_written(&self, name: &str) -> bool {
        self.written.contains(name)
    }

    /// The value of the row `name`, as its field wants it.
    ///
    /// # Panics
    /// When row and field do not fit: a slip in this crate, which every test that builds
    /// settings sees, whatever was set.
    #[expect(
        clippy::panic,
        reason = "row and field are both ours; no input reaches it"
    )]
    pub(super) fn take<T: FromValue>(&mut self, name: &'static str) -> T {
        self.values
            .remove(name)
            .and_then(T::from_value)
            .unwrap_or_else(|| panic!("the row of {name} does not fit its field"))
    }

    /// Names that no field has taken.
    #[cfg(test)]
    pub(super) fn left(&self) -> Vec<&'static str> {
        self.values.keys().copied().collect()
    }
}

/// Fields that hold exactly what one variant holds.
macro_rules! fields {
    ($($field:ty = $variant:ident),+ $(,)?) => { $(
        impl FromValue for $field {
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }
        }
    )+ };
}

fields!(
    String = Text,
    bool = Bool,
    Duration = Duration,
    Address = Address,
    PathBuf = File,
);

impl FromValue for Secret {
    /// A URL may hold a password.
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Secret(secret) | Value::Url(secret) => Some(secret),
            _ => None,
        }
    }
}

impl FromValue for Vec<Secret> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Secrets(secrets) => Some(secrets),
            Value::Unset => Some(Self::new()),
            _ => None,
        }
    }
}

impl FromValue for u16 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Integer(number) => number.try_into().ok(),
            _ => None,
        }
    }
}

impl FromValue for usize {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Integer(number) | Value::Size(number) => number.try_into().ok(),
            _ => None,
        }
    }
}

impl FromValue for Vec<String> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::List(entries) => Some(entries),
            Value::Unset => Some(Self::new()),
            _ => None,
        }
    }
}

impl FromValue for Vec<ApiKey> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::ApiKeys(keys) => Some(keys),
            Value::Unset => Some(Self::new()),
            _ => None,
        }
    }
}

impl FromValue for Switch {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("auto") => Some(Self::Auto),
            Value::Bool(true) => Some(Self::On),
            Value::Bool(false) => Some(Self::Off),
            _ => None,
        }
    }
}

/// `None` where nothing is set, and for the words that say "none".
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Unset | Value::Word("off" | "auto") => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}
