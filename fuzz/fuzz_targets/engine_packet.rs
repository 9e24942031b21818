//! One Engine.IO packet from any text.
#![no_main]

use bellgate_wire::Packet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(packet) = Packet::decode_text(text) {
        assert!(!packet.name().is_empty());
    }
});
