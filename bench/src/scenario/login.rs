//! What a login adds to a connect: a session cookie of Flask and its CSRF token, both proven by the server.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use bellgate::config::{Settings, Sources};
use bellgate_gate::identity::Login as Named;

use super::{About, Begun, Figures, Goal, Scenario, median};
use crate::candidate::{Can, Candidate};
use crate::process::Server;
use crate::wire::session::{join, join_with};

/// The application's key, as the server and whoever signs the cookie know it.
const KEY: (&str, &str) = ("SECRET_KEY", "a key of the measuring stand, 32 bytes");
/// Cycles before a visitor and a user change places.
const BATCH: usize = 100;

/// A visitor and a user with a login, so many turns of each.
pub(super) struct Login {
    pub(super) turns: usize,
}

impl Scenario for Login {
    fn about(&self) -> About {
        About {
            name: "a Flask session and its CSRF token, at connect".to_owned(),
            unit: "µs more than a visitor",
            goal: Some(Goal::Cost(20.0)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Settings]
    }

    fn connections(&self) -> usize {
        1
    }

    /// Both meet the same server in turns, so that what the machine does besides meets both.
    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Server::start_with(candidate, &[format!("{}={}", KEY.0, KEY.1)])?;
        let (cookie, connect) = user()?;
        let batch = |has_login: bool| {
            server.spent(|| {
                for _ in 0..BATCH {
                    if has_login {
                        join_with(server.addr, &cookie, &connect)?;
                    } else {
                        join(server.addr)?;
                    }
                }
                Ok(())
            })
        };
        let mut costs = Vec::with_capacity(self.turns);
        for turn in 0..=self.turns {
            let of = |(spent, ())| Figures::spent(spent, BATCH).cost;
            let cost = (of(batch(false)?), of(batch(true)?));
            // The first turn warms the server up.
            if turn > 0 {
                costs.push(cost);
            }
        }
        let of = |cost: fn(&(f64, f64)) -> f64| median(costs.iter().map(cost).collect());
        // Of the turns' differences: what else the machine does hits single turns.
        Ok(Figures::of(of(|(visitor, user)| user - visitor))
            .also("a visitor, µs a cycle", of(|cost| cost.0), None)
            .also("a user, µs a cycle", of(|cost| cost.1), None)
            .done())
    }
}

/// The cookie of a user who has logged in, and the CONNECT that proves the page to be the application's.
fn user() -> io::Result<(String, String)> {
    let environment = [(KEY.0.to_owned(), KEY.1.to_owned())];
    let loaded = Settings::load(&Sources::new().with_environment(environment));
    let settings = loaded.settings.identity_settings();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(io::Error::other)?.as_secs();
    let kept = "0123456789abcdef0123456789abcdef01234567";
    let login = Named {
        user: "7",
        roles: &[],
        csrf: Some(kept),
    };
    let signed = settings.issue_session(login, now);
    let token = settings.issue_csrf(kept, now);
    let (Some(signed), Some(token)) = (signed, token) else {
        return Err(io::Error::other("no key signs a session"));
    };
    let cookie = format!("{}={signed}", settings.cookie_name);
    Ok((cookie, format!("40{{\"csrf_token\":\"{token}\"}}")))
}
