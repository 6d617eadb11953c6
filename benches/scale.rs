//! Whole-process figures at scale.

fn main() {}
