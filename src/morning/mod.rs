//! What a human does to a night.
