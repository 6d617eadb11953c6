//! Whether a value looks drawn at random, or chosen as a password, or is only a word, a name or a
//! blank to be filled in.
//!
//! No measure of one value alone can tell a password from a name. These lean on what stands beside
//! the value to have been looked at already, and were set on the sources of some 250 crates: the
//! fewest false hits with every planted secret found.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// Letters that no issuer's random generator brings forth, in any case.
const BLANKS: [&str; 17] = [
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "changeit",
    "redacted",
    "xxxxx",
    "your-",
    "your_",
    "dummy",
    "notreal",
    "not-a-real",
    "not_a_real",
    "replaceme",
    "replace-",
    "foobar",
];

/// Words that stand for a password in documents, tests and settings of every developer's machine.
const WORDS: [&str; 31] = [
    "pass",
    "passwd",
    "password",
    "passphrase",
    "pw",
    "pwd",
    "pswd",
    "secret",
    "token",
    "key",
    "apikey",
    "api_key",
    "credential",
    "credentials",
    "user",
    "username",
    "admin",
    "administrator",
    "root",
    "guest",
    "test",
    "testing",
    "hunter2",
    "postgres",
    "mysql",
    "redis",
    "rabbitmq",
    "minioadmin",
    "localhost",
    "development",
    "none",
];

/// A variable, a blank to be filled in or a mask, not a value. Takes whatever shape an issuer's
/// token has: `AKIAIOSFODNN7EXAMPLE` and forty times `x` are none.
pub(super) fn is_blank(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(['<', '{', '[', '%', '*', '(', '@'])
        || value.starts_with('$') && !value.starts_with("$2")
        || value.contains("...")
        || value.contains("***")
        || BLANKS.iter().any(|blank| lower.contains(blank))
        || runs(&lower) >= 8
        || entropy(value) < 2.0
}

/// A word that stands for a password where none is wanted: `postgres`, `password1`.
pub(super) fn is_stock(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let bare = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c == '!');
    WORDS.contains(&bare) || WORDS.contains(&&*lower)
}

/// One of those, or a single word that can be said: whoever set it as a password has none, and
/// every log would be full of holes.
pub(super) fn is_word(value: &str) -> bool {
    is_stock(value) || is_speakable(&value.to_ascii_lowercase())
}

/// Letters only, up to sixteen, with vowels among them as in words.
fn is_speakable(word: &str) -> bool {
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let vowels = word.chars().filter(|c| is_vowel(*c)).count();
    let longest = word.split(is_vowel).map(str::len).max().unwrap_or(0);
    word.len() <= 16
        && word.chars().all(|c| c.is_ascii_lowercase())
        && vowels * 5 >= word.len()
        && longest <= 4
}

/// Whether a value looks drawn at random: letters and digits mixed as no name mixes them. Names
/// keep their digits at the end of their words (`next_token2`, `2026-11-20`, `v1.2.3-rc1`), and
/// their words are longer than two letters (`base64UrlDecode`).
pub(super) fn is_random(value: &str) -> bool {
    let has = |of: fn(&char) -> bool| value.chars().any(|c| of(&c));
    !is_blank(value)
        && !value.contains("://")
        && !is_number(value)
        && entropy(value) >= 2.75
        && has(char::is_ascii_alphabetic)
        && if has(char::is_ascii_digit) {
            let most = if value.len() < 24 { 3.5 } else { 4.0 };
            is_odd(value, 0.34)
                || !value.split(is_joint).all(is_plain_word)
                    && (is_mixed(value, most) || is_hexadecimal(value))
        } else {
            // Long enough to do without a digit by chance.
            value.len() >= 16 && (is_odd(value, 0.42) || is_mixed(value, 2.6))
        }
}

/// Whether a value that is called a password, in quotes or in a settings file, is one that somebody
/// chose: it has more than letters, or more than one word's worth of them.
pub(super) fn is_chosen(value: &str) -> bool {
    let has = |of: fn(char) -> bool| value.contains(of);
    let has_symbol = has(|c| c.is_ascii_punctuation() && (c == '@' || !is_joint(c)));
    let has_all = has(|c| c.is_ascii_digit())
        && has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_lowercase());
    !is_blank(value)
        && !is_word(value)
        && !value.contains("://")
        && entropy(value) >= 2.75
        && (is_random(value)
            || is_encoded(value)
            || has_symbol && (has_all || is_mixed(value, 3.5)))
}

/// Whether a value is base64 of text.
pub(super) fn is_encoded(value: &str) -> bool {
    let bare = value.trim_end_matches('=');
    let is_cased = bare.contains(|c: char| c.is_ascii_uppercase())
        && bare.contains(|c: char| c.is_ascii_lowercase());
    let is_text = |bytes: Vec<u8>| bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n'));
    bare.len() >= 8 && is_cased && STANDARD_NO_PAD.decode(bare).is_ok_and(is_text)
}

/// Whether one of a token's parts is drawn at random.
pub(super) fn has_random_part(value: &str) -> bool {
    !is_blank(value)
        && value.split(['-', '_', '.']).any(|part| {
            part.len() >= 16 && part.contains(|c: char| c.is_ascii_digit()) && entropy(part) >= 3.0
        })
}

/// Whether an issuer's token could be real, by its letters alone.
pub(super) fn is_issued(value: &str) -> bool {
    !is_blank(value) && entropy(value) >= 2.75
}

/// Which letters usually follow each letter of the alphabet in words and names: the pairs that make
/// up 93 of 100 in the names of some 250 crates.
const USUAL: [&str; 26] = [
    "bcdfgiklmnprstuvxy",
    "aeilorsu",
    "aceghiklmoprstu",
    "adeilorsu",
    "abcdefgilmnopqrstvwx",
    "adefilorstu",
    "aehilnorsu",
    "aeiort",
    "abcdefglmnoprstvxz",
    "",
    "eis",
    "adeilopstuy",
    "abeimopsu",
    "acdefgiklnostuv",
    "abcdfgiklmnoprstuvw",
    "acehiloprstu",
    "u",
    "acdefgiklmnoprstuvy",
    "aceghiklmoprstuy",
    "acdefhilmoprstuy",
    "abcefilmnprst",
    "aei",
    "aehinors",
    "eipt",
    "nps",
    "e",
];

/// Whether at least this share of the pairs of letters, if there are some, is none of names.
fn is_odd(value: &str, share: f64) -> bool {
    let (mut pairs, mut odd) = (0.0, 0.0);
    for pair in value.as_bytes().windows(2) {
        let &[a, b] = pair else { continue };
        let is_start = a.is_ascii_lowercase() && b.is_ascii_uppercase();
        if !a.is_ascii_alphabetic() || !b.is_ascii_alphabetic() || is_start {
            continue;
        }
        let row = usize::from(a.to_ascii_lowercase() - b'a');
        let follows = char::from(b.to_ascii_lowercase());
        pairs += 1.0;
        if !USUAL.get(row).is_some_and(|usual| usual.contains(follows)) {
            odd += 1.0;
        }
    }
    pairs >= 5.0 && odd >= share * pairs
}

/// A key of 96 bits or more, or a UUID.
fn is_hexadecimal(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_hexdigit).count();
    digits >= 24 && value.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// A number as programs write it: `0xC000012B_u32`, `16384i32`. A hexadecimal one of more than 64
/// bits is a key.
fn is_number(value: &str) -> bool {
    let bare = match value.rsplit_once(['u', 'i']) {
        Some((number, "8" | "16" | "32" | "64" | "size")) => number.trim_end_matches('_'),
        _ => value,
    };
    match bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")) {
        Some(digits) => {
            let is_digit = |c: char| c.is_ascii_hexdigit() || matches!(c, '_' | 'L' | 'U');
            digits.len() <= 20 && digits.chars().all(is_digit)
        }
        None => bare.chars().all(|c| c.is_ascii_digit() || c == '_'),
    }
}

fn is_joint(character: char) -> bool {
    matches!(character, '.' | '_' | '-' | ':' | '/' | '@')
}

fn is_plain_word(word: &str) -> bool {
    word.trim_start_matches(|c: char| c.is_ascii_alphabetic())
        .chars()
        .all(|c| c.is_ascii_digit())
}

/// Whether runs of small letters (with a capital before them), of capitals and of digits are
/// shorter than words are: so many characters on average, or fewer.
fn is_mixed(value: &str, most: f64) -> bool {
    let class = |c: char| match c {
        'a'..='z' => 1,
        'A'..='Z' => 2,
        '0'..='9' => 3,
        _ => 0,
    };
    let mut parts = 0.0;
    let mut length = 0.0;
    let mut before = 0;
    for character in value.chars() {
        let now = class(character);
        if now != 0 {
            length += 1.0;
            if now != before && (before, now) != (2, 1) {
                parts += 1.0;
            }
        }
        before = now;
    }
    parts >= 3.0 && length <= most * parts
}

/// Returns the longest run in which each character follows the one before in the alphabet, or
/// repeats it.
fn runs(value: &str) -> usize {
    let (mut longest, mut up, mut same) = (0, 1, 1);
    for pair in value.as_bytes().windows(2) {
        let &[a, b] = pair else { continue };
        up = if a.checked_add(1) == Some(b) {
            up + 1
        } else {
            1
        };
        same = if a == b { same + 1 } else { 1 };
        longest = longest.max(up).max(same);
    }
    longest
}

/// Shannon entropy in bits per byte.
pub(super) fn entropy(value: &str) -> f64 {
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
