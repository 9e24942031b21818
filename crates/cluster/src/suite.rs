//! The promises of an [`bellgate_hub::Adapter`], as one suite of tests for all of them.
