//! Which variables of the user's environment a confined child may see: those that say where tools
//! are and how text is written. Everything else stays out, whatever its name.

use std::ffi::OsStr;

/// Names that say something about the machine and its tools.
const NAMES: [&str; 78] = [
    "ALL_PROXY",
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "ASDF_DATA_DIR",
    "ASDF_DIR",
    "BUN_INSTALL",
    "CARGO_BUILD_JOBS",
    "CARGO_HOME",
    "CARGO_INCREMENTAL",
    "CARGO_NET_OFFLINE",
    "CARGO_TARGET_DIR",
    "CC",
    "CFLAGS",
    "COLORTERM",
    "CONDA_EXE",
    "CONDA_PREFIX",
    "CPPFLAGS",
    "CURL_CA_BUNDLE",
    "CXX",
    "CXXFLAGS",
    "DENO_DIR",
    "DOTNET_ROOT",
    "FNM_DIR",
    "FNM_MULTISHELL_PATH",
    "FORCE_COLOR",
    "GEM_HOME",
    "GEM_PATH",
    "GIT_AUTHOR_DATE",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GOCACHE",
    "GOFLAGS",
    "GOMODCACHE",
    "GOPATH",
    "GOROOT",
    "GOTOOLCHAIN",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "JAVA_HOME",
    "LANG",
    "LANGUAGE",
    "LDFLAGS",
    "LLVM_PROFILE_FILE",
    "LOCALE_ARCHIVE",
    "LOGNAME",
    "MISE_DATA_DIR",
    "NIX_PROFILES",
    "NIX_SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "NO_COLOR",
    "NO_PROXY",
    "NVM_BIN",
    "NVM_DIR",
    "PATH",
    "PKG_CONFIG_PATH",
    "PNPM_HOME",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "RBENV_ROOT",
    "REQUESTS_CA_BUNDLE",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUST_BACKTRACE",
    "SDKMAN_DIR",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TZ",
    "UV_CACHE_DIR",
    "USER",
    "VIRTUAL_ENV",
    "VOLTA_HOME",
    "XDG_DATA_DIRS",
];

/// Beginnings of names by which agents find their provider, their login and their model.
const PROVIDERS: [&str; 33] = [
    "AIDER_",
    "ANTHROPIC_",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AZURE_OPENAI_",
    "CEREBRAS_",
    "CLAUDE_",
    "CODEX_",
    "COPILOT_",
    "DASHSCOPE_",
    "DEEPSEEK_",
    "DISABLE_AUTOUPDATER",
    "DISABLE_ERROR_REPORTING",
    "DISABLE_TELEMETRY",
    "FIREWORKS_",
    "GEMINI_",
    "GOOGLE_API_KEY",
    "GOOGLE_GEMINI_",
    "GOOGLE_GENAI_",
    "GROQ_",
    "HERMES_",
    "HF_TOKEN",
    "KIMI_",
    "LITELLM_",
    "MISTRAL_",
    "MOONSHOT_",
    "OLLAMA_",
    "OPENAI_",
    "OPENCODE_",
    "OPENROUTER_",
    "PI_",
    "QWEN_",
    "TOGETHER_",
    "XAI_",
];

/// Returns whether agents and gates may see it.
pub fn is_ordinary(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    // Programs read the lower-case spelling of the proxies.
    let proxy = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"];
    NAMES.contains(&name) || proxy.contains(&name) || name.starts_with("LC_")
}

/// Returns whether an agent may see it, because it is how one reaches its model. Never a gate.
pub fn is_provider(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| PROVIDERS.iter().any(|prefix| name.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_other_services_and_loaders_stay_out() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "SSH_AUTH_SOCK",
            "DBUS_SESSION_BUS_ADDRESS",
            "LD_PRELOAD",
            "NODE_OPTIONS",
            "PYTHONPATH",
            "RUSTC_WRAPPER",
            "GIT_DIR",
            "CARGO_REGISTRY_TOKEN",
            "NPM_TOKEN",
            "XDG_RUNTIME_DIR",
        ] {
            let name = OsStr::new(name);
            assert!(!is_ordinary(name) && !is_provider(name), "{name:?}");
        }
        assert!(is_ordinary(OsStr::new("LC_ALL")) && is_provider(OsStr::new("ANTHROPIC_API_KEY")));
        assert!(!is_ordinary(OsStr::new("ANTHROPIC_API_KEY")));
    }
}
