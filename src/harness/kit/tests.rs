//! What each agent is given, and that a hook that does not work refuses.

use super::*;
use crate::harness::known;

fn place<'a>(folder: &'a Path, voice: &'a [(&'static str, String)]) -> Place<'a> {
    Place {
        user: folder,
        home: folder,
        inside: Path::new("/home/me"),
        bench: Path::new("/bench"),
        program: Path::new("/opt/it's/nightshift"),
        socket: Path::new("/run/desk"),
        voice,
        model: None,
    }
}

#[test]
fn every_agent_with_a_gate_asks_at_the_desk() {
    let voice = [("NIGHTSHIFT_SAY", "/say.jsonl".to_owned())];
    for name in [
        "claude", "codex", "gemini", "qwen", "copilot", "hermes", "pi",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let kit = equip(known::find(name).unwrap(), &place(folder.path(), &voice))
            .unwrap()
            .unwrap();
        let mut all = kit.args.join("\n");
        for entry in walk(folder.path()) {
            all += &fs::read_to_string(entry).unwrap();
        }
        let asks = all.contains("hook ") && all.contains("/run/desk")
            || all.contains("\"hook\", \"pi\", \"/run/desk\"");
        assert!(asks, "{name}: {all}");
        assert!(all.contains("unavailable"), "{name} refuses what fails");
    }
    assert_eq!(
        equip(
            known::find("aider").unwrap(),
            &place(Path::new("/nonexistent"), &voice)
        )
        .unwrap(),
        None
    );
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(walk(&path));
        } else {
            all.push(path);
        }
    }
    all
}

#[test]
fn of_the_users_settings_only_login_and_model_go_along() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path().join("user");
    fs::create_dir_all(user.join(".gemini")).unwrap();
    layout::write(
        &user.join(".gemini/settings.json"),
        br#"{"security":{"auth":{"selectedType":"x"},"folderTrust":{"enabled":false}},"model":{"name":"m"},"hooks":{"BeforeTool":[]},"hooksConfig":{"enabled":false}}"#,
    )
    .unwrap();
    layout::write(&user.join(".gemini/oauth_creds.json"), b"{}").unwrap();
    let home = folder.path().join("home");
    let place = Place {
        user: &user,
        home: &home,
        ..place(folder.path(), &[])
    };
    equip(known::find("gemini").unwrap(), &place).unwrap();
    let text = fs::read_to_string(home.join(".gemini/settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(settings["security"], json!({"auth": {"selectedType": "x"}}));
    assert_eq!(settings["model"]["name"], "m");
    assert!(settings.get("hooksConfig").is_none());
    assert_eq!(settings["hooks"]["BeforeTool"].as_array().unwrap().len(), 1);
    assert!(home.join(".gemini/oauth_creds.json").exists());
}

#[test]
fn an_agent_that_speaks_the_protocol_is_made_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path().join("user");
    let bring = |name: &str, text: &str| {
        let path = user.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        layout::write(&path, text.as_bytes()).unwrap();
    };
    bring(
        ".config/opencode/opencode.json",
        r#"{"model":"m","provider":{"p":{}},"permission":{"bash":"allow"},"mcp":{}}"#,
    );
    bring(
        ".codex/config.toml",
        "model = \"m\"\ndefault_permissions = \"open\"\nsandbox_mode = \"danger-full-access\"\n",
    );
    bring(".codex/auth.json", "{}");
    let home = folder.path().join("home");
    let place = Place {
        user: &user,
        home: &home,
        model: Some("asked/for"),
        ..place(folder.path(), &[])
    };
    let of = |command: &[&str]| {
        let words: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        equip_acp(known::of_acp(&words).unwrap(), &place)
            .unwrap()
            .unwrap()
    };
    let variable = |kit: &Kit, name: &str| {
        let found = kit.env.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    let read = |name: &str| fs::read_to_string(home.join(name)).unwrap();

    let claude = of(&["npx", "-y", "@agentclientprotocol/claude-agent-acp@0.100.0"]);
    let options = &claude.meta["claudeCode"]["options"];
    assert_eq!(options["settingSources"], json!([]));
    assert_eq!(options["model"], "asked/for");
    let ask = options["settings"]["permissions"]["ask"]
        .as_array()
        .unwrap();
    assert!(ask.contains(&json!("Bash")) && ask.contains(&json!("Write")));

    let opencode = of(&["/opt/opencode", "acp"]);
    let config: Value =
        serde_json::from_str(&variable(&opencode, "OPENCODE_CONFIG_CONTENT")).unwrap();
    for place in ["/permission", "/agent/build/permission"] {
        let rules = config.pointer(place).unwrap().as_object().unwrap();
        assert!(
            rules.contains_key("*") && rules.values().all(|rule| rule == "ask"),
            "{place}"
        );
    }
    assert_eq!(config["experimental"]["continue_loop_on_deny"], true);
    assert_eq!(config["model"], "asked/for");
    let kept: Value = serde_json::from_str(&read(".config/opencode/opencode.json")).unwrap();
    assert_eq!(kept, json!({"model": "m", "provider": {"p": {}}}));

    let codex = of(&["node", "/opt/codex-acp/dist/index.js"]);
    assert_eq!(variable(&codex, "CODEX_HOME"), "/home/me/.codex");
    let config: toml::Table = read(".codex/config.toml").parse().unwrap();
    assert_eq!(config["default_permissions"].as_str(), Some("night"));
    assert_eq!(config["model"].as_str(), Some("asked/for"));
    assert!(config.get("sandbox_mode").is_none());
    let night = &config["permissions"]["night"];
    assert_eq!(night["filesystem"][":root"].as_str(), Some("read"));
    assert_eq!(night["network"]["enabled"].as_bool(), Some(false));
    assert!(home.join(".codex/auth.json").exists());

    let gemini = of(&["gemini", "--acp"]);
    assert!(gemini.args.contains(&"--skip-trust".to_owned()));
    assert!(
        gemini
            .hidden
            .contains(&"/bench/.gemini/settings.json".into())
    );
    of(&["qwen", "--acp"]);
    let other = ["hermes".to_owned(), "acp".to_owned()];
    assert_eq!(
        equip_acp(known::of_acp(&other).unwrap(), &place).unwrap(),
        None
    );
    assert_eq!(known::of_acp(&["mine".to_owned()]), None);
}
