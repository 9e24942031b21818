//! The made-up people of the demo, and who of them is logged in.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// Somebody who can log in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The id by which notifications are addressed.
    pub(super) id: &'static str,
    /// What people call them.
    pub(super) name: &'static str,
    /// Whether they have the admin role.
    pub(super) is_admin: bool,
    /// What they follow.
    pub(super) topics: &'static [&'static str],
}

/// Everybody.
pub(super) const PEOPLE: [Person; 3] = [
    Person {
        id: "7",
        name: "Ada",
        is_admin: false,
        topics: &["releases"],
    },
    Person {
        id: "8",
        name: "Grace",
        is_admin: false,
        topics: &[],
    },
    Person {
        id: "1",
        name: "Edsger",
        is_admin: true,
        topics: &["releases"],
    },
];

impl Person {
    /// What the page knows of them.
    pub(super) fn public(&self) -> Value {
        json!({"id": self.id, "name": self.name, "admin": self.is_admin, "topics": self.topics})
    }
}

/// Most tokens that are valid at a time; the oldest goes, and its page logs in again.
const TOKENS: usize = 1000;

/// The tokens that were given out.
#[derive(Default)]
pub(super) struct Logins(Mutex<VecDeque<(String, &'static Person)>>);

impl Logins {
    /// Logs in whoever has this id; the token proves it from then on. `None`: nobody has it.
    pub(super) fn log_in(&self, id: &str, token: String) -> Option<&'static Person> {
        let person = PEOPLE.iter().find(|person| person.id == id)?;
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() == TOKENS {
            tokens.pop_front();
        }
        tokens.push_back((token, person));
        Some(person)
    }

    /// Whose token it is.
    pub(super) fn whose(&self, token: &str) -> Option<&'static Person> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tokens.iter().find(|(given, _)| given == token);
        found.map(|(_, person)| *person)
    }
}

#[cfg(test)]
mod tests {
    use super::{Logins, TOKENS};

    #[test]
    fn a_token_is_its_owners_until_a_thousand_newer_ones_are_there() {
        let logins = Logins::default();
        assert!(logins.log_in("7", "first".into()).is_some());
        for number in 1..TOKENS {
            logins.log_in("8", format!("{number}"));
        }
        assert_eq!(logins.whose("first").map(|person| person.name), Some("Ada"));
        logins.log_in("8", "last".into());
        assert_eq!(logins.whose("first"), None);
        assert_eq!(
            logins.whose("last").map(|person| person.name),
            Some("Grace")
        );
    }

    #[test]
    fn who_is_not_in_the_list_cannot_log_in() {
        assert_eq!(Logins::default().log_in("Ada", "t".into()), None);
    }
}
