//! The log: events with fields on stderr, as text for people or as JSON lines.

use std::io::IsTerminal as _;

use bellgate::config::{LogFormat, LogLevel, Logging};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, reload};

use crate::demo::Recent;

/// What is logged from now on; a reload may change it.
pub(crate) struct Filter(reload::Handle<Targets, Registry>);

impl Filter {
    /// Lets through what `logging` says. How a line looks stays as it was at the start.
    pub(crate) fn apply(&self, logging: Logging) {
        if let Err(error) = self.0.reload(filter(logging)) {
            tracing::error!(%error, "the level of the log cannot be changed");
        }
    }
}

/// Starts the log. Called once, before anything is logged. `recent` hears it too.
pub(crate) fn init(logging: Logging, recent: Option<&Recent>) -> Filter {
    let (filter, handle) = reload::Layer::new(filter(logging));
    let as_text = match logging.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = if as_text {
        let text = fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal());
        text.with_filter(filter).boxed()
    } else {
        let json = fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr);
        json.with_filter(filter).boxed()
    };
    let registry = tracing_subscriber::registry().with(lines);
    match recent {
        Some(recent) => registry.with(recent.layer()).init(),
        None => registry.init(),
    }
    Filter(handle)
}

fn filter(logging: Logging) -> Targets {
    let level = match logging.level {
        _ if logging.debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warning => Level::WARN,
        LogLevel::Error => Level::ERROR,
    };
    // Libraries speak up when something is wrong, not about every connection.
    let filter = Targets::new()
        .with_default(Level::WARN)
        .with_target("bellgate", level);
    [
        "bellgate_transport",
        "bellgate_hub",
        "bellgate_gate",
        "security",
    ]
    .into_iter()
    .fold(filter, |filter, target| filter.with_target(target, level))
}
