//! A Cookie header: a value that is read, quoted and sent again, is the same value.
#![no_main]

use bellgate_gate::Cookies;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let cookies = Cookies::parse(header);
    for (name, value) in cookies.iter() {
        assert!(name.is_ascii() && !name.is_empty());
        assert_eq!(cookies.first(name), cookies.all(name).next());
        let quoted: String = value.bytes().map(|byte| format!("\\{byte:03o}")).collect();
        let again = Cookies::parse(format!("{name}=\"{quoted}\"").as_bytes());
        assert_eq!(again.first(name), Some(value));
    }
});
