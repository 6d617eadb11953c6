//! Keys without a mark of their own, known by the vendor's name in front of them
//! (`HEROKU_API_KEY=…`).

use super::{chance::is_random, shapes::Shape};

/// A vendor's name, a word for a key in the same name, an assignment, and what looks random.
macro_rules! vendor {
    ($kind:literal, [$($word:literal),+], $name:literal) => {
        Shape {
            kind: $kind,
            words: &[$($word),+],
            pattern: concat!(
                "(?i-u)",
                $name,
                r#"[a-z0-9_.-]{0,30}?(?:key|token|secret|passw(?:or)?d|pat|auth)[a-z0-9_-]{0,10}\s{0,3}["'\]]{0,2}\s{0,3}(?:=>|:=|[:=,])\s{0,3}["'`]?([a-z0-9_+/=.-]{16,200})"#
            ),
            accept: is_random,
        }
    };
}

/// See the file's header.
pub(super) const VENDORS: &[Shape] = &[
    vendor!(
        "aws-secret",
        ["aws", "amazon", "s3_"],
        r"(?:aws|amazon|(?-u:\b)s3)_?"
    ),
    vendor!("adafruit-key", ["adafruit", "aio_"], "(?:adafruit|aio)_?"),
    vendor!("airtable-token", ["airtable"], "airtable"),
    vendor!("algolia-key", ["algolia"], "algolia"),
    vendor!("asana-token", ["asana"], "asana"),
    vendor!(
        "atlassian-token",
        ["atlassian", "confluence", "jira"],
        "(?:atlassian|confluence|jira)"
    ),
    vendor!("azure-key", ["azure", "arm_client"], "(?:azure|arm_client)"),
    vendor!("bitbucket-token", ["bitbucket"], "bitbucket"),
    vendor!("bugsnag-key", ["bugsnag"], "bugsnag"),
    vendor!(
        "cloudflare-key",
        ["cloudflare", "cf_api"],
        "(?:cloudflare|cf_api)"
    ),
    vendor!("codecov-token", ["codecov"], "codecov"),
    vendor!("cohere-key", ["cohere", "co_api_key"], "(?:cohere|co_api)"),
    vendor!("coinbase-key", ["coinbase"], "coinbase"),
    vendor!("confluent-key", ["confluent"], "confluent"),
    vendor!(
        "datadog-key",
        ["datadog", "dd_ap"],
        "(?:datadog|dd_(?:api|app))"
    ),
    vendor!("deepseek-key", ["deepseek"], "deepseek"),
    vendor!("discord-token", ["discord"], "discord"),
    vendor!("dropbox-token", ["dropbox"], "dropbox"),
    vendor!("elastic-key", ["elastic"], "elastic"),
    vendor!(
        "facebook-secret",
        ["facebook", "fb_app"],
        "(?:facebook|fb_app)"
    ),
    vendor!("fastly-token", ["fastly"], "fastly"),
    vendor!("gitter-token", ["gitter"], "gitter"),
    vendor!("gocardless-token", ["gocardless"], "gocardless"),
    vendor!("heroku-key", ["heroku"], "heroku"),
    vendor!("hetzner-token", ["hcloud", "hetzner"], "(?:hcloud|hetzner)"),
    vendor!("hubspot-key", ["hubspot"], "hubspot"),
    vendor!("intercom-token", ["intercom"], "intercom"),
    vendor!(
        "jfrog-key",
        ["jfrog", "artifactory"],
        "(?:jfrog|artifactory)"
    ),
    vendor!("linkedin-secret", ["linkedin"], "linkedin"),
    vendor!("linode-token", ["linode"], "linode"),
    vendor!("mailgun-key", ["mailgun"], "mailgun"),
    vendor!("mattermost-token", ["mattermost"], "mattermost"),
    vendor!("mistral-key", ["mistral"], "mistral"),
    vendor!("netlify-token", ["netlify"], "netlify"),
    vendor!("okta-token", ["okta"], "okta"),
    vendor!("pagerduty-key", ["pagerduty"], "pagerduty"),
    vendor!(
        "paypal-secret",
        ["paypal", "braintree"],
        "(?:paypal|braintree)"
    ),
    vendor!("plaid-secret", ["plaid"], "plaid"),
    vendor!("pusher-secret", ["pusher"], "pusher"),
    vendor!("rapidapi-key", ["rapidapi"], "rapidapi"),
    vendor!("rollbar-token", ["rollbar"], "rollbar"),
    vendor!("scaleway-key", ["scaleway", "scw_"], "(?:scaleway|scw)_?"),
    vendor!("segment-key", ["segment_"], "segment_"),
    vendor!("sentry-token", ["sentry"], "sentry"),
    vendor!("snyk-token", ["snyk"], "snyk"),
    vendor!("spotify-secret", ["spotify"], "spotify"),
    vendor!("square-token", ["square"], "square"),
    vendor!("sumologic-key", ["sumo"], "sumo"),
    vendor!("travis-token", ["travis"], "travis"),
    vendor!("twilio-token", ["twilio"], "twilio"),
    vendor!("twitch-secret", ["twitch"], "twitch"),
    vendor!("twitter-token", ["twitter"], "twitter"),
    vendor!("vultr-key", ["vultr"], "vultr"),
    vendor!("wandb-key", ["wandb"], "wandb"),
    vendor!("zendesk-token", ["zendesk"], "zendesk"),
];
