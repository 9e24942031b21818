//! The send queue of one session: shared messages, how far the front is written, what it all costs.
//!
//! A queued message is a pointer; its bytes are made once and shared by all receivers. The queue
//! lives inside the session for up to [`INLINE`] messages and borrows heap only above that, which
//! it gives back when it has drained: an idle session owns none.

use std::rc::Rc;

use bellgate_wire::Message;
use smallvec::SmallVec;

/// How many messages wait without heap: a tick rarely brings a connection more.
const INLINE: usize = 4;

/// How many have room once they no longer do: one step, where doubling would move them twice on the way.
const SPILLED: usize = 16;

/// From how many written entries on the queue moves its rest to the front.
const COMPACT: usize = 32;
/// Most packets in a polling answer: python-engineio's client drops a longer one whole
/// (`Payload.max_decode_packets`).
const ANSWER_PACKETS: usize = 16;

/// Packets that the engine itself sends; static, so a ping costs no allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    Close,
    Ping,
    Noop,
}

impl Control {
    /// The packet as one WebSocket text frame of the server.
    const fn ws(self) -> &'static [u8] {
        match self {
            Self::Close => b"\x81\x011",
            Self::Ping => b"\x81\x012",
            Self::Noop => b"\x81\x016",
        }
    }

    /// The packet in a polling payload.
    pub(crate) const fn polling(self) -> &'static [u8] {
        match self {
            Self::Close => b"1",
            Self::Ping => b"2",
            Self::Noop => b"6",
        }
    }

    /// The payload that ends a polling session in good order (hardening §1.2, 7).
    pub(crate) fn farewell() -> Vec<u8> {
        b"6\x1e1".to_vec()
    }
}

enum Entry {
    Control(Control),
    Regular(Rc<Message>),
    Volatile(Rc<Message>),
}

impl Entry {
    /// What the entry costs in the queue: its plain WebSocket bytes.
    fn cost(&self) -> usize {
        match self {
            Self::Control(control) => control.ws().len(),
            Self::Regular(message) | Self::Volatile(message) => message.len(),
        }
    }

    fn ws(&self, deflate: Option<usize>) -> &[u8] {
        match (self, deflate) {
            (Self::Control(control), _) => control.ws(),
            (Self::Regular(message) | Self::Volatile(message), None) => message.ws(),
            (Self::Regular(message) | Self::Volatile(message), Some(threshold)) => {
                message.ws_deflated(threshold)
            }
        }
    }

    fn packets(&self) -> usize {
        match self {
            Self::Control(_) => 1,
            Self::Regular(message) | Self::Volatile(message) => message.packets(),
        }
    }

    fn polling(&self) -> &[u8] {
        match self {
            Self::Control(control) => control.polling(),
            Self::Regular(message) | Self::Volatile(message) => message.polling(),
        }
    }
}

/// Messages that no socket and no poll has taken yet, in order.
#[derive(Default)]
pub(crate) struct Outbox {
    /// Entries before `head` are written already.
    entries: SmallVec<[Entry; INLINE]>,
    head: usize,
    /// Bytes of the front entry that the WebSocket took already.
    offset: usize,
    bytes: usize,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.head == self.entries.len()
    }

    /// Whether the front is partly written.
    pub(crate) fn is_begun(&self) -> bool {
        self.offset > 0
    }

    /// Sum of the costs of all entries; one that is partly written counts whole.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn push(&mut self, message: Rc<Message>) {
        self.append(Entry::Regular(message));
    }

    pub(crate) fn push_control(&mut self, control: Control) {
        self.append(Entry::Control(control));
    }

    /// Takes a message that may be left out. It replaces an unwritten one at the end of the queue,
    /// else it is queued if `may_append`, else dropped (hardening §1.2, 24).
    pub(crate) fn offer(&mut self, message: Rc<Message>, may_append: bool) {
        let is_begun = self.offset > 0 && self.head + 1 == self.entries.len();
        match self.entries.last_mut() {
            Some(Entry::Volatile(waiting)) if !is_begun => {
                self.bytes = self.bytes - waiting.len() + message.len();
                *waiting = message;
            }
            _ if may_append => self.append(Entry::Volatile(message)),
            _ => {}
        }
    }

    /// Drops what may be left out, except a message that is partly written.
    pub(crate) fn drop_volatile(&mut self) {
        self.entries.drain(..self.head);
        self.head = 0;
        let (mut keep, mut freed) = (self.offset > 0, 0);
        self.entries.retain(|entry| {
            let is_kept = std::mem::take(&mut keep) || !matches!(entry, Entry::Volatile(_));
            if !is_kept {
                freed += entry.cost();
            }
            is_kept
        });
        self.bytes -= freed;
    }

    /// Forgets all but a message that is partly written: without its rest no frame could follow.
    pub(crate) fn discard(&mut self) {
        if self.offset == 0 {
            self.clear();
            return;
        }
        self.entries.truncate(self.head + 1);
        self.bytes = self.front().map_or(0, Entry::cost);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Shows unwritten WebSocket bytes, front first, until `limit` bytes are reached; at least one slice.
    pub(crate) fn gather<'a>(
        &'a self,
        out: &mut SmallVec<[&'a [u8]; 16]>,
        limit: usize,
        deflate: Option<usize>,
    ) {
        let mut skip = self.offset;
        let mut total = 0;
        for entry in self.entries.iter().skip(self.head) {
            let slice = entry.ws(deflate).get(skip..).unwrap_or_default();
            skip = 0;
            out.push(slice);
            total += slice.len();
            if total >= limit {
                return;
            }
        }
    }

    /// Drops `written` bytes of what [`Outbox::gather`] shows.
    pub(crate) fn consume(&mut self, mut written: usize, deflate: Option<usize>) {
        // The common case: the socket took everything, and plain bytes are what the account says.
        if deflate.is_none() && written.saturating_add(self.offset) >= self.bytes {
            self.clear();
            return;
        }
        while let Some(front) = self.front() {
            let left = front.ws(deflate).len().saturating_sub(self.offset);
            if written < left {
                self.offset += written;
                break;
            }
            written -= left;
            self.pop();
        }
        self.compact();
    }

    /// Moves out as much as one polling answer may hold; the rest waits for the next poll.
    pub(crate) fn drain_answer(&mut self) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut packets = 0;
        while let Some(front) = self.front() {
            packets += front.packets();
            if packets > ANSWER_PACKETS && !payload.is_empty() {
                break;
            }
            if !payload.is_empty() {
                payload.push(SEPARATOR);
            }
            payload.extend_from_slice(front.polling());
            self.pop();
        }
        self.compact();
        payload
    }

    fn append(&mut self, entry: Entry) {
        self.bytes += entry.cost();
        if self.entries.len() == INLINE {
            self.entries.reserve_exact(SPILLED - INLINE);
        }
        self.entries.push(entry);
    }

    fn front(&self) -> Option<&Entry> {
        self.entries.get(self.head)
    }

    /// Drops the front at once, so that a written message is freed even where others wait behind it.
    fn pop(&mut self) {
        if let Some(front) = self.entries.get_mut(self.head) {
            self.bytes -= front.cost();
            *front = Entry::Control(Control::Noop);
            self.head += 1;
            self.offset = 0;
        }
    }

    fn compact(&mut self) {
        if self.is_empty() {
            self.clear();
        } else if self.head >= COMPACT && self.head * 2 >= self.entries.len() {
            self.entries.drain(..self.head);
            self.head = 0;
        }
    }
}

/// Between two packets of a polling payload.
const SEPARATOR: u8 = 0x1e;

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use bellgate_wire::Message;
    use smallvec::SmallVec;

    use super::{Control, Outbox};

    fn message(text: &str) -> Rc<Message> {
        Rc::new(Message::text(text))
    }

    fn shown(outbox: &Outbox, limit: usize) -> Vec<u8> {
        let mut slices = SmallVec::new();
        outbox.gather(&mut slices, limit, None);
        slices.concat()
    }

    #[test]
    fn a_partly_written_front_is_shown_from_where_the_socket_stopped() {
        let mut outbox = Outbox::default();
        outbox.push(message("abc"));
        outbox.push(message("d"));
        let whole = shown(&outbox, usize::MAX);
        outbox.consume(3, None);
        assert_eq!(shown(&outbox, usize::MAX), whole[3..]);
        outbox.consume(4, None);
        assert_eq!(
            shown(&outbox, usize::MAX),
            whole[7..],
            "across the border of two messages"
        );
    }

    #[test]
    fn gathering_stops_once_the_limit_is_reached_but_shows_one_slice_always() {
        let mut outbox = Outbox::default();
        outbox.push(message("abc"));
        outbox.push(message("def"));
        assert_eq!(shown(&outbox, 1).len(), 6);
        assert_eq!(shown(&outbox, 7).len(), 12);
    }

    #[test]
    fn a_drained_queue_owns_no_heap() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            outbox.push(message("x"));
        }
        assert!(outbox.entries.spilled());
        outbox.consume(outbox.bytes(), None);
        assert!(outbox.is_empty() && !outbox.entries.spilled());
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn a_written_message_is_freed_before_the_queue_has_drained() {
        let mut outbox = Outbox::default();
        let first = message("first");
        outbox.push(Rc::clone(&first));
        outbox.push(message("second"));
        outbox.consume(first.len(), None);
        assert_eq!(Rc::strong_count(&first), 1);
    }

    #[test]
    fn a_long_queue_that_is_eaten_slowly_moves_its_rest_forward() {
        let mut outbox = Outbox::default();
        for n in 0..100 {
            outbox.push(message(&format!("{n:02}")));
        }
        for _ in 0..60 {
            outbox.consume(5, None);
        }
        assert!(
            outbox.entries.len() < 100,
            "60 written entries are still there"
        );
        assert_eq!(outbox.bytes(), 200);
        assert!(shown(&outbox, 1).ends_with(b"460"));
    }

    #[test]
    fn the_newest_volatile_message_replaces_one_that_waits_at_the_end() {
        let mut outbox = Outbox::default();
        outbox.offer(message("old"), true);
        outbox.offer(message("newest"), false);
        assert_eq!(outbox.bytes(), message("newest").len());
        assert!(shown(&outbox, usize::MAX).ends_with(b"newest"));
    }

    #[test]
    fn a_volatile_message_replaces_neither_a_regular_one_nor_one_that_is_partly_written() {
        let mut outbox = Outbox::default();
        outbox.offer(message("begun"), true);
        outbox.consume(1, None);
        outbox.offer(message("late"), false);
        assert!(shown(&outbox, usize::MAX).ends_with(b"begun"));
        outbox.push(message("regular"));
        outbox.offer(message("late"), false);
        assert!(shown(&outbox, usize::MAX).ends_with(b"regular"));
    }

    #[test]
    fn dropping_volatile_messages_keeps_the_order_and_the_account() {
        let mut outbox = Outbox::default();
        outbox.offer(message("a"), true);
        outbox.push(message("b"));
        outbox.offer(message("c"), true);
        outbox.push(message("d"));
        outbox.drop_volatile();
        assert_eq!(outbox.bytes(), shown(&outbox, usize::MAX).len());
        assert_eq!(outbox.drain_answer(), b"4b\x1e4d");
    }

    #[test]
    fn a_volatile_message_that_is_partly_written_is_not_dropped() {
        let mut outbox = Outbox::default();
        outbox.offer(message("begun"), true);
        outbox.consume(1, None);
        outbox.push(message("next"));
        outbox.drop_volatile();
        assert_eq!(
            shown(&outbox, usize::MAX),
            b"\x064begun\x81\x054next".as_slice()
        );
    }

    #[test]
    fn discarding_keeps_the_rest_of_a_begun_frame_alone() {
        let mut outbox = Outbox::default();
        outbox.push(message("begun"));
        outbox.push(message("never"));
        outbox.consume(2, None);
        outbox.discard();
        assert_eq!(shown(&outbox, usize::MAX), b"4begun");
        outbox.consume(6, None);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_payload_joins_messages_and_control_packets_with_the_separator() {
        let mut outbox = Outbox::default();
        outbox.push(message("a"));
        outbox.push_control(Control::Ping);
        assert_eq!(outbox.drain_answer(), b"4a\x1e2");
        assert!(outbox.is_empty());
    }
}
