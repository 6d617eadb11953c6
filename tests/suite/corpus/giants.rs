//! Inputs that are too large to keep, and patterns that make a slow parser slow: what is quadratic
//! takes minutes here.

const KIB: usize = 1024;
const BLOCK: usize = 64 * KIB;
/// A few lines that unfold to a billion values.
const BOMB: &str = "\
a: &a [x,x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]
f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]
h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]
i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h,*h]
";
const MANY: usize = 10 * KIB * KIB;

/// Returns the inputs of a target, by name.
pub(super) fn of(target: &str) -> Vec<(&'static str, Vec<u8>)> {
    let texts = match target {
        "agent" => agent(),
        "backlog" => backlog(),
        "config" => toml(),
        "journal" => journal(),
        "policy" => policy(),
        "report" => report(),
        "say" => say(),
        "story" => story(),
        _ => Vec::new(),
    };
    texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect()
}

type Texts = Vec<(&'static str, String)>;

/// Returns a piece so often that about so many bytes come of it.
fn times(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

/// Returns what `piece` makes of the numbers from 0, until there are so many bytes.
fn numbered(bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        text.push_str(&piece(number));
        if text.len() >= bytes {
            break;
        }
    }
    text
}

fn front(block: &str) -> String {
    format!("---\n{block}\n---\nDo it.\n")
}

fn backlog() -> Texts {
    const FRONT: usize = 60 * KIB;
    let body = |text: String| format!("# A title\n\n{text}\n");
    vec![
        ("10 MiB in a line", times("x", MANY)),
        ("a body in a line", body(times("x", BLOCK))),
        ("as large as may be", body(times("word ", 1000 * KIB))),
        (
            "dependencies",
            front(&format!(
                "depends_on: [{}]",
                numbered(FRONT, |n| format!("t{n}, "))
            )),
        ),
        (
            "bad dependencies",
            front(&format!(
                "depends_on: [{}]",
                numbered(FRONT, |n| format!("t/{n}, "))
            )),
        ),
        (
            "one dependency",
            front(&format!("depends_on: [{}]", times("a, ", FRONT))),
        ),
        (
            "paths",
            front(&format!("paths: [{}]", times("\"{a,b}/**\", ", FRONT))),
        ),
        (
            "bad paths",
            front(&format!("paths: [{}]", times("\"[\", ", FRONT))),
        ),
        ("keys", front(&numbered(FRONT, |n| format!("k{n}: v\n")))),
        ("the same key", front(&times("k: v\n", FRONT))),
        (
            "a yaml bomb",
            front(&format!("x: [{}]\n{BOMB}", times("x, ", 58 * KIB))),
        ),
        (
            "yaml lists in lists",
            front(&format!("k: {}", times("[", FRONT))),
        ),
        (
            "yaml items in items",
            front(&format!("k:\n{}x", times("- ", FRONT))),
        ),
        ("yaml maps in maps", front(&times("{a: ", FRONT))),
        ("yaml keys", front(&times("? ", FRONT))),
        (
            "yaml quotes",
            front(&format!("k: \"{}\"", times("\\u2028", FRONT))),
        ),
        (
            "yaml anchors",
            front(&numbered(FRONT, |n| format!("k{n}: &a{n} x\n"))),
        ),
        (
            "yaml aliases",
            front(&format!("a: &a [x]\nk: [{}]", times("*a, ", FRONT))),
        ),
        (
            "toml lists",
            format!("+++\nk = {}\n+++\nDo it.\n", times("[", FRONT)),
        ),
        (
            "toml keys",
            format!(
                "+++\n{}\n+++\nDo it.\n",
                numbered(FRONT, |n| format!("a.b{n}.c = 1\n"))
            ),
        ),
        ("dashes", times("---\n", BLOCK)),
        ("quotes", body(times("> ", BLOCK))),
        ("items", body(times("- ", BLOCK))),
        ("brackets", body(times("[", BLOCK))),
        ("images", body(times("![", BLOCK))),
        ("links", body(times("[a](", BLOCK))),
        ("emphasis", body(times("*a_ ", BLOCK))),
        ("stars", body(times("*", BLOCK))),
        ("comments", body(times("<!--", BLOCK))),
        ("declarations", body(times("<!A ", BLOCK))),
        ("elements", body(times("<a b=", BLOCK))),
        ("ticks", body(numbered(BLOCK, |n| "`".repeat(n + 1) + " "))),
        (
            "references",
            body(numbered(BLOCK, |n| format!("[{n}]: x\n"))),
        ),
        ("tables", body(times("|-", BLOCK))),
        ("headings", body(times("# a\n", BLOCK))),
        (
            "checks",
            body(times("## Acceptance\n```sh\nx\n```\n", BLOCK)),
        ),
        ("fences", body(times("```\n", BLOCK))),
        ("backslashes", body(times("\\", BLOCK))),
    ]
}

fn toml() -> Texts {
    vec![
        ("10 MiB in a line", times("x", MANY)),
        ("a comment", format!("#{}", times("x", 8 * BLOCK))),
        ("lists", format!("x = {}", times("[", BLOCK))),
        ("tables in tables", format!("x = {}", times("{a=", BLOCK))),
        ("a dotted key", times("a.", BLOCK)),
        ("unknown keys", numbered(BLOCK, |n| format!("k{n} = 1\n"))),
        ("unknown sections", numbered(BLOCK, |n| format!("[s{n}]\n"))),
        (
            "harnesses",
            numbered(BLOCK, |n| format!("[harness.h{n}]\ncommand = [\"x\"]\n")),
        ),
        (
            "globs",
            format!("[gate]\nprotect = [{}]", times("\"{a,b}/**\", ", BLOCK)),
        ),
        (
            "a glob",
            format!("[gate]\nprotect = [\"{}\"]", times("{a,", BLOCK)),
        ),
    ]
}

fn policy() -> Texts {
    let rule = |n: usize, any: &str| {
        format!(
            "[[rule]]\nid = \"r{n}\"\non = [\"ticket\"]\nany = [{any}]\naction = \"park\"\nbecause = \"b\"\n"
        )
    };
    let contract = rule(0, "'(?i)\\b(alter|drop)\\s+table\\b'");
    let mut texts = toml();
    texts.extend([
        ("rules", numbered(BLOCK, |n| rule(n, "'a'"))),
        ("rules of one name", numbered(BLOCK, |_| rule(0, "'a'"))),
        ("patterns", rule(0, &times("'a.*b', ", BLOCK))),
        ("a pattern", rule(0, &format!("'{}'", times("(a|", BLOCK)))),
        ("a counted pattern", rule(0, "'((a{1,500}){1,500}){1,500}'")),
        (
            "a large ticket",
            format!("{contract}\0# T\n\n{}", times("drop table ", BLOCK)),
        ),
        (
            "a long question",
            format!("{contract}\0\0{}", times("alter ", MANY)),
        ),
        (
            "a deep call",
            format!("{contract}\0\0{}", times("{\"command\":", BLOCK)),
        ),
    ]);
    texts
}

fn say() -> Texts {
    let inside = |text: String| format!("verb: note\ntext: x\n{text}");
    vec![
        ("10 MiB in a line", times("x", MANY)),
        (
            "10 MiB of lines",
            times("{\"verb\":\"note\",\"text\":\"x\"}\n", MANY),
        ),
        ("brackets", times("[", BLOCK)),
        ("ticks", times("`", BLOCK)),
        ("fences", times("```nightshift\n", BLOCK)),
        (
            "options",
            inside(format!("options: [{}]", times("a, ", 15 * KIB))),
        ),
        ("yaml maps", inside(times("? ", 15 * KIB))),
        (
            "yaml items",
            inside(format!("k:\n{}", times("- ", 15 * KIB))),
        ),
        ("yaml brackets", inside(times("[", 15 * KIB))),
        (
            "a yaml bomb",
            inside(format!("x: [{}]\n{BOMB}", times("x, ", 14 * KIB))),
        ),
        ("too long a block", inside(times("text: y\n", BLOCK))),
    ]
}

fn agent() -> Texts {
    let event = |text: &str| format!("{{\"text\":\"{text}\"}}\n");
    vec![
        ("10 MiB in a line", times("x", MANY)),
        ("empty lines", times("\n", 8 * BLOCK)),
        ("lines", times("compiling a thing\n", 16 * BLOCK)),
        ("escapes", times("\u{1b}]", BLOCK)),
        ("escapes with ends", times("\u{1b}[\u{1b}]\u{7}", BLOCK)),
        (
            "keys begun",
            times("-----BEGIN RSA PRIVATE KEY----- ", BLOCK),
        ),
        (
            "keys ended",
            times("QUJD\n-----END RSA PRIVATE KEY-----\n", BLOCK),
        ),
        (
            "letters of keys",
            times(&format!("{}\n", "A1b2".repeat(16)), BLOCK),
        ),
        ("almost secrets", times("token=", BLOCK)),
        ("secrets", times("token=a1b2c3d4e5 ", BLOCK)),
        ("addresses", times("a://b:", BLOCK)),
        ("almost tokens", times("eyJ", BLOCK)),
        ("dashes", times("sk-", BLOCK)),
        (
            "blocks",
            event(&times("```nightshift\\n```\\n", 60 * KIB)).repeat(20),
        ),
        ("fences", times("```nightshift\n", BLOCK)),
        (
            "deep events",
            format!("{}```nightshift\n", times("[", 60 * KIB)).repeat(20),
        ),
    ]
}

fn story() -> Texts {
    vec![
        ("a line", times("x", BLOCK)),
        ("lists", format!("attempts: {}", times("[", BLOCK))),
        ("items", format!("attempts:\n{}", times("- ", BLOCK))),
        ("maps", times("{a: ", BLOCK)),
        ("keys", times("? ", BLOCK)),
        (
            "attempts",
            format!("attempts:\n{}", times("- - print: x\n", BLOCK)),
        ),
        (
            "a yaml bomb",
            format!("x: [{}]\n{BOMB}", times("x, ", BLOCK)),
        ),
        (
            "aliases",
            format!("attempts:\n- &a [print: x]\n{}", times("- *a\n", BLOCK)),
        ),
    ]
}

fn report() -> Texts {
    let all = |text: &str| [text; 5].join("\0");
    vec![
        ("letters", all(&times("x", 4 * KIB))),
        ("ticks", all(&times("` ", 4 * KIB))),
        (
            "ever more ticks",
            all(&numbered(4 * KIB, |n| "`".repeat(n + 1) + " ")),
        ),
        ("pipes", all(&times("|", 4 * KIB))),
        ("words", all(&times("a ", 4 * KIB))),
        ("lines", all(&times("a\n", 4 * KIB))),
        ("wide letters", all(&times("漢", 12 * KIB))),
    ]
}

fn journal() -> Texts {
    let zeros = "0".repeat(64);
    let sealed = |text: String| format!("{text},\"hash\":\"{zeros}\"}}\n");
    vec![
        ("10 MiB in a line", times("x", MANY)),
        ("10 MiB in a whole line", times("x", MANY) + "\n"),
        ("10 MiB of lines", times("{}\n", MANY)),
        ("brackets", times("[", BLOCK) + "\n"),
        ("brackets with a hash", sealed(times("[", BLOCK))),
        ("openings with a hash", sealed(times("{\"seq\":", BLOCK))),
        (
            "records in records",
            sealed(times("{\"seq\":1,\"a\":[", 16 * BLOCK)),
        ),
        (
            "records beside records",
            sealed(times("{\"seq\":1,\"prev\":\"0\"}", BLOCK)),
        ),
        (
            "records in texts",
            sealed(times("{\"seq\":1,\"prev\":\"0\",\"a\":\"", BLOCK)),
        ),
    ]
}
