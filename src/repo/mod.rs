//! git as storage.

pub mod id;
