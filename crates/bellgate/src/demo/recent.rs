//! The newest lines of the log, kept for the page: what the process tells of refusals and reloads.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, filter::Filtered};

/// Most lines that are kept; the oldest goes.
const MOST: usize = 50;

/// The lines, as JSON, the newest last.
#[derive(Clone, Default)]
pub(crate) struct Recent(Arc<Mutex<VecDeque<String>>>);

type Lines<S> =
    fmt::Layer<S, fmt::format::JsonFields, fmt::format::Format<fmt::format::Json>, Recent>;

impl Recent {
    /// Hears the log. An origin that comes again within a minute is told in full at `debug` alone:
    /// whoever watches the page wants that line too.
    pub(crate) fn layer<S>(&self) -> Filtered<Lines<S>, Targets, S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let told = Targets::new()
            .with_target("bellgate_transport::refusals", Level::DEBUG)
            .with_target("bellgate::demo::origins", Level::INFO);
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(self.clone())
            .with_filter(told)
    }

    /// The lines, as a log holds them.
    pub(super) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect()
    }
}

impl MakeWriter<'_> for Recent {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// A layer of the log writes a line at once.
impl io::Write for Recent {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MOST {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{MOST, Recent};

    #[test]
    fn refusals_and_reloads_are_kept_and_nothing_else_is() {
        let recent = Recent::default();
        let subscriber = tracing_subscriber::registry().with(recent.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(target: "bellgate_transport::refusals", code = "c", "folded");
            tracing::info!(target: "bellgate::demo::origins", "reloaded");
            tracing::error!(target: "bellgate::demo::web", "elsewhere");
        });
        let text = recent.text();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!(lines[0]["code"], "c");
        assert_eq!(lines[1]["message"], "reloaded");
    }

    #[test]
    fn the_oldest_lines_go() {
        let recent = Recent::default();
        let subscriber = tracing_subscriber::registry().with(recent.layer());
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..=MOST {
                tracing::info!(target: "bellgate::demo::origins", number, "line");
            }
        });
        let text = recent.text();
        assert_eq!(text.lines().count(), MOST);
        assert!(text.contains(r#""number":1,"#) && !text.contains(r#""number":0,"#));
    }
}
