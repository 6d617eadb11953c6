//! Tests decide.

pub mod verdict;
