//! What a configuration would have done, in words: which commands it runs, what these may reach,
//! and what agents are told. For a person who is to decide whether to trust it.
//!
//! Nothing is cut or left out; only values of variables are, because they may be secrets.

use crate::{
    config::{Config, Engine, GatePlace, HarnessConfig, HarnessKind, Network},
    sandbox::clean,
};

/// Returns each effect as one text, its name in the first ten columns. A text may have several
/// lines; the later ones are indented as far.
pub(super) fn effects(config: &Config, has_prompt: Option<&str>, contract: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |name: &str, what: &str| {
        let lines: Vec<_> = visible(what).lines().map(str::to_owned).collect();
        found.push(format!("{name:<9} {}", lines.join("\n          ")));
    };
    for (name, harness) in &config.harness {
        agent(&mut add, name, harness, config);
    }
    if let Some(file) = has_prompt {
        add("prompt", &format!("{file}, in place of the built-in one"));
    }
    if let Some(gate) = &config.gate.run {
        add("gate", gate);
    }
    if config.gate.place == GatePlace::Bench {
        add("gate", "runs in the agent's own bench");
    }
    for command in &config.rooms.setup {
        add("setup", command);
    }
    list(&mut add, "copies", &config.rooms.copy);
    let sandbox = &config.sandbox;
    add(
        "sandbox",
        match sandbox.engine {
            Engine::Off => "OFF: agents and gates may do whatever you may do",
            Engine::Auto => "the best that is there",
            Engine::Bwrap => "bubblewrap",
            Engine::Landlock => "Landlock alone",
            Engine::Seatbelt => "Seatbelt",
        },
    );
    if sandbox.allow_root {
        add("sandbox", "may run as root");
    }
    let network = match sandbox.network {
        Network::Open => "agents reach everything".to_owned(),
        Network::Allow if sandbox.hosts.is_empty() => "agents reach nothing".to_owned(),
        Network::Allow => format!("agents reach {}", sandbox.hosts.join(", ")),
    };
    add("network", &network);
    if config.gate.network {
        add("network", "gates and set-up reach everything");
    }
    list(&mut add, "reads", &sandbox.read);
    list(&mut add, "writes", &sandbox.write);
    list(&mut add, "agent env", &sandbox.env);
    list(&mut add, "gate env", &config.gate.env);
    list(&mut add, "protects", &config.gate.protect);
    add("tickets", &config.backlog);
    add("contract", contract);
    found
}

fn agent(add: &mut impl FnMut(&str, &str), name: &str, harness: &HarnessConfig, config: &Config) {
    let used = if config.agent.harness.iter().any(|used| used == name) {
        ""
    } else {
        " (only for tickets that name it)"
    };
    match &harness.kind {
        HarnessKind::Command { command, .. } | HarnessKind::Acp { command } => {
            add("agent", &format!("{name}{used}: {}", words(command)));
        }
        HarnessKind::Script { stories } => {
            let stories = stories.display();
            add(
                "agent",
                &format!("{name}{used}: plays the stories in {stories}"),
            );
        }
    }
    if !harness.resume.is_empty() {
        add("", &format!("continues with {}", words(&harness.resume)));
    }
    if !harness.env.is_empty() {
        let names: Vec<_> = harness.env.keys().map(String::as_str).collect();
        add("", &format!("with {} set", names.join(", ")));
    }
}

fn list(add: &mut impl FnMut(&str, &str), name: &str, values: &[String]) {
    if !values.is_empty() {
        add(name, &values.join(", "));
    }
}

/// Returns the text with every control character but line breaks and tabs written out: what an
/// escape sequence would swallow on a terminal, a shell would run.
pub(super) fn visible(text: &str) -> String {
    let written: String = text
        .chars()
        .flat_map(|c| {
            let is_plain = !c.is_control() || matches!(c, '\n' | '\t');
            let plain = is_plain.then_some(c);
            let written = (!is_plain).then(|| c.escape_unicode());
            plain.into_iter().chain(written.into_iter().flatten())
        })
        .collect();
    clean(&written)
}

/// Shows a command line as a shell would take it.
fn words(command: &[String]) -> String {
    let plain = |word: &&String| {
        let ordinary = |c: char| c.is_alphanumeric() || "-_=./:,+@%{}".contains(c);
        !word.is_empty() && word.chars().all(ordinary)
    };
    let quoted: Vec<_> = command
        .iter()
        .map(|word| {
            if plain(&word) {
                word.clone()
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        })
        .collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_is_named_and_no_value_of_a_variable() {
        let source = crate::diagnostic::Source::new(
            "nightshift.toml",
            r#"
[agent]
harness = "mine"
[harness.mine]
command = ["sh", "-c", "it's $HOME \u001b[2J"]
resume = ["--go-on", "{session}"]
env = { TOKEN = "s3cret" }
[harness.other]
command = ["other"]
[gate]
run = "make\nmake test"
where = "bench"
network = true
env = ["DATABASE_URL"]
protect = ["ci/**"]
[rooms]
setup = ["npm ci"]
copy = [".env"]
[sandbox]
engine = "off"
network = "allow"
hosts = ["a.example", "b.example"]
read = ["/opt"]
write = ["~/x"]
env = ["KEY"]
allow_root = true
"#,
        );
        let (config, found) = crate::config::parse(&source);
        assert_eq!(found, []);
        let shown = effects(&config, Some("p.j2"), "policy.toml").join("\n");
        insta::assert_snapshot!(shown, @r"
        agent     mine: sh -c 'it'\''s $HOME \u{1b}[2J'
                  continues with --go-on {session}
                  with TOKEN set
        agent     other (only for tickets that name it): other
        prompt    p.j2, in place of the built-in one
        gate      make
                  make test
        gate      runs in the agent's own bench
        setup     npm ci
        copies    .env
        sandbox   OFF: agents and gates may do whatever you may do
        sandbox   may run as root
        network   agents reach a.example, b.example
        network   gates and set-up reach everything
        reads     /opt
        writes    ~/x
        agent env KEY
        gate env  DATABASE_URL
        protects  ci/**
        tickets   backlog
        contract  policy.toml
        ");
    }
}
