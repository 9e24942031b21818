//! `.env` and `bellgate.toml`: any text comes to settings, and what is printed of them holds again.
#![no_main]

use bellgate::config::{Settings, Sources, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for sources in [
        Sources::new().with_dotenv(".env", text),
        Sources::new().with_toml("bellgate.toml", text),
    ] {
        let loaded = Settings::load(&sources);
        let printed = render::text(&loaded) + &render::json(&loaded);
        assert!(!printed.is_empty());
        for warning in &loaded.warnings {
            assert!(
                !warning.to_string().contains('\n'),
                "a warning is one line: {warning}"
            );
        }
        for fault in &loaded.fatal {
            assert!(
                !fault.to_string().contains('\n'),
                "a fault is one line: {fault}"
            );
        }
    }
});
