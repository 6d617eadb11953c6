//! The night's append-only log.
