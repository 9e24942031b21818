//! Simulated Engine.IO peers.
