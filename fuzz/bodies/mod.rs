//! What must hold for any input, once for the fuzzer and once for `cargo test`.
//!
//! Each room has a function from bytes to nothing that panics when a promise is broken. The fuzz
//! targets (`fuzz/fuzz_targets/`, nightly) call it with bytes that libFuzzer makes up, the test
//! `tests/suite/corpus.rs` (stable) with the kept inputs of `fuzz/seeds/`. Only public functions of
//! the library are used. `limits` says how long a reading may take.

pub(crate) mod agent;
pub(crate) mod backlog;
pub(crate) mod config;
mod diagnostics;
pub(crate) mod journal;
mod limits;
mod night;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod say;

/// A body.
pub(crate) type Body = fn(&[u8]);

/// Every target by its name: that of its file in `fuzz_targets/` and of its folder in `seeds/`.
pub(crate) const TARGETS: [(&str, Body); 9] = [
    ("agent", agent::output),
    ("backlog", backlog::ticket),
    ("config", config::file),
    ("journal", journal::segment),
    ("journal_edit", journal::edited),
    ("policy", policy::file),
    ("report", report::texts),
    ("say", say::lines),
    ("story", agent::story),
];

/// Returns the parts of an input that holds several texts: a NUL stands between two.
fn parts(data: &[u8]) -> impl Iterator<Item = String> {
    data.split(|byte| *byte == 0)
        .map(|part| String::from_utf8_lossy(part).into_owned())
}
