//! What every CLI must live through, one night each, in the words of `init` and with short limits.
//!
//! [`Night::run`] looks after every one of them that no process is left, that the remote's refs
//! have not moved, and that the user's checkout is as it was.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    agents::{self, Agent},
    night::{Limits, Night},
};
use crate::model::{Fault, Turn};

const LIMITS: Limits = Limits {
    silence: "60s",
    length: "5m",
};
/// A night that is over before any weather is, since that is waited for half a minute at least. An
/// agent may be as still as it likes: some try again for more than a minute without a word.
const SHORT: Limits = Limits {
    silence: "2m",
    length: "25s",
};
/// An agent that is soon given up.
const IMPATIENT: Limits = Limits {
    silence: "8s",
    length: "5m",
};

/// The work of every script: two turns.
fn note() -> Vec<Turn> {
    vec![
        Turn::write("note.txt", "a note\n"),
        Turn::say("The note is written."),
    ]
}

fn has_landed(night: &Night) {
    let bed = &night.bed;
    assert_eq!(bed.landed(), ["a: Title of a"]);
    let text = bed.git(&["show", &format!("{}:note.txt", bed.branch())]);
    assert_eq!(text, "a note\n");
}

fn lands(agent: &'static Agent) {
    let Some(night) = Night::new(agent, LIMITS, note()) else {
        return;
    };
    night.run().code(0);
    has_landed(&night);
    let session = &night.fact("ended")["session"];
    assert_eq!(session["ending"], "exited", "{session}");
    super::install::say(&format!(
        "live: {}: first event after {} ms, {} ms in all, {} processes at most",
        agent.name, session["first_sign_ms"], session["took_ms"], session["processes"]
    ));
    // Every answer of the model claims to have read 1,200 tokens, and to have written 42.
    let usage = &session["usage"];
    let told = [&usage["input_tokens"], &usage["output_tokens"]];
    if agent.tells_tokens {
        assert_eq!(told, [&json!(2400), &json!(84)], "{session}");
    }
}

/// The remote by its path: the contract refuses, and the model is told why. (Behind that the sandbox
/// hides the path, and the bench knows no remote.)
fn is_refused_a_forced_push(agent: &'static Agent) {
    let mut script = note();
    let push = "git push --force \"$HOME/origin.git\" HEAD:refs/heads/main";
    script.insert(
        0,
        Turn::shell(&format!("git commit -qam x --allow-empty; {push}")),
    );
    let Some(night) = Night::new(agent, LIMITS, script) else {
        return;
    };
    night.run().code(0);
    has_landed(&night);
    let told = night.model.told().join("\n");
    assert!(told.contains(agent.refusal), "{told}");
    let tools = night.fact("ended")["session"]["tools"].clone();
    let denied = |tally: &Value| tally["action"] == "deny" && tally["rule"] == "outward-commands";
    assert!(tools.as_array().unwrap().iter().any(denied), "{tools}");
}

fn parks(agent: &'static Agent) {
    let ask = "nightshift say park --question 'Which colour?' --option red --option blue --recommend red --because 'it is a matter of taste'";
    let Some(night) = Night::new(agent, LIMITS, vec![Turn::shell(ask)]) else {
        return;
    };
    night.run().code(1);
    assert_eq!(
        night.bed.outcomes()["a"],
        "parked",
        "{:?}",
        night.model.told()
    );
    let report = night.bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("Which colour?"), "{report}");
}

fn survives_an_overload(agent: &'static Agent) {
    let [write, say] = note().try_into().unwrap();
    let overload = || Turn::Fault(Fault::Overloaded);
    let Some(night) = Night::new(agent, LIMITS, vec![overload(), write, overload(), say]) else {
        return;
    };
    night.run().code(0);
    has_landed(&night);
    assert_eq!(night.model.played(), 4);
}

/// What the session ended with: the weather, and no outcome of the ticket's own.
fn weather(night: &Night) -> Value {
    assert_eq!(night.bed.outcomes()["a"], "skipped");
    let ending = night.fact("ended")["session"]["ending"].clone();
    let weather = &ending["weather"];
    assert!(weather.is_object(), "{ending}");
    let setback = night.fact("returned");
    assert!(setback["setback"]["weather"].is_object(), "{setback}");
    weather.clone()
}

fn waits_out_an_overload_that_lasts(agent: &'static Agent) {
    let script = vec![Turn::Always(Fault::Status(429, Some(1)))];
    let Some(night) = Night::new(agent, SHORT, script) else {
        return;
    };
    night.run();
    let weather = weather(&night);
    assert_eq!(weather["kind"], "overload", "{weather}");
}

fn waits_out_a_usage_limit(agent: &'static Agent) {
    let five_hours = Duration::from_secs(5 * 3600);
    let script = vec![Turn::Always(Fault::UsageLimit(five_hours))];
    let Some(night) = Night::new(agent, SHORT, script) else {
        return;
    };
    let reset = Timestamp::now() + five_hours;
    night.run();
    let weather = weather(&night);
    assert_eq!(weather["kind"], "limit", "{weather}");
    let until = weather["until"].as_str();
    assert_eq!(until.is_some(), agent.tells_the_reset, "{weather}");
    if let Some(until) = until {
        let until: Timestamp = until.parse().unwrap();
        let off = until.duration_since(reset).abs();
        assert!(off < SignedDuration::from_mins(2), "{weather}, not {reset}");
    }
}

fn is_ended_when_it_hangs(agent: &'static Agent) {
    let [write, _] = note().try_into().unwrap();
    let script = vec![write, Turn::Always(Fault::Hang)];
    let Some(night) = Night::new(agent, IMPATIENT, script) else {
        return;
    };
    night.run().code(1);
    let ending = &night.fact("ended")["session"]["ending"];
    assert_eq!(*ending, json!({"silent": {"after_ms": 8000}}));
    assert_eq!(night.bed.outcomes()["a"], "failed");
    assert_eq!(night.bed.landed(), Vec::<String>::new());
}

macro_rules! nights {
    ($($module:ident: $agent:ident, { $($(#[$how:meta])? $scenario:ident),* $(,)? })*) => { $(
        mod $module {
            use super::agents::$agent;

            $(
                #[test]
                $(#[$how])?
                fn $scenario() {
                    super::$scenario(&$agent);
                }
            )*
        }
    )* };
}

nights! {
    claude: CLAUDE, {
        lands, is_refused_a_forced_push, parks, survives_an_overload, is_ended_when_it_hangs,
        waits_out_an_overload_that_lasts, waits_out_a_usage_limit,
    }
    codex: CODEX, {
        lands, is_refused_a_forced_push, parks, survives_an_overload, is_ended_when_it_hangs,
        waits_out_an_overload_that_lasts, waits_out_a_usage_limit,
    }
    opencode: OPENCODE, {
        lands, is_refused_a_forced_push, parks, survives_an_overload, is_ended_when_it_hangs,
        waits_out_an_overload_that_lasts,
        #[ignore = "it tries again on its own for more than a minute"]
        waits_out_a_usage_limit,
    }
    gemini: GEMINI, {
        lands, is_refused_a_forced_push, parks, survives_an_overload, is_ended_when_it_hangs,
        waits_out_an_overload_that_lasts, waits_out_a_usage_limit,
    }
    qwen: QWEN, {
        lands, is_refused_a_forced_push, parks, survives_an_overload, is_ended_when_it_hangs,
        #[ignore = "it tries again on its own for more than a minute"]
        waits_out_an_overload_that_lasts,
        #[ignore = "it tries again on its own for more than a minute"]
        waits_out_a_usage_limit,
    }
    pi: PI, {
        lands, is_refused_a_forced_push, parks, survives_an_overload, is_ended_when_it_hangs,
        waits_out_an_overload_that_lasts, waits_out_a_usage_limit,
    }
}
