//! The way to a Redis, or to what speaks like one: who keeps something there comes through here.
//!
//! A [`Place`] is read from a setting; [`Redis`] asks there, each time within a deadline, and knows
//! whether it [answers](Redis::is_up): one that does not is asked by nobody but a probe until it is back, so that
//! nobody waits for it. A [`Feed`](feed::Feed) is a subscription that comes back by itself and says when it was
//! gone. What is kept there is for others to know.
//!
//! Everything runs on the tokio runtime that [`Redis::open`] is given; answers may be awaited on any other.
//!
//! ```no_run
//! use bellgate_redis::{Place, Redis, cmd};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let place = Place::parse("BELLGATE_SESSION_REDIS_URL", "redis://localhost:6379/0")?;
//! let redis = Redis::open(place, &tokio::runtime::Handle::current())?;
//! let kept: Option<Vec<u8>> = redis.ask(cmd("GET").arg("session:1")).await?;
//! # Ok(())
//! # }
//! ```

mod client;
mod fault;
pub mod feed;
mod place;

pub use client::{DEADLINE, Redis, Stats};
pub use fault::Fault;
pub use place::{BadPlace, Place, SCHEMES};
pub use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, Value, cmd, pipe};
