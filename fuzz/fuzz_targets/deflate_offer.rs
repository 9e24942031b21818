//! A Sec-WebSocket-Extensions header, and a key: both come from headers of strangers.
#![no_main]

use bellgate_wire::{accept_key, negotiate_deflate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(answer) = negotiate_deflate(text) {
        assert!(text.to_ascii_lowercase().contains("permessage-deflate"));
        assert_eq!(
            negotiate_deflate(answer),
            Some(answer),
            "our answer is an offer we would take"
        );
    }
    if let Ok(accept) = accept_key(text) {
        assert_eq!(accept.len(), 28);
    }
});
