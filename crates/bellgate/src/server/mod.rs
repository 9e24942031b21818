//! The library face: a server built from settings and handlers.
//!
//! [`Server`] collects handlers, [`Server::start`] runs it on shards of its own,
//! [`Server::mount`] puts it into an axum application. The `bellgate` binary is a program on this
//! face. How a shard works with handlers is in [`shard`].

mod access;
mod args;
mod call;
pub(crate) mod command;
mod doors;
mod emitter;
mod engine;
mod gauges;
mod handlers;
mod outside;
mod program;
pub(crate) mod reload;
mod running;
pub(crate) mod security;
mod shard;
mod socket;
mod start;
mod stores;
pub(crate) mod throttle;
mod trace;
mod visit;

use std::sync::Arc;

use bellgate_codes::Refusal;
use futures_util::FutureExt as _;

pub use args::Args;
pub(crate) use doors::Doors;
pub use emitter::{Address, Answers, Emitter};
pub use engine::{EnginePeer, Frame};
pub(crate) use gauges::Gauges;
pub use handlers::{Connect, Gone, Handshake, Received, Refused, Reply, Welcome};
pub use reload::Reloaded;
pub use running::Running;
pub use socket::Socket;
pub use start::{Mounted, StartError};
pub(crate) use stores::Stores;

use crate::config::Settings;
use program::Program;

/// A server that is being put together.
///
/// ```no_run
/// use bellgate::{Connect, Received, Refused, Server, Settings, Welcome};
///
/// # async fn run() -> Result<(), bellgate::StartError> {
/// let server = Server::from_settings(Settings::default())
///     .on_connect("/", |connect: Connect| async move {
///         let auth: serde_json::Value = connect.auth().unwrap_or_default();
///         match auth["ticket"].as_str() {
///             Some("let-me-in") => Ok(Welcome::user("7").with_topic("news")),
///             _ => Err(Refused::new("a ticket is needed")),
///         }
///     })
///     .on("/", "echo", |event: Received| async move { event.args });
/// let emitter = server.emitter();
/// let running = server.start().await?;
/// emitter.to_user("7").emit("hello", "you");
/// running.wait().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a server runs once it is started"]
pub struct Server {
    pub(crate) settings: Settings,
    pub(crate) program: Program,
    plain_refusals: bool,
    on_reload: Option<reload::OnReload>,
}

impl Server {
    /// A server with these settings, the namespace `/`, and no handlers: who may join gets what is sent
    /// to everybody, and to the user and the roles that the application's login told.
    pub fn from_settings(settings: Settings) -> Self {
        let mut program = Program::default();
        program.namespaces.entry("/".to_owned()).or_default();
        Self {
            settings,
            program,
            plain_refusals: false,
            on_reload: None,
        }
    }

    /// Decides who may join a namespace, and who they are. [`Connect::identity`] says whom the
    /// application's login told, where `SECRET_KEY` is set. Without a handler the settings decide.
    pub fn on_connect<H, F, W>(mut self, namespace: &str, handler: H) -> Self
    where
        H: Fn(Connect) -> F + Send + Sync + 'static,
        F: Future<Output = Result<W, Refused>> + Send + 'static,
        W: Into<Welcome>,
    {
        let boxed = move |connect| -> handlers::Pending<_> {
            Box::pin(handler(connect).map(|answer| answer.map(Into::into)))
        };
        self.namespace(namespace).connect = Some(Box::new(boxed));
        self
    }

    /// Answers Socket.IO's clients at this path too, which begins and ends with a slash. Browsers keep cookies
    /// apart by path, so applications that share a host may each have one of its own.
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.program.paths.push(path.into());
        self
    }

    /// Answers an event. What the handler returns is the ack's arguments, if the client wants one;
    /// [`Reply::none`] leaves it without.
    pub fn on<H, F, R>(mut self, namespace: &str, event: &str, handler: H) -> Self
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = R> + Send + 'static,
        R: Into<Reply> + 'static,
    {
        self.namespace(namespace)
            .events
            .insert(event.to_owned(), Box::new(boxed(handler)));
        self
    }

    /// Answers every event of a namespace that has no handler of its own.
    pub fn on_any<H, F, R>(mut self, namespace: &str, handler: H) -> Self
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = R> + Send + 'static,
        R: Into<Reply> + 'static,
    {
        self.namespace(namespace).any = Some(Box::new(boxed(handler)));
        self
    }

    /// Hears of every client of a namespace that goes, for whatever reason.
    pub fn on_disconnect<H, F>(mut self, namespace: &str, handler: H) -> Self
    where
        H: Fn(Gone) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.namespace(namespace).gone = Some(Box::new(move |gone| Box::pin(handler(gone))));
        self
    }

    /// Serves plain Engine.IO, without Socket.IO, at a path of its own.
    pub fn on_engine<H>(mut self, path: &str, handler: H) -> Self
    where
        H: Fn(&EnginePeer, Frame) + Send + Sync + 'static,
    {
        self.program
            .engines
            .push((path.to_owned(), Arc::new(Box::new(handler))));
        self
    }

    /// Answers `POST /admin/reload`: reads the settings anew, hands them to [`Running::reload`] and
    /// says what has changed. Without one there is no such path.
    pub fn on_reload<H, F>(mut self, handler: H) -> Self
    where
        H: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reloaded, Refusal>> + Send + 'static,
    {
        self.on_reload = Some(Box::new(move || Box::pin(handler())));
        self
    }

    /// Leaves the explaining data out of refused CONNECTs, as the official test suites compare them.
    pub const fn with_plain_refusals(mut self) -> Self {
        self.plain_refusals = true;
        self
    }

    /// Has this namespace, without a handler: who may join is what `[namespace."…"]` and
    /// `SOCKETIO_REQUIRE_AUTH` say, and `/admin` is for administrators.
    pub fn with_namespace(mut self, name: &str) -> Self {
        self.namespace(name);
        self
    }

    /// Sends from anywhere; works from the start of the server on.
    pub fn emitter(&self) -> Emitter {
        self.program.emitter.clone()
    }

    fn namespace(&mut self, name: &str) -> &mut handlers::Handlers {
        self.program.namespaces.entry(name.to_owned()).or_default()
    }
}

fn boxed<H, F, R>(handler: H) -> impl Fn(Received) -> handlers::Pending<Reply> + Send + Sync
where
    H: Fn(Received) -> F + Send + Sync,
    F: Future<Output = R> + Send + 'static,
    R: Into<Reply> + 'static,
{
    move |received| Box::pin(handler(received).map(Into::into))
}
