//! The gateway of the demo: Bellgate as a library. It knows people by the session cookie of the web
//! application, and a handler adds what they follow.

use bellgate::config::{Address, Settings};
use bellgate::{Args, Connect, Received, Refusal, Refused, Running, Server, StartError, Welcome};
use serde_json::Value;

use super::people::{PEOPLE, Person};
use crate::serve::Signals;

/// The event that a page measures a round trip with.
const PING: &str = "demo:ping";

/// A gateway that runs, and can be started anew.
pub(super) struct Gateway {
    settings: Settings,
    running: Running,
}

impl Gateway {
    pub(super) async fn start(mut settings: Settings) -> Result<Self, StartError> {
        let running = server(&settings).start().await?;
        for url in running.bound() {
            tracing::info!("listening on {url}");
        }
        if let Address::Tcp { port, .. } = &mut settings.listen.public {
            // The next start has to be where the clients look for it.
            *port = chosen_port(&running).unwrap_or(*port);
        }
        Ok(Self { settings, running })
    }

    /// Sends the clients away, ends, and starts at the same address.
    pub(super) async fn restart(self) -> Result<Self, StartError> {
        tracing::info!(sessions = self.running.sessions(), "restarting the gateway");
        self.running.drain();
        self.running.wait().await;
        Self::start(self.settings).await
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

    /// Where a page of this machine reaches it: by the name that the page itself has, so that its cookies are
    /// sent along.
    pub(super) fn address(&self) -> String {
        match &self.settings.listen.public {
            Address::Tcp { port, .. } => format!("localhost:{port}"),
            Address::Unix(_) => String::new(),
        }
    }
}

fn chosen_port(running: &Running) -> Option<u16> {
    let (_, port) = running.bound().first()?.rsplit_once(':')?;
    port.parse().ok()
}

fn server(settings: &Settings) -> Server {
    let server = Server::from_settings(settings.clone());
    let server = PEOPLE.iter().fold(server, |server, person| {
        server.with_path(person.path(&settings.sessions.path))
    });
    server
        .on_connect("/", |connect: Connect| {
            std::future::ready(welcome(&connect))
        })
        // Its rule is the built-in one: for the role of administrators.
        .with_namespace("/admin")
        .on("/", PING, async |_: Received| Args::new())
}

/// Whom the session cookie tells, and what they follow. Visitors may come in too, but no page that was given
/// a CSRF token: whoever it was given to is logged in no more.
fn welcome(connect: &Connect) -> Result<Welcome, Refused> {
    let Some(identity) = connect.identity.as_deref() else {
        let auth: Value = connect.auth().unwrap_or_default();
        return if auth.get("csrf_token").is_some() {
            let namespace = connect.namespace.to_string();
            Err(Refusal::AuthRequired { namespace }.into())
        } else {
            Ok(Welcome::visitor())
        };
    };
    let person = Person::with_id(&identity.user);
    let topics = person.map_or(&[][..], |person| person.topics);
    let welcome = Welcome::of(Some(identity));
    Ok(topics
        .iter()
        .fold(welcome, |welcome, topic| welcome.with_topic(*topic)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bellgate::{Connect, Handshake, Refused};

    use super::welcome;

    fn connect(auth: Option<&str>) -> Connect {
        let handshake = Handshake {
            address: None,
            origin: None,
            request_id: "r".into(),
        };
        Connect {
            namespace: "/".into(),
            auth: auth.map(str::to_owned),
            handshake: Arc::new(handshake),
            identity: None,
        }
    }

    #[test]
    fn a_page_whose_login_is_gone_is_refused_rather_than_taken_for_a_visitor() {
        assert!(welcome(&connect(None)).is_ok());
        assert!(welcome(&connect(Some(r#"{"user":"1","role":"admin"}"#))).is_ok());
        let refused = welcome(&connect(Some(r#"{"csrf_token":"of a login that was"}"#)));
        let Err(Refused::Code(refusal)) = refused else {
            panic!("it was let in");
        };
        assert_eq!(refusal.code().name(), "auth_required");
    }
}
