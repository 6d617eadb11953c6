//! What secrets look like: one pattern per kind, and what must not be taken for one.
//!
//! The shapes are those that the issuers document, and that secret scanners use (gitleaks, MIT).
//! A pattern's first group, where it has one, is the secret; otherwise all of the match is.

/// The look of one kind of secret.
pub(super) struct Shape {
    /// What stands in its place: `[redacted:KIND]`.
    pub(super) kind: &'static str,
    pub(super) pattern: &'static str,
    /// Whether what matched is one.
    pub(super) accept: fn(&str) -> bool,
}

const fn shape(kind: &'static str, pattern: &'static str) -> Shape {
    Shape {
        kind,
        pattern,
        accept: |_| true,
    }
}

/// All shapes; where two match at the same place, the first names it.
pub(super) const SHAPES: &[Shape] = &[
    // In one line with `\n` between its lines too, as JSON has it; without its end too.
    shape(
        "private-key",
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    // The rest of one whose beginning was cut off.
    shape(
        "private-key",
        r"(?m)(?:^[A-Za-z0-9+/=]{16,80}\r?\n)*^[A-Za-z0-9+/=]{1,80}\r?\n-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
    ),
    shape("private-key", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    shape(
        "aws-key",
        r"(?-u:\b)(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?-u:\b)",
    ),
    shape("github-token", r"(?-u:\b)gh[pousr]_[A-Za-z0-9]{36,}"),
    shape("github-token", r"(?-u:\b)github_pat_[A-Za-z0-9_]{22,}"),
    shape(
        "gitlab-token",
        r"(?-u:\b)(?:gl(?:pat|dt|rt|oas|cbt|ptt|ft|imt|agent|soat)-|GR1348941)[A-Za-z0-9_-]{20,}",
    ),
    shape(
        "slack-token",
        r"(?-u:\b)xox[abeoprs]-[A-Za-z0-9-]{10,}|(?-u:\b)xapp-[0-9]-[A-Za-z0-9-]{10,}",
    ),
    shape(
        "slack-webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_+-]{20,})",
    ),
    shape(
        "stripe-key",
        r"(?-u:\b)(?:[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{24,})",
    ),
    Shape {
        kind: "ai-key",
        pattern: r"(?-u:\b)sk-[A-Za-z0-9_-]{20,}",
        accept: has_random_part,
    },
    shape(
        "ai-key",
        r"(?-u:\b)(?:hf_[A-Za-z0-9]{34,}|gsk_[A-Za-z0-9]{48,}|xai-[A-Za-z0-9]{64,})",
    ),
    shape(
        "google-key",
        r"(?-u:\b)(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,})",
    ),
    shape("npm-token", r"(?-u:\b)npm_[A-Za-z0-9]{36}(?-u:\b)"),
    shape("pypi-token", r"(?-u:\b)pypi-[A-Za-z0-9_-]{50,}"),
    shape("cargo-token", r"(?-u:\b)cio[A-Za-z0-9]{32}(?-u:\b)"),
    shape(
        "sendgrid-key",
        r"(?-u:\b)SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}",
    ),
    shape(
        "cloud-token",
        r"(?-u:\b)(?:do[opr]_v1_[a-f0-9]{64}|hvs\.[A-Za-z0-9_-]{24,}|dapi[a-f0-9]{32}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|lin_api_[A-Za-z0-9]{40})",
    ),
    shape(
        "jwt",
        r"(?-u:\b)eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*",
    ),
    Shape {
        kind: "authorization",
        pattern: r#"(?i)authorization\\?["']?\s*[:=]\s*\\?["']?(?:bearer|basic|token|apikey)\s+([^\s"'\\,]{8,})"#,
        accept: |value| !is_placeholder(value),
    },
    Shape {
        kind: "authorization",
        pattern: r"(?i)(?-u:\b)bearer\s+([A-Za-z0-9._~+/-]{16,}=*)",
        accept: is_random,
    },
    Shape {
        kind: "url-password",
        pattern: r#"(?i)(?-u:\b)[a-z][a-z0-9+.-]*://[^\s/:@"'<>]*:([^\s/@"'<>]+)@"#,
        accept: |value| !is_placeholder(value),
    },
    // Last: it matches around most of the others, which know better.
    Shape {
        kind: "credential",
        pattern: r#"(?i)(?:passw(?:or)?d|passphrase|secret|token|(?:api|access|private|secret|signing|encryption|auth|account)[_-]?key|credential)s?(?:[_-][a-z0-9_-]*)?\\?["']?\s*(?:=>|:=|[:=])\s*\\?["']?([^\s"'`\\,;(){}\[\]<>&|=][^\s"'`\\,;(){}\[\]<>&|]{7,})"#,
        accept: is_random,
    },
];

/// A variable or a blank to be filled in, not a value.
fn is_placeholder(value: &str) -> bool {
    value.starts_with(['$', '<', '{', '[', '%', '*'])
}

/// Whether a value looks drawn at random: letters and digits mixed as no name mixes them. Names
/// keep their digits at the end of their words (`next_token2`, `2026-11-20`, `v1.2.3-rc1`).
pub(super) fn is_random(value: &str) -> bool {
    let is_plain_word = |word: &str| {
        word.trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .chars()
            .all(|c| c.is_ascii_digit())
    };
    let has = |of: fn(&char) -> bool| value.chars().any(|c| of(&c));
    has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        && !is_placeholder(value)
        && !value.contains("://")
        && !value
            .split(['.', '_', '-', ':', '/', '@'])
            .all(is_plain_word)
        && entropy(value) >= 2.75
}

fn has_random_part(value: &str) -> bool {
    value.split(['-', '_']).any(|part| {
        part.len() >= 16 && part.contains(|c: char| c.is_ascii_digit()) && entropy(part) >= 3.0
    })
}

/// Shannon entropy in bits per byte.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all = f64::from(counts.iter().sum::<u32>());
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| f64::from(count) / all)
        .map(|share| -share * share.log2())
        .sum()
}
