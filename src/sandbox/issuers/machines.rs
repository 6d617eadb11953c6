//! Keys that stand for themselves (age, JWK, JWT), and the tokens of clouds, of what holds secrets
//! and of what watches machines. Each is known wherever it stands.

use super::super::{
    chance::{entropy, is_blank, is_encoded},
    shapes::{Shape, issued},
};

/// See the file's header.
pub(in crate::sandbox) const MACHINES: &[Shape] = &[
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
        &["\"kty"],
        r#"(?s)"kty\s{0,3}"\s*:\s*"[A-Za-z]+\s{0,3}"[\t-z|~]{0,500}?"(?:d|k)\s{0,3}"\s*:\s*"([A-Za-z0-9_-]{16,})"#,
    ),
    issued(
        "private-key",
        &["\"kty"],
        r#"(?s)"(?:d|k)\s{0,3}"\s*:\s*"([A-Za-z0-9_-]{16,})\s{0,3}"[\t-z|~]{0,500}?"kty\s{0,3}"\s*:"#,
    ),
    issued(
        "private-key",
        &["<rsakeyvalue>"],
        r"(?s)<RSAKeyValue>[\t-z|~]{0,500}?<D>([A-Za-z0-9+/=\s]{40,})</D>",
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
        r#"(?:AKIA|ASIA)[A-Z0-9]{16}\s{0,3}["']?\s?[,;:|\s]\s?(?:[\w"':= ]{0,30}[\s"':=,])?([A-Za-z0-9/+]{40})(?-u:\b)"#,
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
        r#"private_key_id\s{0,3}["']\s*:\s*["']([0-9a-f]{40})"#,
    ),
    issued(
        "azure-key",
        &["accountkey=", "sharedaccesskey=", "sharedsecret"],
        r"(?i)(?:AccountKey|SharedAccessKey|SharedSecret(?:Value)?)=([A-Za-z0-9+/]{40,}={0,2})",
    ),
    Shape {
        // Their issuers sign them near the end, which is all that tells them from other base64.
        kind: "azure-key",
        words: &[
            "+ast", "azfu", "azse", "azdo", "acdb", "apim", "+acr", "+asb", "+aeh", "+arm", "aiot",
            "jqqj99",
        ],
        pattern: r"[A-Za-z0-9+/]+(?:(?:\+ASt|AzFu|AzSe|AZDO|ACDb|APIM|\+ACR|\+ASb|\+AEh|\+ARm|AIoT)[A-Za-z0-9+/]{4,8}|JQQJ99[A-Za-z0-9]{26})(?:={1,2}|(?-u:\b))",
        accept: |value| {
            matches!(value.trim_end_matches('=').len(), 40..=88) && entropy(value) >= 4.0
        },
    },
    Shape {
        kind: "azure-secret",
        words: &["q~"],
        pattern: r"(?:^|[^A-Za-z0-9_~.-])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})(?:$|[^A-Za-z0-9_~.-])",
        accept: |value| entropy(value) >= 3.0 && !is_blank(value),
    },
    issued(
        "azure-sas",
        &["sig="],
        r"(?i)[?&;](?:sv|se|sp|sr|st|spr)=[!-%\x27-~]{1,60}&(?:[!-~]{0,200}&)?sig=([A-Za-z0-9%+/=_-]{32,})",
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
        r"(?-u:\b)(?:AQVN[A-Za-z0-9_-]{35,38}|y[0-3]_[A-Za-z0-9_-]{50,60})",
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
        r"(?-u:\b)sha256~[A-Za-z0-9_-]{43}",
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
];
