//! Agent CLIs whose headless command lines were observed to work, for `init` to write.
//!
//! Versions observed: claude 2.1.197, codex 0.169.0, opencode 1.18.33, gemini 0.61.0, qwen 0.15.10,
//! pi 0.73.1, copilot 1.0.102, hermes 0.19.0, aider 0.86.2. Those that can continue a session were
//! seen to do so by the words in `resume`.

use std::{fmt::Write as _, path::Path};

use super::capability::{Capabilities, Proof};
use crate::config::{HarnessConfig, HarnessKind, PromptBy};

/// A known agent CLI.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// What its harness is called.
    pub name: &'static str,
    /// The program on PATH.
    pub program: &'static str,
    /// The version that was seen to work as written here.
    pub observed: &'static str,
    /// Its arguments.
    arguments: &'static [&'static str],
    /// How the prompt goes in, as the configuration writes it.
    prompt: &'static str,
    /// What continues a session, where the arguments have `{resume}`; empty when nothing was seen
    /// to.
    resume: &'static [&'static str],
    /// Variables to set.
    env: &'static [(&'static str, &'static str)],
    /// Files below the home in which its login is, and what says where its provider is.
    pub(super) login: &'static [&'static str],
    /// Hosts of its own provider and login.
    pub(super) hosts: &'static [&'static str],
    /// What to know before trusting it with a night.
    pub caveats: &'static [&'static str],
}

const ALL: [Known; 9] = [
    Known {
        name: "claude",
        program: "claude",
        observed: "2.1.197",
        arguments: &[
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--model",
            "{model}",
        ],
        prompt: "stdin",
        resume: &["--resume", "{session}"],
        env: &[("DISABLE_AUTOUPDATER", "1"), ("DISABLE_TELEMETRY", "1")],
        login: &[".claude/.credentials.json"],
        hosts: &[
            "api.anthropic.com",
            "console.anthropic.com",
            "platform.claude.com",
            "claude.ai",
        ],
        caveats: &[],
    },
    Known {
        name: "codex",
        program: "codex",
        observed: "0.169.0",
        arguments: &[
            "exec",
            "{resume}",
            "--json",
            "--dangerously-bypass-approvals-and-sandbox",
            // A login shell would set PATH anew, and `nightshift` would not be found.
            "-c",
            "allow_login_shell=false",
            "-m",
            "{model}",
            "-",
        ],
        prompt: "stdin",
        resume: &["resume", "{session}"],
        env: &[],
        login: &[".codex/auth.json", ".codex/config.toml"],
        hosts: &["api.openai.com", "chatgpt.com", "auth.openai.com"],
        caveats: &[
            "its own sandbox is off, because it cannot be made inside of ours",
            "when told to retry after an hour it waits in silence, and is ended after ten minutes",
        ],
    },
    Known {
        name: "opencode",
        program: "opencode",
        observed: "1.18.33",
        arguments: &[
            "run",
            "--format",
            "json",
            "--title",
            "nightshift",
            "-m",
            "{model}",
        ],
        prompt: "arg",
        resume: &["--session", "{session}"],
        env: &[("OPENCODE_DISABLE_AUTOUPDATE", "1")],
        login: &[
            ".local/share/opencode/auth.json",
            ".config/opencode/opencode.json",
            ".config/opencode/opencode.jsonc",
        ],
        hosts: &[
            "opencode.ai",
            "models.dev",
            "api.anthropic.com",
            "api.openai.com",
            "openrouter.ai",
        ],
        caveats: &[
            "everything is allowed to it by default",
            "it may compact without end on a context that is too long: nightshift ends it",
        ],
    },
    Known {
        name: "gemini",
        program: "gemini",
        observed: "0.61.0",
        arguments: &[
            "-o",
            "stream-json",
            "--approval-mode",
            "yolo",
            "--skip-trust",
            "-m",
            "{model}",
            "{resume}",
            "-p",
        ],
        prompt: "arg",
        resume: &["--resume", "{session}"],
        env: &[("GEMINI_CLI_NO_RELAUNCH", "true")],
        login: &[
            ".gemini/oauth_creds.json",
            ".gemini/google_accounts.json",
            ".gemini/.env",
        ],
        hosts: &[
            "generativelanguage.googleapis.com",
            "cloudcode-pa.googleapis.com",
            "oauth2.googleapis.com",
        ],
        caveats: &["it ends with code 0 when it is told to stop"],
    },
    Known {
        name: "qwen",
        program: "qwen",
        observed: "0.15.10",
        arguments: &[
            "-o",
            "stream-json",
            "--yolo",
            "-m",
            "{model}",
            "{resume}",
            "-p",
        ],
        prompt: "arg",
        resume: &["--resume", "{session}"],
        env: &[],
        login: &[".qwen/oauth_creds.json", ".qwen/.env"],
        hosts: &[
            "portal.qwen.ai",
            "chat.qwen.ai",
            "dashscope.aliyuncs.com",
            "dashscope-intl.aliyuncs.com",
        ],
        caveats: &["it ends with code 0 on errors of its model: its output tells"],
    },
    Known {
        name: "pi",
        program: "pi",
        observed: "0.73.1",
        arguments: &["--mode", "json", "--no-session", "--model", "{model}"],
        prompt: "arg",
        resume: &[],
        env: &[],
        login: &[
            ".pi/agent/auth.json",
            ".pi/agent/models.json",
            ".pi/agent/settings.json",
        ],
        hosts: &["api.anthropic.com", "api.openai.com", "openrouter.ai"],
        caveats: &["it ends with code 0 on errors of its model: its output tells"],
    },
    Known {
        name: "copilot",
        program: "copilot",
        observed: "1.0.102",
        arguments: &[
            "--output-format",
            "json",
            "--allow-all-tools",
            "--no-ask-user",
            "--model",
            "{model}",
            "{resume}",
            "-p",
        ],
        prompt: "arg",
        resume: &["--resume={session}"],
        env: &[("COPILOT_AUTO_UPDATE", "false")],
        login: &[".copilot/config.json"],
        hosts: &["api.github.com", "*.githubcopilot.com"],
        caveats: &[],
    },
    Known {
        name: "hermes",
        program: "hermes",
        observed: "0.19.0",
        arguments: &["-z"],
        prompt: "arg",
        resume: &[],
        env: &[],
        login: &[".hermes/.env", ".hermes/auth.json"],
        hosts: &["openrouter.ai", "api.anthropic.com", "api.openai.com"],
        caveats: &[
            "it prints its last message only: tokens and cost are unknown",
            "it ends with code 0 on errors of its model: its last line tells",
        ],
    },
    Known {
        name: "aider",
        program: "aider",
        observed: "0.86.2",
        arguments: &[
            "--yes-always",
            "--no-auto-commits",
            "--no-check-update",
            "--analytics-disable",
            "--no-pretty",
            "--no-fancy-input",
            "--no-show-model-warnings",
            "--no-gitignore",
            "--model",
            "{model}",
            "--message-file",
            "{prompt_file}",
        ],
        prompt: "file",
        resume: &[],
        env: &[],
        login: &[".aider.conf.yml", ".env"],
        hosts: &["api.anthropic.com", "api.openai.com", "openrouter.ai"],
        caveats: &[
            "it cannot run `nightshift say`: it speaks by the fenced block only",
            "it ends with code 0 on errors of its model: its last lines tell",
        ],
    },
];

/// Returns all known agents.
pub fn all() -> &'static [Known] {
    &ALL
}

/// Returns the known agent whose program this is.
pub(super) fn of_program(program: &str) -> Option<&'static Known> {
    let name = Path::new(program).file_name()?.to_str()?;
    ALL.iter().find(|known| known.program == name)
}

/// Returns the hosts that a harness needs for its own provider, as far as they are known.
pub fn hosts(config: &HarnessConfig) -> &'static [&'static str] {
    of(config).map_or(&[], |known| known.hosts)
}

/// Returns the known agent that a harness runs.
pub fn of(config: &HarnessConfig) -> Option<&'static Known> {
    match &config.kind {
        HarnessKind::Command { command, .. } => of_program(command.first()?),
        HarnessKind::Script { .. } => None,
    }
}

/// Returns the known agent of a name.
pub fn find(name: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.name == name)
}

impl Known {
    /// Returns what its output was seen to tell, by replay of recorded sessions.
    pub(super) fn capabilities(&self) -> Capabilities {
        let seen = |there: bool| if there { Proof::Verified } else { Proof::No };
        let prints_text = matches!(self.name, "aider" | "hermes");
        Capabilities {
            events: seen(!prints_text),
            // copilot tells its requests, and no tokens.
            usage: seen(!prints_text && self.name != "copilot"),
            limits_recognised: Proof::Verified,
            hard_deny: seen(!matches!(self.name, "aider" | "opencode")),
            mcp: seen(matches!(
                self.name,
                "claude" | "codex" | "gemini" | "copilot"
            )),
            ..Capabilities::none()
        }
    }

    /// Whether its stream has an event for the end of a session that went well.
    pub(super) fn says_its_end(&self) -> bool {
        !matches!(self.name, "aider" | "hermes")
    }

    /// Returns its ready configuration.
    pub fn config(&self) -> HarnessConfig {
        let words = std::iter::once(self.program).chain(self.arguments.iter().copied());
        HarnessConfig {
            env: (self.env.iter())
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            resume: self.resume.iter().map(|&word| word.to_owned()).collect(),
            ..HarnessConfig::new(HarnessKind::Command {
                command: words.map(str::to_owned).collect(),
                prompt: match self.prompt {
                    "stdin" => PromptBy::Stdin,
                    "file" => PromptBy::File,
                    _ => PromptBy::Arg,
                },
            })
        }
    }

    /// Returns a ready `[harness.NAME]` table.
    pub fn as_toml(&self) -> String {
        let quote = |word: &str| toml::Value::String(word.to_owned()).to_string();
        let words: Vec<_> = std::iter::once(self.program)
            .chain(self.arguments.iter().copied())
            .map(quote)
            .collect();
        let mut text = format!("[harness.{}]\n", self.name);
        for caveat in self.caveats {
            // Writing to a String does not fail.
            _ = writeln!(text, "# {caveat}");
        }
        _ = writeln!(text, "command = [{}]", words.join(", "));
        _ = writeln!(text, "prompt  = \"{}\"", self.prompt);
        if !self.resume.is_empty() {
            let words: Vec<_> = self.resume.iter().copied().map(quote).collect();
            _ = writeln!(text, "resume  = [{}]", words.join(", "));
        }
        if !self.env.is_empty() {
            let pairs: Vec<_> = self
                .env
                .iter()
                .map(|(name, value)| format!("{name} = {}", quote(value)))
                .collect();
            _ = writeln!(text, "env     = {{ {} }}", pairs.join(", "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{self},
        diagnostic::Source,
    };

    #[test]
    fn every_ready_table_is_a_valid_configuration() {
        for known in all() {
            let (config, problems) = config::parse(&Source::new("x", known.as_toml()));
            assert!(problems.is_empty(), "{}: {problems:?}", known.name);
            let harness = &config.harness[known.name];
            let HarnessKind::Command { command, prompt } = &harness.kind else {
                panic!("{}", known.name);
            };
            assert_eq!(*harness, known.config());
            assert_eq!(harness.resume, known.resume);
            // A prompt that is an argument belongs right behind `-p`.
            let place = command.iter().position(|word| word == "{resume}");
            assert!(
                place.is_some() || *prompt != PromptBy::Arg || command.last().unwrap() != "-p",
                "{}",
                known.name
            );
            assert!(place.is_none() || !known.resume.is_empty());
        }
    }
}
