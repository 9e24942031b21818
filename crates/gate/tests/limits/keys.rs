//! The names that `limits` gives its counts.

use bellgate_gate::limits::{KeySpace, Strategy};

use crate::rates;

#[test]
fn a_count_lies_where_limits_looks_for_it() {
    let own = KeySpace::default();
    let prefixed = KeySpace {
        prefix: "myapp".to_owned(),
        ..KeySpace::default()
    };
    let other = KeySpace {
        storage: "OTHER".to_owned(),
        ..KeySpace::default()
    };
    let rates = rates("10/5 minutes");
    let rate = &rates.as_slice()[0];
    for (space, strategy, current, previous) in [
        (
            &own,
            Strategy::FixedWindow,
            "LIMITS:LIMITER/::1/a.b/10/5/minute",
            None,
        ),
        (
            &prefixed,
            Strategy::MovingWindow,
            "LIMITS:LIMITER/myapp/::1/a.b/10/5/minute",
            None,
        ),
        (
            &other,
            Strategy::SlidingWindowCounter,
            "OTHER:{LIMITER/::1/a.b/10/5/minute}",
            Some("OTHER:{LIMITER/::1/a.b/10/5/minute}/-1"),
        ),
    ] {
        let keys = space.keys("::1", "a.b", rate, strategy);
        assert_eq!(keys.current, current);
        assert_eq!(keys.previous.as_deref(), previous);
    }
}
