//! Counters of one shard. Each has a single writer, so counting is a plain load and store; the
//! metrics page adds the shards up.

use std::sync::atomic::{AtomicU64, Ordering};

use bellgate_codes::Code;

/// A number that one thread writes and any thread reads.
#[derive(Debug, Default)]
pub struct Cell(AtomicU64);

impl Cell {
    /// Adds to a counter. Only the shard's own thread may call this.
    pub fn add(&self, amount: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(amount),
            Ordering::Relaxed,
        );
    }

    /// Takes from a gauge. Only the shard's own thread may call this.
    pub fn sub(&self, amount: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_sub(amount),
            Ordering::Relaxed,
        );
    }

    /// Sets a gauge. Only the shard's own thread may call this.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Reads it from any thread.
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! stats {
    ($( $(#[doc = $doc:literal])+ $name:ident, )+) => {
        /// What one shard counts.
        #[derive(Debug)]
        pub struct ShardStats {
            $( $(#[doc = $doc])+ pub $name: Cell, )+
            /// Refusals by code, in the order of [`Code::ALL`].
            pub refusals: Vec<Cell>,
        }

        /// The sum over shards.
        #[derive(Debug, Default, Clone)]
        pub struct Totals { $( $(#[doc = $doc])+ pub $name: u64, )+ }

        impl ShardStats {
            /// All zero.
            pub fn new() -> Self {
                Self { $( $name: Cell::default(), )+ refusals: Code::ALL.iter().map(|_| Cell::default()).collect() }
            }

            /// Adds this shard to a sum.
            pub fn add_to(&self, totals: &mut Totals) {
                $( totals.$name = totals.$name.wrapping_add(self.$name.read()); )+
            }
        }
    };
}

stats! {
    /// Sessions open now on polling.
    sessions_polling,
    /// Sessions open now on WebSocket.
    sessions_websocket,
    /// Sessions opened by polling since the start.
    handshakes_polling,
    /// Sessions opened by WebSocket since the start.
    handshakes_websocket,
    /// Upgrades from polling to WebSocket that succeeded.
    upgrades,
    /// Probes that did not become an upgrade.
    upgrades_failed,
    /// Messages from clients.
    messages_in,
    /// Messages put into queues of clients.
    messages_out,
    /// Message bytes from clients.
    bytes_in,
    /// Bytes written to WebSockets and in polling answers.
    bytes_out,
    /// Writes on WebSockets.
    writes,
    /// Bytes that wait in queues now.
    queued_bytes,
    /// TCP and unix connections accepted since the start.
    accepted,
    /// HTTP requests since the start.
    requests,
    /// Requests handed over to the shard of their session.
    handovers,
    /// How late the shard's timer was at the last look, in microseconds.
    loop_lag_us,
}

impl Default for ShardStats {
    fn default() -> Self {
        Self::new()
    }
}

impl ShardStats {
    /// Counts a refusal or the reason of a session's end.
    pub fn count_refusal(&self, code: Code) {
        if let Some(cell) = self.refusals.get(code as usize) {
            cell.add(1);
        }
    }
}
