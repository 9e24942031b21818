//! A server that runs: what it says of itself, how it takes new settings, how it ends.

use std::net::SocketAddr;
use std::sync::Arc;

use bellgate_hub::HubConfig;
use bellgate_transport::Live;

use super::access::{Access, Terms};
use super::command::Command;
use super::doors::Doors;
use super::emitter::Emitter;
use super::outside::Outside;
use super::start::StartError;
use super::throttle::Throttle;
use crate::config::{Address, Settings};
use crate::http::Api;
use crate::http::admin::Listening;

/// A server that runs, until [`Running::drain`]: dropping this does not end it.
pub struct Running {
    pub(super) bound: Vec<String>,
    pub(super) admin: Option<Listening>,
    pub(super) emitter: Emitter,
    pub(super) api: Arc<Api>,
    pub(super) settled: Settled,
    pub(super) throttle: Arc<Throttle>,
    pub(super) doors: Arc<Doors>,
    pub(super) shards: bellgate_transport::Running<Command>,
}

/// What the start has settled, whatever the settings say later.
pub(super) struct Settled {
    /// Where it listens, with the port that it got.
    pub(super) public: Address,
    pub(super) shards: usize,
    /// Files that the process may have open.
    pub(super) files: u64,
    pub(super) plain_refusals: bool,
}

impl Running {
    /// From now on what is new goes by these settings: requests, streams, sessions. What is open
    /// stays. Rows of the table that need a restart keep what they were.
    ///
    /// # Errors
    /// When the TLS files cannot be used, or somebody cannot be asked; then nothing is changed.
    pub fn reload(&self, settings: &Settings) -> Result<(), StartError> {
        let mut settings = settings.clone();
        let tls = tls(&settings)?;
        let outside = self.doors.terms().access.outside.renew(&settings);
        let outside = outside.map_err(StartError::Outside)?;
        settings.listen.public = self.settled.public.clone();
        let before = self.shards.handle.live().max_connections;
        hold_connections(&mut settings, &self.settled, Some(before));
        self.shards.handle.reload(live(&settings, tls));
        self.api.reload(&settings);
        self.throttle.reload(&settings);
        let terms = Arc::new(terms(&settings, self.settled.plain_refusals, outside));
        self.doors.reload(Arc::clone(&terms));
        for shard in self.shards.handle.remotes() {
            shard.command(Command::Reload(Arc::clone(&terms)));
        }
        Ok(())
    }

    /// Reads the TLS files of these settings anew, for the streams that come. Nothing else changes.
    ///
    /// # Errors
    /// When they cannot be used; then the certificate stays.
    pub fn reload_tls(&self, settings: &Settings) -> Result<(), StartError> {
        let tls = tls(settings)?;
        let held = self.shards.handle.live();
        self.shards.handle.reload(Live {
            tls,
            ..Live::clone(&held)
        });
        Ok(())
    }

    /// Where it listens, as URLs.
    pub fn bound(&self) -> &[String] {
        &self.bound
    }

    /// Where the admin listener is, if there is one on TCP. It goes at the end of
    /// [`Running::wait`].
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(Listening::at)
    }

    /// Sends from anywhere.
    pub const fn emitter(&self) -> &Emitter {
        &self.emitter
    }

    /// Sessions open now.
    pub fn sessions(&self) -> usize {
        self.shards.handle.sessions()
    }

    /// Begins to go down: sessions are closed within the drain window, each at a time of its own.
    pub fn drain(&self) {
        self.shards.handle.drain();
    }

    /// Waits until every session is closed and every shard has ended, after [`Running::drain`].
    pub async fn wait(self) {
        self.shards.wait().await;
        if let Some(admin) = self.admin {
            admin.stop().await;
        }
    }
}

/// Holds the number of connections below that of open files: without a file left, a client that
/// comes would wait instead of being told to come back. Said where it is news, `before` being what
/// held until now.
pub(super) fn hold_connections(settings: &mut Settings, settled: &Settled, before: Option<usize>) {
    let files = usize::try_from(settled.files).unwrap_or(usize::MAX);
    let spare = spare_files(settled.shards, files);
    let room = files.saturating_sub(spare).max(1);
    let wanted = &mut settings.limits.connections;
    if *wanted <= room {
        return;
    }
    *wanted = room;
    if before != Some(room) {
        tracing::warn!(
            "connections are held to {room}: the system allows {files} open files. Raise that \
             limit (ulimit -n, LimitNOFILE=), or set SOCKETIO_MAX_CONNECTIONS to what is needed"
        );
    }
}

/// Certificate and key, where the server speaks TLS itself.
pub(super) fn tls(settings: &Settings) -> Result<Option<Arc<rustls::ServerConfig>>, StartError> {
    let files = settings.listen.tls.as_ref();
    files
        .map(|files| bellgate_transport::tls::server_config(&files.cert, &files.key))
        .transpose()
        .map_err(StartError::Tls)
}

/// The part of the shards' own configuration that a reload may change.
pub(super) fn terms(settings: &Settings, plain_refusals: bool, outside: Outside) -> Terms {
    let hub = HubConfig {
        plain_refusals,
        ..settings.hub_config()
    };
    Terms {
        hub,
        access: Access::new(settings, outside),
    }
}

/// The part of the transport's configuration that a reload may change.
pub(super) fn live(settings: &Settings, tls: Option<Arc<rustls::ServerConfig>>) -> Live {
    Live {
        engine: settings.engine_config(),
        limits: settings.wire_limits(),
        origins: Arc::new(settings.origin_policy().0),
        refusals: settings.origins.refusals,
        proxies: Arc::new(settings.trusted_proxies().0),
        csrf_headers: settings.csrf_headers().into(),
        tls,
        max_connections: settings.limits.connections,
        drain_window: settings.limits.drain_window,
    }
}

/// Files that carry no session: those of the process and of each shard (its reactor and its
/// listeners), and some for requests of polling sessions, health checks and refusals.
const fn spare_files(shards: usize, files: usize) -> usize {
    16 + 8 * shards + files / 16
}
