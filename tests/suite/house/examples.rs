//! Small houses, good and bad: a check that cannot fail is a defect.

use std::fmt::Write;

use super::{
    modules::{self, forgotten},
    rules::violations,
    source::Source,
};

fn house(files: &[(&str, &str)]) -> Vec<Source> {
    let parse = |(path, text): &(&str, &str)| Source::parse(path, &format!("//! A file.\n{text}"));
    files.iter().map(parse).collect()
}

/// Checks the violations of a house; line 1 of every file is its header.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let dependencies = ["serde", "thiserror", "serde_json", "jiff", "git2"];
    let dependencies = dependencies.map(str::to_owned).into();
    assert_eq!(violations(&house(files), &dependencies), expected);
}

#[test]
fn lower_floors_own_room_and_facts_are_free() {
    check(
        &[
            ("lib.rs", "pub mod cli; pub mod gate; use crate::cli::run;"),
            ("main.rs", "fn main() { nightshift::cli::run() }"),
            (
                "cli/mod.rs",
                "mod run; pub use run::Run; pub(crate) use self::run::go;",
            ),
            (
                "cli/run.rs",
                "use super::Run; use crate::{clock::{self, Now}, gate::verdict::Class};
                 pub(in crate::cli) fn f(_: crate::journal::Record) {}",
            ),
            ("gate/mod.rs", "mod run; pub mod verdict;"),
            (
                "gate/run.rs",
                "use crate::{harness::event::Ending, process::Spec};",
            ),
            (
                "gate/verdict.rs",
                "use std::{fmt, time::Duration};
                 use serde::{Deserialize, Serialize};
                 use crate::repo::id::TreeId;
                 mod parts { use super::Duration; }
                 #[derive(thiserror::Error)] enum E {}
                 impl fmt::Display for TreeId {}",
            ),
            (
                "machine/state.rs",
                "use jiff::Timestamp;
                 use crate::{clock::{BootTime, Now}, machine::event::Event, say::utterance};",
            ),
        ],
        &[],
    );
}

#[test]
fn a_higher_floor_is_found_however_it_is_named() {
    for named in [
        "use crate::shift::run;",
        "use crate::{shift::{self, Night as N}};",
        "use super::super::shift::run;",
        "use crate::shift::*;",
        "pub use crate::shift as other;",
        "fn f() { crate::shift::run(); }",
        "fn f(_: Vec<Option<crate::shift::Night>>) {}",
        "fn f() -> impl super::super::shift::Run {}",
        "impl crate::shift::Run for X {}",
        "fn f() { println!(\"{}\", [crate::shift::run()]); }",
        "macro_rules! m { () => { $crate::shift::run() } }",
        "#[serde(with = \"crate::shift\")] struct S;",
        "struct S { #[serde(default = \"crate::shift::run\")] a: u8 }",
        "#[expect(dead_code)] #[derive(crate::shift::Run)] struct S;",
        "#[cfg(not(test))] use crate::shift::run;",
        "#[cfg(any(test, unix))] use crate::shift::run;",
        "mod inner { use super::super::super::shift::run; }",
    ] {
        let found = "src/journal/read.rs:2: `journal` (floor 5) imports `shift` (floor 6)";
        let source = house(&[("journal/read.rs", named)]);
        let mut all = violations(&source, &[].into());
        all.dedup();
        assert_eq!(all, [found], "{named}");
    }
}

#[test]
fn rooms_of_one_floor_do_not_know_each_other() {
    check(
        &[
            ("report/model.rs", "\n\nuse crate::journal::Record;"),
            ("layout.rs", "fn f() { crate::config::read() }"),
        ],
        &[
            "src/report/model.rs:4: `report` (floor 5) imports `journal` (floor 5)",
            "src/layout.rs:2: `layout` (floor 1) imports `config` (floor 1)",
        ],
    );
}

#[test]
fn what_is_in_no_room_is_found() {
    check(
        &[
            ("util.rs", ""),
            ("journal/read.rs", "use crate::util::f; use crate::*;"),
        ],
        &[
            "src/util.rs:1: belongs to no room of the floor table",
            "src/journal/read.rs:2: `crate::util` is no room of the floor table",
            "src/journal/read.rs:2: `crate::*` is no room of the floor table",
        ],
    );
}

#[test]
fn a_fact_file_knows_facts_only() {
    check(
        &[(
            "gate/verdict.rs",
            "use super::run::Run;
             use crate::clock::Now;
             use jiff::Zoned;
             use std::{fs, time::Duration};
             fn f(_: serde_json::Value) { serde_json::to_string(&1); vec![std::env::var(\"A\")]; }",
        )],
        &[
            "src/gate/verdict.rs:2: a fact file imports `crate::gate::run::Run`, no fact",
            "src/gate/verdict.rs:3: a fact file imports `crate::clock::Now`, no fact",
            "src/gate/verdict.rs:4: a fact file uses `jiff::Zoned`",
            "src/gate/verdict.rs:5: a fact file uses `std::fs`",
            "src/gate/verdict.rs:6: a fact file uses `serde_json::to_string`",
            "src/gate/verdict.rs:6: a fact file uses `std::env::var`",
        ],
    );
}

#[test]
fn the_machine_is_pure() {
    check(
        &[(
            "machine/state.rs",
            "use crate::gate::Runner;
             use crate::clock;
             fn f() { crate::clock::now(); }
             use std::path::Path; use std::io::Read;
             use git2::Repository;
             async fn g() {}
             fn h() { async { 1 }; }
             fn i() { x.await; }",
        )],
        &[
            "src/machine/state.rs:2: the machine imports `crate::gate::Runner`, no fact",
            "src/machine/state.rs:3: the machine imports `crate::clock`, no fact",
            "src/machine/state.rs:4: the machine imports `crate::clock::now`, no fact",
            "src/machine/state.rs:5: the machine uses `std::io::Read`",
            "src/machine/state.rs:6: the machine uses `git2::Repository`",
            "src/machine/state.rs:7: the machine waits for nothing",
            "src/machine/state.rs:8: the machine waits for nothing",
            "src/machine/state.rs:9: the machine waits for nothing",
        ],
    );
}

#[test]
fn circles_are_found_also_between_facts() {
    check(
        &[
            ("gate/verdict.rs", "use crate::repo::id::TreeId;"),
            ("repo/id.rs", "use crate::say::utterance::Question;"),
            ("say/utterance.rs", "\nuse crate::gate::verdict::Class;"),
            ("process/spec.rs", "use crate::clock::Now;"),
            ("clock.rs", "\n\nuse crate::process::Spec;"),
        ],
        &[
            "src/clock.rs:4: `clock` (floor 0) imports `process` (floor 1)",
            "src/process/spec.rs:2: a circle: clock → process → clock",
            "src/say/utterance.rs:3: a circle: gate::verdict → repo::id → say::utterance → gate::verdict",
        ],
    );
}

#[test]
fn tests_may_import_what_they_like() {
    check(
        &[
            (
                "journal/mod.rs",
                "#[cfg(test)] mod crash; #[cfg(test)] mod tests { fn f() {} }",
            ),
            ("journal/crash.rs", "use crate::shift::run; fn f() {}"),
            ("journal/crash/disk.rs", "use crate::shift::run;"),
            (
                "journal/read.rs",
                "#[cfg(test)] use crate::shift::run;
                 #[cfg(all(test, unix))] mod tests { use crate::cli::run; }
                 #[test] fn t() { crate::shift::run() }
                 impl S { #[cfg(test)] fn t() { crate::shift::run() } }",
            ),
        ],
        &[],
    );
}

#[test]
fn a_mod_file_declares_and_re_exports() {
    check(
        &[(
            "gate/mod.rs",
            "#![warn(clippy::indexing_slicing)]
             mod run;
             pub use run::Run;
             fn f() {}
             impl Run {}
             pub struct S;
             mod inline { fn g() {} }",
        )],
        &[
            "src/gate/mod.rs:5: a `mod.rs` only declares and re-exports",
            "src/gate/mod.rs:6: a `mod.rs` only declares and re-exports",
            "src/gate/mod.rs:7: a `mod.rs` only declares and re-exports",
            "src/gate/mod.rs:8: a `mod.rs` only declares and re-exports",
        ],
    );
}

#[test]
fn a_file_says_what_it_is_for_and_is_where_it_seems() {
    for text in [
        "",
        "fn f() {}",
        "// A comment.\n",
        "//!\nfn f() {}",
        "/// An item.\nfn f() {}",
    ] {
        let found = violations(&[Source::parse("layout.rs", text)], &[].into());
        assert_eq!(
            found,
            ["src/layout.rs:1: does not begin with a `//!` header"]
        );
    }
    check(
        &[("gate/run.rs", "#[path = \"../elsewhere.rs\"] mod other;")],
        &["src/gate/run.rs:2: `#[path]` hides which file a module is"],
    );
}

#[test]
fn only_code_counts() {
    let text = "//! A header.
//! Of two lines.

#![expect(dead_code)]

/// A comment.
/* Another,
   of two lines. */
fn f() {
    // Why.

    let _ = \"a text
        of two lines\";
} // Behind code.
/** Old
    style. */
#[doc(hidden)]
const A: u8 = 1;

#[cfg(test)]
mod tests {
    #[test]
    fn t() {}
}
";
    assert_eq!(Source::parse("layout.rs", text).code_lines, 7);
}

fn lines(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        writeln!(text, "const C{n}: u8 = 0;").unwrap();
        text
    })
}

#[test]
fn large_files_are_few_and_none_is_huge() {
    let (plain, large, largest, huge) = (lines(400), lines(401), lines(500), lines(501));
    let rest: Vec<String> = (0..10).map(|n| format!("report/part_{n}.rs")).collect();
    let with = |path: &str, text: &str, rest_of: &str| {
        let files: Vec<(&str, &str)> = rest.iter().map(|path| (&**path, rest_of)).collect();
        check(&files, &[]);
        let source = house(&[&files[..], &[(path, text)]].concat());
        violations(&source, &[].into())
    };
    assert_eq!(with("report/a.rs", &largest, &plain), [""; 0]);
    assert_eq!(
        with("report/a.rs", &huge, &plain),
        ["src/report/a.rs:1: 501 lines of code, more than 500"]
    );
    assert_eq!(
        with("report/a.rs", &large, &lines(100)),
        [
            "src: 401 of 1401 lines of code, more than 15 %, are in files above 400: report/a.rs (401)"
        ]
    );
}

#[test]
fn a_file_that_no_module_names_is_found() {
    let house = house(&[
        ("lib.rs", "mod gate; mod inline { mod deep; }"),
        ("main.rs", ""),
        ("bin/tool.rs", ""),
        ("gate/mod.rs", "#[cfg(test)] mod tests;"),
        ("gate/tests.rs", "mod more;"),
        ("gate/tests/more.rs", ""),
        ("inline/deep.rs", ""),
        ("gate/old.rs", "mod child;"),
        ("gate/old/child.rs", ""),
        ("gone.rs", ""),
    ]);
    assert_eq!(
        forgotten(&house, &["lib.rs", "main.rs"]),
        ["gate/old.rs", "gate/old/child.rs", "gone.rs"]
    );
    let test_only: Vec<String> = modules::test_only(&house).into_iter().collect();
    assert_eq!(test_only, ["gate/tests.rs", "gate/tests/more.rs"]);
}
