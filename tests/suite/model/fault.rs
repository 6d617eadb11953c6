//! Faults in the providers' own words.
//!
//! Anthropic's limit of a plan travels in headers (`anthropic-ratelimit-unified-*`); codex reads
//! `usage_limit_reached` with `resets_at`; a Chat Completions provider with plans (z.ai) writes the
//! time into its sentence, in a zone that it does not name; Gemini has `QuotaFailure` and
//! `RetryInfo` among the details.

use std::time::Duration;

use serde_json::{Value, json};

use super::{asked::Api, reply::Reply};

/// Answers with a status.
pub(super) fn status(api: Api, status: u16, retry_after: Option<u64>) -> Reply {
    let words = match (api, status) {
        (Api::Anthropic, 429) => {
            "This request would exceed your account's rate limit. Please try again later."
        }
        (Api::Gemini, 429) => "Resource exhausted. Please try again later.",
        (_, 429) => "Rate limit reached for requests.",
        (Api::Anthropic, 401) => "invalid x-api-key",
        (Api::Gemini, 401) => {
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."
        }
        (_, 401) => "Incorrect API key provided: dummy.",
        (Api::Anthropic, 529) => "Overloaded",
        (_, 503) => "The model is overloaded. Please try again later.",
        (_, 402) => "Your credit balance is too low to access the API.",
        (_, 404) => "The model does not exist or you do not have access to it.",
        _ => "Internal server error",
    };
    let details = retry_after.map(|seconds| {
        let delay = format!("{seconds}s");
        json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}])
    });
    let mut reply = error(api, status, words, details);
    if let Some(seconds) = retry_after {
        reply.headers.push(("retry-after", seconds.to_string()));
    }
    reply
}

fn error(api: Api, status: u16, words: &str, details: Option<Value>) -> Reply {
    let error = match api {
        Api::Anthropic => {
            let kind = match status {
                401 => "authentication_error",
                402 => "billing_error",
                404 => "not_found_error",
                429 => "rate_limit_error",
                529 => "overloaded_error",
                _ => "api_error",
            };
            let error = json!({"type": kind, "message": words});
            let whole = json!({"type": "error", "error": error, "request_id": "req_scripted"});
            let mut reply = Reply::json(status, whole);
            reply
                .headers
                .push(("request-id", "req_scripted".to_owned()));
            return reply;
        }
        Api::Chat | Api::Responses => {
            let (kind, code) = match status {
                401 => ("invalid_request_error", "invalid_api_key"),
                402 => ("insufficient_quota", "insufficient_quota"),
                404 => ("invalid_request_error", "model_not_found"),
                429 => ("requests", "rate_limit_exceeded"),
                _ => ("server_error", "server_error"),
            };
            json!({"message": words, "type": kind, "param": null, "code": code})
        }
        Api::Gemini => {
            let word = match status {
                401 => "UNAUTHENTICATED",
                402 => "FAILED_PRECONDITION",
                404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED",
                503 => "UNAVAILABLE",
                _ => "INTERNAL",
            };
            let mut error = json!({"code": status, "message": words, "status": word});
            if let Some(details) = details {
                error["details"] = details;
            }
            error
        }
    };
    Reply::json(status, json!({"error": error}))
}

/// Answers that there is too much to do.
pub(super) fn overloaded(api: Api) -> Reply {
    status(api, if api == Api::Anthropic { 529 } else { 503 }, None)
}

/// Answers that a plan's limit is reached, which is over at `at`, after `rest`.
pub(super) fn usage_limit(api: Api, at: jiff::Timestamp, rest: Duration) -> Reply {
    let (epoch, rest) = (at.as_second(), rest.as_secs());
    match api {
        Api::Anthropic => {
            let mut reply = status(api, 429, Some(rest));
            let resets = epoch.to_string();
            for (name, value) in [
                ("anthropic-ratelimit-unified-status", "rejected"),
                ("anthropic-ratelimit-unified-reset", &resets),
                (
                    "anthropic-ratelimit-unified-representative-claim",
                    "five_hour",
                ),
                ("anthropic-ratelimit-unified-5h-status", "rejected"),
                ("anthropic-ratelimit-unified-5h-reset", &resets),
                ("anthropic-ratelimit-unified-5h-utilization", "1.0"),
                ("anthropic-ratelimit-unified-overage-status", "rejected"),
                (
                    "anthropic-ratelimit-unified-overage-disabled-reason",
                    "org_level_disabled",
                ),
            ] {
                reply.headers.push((name, value.to_owned()));
            }
            reply
        }
        Api::Responses => {
            let mut reply = Reply::json(
                429,
                json!({"error": {
                    "type": "usage_limit_reached", "message": "The usage limit has been reached",
                    "plan_type": "plus", "resets_at": epoch, "resets_in_seconds": rest,
                }}),
            );
            for (name, value) in [
                ("x-codex-primary-used-percent", "100".to_owned()),
                ("x-codex-primary-window-minutes", "300".to_owned()),
                ("x-codex-primary-reset-at", epoch.to_string()),
            ] {
                reply.headers.push((name, value));
            }
            reply
        }
        Api::Chat => {
            let at = at.strftime("%Y-%m-%d %H:%M:%S");
            let words = format!("Usage limit reached for 5 hour. Your limit will reset at {at}");
            Reply::json(429, json!({"error": {"code": "1308", "message": words}}))
        }
        Api::Gemini => {
            let words = format!(
                "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 250\nPlease retry in {rest}s."
            );
            let details = json!([
                {
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{
                        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                        "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
                        "quotaDimensions": {"location": "global", "model": "gemini-2.5-pro"},
                        "quotaValue": "250",
                    }],
                },
                {
                    "@type": "type.googleapis.com/google.rpc.RetryInfo",
                    "retryDelay": format!("{rest}s"),
                },
            ]);
            error(api, 429, &words, Some(details))
        }
    }
}
