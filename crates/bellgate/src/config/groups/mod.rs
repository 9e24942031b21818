//! The rows of the table, one file a group, each with the typed values that are made of them.
//!
//! To add a setting: write its row, add the field, read it in the group's `take`. A test fails
//! when one of the three is missing.

pub mod api;
pub mod app;
pub mod clients;
pub mod cluster;
pub mod identity;
pub mod inbox;
pub mod limits;
pub mod listen;
pub mod logging;
pub mod origins;
pub mod rates;
pub mod sessions;
pub mod tokens;
pub mod webhooks;
