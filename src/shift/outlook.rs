//! What is known, before a night, that could stop it: power, the disk, logins that end too soon.
//!
//! Each is a function of a folder and the time, so that it can be tested; what cannot be known is
//! not guessed. No secret that is read here leaves this file.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

use crate::config::{HarnessConfig, HarnessKind};

/// Where Linux tells of batteries and chargers.
pub(super) const POWER: &str = "/sys/class/power_supply";

/// Returns what is wrong with the power: the machine runs on its battery, as a sentence.
pub(super) fn on_battery(folder: &Path) -> Option<String> {
    let mut charge = None;
    for supply in fs::read_dir(folder).ok()?.flatten() {
        let read = |name: &str| {
            let text = fs::read_to_string(supply.path().join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        match &*read("type") {
            "Mains" | "USB" if read("online") == "1" => return None,
            "Battery" if read("status") == "Discharging" => charge = Some(read("capacity")),
            _ => {}
        }
    }
    let charge = charge?;
    let charge = if charge.is_empty() {
        String::new()
    } else {
        format!(" ({charge} %)")
    };
    Some(format!("the machine runs on its battery{charge}"))
}

/// Returns what is wrong with an agent's login, as a sentence: it ends before the night does, and
/// nothing renews it.
pub(super) fn login(
    name: &str,
    config: &HarnessConfig,
    home: &Path,
    now: Timestamp,
    length: Duration,
) -> Option<String> {
    let command = match &config.kind {
        HarnessKind::Command { command, .. } | HarnessKind::Acp { command } => command,
        HarnessKind::Script { .. } => return None,
    };
    let program = Path::new(command.first()?).file_name()?.to_str()?;
    let ends = match program {
        "claude" | "claude-agent-acp" => claude(home)?,
        _ => return None,
    };
    let end = now.checked_add(length).ok()?;
    (ends < end).then(|| {
        let when = ends.strftime("%Y-%m-%d %H:%M UTC");
        format!("the login of `{name}` ends at {when}")
    })
}

/// Claude Code renews a short token by itself while it has the means to.
fn claude(home: &Path) -> Option<Timestamp> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Login {
        expires_at: i64,
        refresh_token: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        claude_ai_oauth: Login,
    }
    let text = fs::read(home.join(".claude/.credentials.json")).ok()?;
    let File { claude_ai_oauth } = serde_json::from_slice(&text).ok()?;
    if claude_ai_oauth.refresh_token.is_some() {
        return None;
    }
    Timestamp::from_millisecond(claude_ai_oauth.expires_at).ok()
}

/// A disk that has less room than the contract wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Low {
    /// What is wrong, as a sentence.
    pub(super) what: String,
    /// How much must be freed, in MiB.
    pub(super) missing: u64,
}

/// Returns what is wrong with the disk of a folder.
pub(super) fn disk(folder: &Path, wanted: u64) -> Option<Low> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let mib = |bytes: u64| bytes / (1024 * 1024);
    (free < wanted).then(|| Low {
        what: format!(
            "the disk of `{}` has {} MiB free, and the contract wants {} MiB",
            folder.display(),
            mib(free),
            mib(wanted)
        ),
        missing: mib(wanted - free) + 1,
    })
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "files of tests need not survive a crash"
)]
mod tests {
    use super::*;
    use crate::config::PromptBy;

    fn supply(folder: &Path, name: &str, files: &[(&str, &str)]) {
        fs::create_dir(folder.join(name)).unwrap();
        for (file, text) in files {
            fs::write(folder.join(name).join(file), format!("{text}\n")).unwrap();
        }
    }

    #[test]
    fn a_battery_that_runs_down_is_named_and_one_that_is_charged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(on_battery(folder.path()), None);
        assert_eq!(on_battery(&folder.path().join("none")), None);
        let battery = [
            ("type", "Battery"),
            ("status", "Discharging"),
            ("capacity", "71"),
        ];
        supply(folder.path(), "BAT0", &battery);
        let said = on_battery(folder.path()).unwrap();
        assert_eq!(said, "the machine runs on its battery (71 %)");
        supply(folder.path(), "AC", &[("type", "Mains"), ("online", "1")]);
        assert_eq!(on_battery(folder.path()), None);
    }

    #[test]
    fn a_login_is_named_that_ends_before_the_night_and_is_not_renewed() {
        let home = tempfile::tempdir().unwrap();
        let agent = |program: &str| {
            HarnessConfig::new(HarnessKind::Command {
                command: vec![program.to_owned()],
                prompt: PromptBy::Stdin,
            })
        };
        let now: Timestamp = "2026-11-20T22:00:00Z".parse().unwrap();
        let night = Duration::from_secs(8 * 3600);
        let look = |program: &str| login("claude", &agent(program), home.path(), now, night);
        assert_eq!(look("claude"), None, "nothing is known");
        fs::create_dir(home.path().join(".claude")).unwrap();
        let write = |at: &str, more: &str| {
            let ms = at.parse::<Timestamp>().unwrap().as_millisecond();
            let text =
                format!(r#"{{"claudeAiOauth":{{"accessToken":"secret","expiresAt":{ms}{more}}}}}"#);
            fs::write(home.path().join(".claude/.credentials.json"), text).unwrap();
        };
        write("2026-11-21T01:30:00Z", "");
        let said = look("/usr/bin/claude").unwrap();
        assert_eq!(said, "the login of `claude` ends at 2026-11-21 01:30 UTC");
        assert_eq!(look("codex"), None);
        write("2026-11-21T01:30:00Z", r#","refreshToken":"secret""#);
        assert_eq!(look("claude"), None, "it is renewed");
        write("2026-11-22T01:30:00Z", "");
        assert_eq!(look("claude"), None);
    }

    #[test]
    fn a_disk_is_named_that_has_less_than_is_wanted() {
        let here = Path::new("/");
        assert_eq!(disk(here, 1), None);
        assert!(disk(here, u64::MAX).unwrap().what.contains("MiB free"));
    }
}
