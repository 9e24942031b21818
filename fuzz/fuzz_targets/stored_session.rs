//! What a store holds for Flask-Session: never a pickle, and the same session each time.
#![no_main]

use bellgate_gate::flask::{Fault, StoredSessions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let sessions = StoredSessions::new("session:", None);
    let read = sessions.read("id", value);
    if let [0x80, 2..=5, ..] = value {
        assert_eq!(read, Err(Fault::Pickle));
    }
    if let Ok(Some(session)) = &read {
        assert!(session.expires_at().is_none());
    }
});
