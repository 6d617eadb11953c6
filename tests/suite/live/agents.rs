//! What each CLI needs so that it talks to the scripted model and to nobody else.
//!
//! Variables go into its `[harness.NAME]` table, as a user's would; files into the home of the
//! night. How often an error of the model is tried again is cut down where a CLI has a setting for
//! it, because a test has no half hour.

use serde_json::json;

/// What the contract says to a forced push.
const REFUSAL: &str = "Nothing leaves the repository at night";

/// A CLI under test.
#[derive(Debug)]
pub(super) struct Agent {
    /// The harness's name, for `init --harness`.
    pub(super) name: &'static str,
    /// The model to ask for.
    pub(super) model: &'static str,
    /// Whether it leaves loopback alone when a proxy is set for everything else.
    pub(super) spares_loopback: bool,
    /// Whether it tells how many tokens it took.
    pub(super) tells_tokens: bool,
    /// What its model is told of a refused call: the contract's reason, where the agent passes one on.
    pub(super) refusal: &'static str,
    /// Whether it prints when a usage limit is over: gemini keeps that to itself, and what the
    /// provider of the others says names no zone.
    pub(super) tells_the_reset: bool,
    /// Variables; the first argument is the model's address.
    pub(super) env: fn(&str) -> Vec<(&'static str, String)>,
    /// Files below the home folder, with their text; the same argument.
    pub(super) files: fn(&str) -> Vec<(&'static str, String)>,
}

pub(super) const CLAUDE: Agent = Agent {
    name: "claude",
    tells_tokens: true,
    refusal: REFUSAL,
    model: "claude-sonnet-4-5",
    spares_loopback: true,
    tells_the_reset: true,
    env: |url| {
        vec![
            ("ANTHROPIC_BASE_URL", url.to_owned()),
            // A plan's token and not a key, for only so does it tell a plan's limits.
            ("CLAUDE_CODE_OAUTH_TOKEN", "dummy".to_owned()),
            ("IS_SANDBOX", "1".to_owned()),
            ("DISABLE_ERROR_REPORTING", "1".to_owned()),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
            ("CLAUDE_CODE_MAX_RETRIES", "1".to_owned()),
        ]
    },
    files: |_| Vec::new(),
};

pub(super) const CODEX: Agent = Agent {
    name: "codex",
    tells_tokens: true,
    refusal: REFUSAL,
    model: "scripted",
    spares_loopback: true,
    tells_the_reset: true,
    env: |_| vec![("SCRIPTED_KEY", "dummy".to_owned())],
    files: |url| {
        let config = format!(
            "model_provider = \"scripted\"\n\n[model_providers.scripted]\nname = \"scripted\"\nbase_url = \"{url}/v1\"\nenv_key = \"SCRIPTED_KEY\"\nwire_api = \"responses\"\nrequest_max_retries = 1\nstream_max_retries = 1\n\n[analytics]\nenabled = false\n"
        );
        vec![(".codex/config.toml", config)]
    },
};

pub(super) const OPENCODE: Agent = Agent {
    name: "opencode",
    tells_tokens: false,
    // Its protocol has no place for a reason; the prompt has the contract in plain words.
    refusal: "The user rejected permission to use this specific tool call.",
    model: "scripted/m",
    spares_loopback: true,
    tells_the_reset: false,
    env: |_| {
        vec![
            ("OPENCODE_DISABLE_MODELS_FETCH", "1".to_owned()),
            ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1".to_owned()),
        ]
    },
    files: |url| {
        let config = json!({
            "provider": {"scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": format!("{url}/v1"), "apiKey": "dummy"},
                "models": {"m": {
                    "limit": {"context": 200_000, "output": 8000}, "cost": {"input": 1, "output": 2},
                }},
            }},
            "model": "scripted/m", "small_model": "scripted/m",
        });
        vec![(".config/opencode/opencode.json", config.to_string())]
    },
};

pub(super) const GEMINI: Agent = Agent {
    name: "gemini",
    tells_tokens: true,
    refusal: REFUSAL,
    model: "gemini-2.5-pro",
    spares_loopback: true,
    tells_the_reset: false,
    env: |url| {
        vec![
            ("GOOGLE_GEMINI_BASE_URL", url.to_owned()),
            ("GEMINI_API_KEY", "dummy".to_owned()),
        ]
    },
    files: |_| {
        let settings = json!({
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "general": {"enableAutoUpdate": false, "maxAttempts": 2},
            "privacy": {"usageStatisticsEnabled": false},
            "telemetry": {"enabled": false},
        });
        vec![(".gemini/settings.json", settings.to_string())]
    },
};

pub(super) const QWEN: Agent = Agent {
    name: "qwen",
    tells_tokens: true,
    refusal: REFUSAL,
    model: "scripted",
    spares_loopback: false,
    tells_the_reset: false,
    env: |url| {
        vec![
            ("OPENAI_BASE_URL", format!("{url}/v1")),
            ("OPENAI_API_KEY", "dummy".to_owned()),
            ("OPENAI_MODEL", "scripted".to_owned()),
        ]
    },
    files: |_| {
        let settings = json!({
            "security": {"auth": {"selectedType": "openai"}},
            "general": {"disableAutoUpdate": true},
            "privacy": {"usageStatisticsEnabled": false},
            "model": {"generationConfig": {"maxRetries": 0}},
        });
        vec![(".qwen/settings.json", settings.to_string())]
    },
};

pub(super) const PI: Agent = Agent {
    name: "pi",
    tells_tokens: true,
    refusal: REFUSAL,
    model: "scripted/m",
    spares_loopback: true,
    tells_the_reset: false,
    env: |_| vec![("PI_OFFLINE", "1".to_owned())],
    files: |url| {
        let model = json!({
            "id": "m", "contextWindow": 200_000, "maxTokens": 8000,
            "cost": {"input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 0},
        });
        let provider = json!({
            "baseUrl": format!("{url}/v1"), "api": "openai-completions", "apiKey": "dummy",
            "models": [model],
        });
        let models = json!({"providers": {"scripted": provider}});
        let settings = json!({
            "retry": {"maxRetries": 2, "baseDelayMs": 200, "provider": {"maxRetries": 0}},
        });
        vec![
            (".pi/agent/models.json", models.to_string()),
            (".pi/agent/settings.json", settings.to_string()),
        ]
    },
};
