//! Tokens that carry their issuer's mark, mostly a prefix: known wherever they stand.

use super::{
    chance::{entropy, has_random_part, is_blank, is_encoded},
    shapes::{Shape, issued},
};

/// See the file's header.
pub(super) const ISSUERS: &[Shape] = &[
    // Keys that are one token.
    issued(
        "age-key",
        &["age-secret-key-"],
        r"AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{58,}",
    ),
    Shape {
        kind: "private-key",
        words: &["ls0tls1crudjti"],
        // A block in base64, as in the secrets of Kubernetes; certificates look alike.
        pattern: r"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{40,}={0,2}",
        accept: |value| {
            // In base64 a word has one of three looks, by where it begins.
            ["UFJJVkFUR", "BSSVZBVE", "QUklWQVRF"]
                .iter()
                .any(|private| value.get(..80).unwrap_or(value).contains(private))
        },
    },
    issued(
        "private-key",
        &["\"kty\""],
        r#"(?s)"kty"\s*:\s*"[A-Za-z]+"[^{}]*?"(?:d|k)"\s*:\s*"([A-Za-z0-9_-]{16,})""#,
    ),
    issued(
        "private-key",
        &["\"kty\""],
        r#"(?s)"(?:d|k)"\s*:\s*"([A-Za-z0-9_-]{16,})"[^{}]*?"kty"\s*:"#,
    ),
    issued(
        "private-key",
        &["<rsakeyvalue>"],
        r"(?s)<RSAKeyValue>[^{}]*?<D>([A-Za-z0-9+/=\s]{40,})</D>",
    ),
    // Clouds.
    Shape {
        kind: "aws-key",
        words: &["akia", "asia", "abia", "acca", "a3t"],
        pattern: r"(?-u:\b)(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?-u:\b)",
        // A strand of DNA looks much like one.
        accept: |value| !is_blank(value) && entropy(value) >= 2.9,
    },
    issued(
        "aws-secret",
        &["akia", "asia"],
        r#"(?:AKIA|ASIA)[A-Z0-9]{16}\\?["']?\s?[,;:|\s]\s?(?:[\w"':= ]{0,30}[\s"':=,])?([A-Za-z0-9/+]{40})(?-u:\b)"#,
    ),
    issued(
        "aws-bedrock-key",
        &["absk"],
        r"(?-u:\b)ABSK[A-Za-z0-9+/]{100,}={0,2}",
    ),
    issued("google-key", &["aiza"], r"(?-u:\b)AIza[A-Za-z0-9_-]{35}"),
    issued(
        "google-token",
        &["gocspx-", "ya29.", "1//0"],
        r"(?-u:\b)(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,}|1//0[A-Za-z0-9_-]{40,})",
    ),
    issued(
        "google-service-account",
        &["private_key_id"],
        r#"private_key_id\\?["']\s*:\s*\\?["']([0-9a-f]{40})"#,
    ),
    issued(
        "azure-key",
        &["accountkey=", "sharedaccesskey=", "sharedsecret"],
        r"(?i)(?:AccountKey|SharedAccessKey|SharedSecret(?:Value)?)=([A-Za-z0-9+/]{40,}={0,2})",
    ),
    issued(
        "azure-key",
        &[
            "aztt", "astt", "azfu", "azse", "azdo", "acdb", "apim", "+acr", "+asb", "+aeh", "+arm",
            "aiot", "jqqj99",
        ],
        r"(?-u:\b)(?:[A-Za-z0-9+/]{33,76}(?:AStT|AzFu|AzSe|AZDO|ACDb|APIM|\+ACR|\+ASb|\+AEh|\+ARm|AIoT)[A-Za-z0-9+/]{4,8}(?:={1,2}|(?-u:\b))|[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26})",
    ),
    Shape {
        kind: "azure-secret",
        words: &["q~"],
        pattern: r"(?:^|[^A-Za-z0-9_~.-])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})(?:$|[^A-Za-z0-9_~.-])",
        accept: |value| entropy(value) >= 3.0 && !is_blank(value),
    },
    issued(
        "azure-sas",
        &["sig="],
        r"(?i)[?&;](?:sv|se|sp|sr|st|spr)=[^\s&]{1,60}&(?:[^\s]{0,300}&)?sig=([A-Za-z0-9%+/=_-]{32,})",
    ),
    issued(
        "alibaba-key",
        &["ltai"],
        r"(?-u:\b)LTAI[A-Za-z0-9]{16,20}(?-u:\b)",
    ),
    issued(
        "tencent-key",
        &["akid"],
        r"(?-u:\b)AKID[A-Za-z0-9]{32}(?-u:\b)",
    ),
    issued(
        "yandex-key",
        &["aqvn", "y0_", "y1_", "y2_", "y3_"],
        r"(?-u:\b)(?:AQVN[A-Za-z0-9_-]{35,38}|y[0-3]_[A-Za-z0-9_-]{50,60})(?-u:\b)",
    ),
    issued(
        "ibm-key",
        &["ibm_"],
        r"(?i)(?-u:\b)ibm_(?:cloud_)?api_?key\\?[\x22']?\s*[:=]\s*\\?[\x22']?([A-Za-z0-9_-]{44})(?-u:\b)",
    ),
    issued(
        "digitalocean-token",
        &["_v1_"],
        r"(?-u:\b)do[opr]_v1_[a-f0-9]{64}",
    ),
    issued("heroku-key", &["hrku-"], r"(?-u:\b)HRKU-[A-Za-z0-9_-]{36,}"),
    issued(
        "fly-token",
        &["fo1_", "fm1", "fm2_"],
        r"(?-u:\b)(?:fo1_[A-Za-z0-9_-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{60,}={0,3})",
    ),
    issued(
        "render-key",
        &["rnd_"],
        r"(?-u:\b)rnd_[A-Za-z0-9]{28,40}(?-u:\b)",
    ),
    issued(
        "vercel-token",
        &["vcp_", "vci_", "vca_", "vcr_", "vck_", "vercel_blob_rw_"],
        r"(?-u:\b)(?:vc[piark]_[A-Za-z0-9]{56,}|vercel_blob_rw_[A-Za-z0-9_]{30,})",
    ),
    issued(
        "netlify-token",
        &["nfp_", "nfc_", "nfo_", "nfu_"],
        r"(?-u:\b)nf[pcou]_[A-Za-z0-9]{36,}",
    ),
    issued(
        "cloudflare-key",
        &["v1.0-"],
        r"(?-u:\b)v1\.0-[a-f0-9]{24}-[a-f0-9]{146}",
    ),
    issued(
        "supabase-key",
        &["sbp_", "sb_secret_"],
        r"(?-u:\b)(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,})",
    ),
    issued("neon-key", &["napi_"], r"(?-u:\b)napi_[a-z0-9]{60,}"),
    issued(
        "planetscale-token",
        &["pscale_"],
        r"(?-u:\b)pscale_(?:tkn|pw|oauth|otkn)_[A-Za-z0-9_.=-]{32,}",
    ),
    issued(
        "aiven-password",
        &["avns_"],
        r"(?-u:\b)AVNS_[A-Za-z0-9_-]{18,}",
    ),
    issued(
        "clickhouse-key",
        &["4b1d"],
        r"(?-u:\b)4b1d[A-Za-z0-9]{38}(?-u:\b)",
    ),
    issued(
        "databricks-token",
        &["dapi"],
        r"(?-u:\b)dapi[a-f0-9]{32}(?:-[0-9])?(?-u:\b)",
    ),
    issued(
        "tailscale-key",
        &["tskey-"],
        r"(?-u:\b)tskey-[a-z]+-[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}",
    ),
    issued(
        "scalingo-token",
        &["tk-us-"],
        r"(?-u:\b)tk-us-[A-Za-z0-9_-]{48}",
    ),
    issued(
        "openshift-token",
        &["sha256~"],
        r"(?-u:\b)sha256~[A-Za-z0-9_-]{43}(?-u:\b)",
    ),
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
    // Messages.
    issued(
        "slack-token",
        &["xox", "xapp-"],
        r"(?-u:\b)(?:xoxe\.)?xox[abdeoprs]-[A-Za-z0-9-]{10,}|(?-u:\b)xapp-[0-9]-[A-Za-z0-9-]{10,}",
    ),
    issued(
        "slack-webhook",
        &["hooks.slack.com"],
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_+-]{20,})",
    ),
    issued(
        "discord-webhook",
        &["/api/webhooks/"],
        r"/api/webhooks/[0-9]{17,20}/([A-Za-z0-9_-]{40,})",
    ),
    issued(
        "teams-webhook",
        &["webhook.office.com"],
        r"webhook\.office\.com/webhookb2/([a-f0-9@-]{60,80}/IncomingWebhook/[a-z0-9]{32}/[A-Za-z0-9-]{30,})",
    ),
    issued(
        "telegram-token",
        &[":a"],
        r"(?-u:\b)[0-9]{8,10}:A[A-Za-z0-9_-]{34}(?-u:\b)",
    ),
    issued("twilio-key", &["sk"], r"(?-u:\b)SK[0-9a-f]{32}(?-u:\b)"),
    issued(
        "sendgrid-key",
        &["sg."],
        r"(?-u:\b)SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}",
    ),
    issued(
        "mailgun-key",
        &["key-"],
        r"(?-u:\b)key-[0-9a-f]{32}(?-u:\b)",
    ),
    issued(
        "mailchimp-key",
        &["-us"],
        r"(?-u:\b)[0-9a-f]{32}-us[0-9]{1,2}(?-u:\b)",
    ),
    issued(
        "brevo-key",
        &["xkeysib-", "xsmtpsib-"],
        r"(?-u:\b)x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}",
    ),
    issued(
        "resend-key",
        &["re_"],
        r"(?-u:\b)re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?-u:\b)",
    ),
    // Money and shops.
    issued(
        "stripe-key",
        &["sk_", "rk_", "whsec_"],
        r"(?-u:\b)(?:[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{24,})",
    ),
    issued(
        "square-token",
        &["sq0", "eaaa"],
        r"(?-u:\b)(?:sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{60}(?-u:\b))",
    ),
    issued(
        "paypal-token",
        &["access_token$"],
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    issued(
        "shopify-token",
        &["shpat_", "shpca_", "shppa_", "shpss_", "shprt_"],
        r"(?-u:\b)shp(?:at|ca|pa|ss|rt)_[a-fA-F0-9]{32,}",
    ),
    issued(
        "plaid-token",
        &["access-"],
        r"(?-u:\b)access-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f-]{27}",
    ),
    issued(
        "razorpay-key",
        &["rzp_"],
        r"(?-u:\b)rzp_(?:live|test)_[A-Za-z0-9]{14,}",
    ),
    issued(
        "flutterwave-key",
        &["flwseck"],
        r"(?-u:\b)FLWSECK(?:_TEST)?-[A-Za-z0-9]{12,}(?:-X)?",
    ),
    issued(
        "easypost-key",
        &["ezak", "eztk"],
        r"(?-u:\b)EZ[AT]K[A-Za-z0-9]{54}(?-u:\b)",
    ),
    issued(
        "shippo-token",
        &["shippo_"],
        r"(?-u:\b)shippo_(?:live|test)_[a-fA-F0-9]{40}",
    ),
    issued(
        "duffel-token",
        &["duffel_"],
        r"(?-u:\b)duffel_(?:test|live)_[A-Za-z0-9_=-]{43}",
    ),
    issued(
        "frameio-token",
        &["fio-u-"],
        r"(?-u:\b)fio-u-[A-Za-z0-9_=-]{64}",
    ),
    // What watches.
    issued(
        "newrelic-key",
        &["nrak-", "nrii-", "nraa-", "nrra-", "nral", "nrsp-"],
        r"(?-u:\b)(?:NR(?:AK|AA|RA|SP)-[A-Z0-9]{27,}|NRII-[A-Za-z0-9_-]{32}|[a-f0-9]{36,}NRAL)",
    ),
    issued(
        "sentry-token",
        &["sntry"],
        r"(?-u:\b)(?:sntryu_[a-f0-9]{64}|sntrys_eyJ[A-Za-z0-9+/=]{20,}_[A-Za-z0-9+/]{43})",
    ),
    issued(
        "grafana-token",
        &["glsa_", "glc_", "eyjrijoi"],
        r"(?-u:\b)(?:glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,}={0,2}|eyJrIjoi[A-Za-z0-9]{60,}={0,2})",
    ),
    issued(
        "honeycomb-key",
        &["hcaik_", "hcxik_", "hcamk_", "hcxmk_"],
        r"(?-u:\b)hc[ax][im]k_[A-Za-z0-9]{30,}",
    ),
    issued(
        "dynatrace-token",
        &["dt0"],
        r"(?-u:\b)dt0[a-z][0-9]{2}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}",
    ),
    issued(
        "posthog-key",
        &["phx_", "phs_"],
        r"(?-u:\b)ph[xs]_[A-Za-z0-9]{40,}",
    ),
    // What holds secrets and machines.
    issued(
        "terraform-token",
        &[".atlasv1."],
        r"(?-u:\b)[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
    ),
    issued(
        "vault-token",
        &["hvs.", "hvb.", "hvr."],
        r"(?-u:\b)hv[sbr]\.[A-Za-z0-9_-]{24,}",
    ),
    issued(
        "doppler-token",
        &["dp."],
        r"(?-u:\b)dp\.(?:pt|st|ct|sa|scim|audit|said)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
    ),
    issued("pulumi-token", &["pul-"], r"(?-u:\b)pul-[a-f0-9]{40}"),
    issued(
        "onepassword-token",
        &["ops_eyj", "a3-"],
        r"(?-u:\b)(?:ops_eyJ[A-Za-z0-9+/]{100,}={0,3}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5})",
    ),
    issued(
        "infracost-key",
        &["ico-"],
        r"(?-u:\b)ico-[A-Za-z0-9]{32}(?-u:\b)",
    ),
    issued(
        "ngrok-key",
        &["ak_2"],
        r"(?-u:\b)ak_2[A-Za-z0-9]{26,30}(?-u:\b)",
    ),
    // What people work with.
    issued(
        "notion-token",
        &["ntn_", "secret_"],
        r"(?-u:\b)(?:ntn_[A-Za-z0-9]{43,}|secret_[A-Za-z0-9]{43})(?-u:\b)",
    ),
    issued(
        "linear-key",
        &["lin_api_", "lin_oauth_", "lin_wh_"],
        r"(?-u:\b)lin_(?:api|oauth|wh)_[A-Za-z0-9]{32,}",
    ),
    issued(
        "figma-token",
        &["figd_", "figdr_", "figo_", "figor_"],
        r"(?-u:\b)fig(?:d|dr|o|or)_[A-Za-z0-9_-]{36,}",
    ),
    issued(
        "airtable-token",
        &["pat"],
        r"(?-u:\b)pat[A-Za-z0-9]{14}\.[a-f0-9]{64}",
    ),
    issued(
        "clickup-token",
        &["pk_"],
        r"(?-u:\b)pk_[0-9]{6,9}_[A-Z0-9]{32}",
    ),
    issued("trello-token", &["atta"], r"(?-u:\b)ATTA[a-f0-9]{64,72}"),
    issued(
        "hubspot-token",
        &["pat-"],
        r"(?-u:\b)pat-(?:na|eu|ap)[0-9]-[0-9a-f]{8}-[0-9a-f-]{27}",
    ),
    issued(
        "contentful-token",
        &["cfpat-"],
        r"(?-u:\b)CFPAT-[A-Za-z0-9_-]{43}",
    ),
    issued(
        "typeform-token",
        &["tfp_"],
        r"(?-u:\b)tfp_[A-Za-z0-9_.=-]{40,}",
    ),
    issued(
        "dropbox-token",
        &["sl."],
        r"(?-u:\b)sl\.(?:u\.)?[A-Za-z0-9_=-]{130,}",
    ),
    issued(
        "facebook-token",
        &["eaa"],
        r"(?-u:\b)EAA[A-Z][A-Za-z0-9]{100,}",
    ),
    Shape {
        kind: "twitter-token",
        words: &["aaaaaaaaaaaaaaaaaaa"],
        pattern: r"(?-u:\b)A{19,22}[A-Za-z0-9%]{70,100}(?-u:\b)",
        accept: |value| entropy(value) >= 3.0,
    },
    issued(
        "mapbox-token",
        &["sk.eyj"],
        r"(?-u:\b)sk\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}",
    ),
    issued(
        "maxmind-key",
        &["_mmk"],
        r"(?-u:\b)[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",
    ),
    issued(
        "adobe-secret",
        &["p8e-"],
        r"(?-u:\b)p8e-[A-Za-z0-9_-]{32}(?-u:\b)",
    ),
    // Anything signed.
    Shape {
        kind: "jwt",
        words: &["eyj"],
        pattern: r"(?-u:\b)eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*",
        accept: |value| !value.contains("..."),
    },
    Shape {
        // The same in base64 once more.
        kind: "jwt",
        words: &["zxlk"],
        pattern: r"(?-u:\b)ZXlK[A-Za-z0-9+/_-]{60,}={0,2}",
        accept: |value| value.get(..64).is_some_and(is_encoded),
    },
];
