//! Rates: what was read reads the same when it is written, and an error points into the text.
#![no_main]

use bellgate_gate::limits::Rates;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Rates>() {
        Ok(rates) => assert_eq!(rates.to_string().parse::<Rates>().as_ref(), Ok(&rates)),
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.at)),
    }
});
