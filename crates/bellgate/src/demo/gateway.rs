//! The gateway of the demo: Bellgate as a library, with two doors that ask for proof.

use std::sync::Arc;

use bellgate::config::{Address, Settings};
use bellgate::{Args, Connect, Received, Refusal, Refused, Running, Server, StartError, Welcome};
use serde::Deserialize;

use super::people::{Logins, Person};
use crate::serve::Signals;

/// The event that a page measures a round trip with.
const PING: &str = "demo:ping";

/// A gateway that runs, and can be started anew.
pub(super) struct Gateway {
    settings: Settings,
    logins: Arc<Logins>,
    running: Running,
}

impl Gateway {
    pub(super) async fn start(
        mut settings: Settings,
        logins: Arc<Logins>,
    ) -> Result<Self, StartError> {
        let running = server(&settings, &logins).start().await?;
        for url in running.bound() {
            tracing::info!("listening on {url}");
        }
        if let Address::Tcp { port, .. } = &mut settings.listen.public {
            // The next start has to be where the clients look for it.
            *port = chosen_port(&running).unwrap_or(*port);
        }
        Ok(Self {
            settings,
            logins,
            running,
        })
    }

    /// Sends the clients away, ends, and starts at the same address.
    pub(super) async fn restart(self) -> Result<Self, StartError> {
        tracing::info!(sessions = self.running.sessions(), "restarting the gateway");
        self.running.drain();
        self.running.wait().await;
        Self::start(self.settings, self.logins).await
    }

    /// Reloads with this list of origins. Who is connected stays.
    pub(super) fn admit(&mut self, list: Option<Vec<String>>) -> Result<(), StartError> {
        let mut settings = self.settings.clone();
        settings.origins.allowed = list;
        self.running.reload(&settings)?;
        self.settings = settings;
        Ok(())
    }

    /// Ends for good; at the next signal at once.
    pub(super) async fn shut_down(self, mut signals: Signals) {
        self.running.drain();
        tokio::select! {
            () = self.running.wait() => {}
            () = signals.next() => {}
        }
    }

    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where a page of this machine reaches it: `127.0.0.1:5001`.
    pub(super) fn address(&self) -> String {
        let Address::Tcp { host, port } = &self.settings.listen.public else {
            return String::new();
        };
        match host.trim_start_matches('[').trim_end_matches(']') {
            "0.0.0.0" | "::" => format!("127.0.0.1:{port}"),
            host if host.contains(':') => format!("[{host}]:{port}"),
            host => format!("{host}:{port}"),
        }
    }
}

fn chosen_port(running: &Running) -> Option<u16> {
    let (_, port) = running.bound().first()?.rsplit_once(':')?;
    port.parse().ok()
}

fn server(settings: &Settings, logins: &Arc<Logins>) -> Server {
    let (everybody, admins) = (Arc::clone(logins), Arc::clone(logins));
    let (role, admin_role) = (
        settings.api.admin_role.clone(),
        settings.api.admin_role.clone(),
    );
    Server::from_settings(settings.clone())
        .on_connect("/", move |connect: Connect| {
            std::future::ready(welcome(&connect, &everybody, &role))
        })
        .on_connect("/admin", move |connect: Connect| {
            std::future::ready(welcome_admin(&connect, &admins, &admin_role))
        })
        .on("/", PING, async |_: Received| Args::new())
}

/// What a page sends along with CONNECT.
#[derive(Deserialize)]
struct Auth {
    token: Option<String>,
}

/// Visitors may come in, and who says to be somebody has to prove it.
fn welcome(connect: &Connect, logins: &Logins, admin_role: &str) -> Result<Welcome, Refused> {
    let Some(person) = proven(connect, logins)? else {
        return Ok(Welcome::visitor());
    };
    Ok(member(person, admin_role))
}

fn welcome_admin(connect: &Connect, logins: &Logins, admin_role: &str) -> Result<Welcome, Refused> {
    let person = proven(connect, logins)?.ok_or_else(|| login_needed(connect))?;
    if !person.is_admin {
        return Err(Refusal::ForbiddenRole {
            namespace: connect.namespace.to_string(),
            role: admin_role.to_owned(),
        }
        .into());
    }
    Ok(member(person, admin_role))
}

/// Who the token was given to; `None` without one. A token of nobody is refused.
fn proven(connect: &Connect, logins: &Logins) -> Result<Option<&'static Person>, Refused> {
    let auth: Auth = connect.auth().map_err(|_| login_needed(connect))?;
    let Some(token) = auth.token else {
        return Ok(None);
    };
    let person = logins.whose(&token);
    person.map(Some).ok_or_else(|| login_needed(connect))
}

fn login_needed(connect: &Connect) -> Refused {
    let namespace = connect.namespace.to_string();
    Refusal::AuthRequired { namespace }.into()
}

fn member(person: &Person, admin_role: &str) -> Welcome {
    let welcome = person
        .topics
        .iter()
        .fold(Welcome::user(person.id), |welcome, topic| {
            welcome.with_topic(*topic)
        });
    if person.is_admin {
        return welcome.with_role(admin_role);
    }
    welcome
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bellgate::{Connect, Handshake, Refused};

    use super::{Logins, welcome, welcome_admin};

    fn connect(namespace: &str, auth: Option<&str>) -> Connect {
        let handshake = Handshake {
            address: None,
            origin: None,
            request_id: "r".into(),
        };
        Connect {
            namespace: namespace.into(),
            auth: auth.map(str::to_owned),
            handshake: Arc::new(handshake),
            identity: None,
        }
    }

    fn logins() -> Logins {
        let logins = Logins::default();
        logins.log_in("7", "of-ada".into());
        logins.log_in("1", "of-edsger".into());
        logins
    }

    fn code(refused: &Refused) -> &'static str {
        match refused {
            Refused::Code(refusal) => refusal.code().name(),
            Refused::Own { .. } => "own",
        }
    }

    #[test]
    fn a_claim_without_a_token_makes_nobody_an_admin() {
        for (auth, expected) in [
            (None, "auth_required"),
            (Some(r#"{"user":"1","role":"admin"}"#), "auth_required"),
            (Some(r#"{"token":"made-up"}"#), "auth_required"),
            (Some(r#"{"token":7}"#), "auth_required"),
            (Some(r#"{"token":"of-ada"}"#), "forbidden_role"),
        ] {
            let refused = welcome_admin(&connect("/admin", auth), &logins(), "admin").unwrap_err();
            assert_eq!(code(&refused), expected, "{auth:?}");
        }
        let proven = connect("/admin", Some(r#"{"token":"of-edsger"}"#));
        assert!(welcome_admin(&proven, &logins(), "admin").is_ok());
    }

    #[test]
    fn a_wrong_token_is_refused_rather_than_taken_for_a_visitor() {
        let visitor = connect("/", None);
        assert!(welcome(&visitor, &logins(), "admin").is_ok());
        let wrong = connect("/", Some(r#"{"token":"made-up"}"#));
        let refused = welcome(&wrong, &logins(), "admin").unwrap_err();
        assert_eq!(code(&refused), "auth_required");
    }
}
