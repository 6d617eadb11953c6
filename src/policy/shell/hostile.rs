//! Texts that nobody writes by accident: reading them ends, and takes them for what they are.

use proptest::prelude::*;

use super::{LONGEST, Opaque, calls, calls_of};

/// Texts on which a reader that recurses or goes back would never end.
#[test]
fn hostile_texts_are_bounded() {
    for unit in [
        "$(",
        "$((",
        "((",
        "(",
        "{ ",
        "if ",
        "`",
        "\"$(",
        "${a:-",
        "\"${a:-",
        "<(",
        "case x in ",
        "[[ ",
        "{a,",
        "{a,b}",
        "$a ",
        "a|",
        "<<a ",
        "bash -c ",
        "bash -c '",
        "env ",
        "eval ",
        "x=1 ",
        "'",
        "\\",
        "a() ",
        "for a in b; do ",
        "find -exec ",
        "git -c alias.a=a a ",
        "!(",
        "a=(",
        "function a ",
    ] {
        for count in [10, 100, 3000] {
            let line = unit.repeat(count);
            assert!(calls(&line).len() <= 256, "{unit}");
            assert!(
                calls(&format!("bash <<E\n{line}\nE")).len() <= 256,
                "{unit}"
            );
            let closed = format!("{line}x{}", ")".repeat(count));
            assert!(calls(&closed).len() <= 256, "{unit}");
        }
    }
    let values = "X=a; X=b; X=c; X=d; ".to_owned() + &"bash -c \"$X; ".repeat(10);
    assert!(calls(&values).len() <= 256);
    let long = "a".repeat(LONGEST + 1);
    assert_eq!(calls(&long).first().unwrap().opaque, Some(Opaque::TooDeep));
    assert_eq!(
        calls_of(&[&long]).first().unwrap().opaque,
        Some(Opaque::TooDeep)
    );
    let names: Vec<String> = (0..400).map(|n| format!("a{n}")).collect();
    let many = names.join("; ");
    let calls = calls(&many);
    assert_eq!(calls.len(), 256);
    assert_eq!(calls.last().unwrap().opaque, Some(Opaque::TooDeep));
}

fn shell_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "git",
            "push",
            " ",
            " ",
            "\n",
            ";",
            "&&",
            "|",
            "(",
            ")",
            "{ ",
            " }",
            "$(",
            "`",
            "\"",
            "'",
            "$X",
            "X=",
            "${",
            "}",
            "<<E\n",
            "\nE\n",
            "<(",
            ">",
            "<",
            "#",
            "\\",
            "[[ ",
            " ]]",
            "((",
            "))",
            "case x in ",
            "esac",
            "if ",
            "fi",
            "for x in ",
            "do ",
            "done",
            "bash -c ",
            "eval ",
            "xargs ",
            "find . -exec ",
            "\\;",
            "python -c ",
            "env ",
            "sudo ",
            "*",
            "~",
            "{a,b}",
            "-c ",
            "$'",
            "\\x67",
            "$((",
            "f() ",
            "ü",
            "𝄞",
        ])
        .prop_map(str::to_owned),
        "[a-z ]{0,4}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn holds(line: &str) {
    let calls = calls(line);
    assert!(calls.len() <= 256);
    for call in &calls {
        assert!(!call.text.contains('\n'), "{line:?}: {:?}", call.text);
        for data in &call.data {
            let word = call.text.get(data.clone()).unwrap();
            assert!(word.starts_with('\'') && word.ends_with('\''), "{line:?}");
        }
    }
    assert_eq!(calls, super::calls(line));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_reader(line in ".{0,200}") {
        holds(&line);
    }

    #[test]
    fn no_line_breaks_the_reader(line in shell_like()) {
        holds(&line);
    }

    #[test]
    fn plain_words_stay_as_they_are(words in prop::collection::vec("[a-z0-9./-]{1,8}", 0..6)) {
        let line = ["tool".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ");
        let texts: Vec<String> = calls(&line).into_iter().map(|call| call.text).collect();
        prop_assert_eq!(texts, [line]);
    }

    #[test]
    fn quoted_words_hide_nothing_and_run_nothing(text in "[ -~]{0,40}") {
        let quoted = format!("echo '{}' && git push", text.replace('\'', r"'\''"));
        let texts: Vec<String> = calls(&quoted).into_iter().map(|call| call.text).collect();
        prop_assert_eq!(texts.len(), 2);
        prop_assert_eq!(texts.last().map(String::as_str), Some("git push"));
    }
}
