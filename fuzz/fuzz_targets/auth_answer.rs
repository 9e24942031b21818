//! What the web application answers: nobody without a name, no end in the past, no message that breaks its
//! line, and the same each time.
#![no_main]

use bellgate_gate::identity::Said;
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_764_000_000;

fuzz_target!(|body: &[u8]| {
    let read = Said::read(body, NOW);
    assert_eq!(read, Said::read(body, NOW));
    if let Ok(Said::User(told)) = read {
        assert!(!told.user.is_empty());
        assert!(told.expires_at.is_none_or(|end| end > NOW));
        assert!(told.roles.iter().chain(&told.topics).all(|name| !name.is_empty()));
    }
    let Said::Refused { message } = Said::read_refusal(body) else {
        panic!("a refusal is one");
    };
    assert!(!message.is_empty() && !message.contains(char::is_control));
});
