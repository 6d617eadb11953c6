//! What a permission request is answered: an option by its kind, never one that lasts.

use serde_json::{Value, json};

/// Returns the answer to a request with these options. Whatever is there, a lasting permission is
/// not given; where no option refuses, the request is answered as cancelled, which agents take for a
/// refusal. Returns whether the call may happen, too.
pub(super) fn answer(options: &Value, allow: bool) -> (Value, bool) {
    let find = |kind: &str| {
        let options = options.as_array()?;
        let is_meant = |option: &&Value| option.get("kind").and_then(Value::as_str) == Some(kind);
        options.iter().find(is_meant)?.get("optionId")?.as_str()
    };
    let once = if allow { find("allow_once") } else { None };
    let outcome = match once.or_else(|| find("reject_once")) {
        Some(id) => json!({ "outcome": "selected", "optionId": id }),
        None => json!({ "outcome": "cancelled" }),
    };
    (json!({ "outcome": outcome }), once.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_permission_is_never_given() {
        let option = |kind: &str| json!({"optionId": format!("id-{kind}"), "kind": kind});
        let all = json!([
            option("allow_always"),
            option("allow_once"),
            option("reject_always"),
            option("reject_once"),
            option("allow_until_dawn")
        ]);
        let lasting = json!([option("allow_always"), option("reject_always")]);
        for (options, allow, id) in [
            (&all, true, Some("id-allow_once")),
            (&all, false, Some("id-reject_once")),
            (&lasting, true, None),
            (&lasting, false, None),
            (
                &json!([option("allow_always"), option("reject_once")]),
                true,
                Some("id-reject_once"),
            ),
            (&json!([option("allow_once")]), false, None),
            (&json!([]), true, None),
            (&Value::Null, true, None),
            (&json!([{"kind": "allow_once"}]), true, None),
        ] {
            let (answer, may) = answer(options, allow);
            let outcome = &answer["outcome"];
            assert_eq!(
                outcome.get("optionId").and_then(Value::as_str),
                id,
                "{options}"
            );
            assert_eq!(outcome["outcome"] == "cancelled", id.is_none());
            assert_eq!(may, id == Some("id-allow_once"));
        }
    }
}
