//! Whether two write scopes may touch the same file.

/// Returns whether two lists of globs may name the same file; stand-in.
pub fn overlap(a: &[String], b: &[String]) -> bool {
    a.iter().any(|a| b.contains(a))
}
