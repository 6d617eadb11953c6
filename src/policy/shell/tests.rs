//! What a line is read as.

use super::{Opaque, calls, calls_of};

/// Returns the calls of a line, with `?` and the reason behind one that cannot be judged.
fn read(line: &str) -> Vec<String> {
    let show = |call: super::Call| match call.opaque {
        Some(reason) => format!("{} ?{reason:?}", call.text),
        None => call.text,
    };
    calls(line).into_iter().map(show).collect()
}

#[track_caller]
fn check(table: &[(&str, &[&str])]) {
    for (line, expected) in table {
        assert_eq!(read(line), *expected, "{line}");
    }
}

#[test]
fn every_command_of_a_line_is_found() {
    check(&[
        ("", &[]),
        ("# only a comment", &[]),
        ("a && b || c; d & e | f", &["a", "b", "c", "d", "e", "f"]),
        ("(a; { b; }) > c", &["a", "b", "> c"]),
        (
            "if a; then b; elif c; then d; else e; fi",
            &["a", "b", "c", "d", "e"],
        ),
        ("while a; do b; done < c", &["a", "b", "< c"]),
        ("f() { a; }; function g { b; }", &["a", "b"]),
        (
            "case $x in a|b) c;; (d) e;& *) f; esac; g",
            &[
                "case $x", "case a b", "c", "case d", "e", "case *", "f", "g",
            ],
        ),
        ("! time -p a", &["a"]),
        ("[[ -n $(a) && x =~ (b|c) ]]", &["a", "[[ -n $(…) x =~ b c"]),
        (
            "(( x = $(a) )); echo $((1 << 2))",
            &["a", "((  x = $(…)", "echo $((…))"],
        ),
        (
            "echo \"$(a \"$(b)\")\" `c \\`d\\``",
            &["b", "a $(…)", "d", "c $(…)", "echo $(…) $(…)"],
        ),
        ("a <(b) > >(c)", &["b", "c", "a <(…)"]),
        ("cat <<X; b\n$(c) `d`\nX\ne", &["c", "d", "cat", "b", "e"]),
        ("cat <<'X'\n$(c)\nX\ne", &["cat", "e"]),
        ("a=$(cat <<X\nit's\nX\n)\nb", &["a=$(…)", "cat", "b"]),
        ("echo a#b #c\nd", &["echo 'a#b'", "d"]),
        ("a \\\n  b", &["a b"]),
    ]);
}

#[test]
fn words_are_written_in_one_way() {
    check(&[
        (r#"g""it 'pu'"sh" \-f"#, &["git push -f"]),
        (r"$'\x67\151\u0074'", &["git"]),
        (
            "echo 'a b' c\\ d \"it's\"",
            &[r"echo 'a b' 'c d' 'it'\''s'"],
        ),
        ("a{b,c{d,e}}f", &["abf acdf acef"]),
        (
            "rm ~/x \"$HOME\"/x ${HOME}/y//./z/../w",
            &["rm ~/x ~/x ~/y/w"],
        ),
        ("ls $PWD/a", &["ls ./a"]),
        (
            "a >b 2>>c &>d <e 3<f 2>&1 >/dev/null",
            &["< e", "< f", "> b", "> c", "> d", "a"],
        ),
    ]);
}

#[test]
fn values_of_the_line_itself_are_put_in() {
    check(&[
        ("A=x; $A", &["A=x", "x"]),
        ("A='git push'; $A", &["A=git push", "git push"]),
        (
            "for v in a b; do git $v; done",
            &["v=a", "v=b", "git a", "git b"],
        ),
        (
            "while :; do git $v; v=push; done",
            &[":", "git push", "v=push"],
        ),
        ("A=x cmd $A", &["A=x", "cmd $A"]),
        ("export A=x; echo $A", &["A=x", "export A=x", "echo x"]),
        ("${X:-make} all", &["make all"]),
        ("read A; $A", &["read A", "$A ?Name"]),
        ("A=$(x); git $A", &["A=$(…)", "x", "git $A ?Verb"]),
    ]);
}

#[test]
fn what_runs_another_command_is_looked_through() {
    check(&[
        (
            "env -i A=1 nohup timeout -k 5 9 nice -n 3 x -y",
            &["A=1", "x -y"],
        ),
        ("sudo -u me x", &["sudo -u me x", "x"]),
        ("command -v git", &["command -v git"]),
        (
            "find a -name b -exec c {} + -o -execdir d \\;",
            &[
                "c $item",
                "d",
                "find a -name b -exec c {} + -o -execdir d ';'",
            ],
        ),
        ("echo a | xargs -n 1 b", &["echo a", "b a"]),
        ("ls | xargs -I % b % c", &["ls", "b $item c"]),
        (
            "git -C a --git-dir=b -c c.d=e --no-pager log",
            &["git -c c.d=e", "git log"],
        ),
        (
            "git -c alias.p='push -f' p x",
            &["git -c 'alias.p=push -f'", "git push -f x"],
        ),
        (
            "python3.12 -m twine upload",
            &["python -m twine upload", "twine upload"],
        ),
        (
            "docker run --rm -v a:b img x",
            &["docker run --rm -v a:b img x", "x"],
        ),
        (
            "/usr/local/bin/x; node_modules/.bin/y; ./z",
            &["x", "y", "./z"],
        ),
    ]);
}

#[test]
fn texts_that_are_run_are_read() {
    check(&[
        ("bash -lc 'a; b'", &["a", "b"]),
        ("bash -o pipefail -c a", &["a"]),
        ("bash a.sh -c", &["bash a.sh -c"]),
        ("sh <<X\na\nX", &["a"]),
        ("printf '%s\\n' a b | sh", &["printf '%s\\n' a b", "a", "b"]),
        ("eval a b", &["a b", "eval a b"]),
        ("trap a EXIT", &["a", "trap a EXIT"]),
        (
            "cat > x.sh <<E\na\nE\nsh x.sh",
            &["> x.sh", "cat", "a", "sh x.sh"],
        ),
        (
            "cd a; (cd ..; rm b); rm c",
            &["cd a", "cd ..", "rm b", "rm a/c"],
        ),
        ("psql -c 'drop table x'", &["psql -c 'drop table x'"]),
    ]);
    let code = &calls("python -c 'os.system(\"a b\")'");
    assert_eq!(code.last().unwrap().text, "a b");
    assert!(code.first().unwrap().data.is_empty(), "code is no data");
    let data = calls("echo 'a b'").remove(0).data;
    assert_eq!(data.first(), Some(&(5..10)));
}

#[test]
fn what_cannot_be_known_is_said_to_be_so() {
    for (line, reason) in [
        ("$X y", Opaque::Name),
        ("$(x) y", Opaque::Name),
        ("/bin/l? y", Opaque::Name),
        ("git $X", Opaque::Verb),
        ("echo x | xargs -a f git", Opaque::Verb),
        ("eval \"$X\"", Opaque::Text),
        ("sh -c \"$(x)\"", Opaque::Text),
        ("x | sh", Opaque::Input),
        ("(echo x) | sh", Opaque::Input),
        ("bash <(x)", Opaque::Input),
        ("x | python -", Opaque::Input),
        ("bash", Opaque::Input),
        ("curl -o x y; sh x", Opaque::Input),
        ("a 'b", Opaque::Syntax),
        ("a $(b", Opaque::Syntax),
        ("(a", Opaque::Syntax),
        ("a )", Opaque::Syntax),
        ("coproc a", Opaque::Syntax),
    ] {
        let reasons: Vec<_> = calls(line)
            .into_iter()
            .filter_map(|call| call.opaque)
            .collect();
        assert!(reasons.contains(&reason), "{line}: {reasons:?}");
    }
    for line in [
        "x | python -m json.tool",
        "x | node -e 1",
        "cat x | sh",
        "sh x.sh",
        "a | b",
        "$X/bin/a",
    ] {
        let opaque = calls(line).into_iter().find_map(|call| call.opaque);
        assert_eq!(opaque, None, "{line}");
    }
}

#[test]
fn words_that_are_given_one_by_one_are_not_split() {
    let texts = |words: &[&str]| -> Vec<String> {
        calls_of(words).into_iter().map(|call| call.text).collect()
    };
    assert_eq!(texts(&["git", "push"]), ["git push"]);
    assert_eq!(texts(&["bash", "-lc", "a; b"]), ["a", "b"]);
    assert_eq!(texts(&["echo", "a; b", "$X"]), ["echo 'a; b' $X"]);
}

#[test]
fn paths_are_found_and_made_plain() {
    let paths = |line: &str| -> Vec<String> {
        calls(line)
            .into_iter()
            .flat_map(|call| call.paths)
            .collect()
    };
    assert_eq!(paths("cat -n a//b/./c ../d"), ["a/b/c", "../d"]);
    assert_eq!(paths("x --file=/e/../f -v g"), ["/f", "g"]);
    assert_eq!(paths("curl -d @/a/b"), ["/a/b"]);
    assert_eq!(paths("grep a/b c/d"), ["c/d"]);
    assert_eq!(paths("echo /a/b"), [""; 0]);
    assert_eq!(paths("cd a; cat b"), ["a", "a/b"]);
    assert_eq!(paths("python -c 'open(\"/a/b\")'"), ["open", "/a/b"]);
}
