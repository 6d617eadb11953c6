//! Secrets without a look of their own, known by what stands beside them: a header, an address, a
//! name that says what the value is.

use super::{
    chance::{is_blank, is_chosen, is_encoded, is_random, is_stock, is_word},
    shapes::Shape,
};

/// See the file's header. They match around most of the other kinds, which know better.
///
/// Where a text has quotes escaped, spaces stand for the backslashes (`escape.rs`): hence
/// `\s{0,3}` on the inner side of quotes.
pub(super) const BESIDE: &[Shape] = &[
    Shape {
        kind: "authorization",
        words: &["authorization"],
        pattern: r#"(?i-u:authorization\s{0,3}["']?\s*[:=,]\s*["'`]?(?:bearer|basic|token|bot|apikey|api-key|key)\s+)([^\s"'`\\,]{8,})"#,
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
        pattern: r#"(?i-u:\bcookie\s{0,3}["']?\s*:\s*["']?)[ !#-&(-~]{0,200}?(?i-u:(?:sess|sid|auth|token|jwt)[a-z0-9_.-]*=)([^\s;"'\\]{16,})"#,
        accept: is_random,
    },
    Shape {
        // `"auths": {"registry": {"auth": "…"}}` of a container registry.
        kind: "registry-auth",
        words: &["\"auth", "_auth"],
        pattern: r#"(?-u)(?:"auth\s{0,3}"\s*:\s*"|\b_auth\s*=\s*"?)([A-Za-z0-9+/]{12,}={0,2})"#,
        accept: is_encoded,
    },
    Shape {
        // `curl -u ann:…`, `--user`
        kind: "login",
        words: &["curl ", "wget ", "http "],
        pattern: r#"(?-u:\b)(?:curl|wget|https?) [ -~]{0,200}?(?:-u|--user|-a|--auth|--proxy-user)[ =]{0,3}["']?[^\s:"'/]{1,60}:([^\s"'/]{6,})"#,
        accept: |value| !is_blank(value) && !is_stock(value),
    },
    Shape {
        // `mysql --password=…`, `sshpass -p …`
        kind: "login",
        words: &["--pass", "sshpass", "--api-key", "--token", "--secret"],
        pattern: r#"(?:--(?:password|passwd|passphrase|pass|api-key|token|secret)[= ]|(?-u:\b)sshpass -p) {0,3}["']?([^\s"'`<>\[\]{}|()]{8,})"#,
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
        words: &["password>", "passphrase>", "secret>", "token>", "password"],
        pattern: r#"(?i-u:<[a-z:]*(?:password|passphrase|secret|token)>)([^<\s]{8,})</|(?i-u:<add\s+key=\s{0,3}"(?:cleartext)?password\s{0,3}"\s+value=\s{0,3}")([^"\s]{8,})\s{0,3}""#,
        accept: is_chosen,
    },
    Shape {
        // In quotes: `password = "…"`, `"passphrase": "…"`, `setPassword("…")`.
        kind: "password",
        words: &["passw", "passphrase", "pwd", "secret", "passcode"],
        pattern: r#"(?i-u:(?:passw(?:or)?d|passphrase|passcode|pwd|secret)s?(?:_?(?:key|value|text))?\s{0,3}["']?\]?(?:\s*(?:=>|:=|={1,3}|:|,)\s*|\s*:\s*&?[a-z_.']{1,20}\s*=\s*|\()(?:[a-z_:.!]{1,30}\()?[a-z]{0,2}\s{0,3}["'`])([^\s"'`\\]{8,100})\s{0,3}["'`]"#,
        accept: is_chosen,
    },
    Shape {
        // In a settings file: `password: …` alone on its line.
        kind: "password",
        words: &["passw", "passphrase", "secret"],
        pattern: r#"(?m)^(?i-u:[ \t]*(?:[+-][ \t]*)?[a-z0-9_.-]*(?:passw(?:or)?d|passphrase|secret)(?:[_-]?key)?[ \t]*[:=][ \t]*["']?)([^\s"'`;,(){}\[\]<>]{8,100})[ \t]{0,3}["']?[ \t]*(?:#.*)?$"#,
        accept: is_chosen,
    },
    Shape {
        // In an environment: `DB_PASSWORD=…`.
        kind: "password",
        words: &["passw", "passphrase", "_pwd", "secret", "_pass"],
        pattern: r#"(?-u:[A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|_PWD|_PASS)[A-Z0-9_]*=\s{0,3}["']?)([^\s"'`\\]{8,100})"#,
        accept: is_chosen,
    },
    Shape {
        kind: "discord-token",
        words: &["login(", "discord"],
        pattern: r#"(?:\.login\(|[Dd]iscord|DISCORD)[ -~]{0,40}?["'\s=]{1,3}([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38})"#,
        accept: is_random,
    },
    Shape {
        // `- name: API_KEY`, and on the next line `value: …`; `variable "token" { default = "…" }`
        kind: "credential",
        words: &["value", "default"],
        pattern: r#"(?i-u:(?:(?-u:\b)name\s{0,3}["']?\s*[:=]\s*["']?|variable\s+")[a-z0-9_.-]*(?:passw(?:or)?d|secret|token|api_?key|credential|private_?key|access_?key)[a-z0-9_.-]*\s{0,3}["']?,?\s*\{?\s*["']?(?:value|default)\s{0,3}["']?\s*[:=]\s*["']?)([^\s"'`{}\[\]<>]{8,100})"#,
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
            " key",
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
        pattern: r#"(?i-u:(?:passw(?:or)?d|passphrase|secret|token|(?:api|app|access|private|secret|signing|encryption|auth|account|master|service|session|storage|client|admin|deploy|write)[_ -]?key|credential)s?(?:[_-][a-z0-9_-]*)?\s{0,3}["']?\]?\s*(?::\s*&?[a-z_.']{1,20}\s*=|=>|:=|[:=]|\sis\s)\s*(?:(?:[a-z_:.!]{1,30}\()?\s{0,3}["'`])?)([^\s"'`\\,;(){}\[\]<>&|=][^\s"'`\\,;(){}\[\]<>&|]{7,})(?:[ \t]*(?:[\r\n"'`\\,;){}\]<>&|]|$)|[ \t]+[^=\s])"#,
        accept: |value| is_random(value) || is_encoded(value),
    },
];

fn has_more_than_letters(value: &str) -> bool {
    value.contains(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '_')
        || is_encoded(value)
        || value.len() >= 20 && value.contains(|c: char| c.is_ascii_uppercase())
}
