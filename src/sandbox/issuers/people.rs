//! Tokens of what people write, pay and plan with. Each is known wherever it stands.

use super::super::{
    chance::entropy,
    shapes::{Shape, issued},
};

/// See the file's header.
pub(in crate::sandbox) const PEOPLE: &[Shape] = &[
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
        r"(?-u:\b)[0-9]{8,10}:A[A-Za-z0-9_-]{34}",
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
        r#"(?:^|[\s"'`=:,;>(\[])(sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{60})(?:[\s"'`,;<)\]&]|$)"#,
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
        r#"(?:^|[\s"'`=:,;>(\[])(EAA[A-Z][A-Za-z0-9]{100,})(?:[\s"'`,;<)\]&]|$)"#,
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
    issued("adobe-secret", &["p8e-"], r"(?-u:\b)p8e-[A-Za-z0-9_-]{32}"),
];
