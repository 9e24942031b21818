//! Waiting for something to become true, never for time to pass.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// How long anything may take that a server does at once. Far more than it needs, since a test may
/// share its machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The future's value, or a failed test that says what was waited for.
pub(crate) async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    timeout(limit, future)
        .await
        .unwrap_or_else(|_| panic!("not within {limit:?}: {what}"))
}

/// The value of something that the server does at once.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    within(SOON, what, future).await
}

/// Asks again and again until the answer is `None`; a failed test tells the last complaint.
pub(crate) async fn until(limit: Duration, mut complaint: impl AsyncFnMut() -> Option<String>) {
    let begun = Instant::now();
    while let Some(text) = complaint().await {
        assert!(begun.elapsed() < limit, "still after {limit:?}: {text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
