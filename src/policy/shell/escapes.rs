//! Backslash escapes of `$'…'`, `printf` and `echo`.

/// Replaces escapes by what they stand for; what is none stays as it is.
pub(super) fn decode(raw: &str) -> String {
    let mut text = String::new();
    let mut rest = raw.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let Some(kind) = rest.next() else {
            text.push('\\');
            break;
        };
        let (radix, most, first) = match kind {
            'x' => (16, 2, None),
            'u' => (16, 4, None),
            'U' => (16, 8, None),
            '0'..='7' => (8, 2, Some(kind)),
            _ => {
                match kind {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'a' => text.push('\u{7}'),
                    'b' => text.push('\u{8}'),
                    'e' | 'E' => text.push('\u{1b}'),
                    'f' => text.push('\u{c}'),
                    'v' => text.push('\u{b}'),
                    '\\' | '\'' | '"' | '?' => text.push(kind),
                    // A control character: whatever it is, it is no letter of a name.
                    'c' => _ = rest.next(),
                    _ => text.extend(['\\', kind]),
                }
                continue;
            }
        };
        let mut digits: String = first.into_iter().collect();
        let most = if digits == "0" {
            4
        } else {
            most + digits.len()
        };
        while digits.len() < most {
            match rest.next_if(|c| c.is_digit(radix)) {
                Some(digit) => digits.push(digit),
                None => break,
            }
        }
        let code = u32::from_str_radix(&digits, radix).ok();
        match code.and_then(char::from_u32) {
            Some(c) => text.push(c),
            None => text.extend(['\\', kind]),
        }
    }
    text
}
