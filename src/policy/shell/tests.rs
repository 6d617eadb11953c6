//! What a line is read as.

use super::calls;

fn texts(line: &str) -> Vec<String> {
    let show = |call: super::Call| match call.opaque {
        Some(reason) => format!("{} ?{reason:?}", call.text),
        None => call.text,
    };
    calls(line).into_iter().map(show).collect()
}

#[test]
fn show() {
    for line in std::env::var("LINES").unwrap_or_default().split('\u{1}') {
        println!("{line}\n   {:?}", texts(line));
    }
}
