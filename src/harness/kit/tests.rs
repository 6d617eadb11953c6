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
