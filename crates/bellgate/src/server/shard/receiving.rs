//! What a shard does with the events of clients: most have an answer at once.

use bellgate_engine::ConnId;
use bellgate_hub::SocketId;
use bellgate_transport::Io;
use compact_str::CompactString;

use super::{ShardApp, live};
use crate::server::args::Args;
use crate::server::call::{self, Answering, Call};
use crate::server::handlers::{Received, Reply, Said};

impl ShardApp {
    /// Hands an event to its handler, or puts it in line.
    pub(super) fn receive(
        &mut self,
        conn: ConnId,
        id: SocketId,
        name: CompactString,
        args: Args,
        ack: Option<u64>,
        io: &mut Io<'_>,
    ) {
        if let Err(excess) = self.throttled(conn, id, io.now) {
            return self.refuse_event(id, ack, &excess, io);
        }
        if name == live::RENEWAL {
            let payload = args.texts().next().unwrap_or("null");
            return self.renew(conn, id, ack, payload, io);
        }
        let Some(socket) = self.socket(id) else {
            return;
        };
        let received = Received {
            socket,
            name,
            args,
            wants_ack: ack.is_some(),
        };
        if self.busy.contains_key(&conn) {
            return self.queue(conn, Call::Received(ack, received), io);
        }
        match call::received(&self.program, received) {
            Some(Said::Now(reply)) => self.answer(id, ack, &call::reply(reply), io),
            Some(Said::Later(reply)) => self.wait(conn, Answering::Event(id, ack, reply)),
            None => {}
        }
    }

    /// Sends an event's ack, where the client waits for one and the handler has one.
    pub(super) fn answer(
        &mut self,
        socket: SocketId,
        ack: Option<u64>,
        reply: &Reply,
        io: &mut Io<'_>,
    ) {
        if let Some(id) = ack
            && let Reply(Some(args)) = reply
        {
            self.hub
                .ack(socket, id, args.array(), args.attachments(), io);
        }
    }
}
