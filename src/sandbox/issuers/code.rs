//! Tokens of the places where code lives, is built and is published, and of those who serve
//! models. Each is known wherever it stands.

use super::super::{
    chance::has_random_part,
    shapes::{Shape, issued},
};

/// See the file's header.
pub(in crate::sandbox) const CODE: &[Shape] = &[
    // Where code lives and is built.
    issued(
        "github-token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        r"(?-u:\b)gh[pousr]_[A-Za-z0-9]{36,}",
    ),
    issued(
        "github-token",
        &["github_pat_"],
        r"(?-u:\b)github_pat_[A-Za-z0-9_]{22,}",
    ),
    issued(
        "gitlab-token",
        &[
            "glpat-", "gldt-", "glrt-", "gloas-", "glcbt-", "glptt-", "glft-", "glffct-", "glimt-",
            "glagent-", "glsoat-", "glrtr-", "glwt-",
        ],
        r"(?-u:\b)gl(?:pat|dt|rt|rtr|oas|cbt|ptt|ft|ffct|imt|agent|soat|wt)-[A-Za-z0-9_-]{20,}(?:\.[a-z0-9]{2,4}\.?[a-z0-9]{7,9})?",
    ),
    issued(
        "gitlab-token",
        &["gr1348941", "_gitlab_session="],
        r"(?-u:\b)(?:GR1348941[A-Za-z0-9_-]{20,}|_gitlab_session=([0-9a-z]{32}))",
    ),
    issued(
        "bitbucket-token",
        &["atbb", "atctt3"],
        r"(?-u:\b)(?:ATBB[A-Za-z0-9]{24,}={0,2}|ATCTT3[A-Za-z0-9_=-]{50,})",
    ),
    issued(
        "atlassian-token",
        &["atatt3", "atst-"],
        r"(?-u:\b)ATATT3[A-Za-z0-9_=-]{50,}",
    ),
    issued(
        "npm-token",
        &["npm_"],
        r"(?-u:\b)npm_[A-Za-z0-9]{36}(?-u:\b)",
    ),
    issued(
        "pypi-token",
        &["pypi-age"],
        r"(?-u:\b)pypi-AgE[A-Za-z0-9_-]{50,}",
    ),
    issued(
        "cargo-token",
        &["cio"],
        r"(?-u:\b)cio[A-Za-z0-9]{32}(?-u:\b)",
    ),
    issued(
        "rubygems-key",
        &["rubygems_"],
        r"(?-u:\b)rubygems_[a-f0-9]{48}",
    ),
    issued("nuget-key", &["oy2"], r"(?-u:\b)oy2[a-z0-9]{43}(?-u:\b)"),
    issued(
        "docker-token",
        &["dckr_"],
        r"(?-u:\b)dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",
    ),
    issued(
        "clojars-token",
        &["clojars_"],
        r"(?-u:\b)CLOJARS_[A-Za-z0-9]{60}",
    ),
    issued(
        "packagist-token",
        &["packagist_"],
        r"(?-u:\b)packagist_[a-z]{3}_[a-f0-9]{68}",
    ),
    issued(
        "artifactory-key",
        &["akcp", "cmvmd"],
        r"(?-u:\b)(?:AKCp[A-Za-z0-9]{69,}|cmVmd[A-Za-z0-9]{59})(?-u:\b)",
    ),
    issued(
        "circleci-token",
        &["ccipat_", "ccipra_", "ccipjt_", "cciprj_"],
        r"(?-u:\b)CCIP(?:AT|RA|JT|RJ)_[A-Za-z0-9_-]{40,}",
    ),
    issued(
        "buildkite-token",
        &["bkua_", "bkat_", "bkpat_"],
        r"(?-u:\b)bk(?:ua|at|pat)_[a-f0-9]{40}",
    ),
    issued(
        "sonar-token",
        &["squ_", "sqp_", "sqa_"],
        r"(?-u:\b)sq[upa]_[a-f0-9]{40}(?-u:\b)",
    ),
    issued(
        "sourcegraph-token",
        &["sgp_"],
        r"(?-u:\b)sgp_(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}",
    ),
    issued(
        "postman-key",
        &["pmak-"],
        r"(?-u:\b)PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}",
    ),
    issued(
        "octopus-key",
        &["api-"],
        r"(?-u:\b)API-[A-Z0-9]{26,33}(?-u:\b)",
    ),
    issued(
        "harness-key",
        &["pat.", "sat."],
        r"(?-u:\b)[ps]at\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}",
    ),
    issued("readme-key", &["rdme_"], r"(?-u:\b)rdme_[a-z0-9]{70}"),
    issued(
        "prefect-key",
        &["pnu_", "pnb_"],
        r"(?-u:\b)pn[ub]_[A-Za-z0-9]{36}",
    ),
    issued(
        "apify-token",
        &["apify_api_"],
        r"(?-u:\b)apify_api_[A-Za-z0-9]{36,}",
    ),
    issued(
        "launchdarkly-key",
        &["sdk-", "api-", "mob-"],
        r"(?-u:\b)(?:sdk|api)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    ),
    // Models.
    issued(
        "anthropic-key",
        &["sk-ant-"],
        r"(?-u:\b)sk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,}",
    ),
    issued(
        "openai-key",
        &["sk-proj-", "sk-svcacct-", "sk-admin-", "t3blbkfj"],
        r"(?-u:\b)sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,})",
    ),
    Shape {
        // DeepSeek, OpenRouter, Moonshot, Langfuse and who else took the prefix over.
        kind: "ai-key",
        words: &["sk-"],
        pattern: r"(?-u:\b)sk-[A-Za-z0-9_-]{20,}",
        accept: has_random_part,
    },
    issued(
        "huggingface-token",
        &["hf_", "api_org_"],
        r"(?-u:\b)(?:hf_|api_org_)[A-Za-z0-9]{34,}(?-u:\b)",
    ),
    issued("groq-key", &["gsk_"], r"(?-u:\b)gsk_[A-Za-z0-9]{48,}"),
    issued("xai-key", &["xai-"], r"(?-u:\b)xai-[A-Za-z0-9]{64,}"),
    issued(
        "perplexity-key",
        &["pplx-"],
        r"(?-u:\b)pplx-[A-Za-z0-9]{48,}",
    ),
    issued(
        "replicate-token",
        &["r8_"],
        r"(?-u:\b)r8_[A-Za-z0-9]{37}(?-u:\b)",
    ),
    issued(
        "nvidia-key",
        &["nvapi-"],
        r"(?-u:\b)nvapi-[A-Za-z0-9_-]{60,}",
    ),
    issued("cerebras-key", &["csk-"], r"(?-u:\b)csk-[a-z0-9]{48}"),
    issued(
        "together-key",
        &["tgp_v1_"],
        r"(?-u:\b)tgp_v1_[A-Za-z0-9_-]{40,}",
    ),
    issued(
        "jina-key",
        &["jina_"],
        r"(?-u:\b)jina_[a-f0-9]{32}[A-Za-z0-9_-]{20,}",
    ),
    issued(
        "langsmith-key",
        &["lsv2_"],
        r"(?-u:\b)lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}",
    ),
    issued(
        "pinecone-key",
        &["pcsk_"],
        r"(?-u:\b)pcsk_[A-Za-z0-9_]{60,}",
    ),
    issued(
        "tavily-key",
        &["tvly-"],
        r"(?-u:\b)tvly-(?:dev-|prod-)?[A-Za-z0-9]{32,}",
    ),
    issued(
        "elevenlabs-key",
        &["sk_"],
        r"(?-u:\b)sk_[a-f0-9]{48}(?-u:\b)",
    ),
];
