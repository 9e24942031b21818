//! JSON texts: what is an array here can be split, and its parts are JSON of their own.
#![no_main]

use bellgate_wire::{Arguments, Limits, SocketPacket, validate_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits {
        json_depth: 128,
        ..Limits::default()
    };
    let is_valid = validate_json(text, 128).is_ok();
    // The arguments of an ack; the blank keeps digits out of its id.
    let ack = format!("30 {text}");
    match SocketPacket::decode(&ack, &limits) {
        Ok(packet) => {
            assert!(is_valid);
            for element in &packet.args {
                assert!(validate_json(element, 128).is_ok());
            }
            let joined: Arguments = packet.args.iter().copied().collect();
            let again = format!("30{}", joined.array());
            let read = SocketPacket::decode(&again, &limits).unwrap();
            assert_eq!(read.args.as_slice(), packet.args.as_slice());
        }
        // Beside what is no array, only the number of elements is refused.
        Err(_) => assert!(
            !is_valid || !text.trim_start().starts_with('[') || text.matches(',').count() >= 1024
        ),
    }
});
