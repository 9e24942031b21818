//! JSON texts: what is an array here can be split, and its parts are JSON of their own.
#![no_main]

use bellgate_wire::{split_array, validate_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let is_valid = validate_json(text, 128).is_ok();
    match split_array(text) {
        Ok(elements) => {
            assert!(is_valid);
            for element in &elements {
                assert!(validate_json(element, 128).is_ok());
            }
            let joined = format!("[{}]", elements.join(","));
            assert_eq!(split_array(&joined).as_ref(), Ok(&elements));
        }
        Err(_) => assert!(!is_valid || !text.trim_start().starts_with('[')),
    }
});
