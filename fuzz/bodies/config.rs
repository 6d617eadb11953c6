//! `nightshift.toml`: whatever a file says, what comes of it can be used.

use nightshift::{
    config::{HarnessKind, check_glob, parse, parse_duration},
    diagnostic::Source,
};

use super::{diagnostics, limits::in_time};

/// The text of a file; also each of its lines as a length of time and as a glob.
pub(crate) fn file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let source = Source::new("nightshift.toml", &*text);
    let (config, found) = in_time("a configuration", data.len(), || parse(&source));
    diagnostics::check(&found);
    assert_eq!(parse(&source), (config.clone(), found));

    for path in [&config.backlog, &config.policy] {
        assert!(is_inside(path), "{path:?} leads out of the repository");
    }
    assert!((1..=20).contains(&config.agent.attempts));
    for span in [
        config.agent.timeout,
        config.agent.silence,
        config.gate.timeout,
        config.night.length,
    ] {
        assert!(!span.is_zero());
    }
    assert_eq!(config.night.lanes, 1);
    for glob in &config.gate.protect {
        assert_eq!(check_glob(glob), Ok(()));
    }
    for (name, harness) in &config.harness {
        assert!(!name.is_empty() && !name.contains(['/', '\0', '\n']));
        if let HarnessKind::Command { command, .. } = &harness.kind {
            assert!(!command.is_empty());
        }
    }

    for line in text.lines().take(100) {
        if let Ok(span) = parse_duration(line) {
            assert!(!span.is_zero() && span.as_secs() <= 366 * 24 * 60 * 60);
        }
        let glob = check_glob(line);
        assert_eq!(glob, check_glob(line));
    }
}

fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && !path.split('/').any(|part| part == "..")
}
