//! What an embedding program answers with: connects, events, disconnects.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bellgate_codes::{Code, Refusal};
use bellgate_gate::identity::Identity;
use bellgate_hub::{Member, Target};
use compact_str::CompactString;
use futures_util::FutureExt as _;
use futures_util::future::CatchUnwind;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::args::Args;
use super::socket::Socket;

/// What is known of a connection from the request that opened it.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The client's address, as trusted proxies tell it; none on a unix socket.
    pub address: Option<IpAddr>,
    /// The page's origin in canonical form, if the request had one.
    pub origin: Option<Box<str>>,
    /// The id of the request, as its answer and the log have it.
    pub request_id: Box<str>,
}

/// A client asks to join a namespace.
#[derive(Debug, Clone)]
pub struct Connect {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The `auth` payload as JSON text; an object where it is there.
    pub auth: Option<String>,
    /// Where the connection comes from.
    pub handshake: Arc<Handshake>,
    /// Who it is, where the application's login told: its cookie, beside an admitted origin and with
    /// the CSRF token that the page needs. None for visitors, and without `SECRET_KEY`.
    pub identity: Option<Arc<Identity>>,
}

impl Connect {
    /// Reads the `auth` payload; an absent one reads as `{}`.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.auth.as_deref().unwrap_or("{}"))
    }
}

/// A client that was let in: who it is, the rooms it joins, and what it is told first.
#[derive(Debug, Clone, Default)]
pub struct Welcome {
    pub(crate) member: Member,
    pub(crate) rooms: Vec<Target>,
    pub(crate) events: Vec<(String, Args)>,
}

impl Welcome {
    /// A visitor without a user.
    pub fn visitor() -> Self {
        Self::default()
    }

    /// A user, addressed by this id from now on.
    pub fn user(id: impl Into<Arc<str>>) -> Self {
        Self {
            member: Member::of_user(id),
            ..Self::default()
        }
    }

    /// The user that the application's login told, with the roles and topics; without one a visitor.
    pub fn of(identity: Option<&Identity>) -> Self {
        identity.map_or_else(Self::visitor, |identity| {
            let user = Self::user(identity.user.as_str());
            let (roles, topics) = (identity.roles.iter(), identity.topics.iter());
            let user = roles.fold(user, |user, role| user.with_role(role.as_str()));
            topics.fold(user, |user, topic| user.with_topic(topic.as_str()))
        })
    }

    /// The user has this role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<Arc<str>>) -> Self {
        self.member.roles.push(role.into());
        self
    }

    /// The connection follows this topic.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<Arc<str>>) -> Self {
        self.member.topics.push(topic.into());
        self
    }

    /// The connection joins this room.
    #[must_use]
    pub fn with_room(mut self, room: impl Into<Arc<str>>) -> Self {
        self.rooms.push(Target::Room(room.into()));
        self
    }

    /// The client gets this event right after the answer to its CONNECT.
    #[must_use]
    pub fn with_event(mut self, name: impl Into<String>, args: impl Into<Args>) -> Self {
        self.events.push((name.into(), args.into()));
        self
    }
}

impl From<Member> for Welcome {
    fn from(member: Member) -> Self {
        Self {
            member,
            ..Self::default()
        }
    }
}

/// Why a client is not let in: what its `connect_error` handler gets.
#[derive(Debug, Clone)]
pub enum Refused {
    /// A message of the program's own: `connect_refused`.
    Own {
        /// `err.message`.
        message: String,
        /// `err.data`, where it is the program's own too; else it tells the code.
        data: Option<Value>,
    },
    /// A refusal of the catalogue.
    Code(Refusal),
}

impl Refused {
    /// Its code.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Own { .. } => Code::ConnectRefused,
            Self::Code(refusal) => refusal.code(),
        }
    }

    /// A refusal with a message for developers.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Own {
            message: message.into(),
            data: None,
        }
    }

    /// Adds data for the client's program.
    #[must_use]
    pub fn with_data(self, data: Value) -> Self {
        match self {
            Self::Own { message, .. } => Self::Own {
                message,
                data: Some(data),
            },
            code @ Self::Code(_) => code,
        }
    }

    /// The payload of the CONNECT_ERROR: `{message, data}`, with the data that the program gives, or else that
    /// of `connect_refused`.
    pub(crate) fn payload(&self, request_id: &str) -> String {
        let (message, data) = match self {
            Self::Code(refusal) => return refusal.connect_error(request_id, None),
            Self::Own { message, data } => (message, data),
        };
        let usual = || {
            let message = message.clone();
            Refusal::ConnectRefused { message }.data(request_id, None)
        };
        let data = data.clone().unwrap_or_else(usual);
        serde_json::json!({"message": message, "data": data}).to_string()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Code(refusal)
    }
}

/// An event of a client.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who sent it.
    pub socket: Socket,
    /// The event's name; a `str` that needs no allocation where it is short.
    pub name: CompactString,
    /// Its arguments.
    pub args: Args,
    /// The client waits for an ack.
    pub wants_ack: bool,
}

/// A client that has gone.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The id that it had in the namespace.
    pub sid: Arc<str>,
    /// The namespace.
    pub namespace: Arc<str>,
    /// Who it was.
    pub member: Member,
    /// Why, in Socket.IO's words: `transport close`, `ping timeout`, `client namespace disconnect` …
    pub reason: &'static str,
}

/// What an event handler returns: the ack's arguments, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Reply(pub(crate) Option<Args>);

impl Reply {
    /// No ack, also where the client waits for one.
    pub const fn none() -> Self {
        Self(None)
    }
}

impl<T: Into<Args>> From<T> for Reply {
    fn from(args: T) -> Self {
        Self(Some(args.into()))
    }
}

pub(crate) type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type ConnectHandler = Box<dyn Fn(Connect) -> Pending<Result<Welcome, Refused>> + Send + Sync>;
type EventHandler = Box<dyn Fn(Received) -> Pending<Reply> + Send + Sync>;
type GoneHandler = Box<dyn Fn(Gone) -> Pending<()> + Send + Sync>;

/// What a handler that waits will answer; a panic is the error.
pub(crate) type Guarded<T> = CatchUnwind<AssertUnwindSafe<Pending<T>>>;

/// What a handler says when it is called.
pub(crate) enum Said<T> {
    /// Its answer; a panic is the error.
    Now(std::thread::Result<T>),
    /// Nothing yet: it has to wait.
    Later(Guarded<T>),
}

/// Calls a handler and polls its answer once, under one guard: it may panic before it has returned
/// its future as well as in it. Nothing wakes it yet; whoever keeps it polls it again.
pub(crate) fn called<I, T>(handler: &(dyn Fn(I) -> Pending<T> + Send + Sync), input: I) -> Said<T> {
    let said = catch_unwind(AssertUnwindSafe(|| {
        let mut answer = handler(input);
        match answer.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(said) => Ok(said),
            Poll::Pending => Err(answer),
        }
    }));
    match said {
        Ok(Ok(said)) => Said::Now(Ok(said)),
        Ok(Err(answer)) => Said::Later(AssertUnwindSafe(answer).catch_unwind()),
        Err(panic) => Said::Now(Err(panic)),
    }
}

/// The handlers of one namespace.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) connect: Option<ConnectHandler>,
    pub(crate) events: BTreeMap<String, EventHandler>,
    pub(crate) any: Option<EventHandler>,
    pub(crate) gone: Option<GoneHandler>,
}

impl Handlers {
    /// The handler of an event: its own, else the one for any.
    pub(crate) fn event(&self, name: &str) -> Option<&EventHandler> {
        self.events.get(name).or(self.any.as_ref())
    }
}
