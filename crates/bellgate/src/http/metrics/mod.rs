//! `/metrics`: what the shards count, in Prometheus' text format (OpenMetrics 1.0).
//!
//! Shards count in memory of their own; reading adds them up here, so no message pays for it.

mod page;
mod process;

use std::collections::BTreeMap;
use std::fmt::Error;
use std::time::Instant;

use bellgate_codes::Code;
use bellgate_transport::Totals;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use self::page::Page;
use self::process::Process;
use super::Api;
use crate::server::security;

/// The media type of [`render`]'s text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The page as text.
pub(crate) fn render(api: &Api) -> Result<String, Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot::take(api)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// Everything that the page shows, read once.
#[derive(Debug)]
struct Snapshot {
    totals: Totals,
    refusals: Vec<(&'static str, u64)>,
    lag: f64,
    namespaces: BTreeMap<String, usize>,
    rooms: usize,
    pending_acks: usize,
    redis: Vec<(&'static str, bellgate_redis::Stats)>,
    /// Who is asked about clients, by its setting, and whether it answers.
    providers: Vec<(&'static str, u64)>,
    /// How the application's answers came, where it is asked.
    answers: Option<Vec<(&'static str, u64)>>,
    /// Calls to the application that run, and that may run at a time, where it is asked.
    calls: Option<(usize, usize)>,
    users: usize,
    blocks: usize,
    pickled_sessions: Option<u64>,
    process: Option<Process>,
}

impl Snapshot {
    fn take(api: &Api) -> Self {
        let mut namespaces = BTreeMap::new();
        let (mut rooms, mut pending_acks) = (0, 0);
        for stats in api.gauges.iter().filter_map(|gauges| gauges.read()) {
            for (name, sockets) in stats.namespaces {
                *namespaces.entry(name.to_string()).or_default() += sockets;
            }
            rooms += stats.rooms;
            pending_acks += stats.pending_acks;
        }
        let stats = api.shards().map_or(&[][..], |shards| shards.stats());
        let refusals = Code::ALL.iter().enumerate().map(|(index, code)| {
            let counted = stats
                .iter()
                .filter_map(|shard| shard.refusals.get(index))
                .map(bellgate_transport::stats::Cell::read);
            (code.name(), counted.sum())
        });
        let lag = stats
            .iter()
            .map(|shard| shard.loop_lag_us.read())
            .max()
            .unwrap_or(0);
        #[expect(
            clippy::cast_precision_loss,
            reason = "microseconds of a lag fit a float's 53 bits"
        )]
        let lag = lag as f64 / 1e6;
        Self {
            totals: api
                .shards()
                .map(bellgate_transport::Handle::totals)
                .unwrap_or_default(),
            refusals: refusals.filter(|(_, count)| *count > 0).collect(),
            lag,
            namespaces,
            rooms,
            pending_acks,
            redis: api
                .stores
                .all()
                .map(|redis| (redis.place().setting(), redis.stats()))
                .collect(),
            providers: api
                .doors
                .providers()
                .into_iter()
                .map(|provider| (provider.setting, provider.is_up.into()))
                .collect(),
            answers: api.doors.answers(),
            calls: api.doors.calls(),
            users: api.throttle.users(),
            blocks: api.throttle.blocks(Instant::now()).len(),
            pickled_sessions: api.doors.pickled_sessions(),
            process: Process::read(),
        }
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut page = Page(&mut encoder);
        self.encode_now(&mut page)?;
        self.encode_since_start(&mut page)?;
        self.encode_redis(&mut page)?;
        self.encode_providers(&mut page)?;
        self.process
            .as_ref()
            .map_or(Ok(()), |process| process.encode(&mut page))
    }
}

impl Snapshot {
    /// What there is now.
    fn encode_now(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let totals = &self.totals;
        page.gauges(
            ("bellgate_connections", "Sessions open now", "transport"),
            &[
                ("polling", totals.sessions_polling),
                ("websocket", totals.sessions_websocket),
            ],
        )?;
        let joined = self.namespaces.iter();
        let joined: Vec<_> = joined
            .map(|(name, count)| (name.as_str(), *count as u64))
            .collect();
        page.gauges(
            (
                "bellgate_namespace_connections",
                "Clients joined now",
                "namespace",
            ),
            &joined,
        )?;
        let gauges = [
            (
                "bellgate_queued_bytes",
                "Bytes that wait for clients",
                totals.queued_bytes,
            ),
            (
                "bellgate_rooms",
                "Rooms with somebody in them",
                self.rooms as u64,
            ),
            (
                "bellgate_pending_acks",
                "Publications that wait for answers",
                self.pending_acks as u64,
            ),
            (
                "bellgate_users",
                "Users who have joined a namespace",
                self.users as u64,
            ),
            (
                "bellgate_blocks",
                "Users and addresses that are kept out",
                self.blocks as u64,
            ),
        ];
        for (name, help, value) in gauges {
            page.gauge(name, help, value)?;
        }
        page.seconds(
            "bellgate_event_loop_lag",
            "How late the slowest shard's timer was",
            self.lag,
        )
    }

    /// What has happened since the start.
    fn encode_since_start(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let totals = &self.totals;
        page.counters(
            ("bellgate_handshakes", "Sessions opened", "transport"),
            &[
                ("polling", totals.handshakes_polling),
                ("websocket", totals.handshakes_websocket),
            ],
        )?;
        page.counters(
            ("bellgate_refusals", "Refusals and ends of sessions", "code"),
            &self.refusals,
        )?;
        page.counters(
            (
                "bellgate_security_events",
                "Lines on the log's target security",
                "code",
            ),
            &security::counts(),
        )?;
        page.counters(
            (
                "bellgate_upgrades",
                "Upgrades from polling to WebSocket",
                "result",
            ),
            &[
                ("succeeded", totals.upgrades),
                ("failed", totals.upgrades_failed),
            ],
        )?;
        page.counters(
            ("bellgate_messages", "Engine.IO messages", "direction"),
            &[("in", totals.messages_in), ("out", totals.messages_out)],
        )?;
        page.counters(
            (
                "bellgate_payload_bytes",
                "Bytes of messages from clients, and bytes written to them",
                "direction",
            ),
            &[("in", totals.bytes_in), ("out", totals.bytes_out)],
        )?;
        if let Some(count) = self.pickled_sessions {
            page.counter(
                "bellgate_pickled_sessions",
                "Stored sessions that are pickles, and so refused",
                count,
            )?;
        }
        let counters = [
            (
                "bellgate_websocket_writes",
                "Gathered writes on WebSockets",
                totals.writes,
            ),
            (
                "bellgate_http_requests",
                "HTTP requests on the public listener",
                totals.requests,
            ),
            (
                "bellgate_accepted_sockets",
                "TCP and unix connections accepted",
                totals.accepted,
            ),
            (
                "bellgate_handovers",
                "Requests handed over to another shard",
                totals.handovers,
            ),
        ];
        counters
            .into_iter()
            .try_for_each(|(name, help, value)| page.counter(name, help, value))
    }

    /// The Redises, by the setting that names each.
    fn encode_redis(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        if self.redis.is_empty() {
            return Ok(());
        }
        let of = |value: fn(&bellgate_redis::Stats) -> u64| -> Vec<_> {
            let all = self.redis.iter();
            all.map(|(setting, stats)| (*setting, value(stats)))
                .collect()
        };
        page.gauges(
            ("bellgate_redis_up", "Whether a Redis answers", "setting"),
            &of(|stats| stats.is_up.into()),
        )?;
        page.gauges(
            (
                "bellgate_redis_waiting",
                "Questions that wait for an answer",
                "setting",
            ),
            &of(|stats| stats.waiting),
        )?;
        page.counters(
            ("bellgate_redis_questions", "Questions asked", "setting"),
            &of(|stats| stats.asked),
        )?;
        page.counters(
            (
                "bellgate_redis_failures",
                "Questions that got no answer",
                "setting",
            ),
            &of(|stats| stats.failed),
        )
    }

    /// Whoever is asked who a client is, by the setting that names it.
    fn encode_providers(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        if !self.providers.is_empty() {
            page.gauges(
                (
                    "bellgate_identity_provider_up",
                    "Whether somebody who is asked about clients answers",
                    "setting",
                ),
                &self.providers,
            )?;
        }
        if let Some((running, size)) = self.calls {
            page.gauge(
                "bellgate_auth_calls",
                "Calls to BELLGATE_AUTH_URL that run now",
                running as u64,
            )?;
            page.gauge(
                "bellgate_auth_calls_limit",
                "How many of them may run at a time (BELLGATE_POOL_SIZE)",
                size as u64,
            )?;
        }
        let Some(answers) = &self.answers else {
            return Ok(());
        };
        page.counters(
            (
                "bellgate_auth_answers",
                "Questions to BELLGATE_AUTH_URL by what became of them",
                "outcome",
            ),
            answers,
        )
    }
}
