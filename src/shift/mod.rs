//! The night itself.
