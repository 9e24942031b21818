//! The end of a WebSocket: what was queued, a close frame, then the client's goodbye.
//!
//! Closing the socket at once would reset the connection when the client's last bytes are still
//! unread, and the reset overtakes the close frame.

use std::rc::Rc;
use std::time::Duration;

use bellgate_codes::Refusal;
use bellgate_wire::ws;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::socket::Socket;

/// Longest time for writing what is left.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// Longest time for the client to close its side.
const GOODBYE_TIME: Duration = Duration::from_secs(2);

/// The WebSockets of a shard that are being closed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lingering(Rc<()>);

impl Lingering {
    /// Whether some are not closed yet.
    pub(crate) fn is_any(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }

    /// Ends a WebSocket in a task of its own: `rest` is written, then a close frame with the code
    /// and the reason of `why`.
    pub(crate) fn spawn(&self, socket: Socket, rest: Vec<u8>, why: &Refusal) {
        let code = why.code();
        self.spawn_with(
            socket,
            rest,
            &ws::close_frame(code.row().close, code.name()),
        );
    }

    /// As [`Self::spawn`], with a close frame of the caller's.
    pub(crate) fn spawn_with(&self, mut socket: Socket, mut rest: Vec<u8>, close: &[u8]) {
        rest.extend_from_slice(close);
        let counted = self.clone();
        tokio::task::spawn_local(async move {
            let writing = async {
                socket.write_all(&rest).await?;
                socket.shutdown().await
            };
            if !matches!(tokio::time::timeout(WRITE_TIME, writing).await, Ok(Ok(()))) {
                return;
            }
            let mut ignored = [0; 1024];
            let reading = async { while matches!(socket.read(&mut ignored).await, Ok(1..)) {} };
            // Whether the client closes in time or not, the socket goes now.
            let _ = tokio::time::timeout(GOODBYE_TIME, reading).await;
            drop(counted);
        });
    }
}
