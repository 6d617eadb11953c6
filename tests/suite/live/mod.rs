//! Whole nights with real agent CLIs, at pinned versions from their registry, against the scripted
//! model: no account, no key, nothing on the network but the registry, and that once.
//!
//! [`install`] fetches them into a cache folder; [`agents`] is what each needs to find the model;
//! [`scenario`] is what all of them must live through. Where the registry cannot be reached, a line
//! says so, and the scenarios are skipped for that reason alone.
//!
//! `cargo test --test suite live::` · `NIGHTSHIFT_LIVE_CACHE=DIR` keeps the CLIs elsewhere.

mod agents;
mod install;
mod night;
mod scenario;
