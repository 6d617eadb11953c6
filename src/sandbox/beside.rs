//! Secrets without a look of their own, known by what stands beside them: a header, an address, a
//! name that says what the value is.

use super::{
    chance::{is_blank, is_chosen, is_encoded, is_random, is_stock, is_word},
    shapes::Shape,
};

/// See the file's header. They match around most of the other kinds, which know better.
pub(super) const BESIDE: &[Shape] = &[
    Shape {
        kind: "authorization",
        words: &["authorization"],
        pattern: r#"(?i-u:authorization\\?["']?\s*[:=,]\s*\\?["'`]?(?:bearer|basic|token|bot|apikey|api-key|key)\s+)([^\s"'`\\,]{8,})"#,
        accept: |value| !is_blank(value) && !is_word(value) && has_more_than_letters(value),
    },
    Shape {
        kind: "authorization",
        words: &["bearer"],
        pattern: r"(?i-u)\bbearer\s+([A-Za-z0-9._~+/-]{16,}=*)",
        accept: is_random,
    },
    Shape {
        kind: "authorization",
        words: &["basic"],
        pattern: r"(?-u)\b[Bb]asic\s+([A-Za-z0-9+/]{12,}={0,2})",
        accept: is_encoded,
    },
    Shape {
        kind: "url-password",
        words: &["://"],
        pattern: r#"(?-u:\b)[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"'<>`\\,()|{}\[\]]*:([^\s/@"'<>`]+)@[A-Za-z0-9\[$%{]"#,
        accept: |value| {
            !is_blank(value) && !is_stock(value) && value.contains(char::is_alphanumeric)
        },
    },
    Shape {
        kind: "cookie",
        words: &["cookie"],
        pattern: r#"(?i-u:\bcookie\\?["']?\s*:\s*\\?["']?)[^"'\r\n]*?(?i-u:(?:sess|sid|auth|token|jwt)[a-z0-9_.-]*=)([^\s;"'\\]{16,})"#,
        accept: is_random,
    },
    Shape {
        // `"auths": {"registry": {"auth": "…"}}` of a container registry.
        kind: "registry-auth",
        words: &["\"auth", "_auth"],
        pattern: r#"(?-u)(?:"auth\\?"\s*:\s*\\?"|\b_auth\s*=\s*"?)([A-Za-z0-9+/]{12,}={0,2})"#,
        accept: is_encoded,
    },
    Shape {
        // `curl -u ann:…`, `--user`
        kind: "login",
        words: &["curl ", "wget ", "http "],
        pattern: r#"(?-u:\b)(?:curl|wget|https?) [^\n]*?(?:-u|--user|-a|--auth|--proxy-user)[ =]?["']?[^\s:"'/]{1,60}:([^\s"'/]{6,})"#,
        accept: |value| !is_blank(value) && !is_stock(value),
    },
    Shape {
        // `mysql --password=…`, `sshpass -p …`
        kind: "login",
        words: &["--pass", "sshpass", "--api-key", "--token", "--secret"],
        pattern: r#"(?:--(?:password|passwd|passphrase|pass|api-key|token|secret)[= ]|(?-u:\b)sshpass -p ?)["']?([^\s"'`<>\[\]{}|()]{8,})"#,
        accept: is_chosen,
    },
    Shape {
        // `.netrc`
        kind: "login",
        words: &["login"],
        pattern: r"(?-u:\b)machine[ \t]+\S+\s+login[ \t]+\S+\s+password[ \t]+(\S{4,})",
        accept: |value| !is_blank(value) && !is_stock(value),
    },
    Shape {
        // `Server=db;User Id=sa;Password=…;`
        kind: "connection-string",
        words: &["password", "pwd"],
        pattern: r#"(?i-u:;\s*(?:password|pwd)\s*=\s*)([^;"'\s]{6,})"#,
        accept: |value| !is_blank(value) && !is_stock(value),
    },
    Shape {
        // `<password>…</password>`, `<add key="ClearTextPassword" value="…"/>`
        kind: "password",
        words: &[
            "password>",
            "passphrase>",
            "secret>",
            "token>",
            "password\"",
        ],
        pattern: r#"(?i-u:<[a-z:]*(?:password|passphrase|secret|token)>)([^<\s]{8,})</|(?i-u:<add\s+key="(?:cleartext)?password"\s+value=")([^"\s]{8,})""#,
        accept: is_chosen,
    },
    Shape {
        // In quotes: `password = "…"`, `"passphrase": "…"`, `setPassword("…")`.
        kind: "password",
        words: &["passw", "passphrase", "pwd", "secret", "passcode"],
        pattern: r#"(?i-u:(?:passw(?:or)?d|passphrase|passcode|pwd|secret)s?(?:_?(?:key|value|text))?\\?["']?\]?(?:\s*(?:=>|:=|={1,3}|:)\s*|\()[a-z]{0,2}\\?["'`])([^\s"'`\\]{8,100})\\?["'`]"#,
        accept: is_chosen,
    },
    Shape {
        // In a settings file: `DB_PASSWORD=…`, `password: …` alone on its line.
        kind: "password",
        words: &["passw", "passphrase", "pwd", "secret", "_pass"],
        pattern: r#"(?m)^(?i-u:\s*(?:[+-]\s*)?(?:(?:export|set|env|-e|arg)\s+)?[a-z0-9_.-]*(?:passw(?:or)?d|passphrase|secret|_pwd|_pass)(?:_?key)?\s*[:=]\s*["']?)([^\s"'`;,(){}\[\]<>]{8,100})["']?[ \t]*(?:#.*)?$"#,
        accept: is_chosen,
    },
    Shape {
        kind: "credential",
        words: &[
            "passw",
            "passphrase",
            "secret",
            "token",
            "credential",
            "_key",
            "-key",
            "ikey",
            "pkey",
            "skey",
            "tkey",
            "ekey",
            "gkey",
            "nkey",
            "hkey",
            "rkey",
            "ykey",
        ],
        pattern: r#"(?i-u:(?:passw(?:or)?d|passphrase|secret|token|(?:api|app|access|private|secret|signing|encryption|auth|account|master|service|session|storage|client|admin|deploy|write)[_-]?key|credential)s?(?:[_-][a-z0-9_-]*)?\\?["']?\]?\s*(?:=>|:=|[:=])\s*\\?["'`]?)([^\s"'`\\,;(){}\[\]<>&|=][^\s"'`\\,;(){}\[\]<>&|]{7,})"#,
        accept: is_random,
    },
];

fn has_more_than_letters(value: &str) -> bool {
    value.contains(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '_')
        || is_encoded(value)
        || value.len() >= 20 && value.contains(|c: char| c.is_ascii_uppercase())
}
