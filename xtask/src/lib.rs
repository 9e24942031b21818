//! The part of the project's own commands that tests share: [`vectors`] judges proven cases,
//! [`signing`] makes values as a Flask application does.

pub mod signing;
pub mod vectors;
