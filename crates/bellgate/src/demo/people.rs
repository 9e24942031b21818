//! The made-up people of the demo, and how the web application logs them in: as Flask does, with a session in
//! a cookie that it signs, and a CSRF token of Flask-WTF for the page.

use std::io;

use bellgate::config::Settings;
use bellgate_gate::identity::{self, IdentitySettings};
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
    /// Whoever has this id.
    pub(super) fn with_id(id: &str) -> Option<&'static Self> {
        PEOPLE.iter().find(|person| person.id == id)
    }

    /// Where the gateway answers this person's clients, `base` being its usual path. Several people are logged in
    /// on one page, and a browser keeps their cookies apart by their paths.
    pub(super) fn path(&self, base: &str) -> String {
        format!("{}{}", self.place(), base.trim_start_matches('/'))
    }

    /// The path of this person's cookie.
    fn place(&self) -> String {
        format!("/people/{}/", self.id)
    }

    /// What the page knows of them, `base` being the gateway's usual path.
    pub(super) fn public(&self, base: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "admin": self.is_admin,
            "topics": self.topics,
            "path": self.path(base),
        })
    }
}

/// What the web application signs logins with.
pub(super) struct Logins {
    identity: IdentitySettings,
    admin_role: String,
}

/// A login as its browser gets it.
pub(super) struct Login {
    /// The value of `Set-Cookie`.
    pub(super) cookie: String,
    /// What the page proves with that it is the application's own.
    pub(super) csrf_token: String,
}

impl Logins {
    /// Of the settings that the gateway knows logins by.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            identity: settings.identity_settings(),
            admin_role: settings.api.admin_role.clone(),
        }
    }

    /// Logs somebody in, at `now` in Unix seconds; `None` without a key to sign with.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub(super) fn log_in(&self, person: &Person, now: u64) -> io::Result<Option<Login>> {
        let kept = crate::development::fresh()?;
        let roles: &[String] = if person.is_admin {
            std::slice::from_ref(&self.admin_role)
        } else {
            &[]
        };
        let login = identity::Login {
            user: person.id,
            roles,
            csrf: Some(&kept),
        };
        let session = self.identity.issue_session(login, now);
        let csrf_token = self.identity.issue_csrf(&kept, now);
        let (name, place) = (&self.identity.cookie_name, person.place());
        Ok(session.zip(csrf_token).map(|(session, csrf_token)| Login {
            cookie: format!("{name}={session}; HttpOnly; Path={place}; SameSite=Lax"),
            csrf_token,
        }))
    }
}

#[cfg(test)]
mod tests {
    use bellgate::config::{Secret, Settings};
    use bellgate_gate::flask::SessionCookies;

    use super::{Logins, Person};

    #[test]
    fn a_login_is_a_session_of_flask_that_tells_user_and_roles() {
        let mut settings = Settings::default();
        settings.identity.secret_key = Some(Secret::new("demo".to_owned()));
        let logins = Logins::of(&settings);
        let reader = SessionCookies::new(&settings.identity_settings().session, [&b"demo"[..]]);
        for (id, roles) in [("7", &[][..]), ("1", &["admin"])] {
            let person = Person::with_id(id).unwrap();
            let login = logins.log_in(person, 1_800_000_000).unwrap().unwrap();
            let (pair, rest) = login.cookie.split_once(';').unwrap();
            assert_eq!(rest, format!(" HttpOnly; Path=/people/{id}/; SameSite=Lax"));
            let value = pair.strip_prefix("session=").unwrap();
            let session = reader.read(value, 1_800_000_000).unwrap();
            assert_eq!(session.roles("roles", "admin"), roles);
            assert_eq!(
                person.path("/socket.io/"),
                format!("/people/{id}/socket.io/")
            );
        }
    }

    #[test]
    fn who_is_not_in_the_list_cannot_log_in() {
        assert_eq!(Person::with_id("Ada"), None);
    }
}
