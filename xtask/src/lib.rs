//! The part of the project's own commands that tests share: [`vectors`] judges proven cases.

pub mod vectors;
