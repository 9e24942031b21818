//! A subscription that comes back by itself.

use std::time::Duration;

use futures_util::StreamExt as _;
use redis::aio::PubSub;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{DEADLINE, jittered};
use crate::fault::Fault;
use crate::place::Place;

/// How often a silent connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(2);

/// Pauses between two attempts to subscribe.
const ATTEMPTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Messages that wait for who reads them; beyond it the Redis has to hold them.
const WAITING: usize = 1024;

/// What a subscription tells.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// From now on messages come. What was published before this is lost: whoever needs it looks for
    /// itself.
    Here,
    /// A message.
    Message {
        /// The channel that it was published in.
        channel: Box<str>,
        /// What was published.
        payload: Box<[u8]>,
    },
    /// Messages are being lost. Told once, then it is tried again and again.
    Gone(Fault),
}

/// What is published, until it is dropped.
#[derive(Debug)]
pub struct Feed(mpsc::Receiver<News>);

impl Feed {
    pub(crate) fn open(
        place: &Place,
        runtime: &Handle,
        channels: Vec<String>,
        patterns: Vec<String>,
    ) -> Self {
        let (tell, told) = mpsc::channel(WAITING);
        let reader = Reader {
            place: place.clone(),
            channels,
            patterns,
            tell,
        };
        runtime.spawn(reader.run());
        Self(told)
    }

    /// The next thing that it tells; none where its runtime has ended.
    pub async fn next(&mut self) -> Option<News> {
        self.0.recv().await
    }
}

struct Reader {
    place: Place,
    channels: Vec<String>,
    patterns: Vec<String>,
    tell: mpsc::Sender<News>,
}

/// Nobody listens any more.
struct Deaf;

impl Reader {
    async fn run(self) {
        let (first, longest) = ATTEMPTS;
        let (mut pause, mut was_here, mut is_told) = (first, true, false);
        while !self.tell.is_closed() {
            let begun = Instant::now();
            let Ok(fault) = self.listen(&mut was_here).await else {
                return;
            };
            if was_here || !is_told {
                is_told = true;
                if self.tell.send(News::Gone(fault)).await.is_err() {
                    return;
                }
            }
            was_here = false;
            // One that takes us in and throws us out again must not be asked without a pause.
            pause = if begun.elapsed() > longest {
                first
            } else {
                (pause * 2).min(longest)
            };
            tokio::select! {
                () = sleep(jittered(pause)) => {}
                () = self.tell.closed() => return,
            }
        }
    }

    /// Subscribes and tells what comes, until that ends; why it did.
    async fn listen(&self, was_here: &mut bool) -> Result<Fault, Deaf> {
        let connection = match within(self.subscribed()).await {
            Ok(connection) => connection,
            Err(fault) => return Ok(fault),
        };
        *was_here = true;
        self.tell.send(News::Here).await.map_err(|_| Deaf)?;
        let (mut sink, mut messages) = connection.split();
        loop {
            let message = tokio::select! {
                message = timeout(PING, messages.next()) => message,
                () = self.tell.closed() => return Err(Deaf),
            };
            match message {
                Ok(Some(message)) => {
                    let news = News::Message {
                        channel: message.get_channel_name().into(),
                        payload: message.get_payload_bytes().into(),
                    };
                    self.tell.send(news).await.map_err(|_| Deaf)?;
                }
                Ok(None) => return Ok(Fault::Down("it closed the connection".to_owned())),
                // The kernel knows nothing of a host that has vanished.
                Err(_) => {
                    let ping = async { sink.ping::<redis::Value>().await.map_err(Fault::from) };
                    if let Err(fault) = within(ping).await {
                        return Ok(fault);
                    }
                }
            }
        }
    }

    async fn subscribed(&self) -> Result<PubSub, Fault> {
        let mut connection = self.place.client().get_async_pubsub().await?;
        if !self.channels.is_empty() {
            connection.subscribe(&self.channels).await?;
        }
        if !self.patterns.is_empty() {
            connection.psubscribe(&self.patterns).await?;
        }
        Ok(connection)
    }
}

async fn within<T>(asking: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(DEADLINE, asking)
        .await
        .unwrap_or_else(|_| Err(Fault::late()))
}
