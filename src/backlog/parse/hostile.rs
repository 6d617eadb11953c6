//! Texts and bytes that nobody would write: the reader answers all of them with a ticket or with a
//! diagnostic that says why not.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::diagnostic::render;

/// Pieces of tickets, in any order.
const PIECES: [&str; 34] = [
    "---\n",
    "+++\n",
    "\n",
    "id: ",
    "title: ",
    "depends_on: ",
    "paths:\n",
    "  - ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "\"",
    "'",
    "|\n",
    "&a ",
    "*a",
    "!t ",
    "~",
    "0x1F",
    "1.10",
    "é",
    "\r\n",
    "\t",
    "# ",
    "## Acceptance\n",
    "```sh\n",
    "```\n",
    "<!--",
    "= ",
    "status: done\n",
    "\u{1b}",
];

proptest! {
    #[test]
    fn no_text_is_too_odd(fence in select(&["", "---", "+++"][..]), pieces in vec(select(&PIECES[..]), 0..40)) {
        let text = format!("{fence}\n{}\n{fence}\nDo it.\n", pieces.concat());
        let (ticket, found) = parse_ticket("t.md", text.as_bytes());
        let fatal = found.iter().any(|found| found.severity == Severity::Error);
        prop_assert_eq!(ticket.is_none(), fatal);
        for diagnostic in found {
            prop_assert!(diagnostic.primary.span.start <= diagnostic.source.text.len());
            let escape = render(&diagnostic, false).contains('\u{1b}');
            prop_assert!(!escape);
        }
        if let Some(ticket) = ticket {
            let bad = |c: char| c.is_control();
            prop_assert!(!ticket.facts.title.contains(bad) && !ticket.facts.title.is_empty());
        }
    }

    #[test]
    fn no_bytes_are_too_odd(front in any::<bool>(), bytes in vec(any::<u8>(), 0..200)) {
        let bytes = if front { [b"---\n", &*bytes, b"\n---\nDo it."].concat() } else { bytes };
        let (ticket, found) = parse_ticket("t.md", &bytes);
        prop_assert_eq!(ticket.is_none(), found.iter().any(|found| found.severity == Severity::Error));
    }
}

#[test]
fn too_much_is_refused() {
    let large = vec![b'x'; 1024 * 1024 + 1];
    assert_eq!(parse_ticket("t.md", &large).1[0].code, "too-large");
    let (ticket, found) = parse_ticket("t.md", &large[1..]);
    assert_eq!(found, []);
    assert_eq!(ticket.unwrap().body.len(), 1024 * 1024);
    let front = format!("---\nx: {}\n---\nDo it.\n", "y".repeat(65 * 1024));
    assert_eq!(
        parse_ticket("t.md", front.as_bytes()).1[0].code,
        "too-large"
    );
}
