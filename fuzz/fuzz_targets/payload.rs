//! A polling body: the packets that are read, written again, are the same packets.
#![no_main]

use bellgate_wire::{Limits, Message, Packet, packets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    let limits = Limits {
        packets_per_payload: 20,
        ..Limits::default()
    };
    let read: Vec<_> = packets(body, &limits).collect();
    assert!(!read.is_empty() && read.len() <= limits.packets_per_payload + 1);
    let (last, others) = read.split_last().unwrap();
    assert!(
        others.iter().all(Result::is_ok),
        "nothing follows a refusal"
    );

    if let Ok(Packet::Binary(data)) = last {
        let message = Message::binary(data.to_vec().into());
        let again = std::str::from_utf8(message.polling()).unwrap();
        assert_eq!(packets(again, &limits).next().as_ref(), Some(last));
    }
});
