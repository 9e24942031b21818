//! May this request in? Facts in, verdict out.
//!
//! [`RequestFacts`] reads what a request says of itself, once: its origin, where it came from and
//! through which proxies. [`origin::OriginPolicy`] is made from the settings, once. Then
//! [`origin::judge`] is the one function that decides, and [`origin::cors_headers`] writes what
//! the page's browser needs to read the answer, a refusal's too. Nothing here reads a clock, the
//! environment or a socket. [`Cookies`] and [`flask`] read what a Flask application and its
//! extensions keep of a visitor, and [`identity`] decides by that who connects; [`jwt`] judges
//! tokens; [`limits`] counts hits.
//!
//! ```
//! use bellgate_gate::origin::{OriginPolicy, OriginSettings, cors_headers, judge};
//! use bellgate_gate::{Peer, PeerAddr, RequestFacts, TrustedProxies};
//!
//! let (policy, notices) = OriginPolicy::build(&OriginSettings::default());
//! assert!(notices.is_empty());
//!
//! let (parts, ()) = http::Request::get("/socket.io/?EIO=4&transport=polling")
//!     .header("origin", "http://localhost:3000")
//!     .body(())
//!     .unwrap()
//!     .into_parts();
//! let peer = Peer { addr: PeerAddr::Ip("127.0.0.1:40000".parse().unwrap()), tls: false };
//! let facts = RequestFacts::read(&parts, &peer, &TrustedProxies::default());
//!
//! let verdict = judge(&policy, &facts);
//! let refusal = verdict.refusal.clone().unwrap();
//! assert_eq!(refusal.code().name(), "origin_port_mismatch");
//!
//! let mut headers = http::HeaderMap::new();
//! cors_headers(&policy, &facts, &verdict, &mut headers);
//! assert_eq!(headers["vary"], "Origin");
//! assert!(!headers.contains_key("access-control-allow-origin"));
//! ```
//!
//! Start reading in [`origin`]; the canonical form is in `canon.rs`.

mod canon;
mod cookie;
mod escape;
mod facts;
pub mod flask;
mod forwarded;
mod header;
mod host;
pub mod identity;
pub mod jwt;
pub mod limits;
mod notice;
pub mod origin;
mod peer;

pub use canon::{Origin, Scheme};
pub use cookie::Cookies;
pub use escape::escape_for_log;
pub use facts::{FetchMode, FetchSite, Preflight, RequestFacts};
pub use header::OriginHeader;
pub use notice::{Kind as NoticeKind, Notice};
pub use peer::{Peer, PeerAddr, TrustedProxies};
