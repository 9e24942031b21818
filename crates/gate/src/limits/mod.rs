//! How often may this caller? Hits and `now` in, verdict out.
//!
//! [`Rates`] is Flask-Limiter's grammar, the only one in the project. A [`Limiter`] counts the hits of
//! many callers against one setting, by one of three [`Strategy`]s that count exactly as the `limits`
//! package does; an [`OffenceBook`] blocks those who go on. Both hold a bounded number of callers and
//! forget first who was silent longest. [`StorageKeys`] are the names under which `limits` keeps the
//! same counts in Redis, and `shared.rs` is how both count together. [`Blocks`] are those that an operator sets by hand.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use bellgate_gate::limits::{Bounds, Limiter, Rates, Strategy, Subject};
//!
//! # #[expect(clippy::disallowed_methods)]
//! # let now = Instant::now();
//! let rates: Rates = "2/second; 100 per 5 minutes".parse().unwrap();
//! let mut limiter = Limiter::new(&rates, Strategy::FixedWindow, Bounds::default());
//! let caller = Subject::address("2001:db8::1".parse().unwrap());
//!
//! assert!(limiter.handle_hit(&caller, 1, now).is_ok());
//! assert!(limiter.handle_hit(&caller, 1, now).is_ok());
//! let breach = limiter.handle_hit(&caller, 1, now).unwrap_err();
//! assert_eq!(breach.rate.to_string(), "2 per 1 second");
//! assert_eq!(breach.retry_after, Duration::from_secs(1));
//! ```
//!
//! Start reading in `rate.rs`; how a strategy counts is in `window.rs`.

mod blocks;
mod key;
mod limiter;
mod offences;
mod rate;
mod recent;
mod shared;
mod subject;
mod window;

pub use blocks::{Block, Blocks};
pub use key::{KeySpace, StorageKeys};
pub use limiter::{Bounds, Breach, Limiter, MOST_MOVING};
pub use offences::{OffenceBook, OffenceRules};
pub use rate::{Rate, RateError, Rates, Unit};
pub use shared::{Question, Shared, Untold};
pub use subject::{AddressBlock, Subject};
pub use window::{Stats, Strategy};
