//! What every CLI must live through, one night each.

use std::time::Duration;

use serde_json::Value;

use super::{
    agents::{self, Agent},
    night::{Limits, Night},
};
use crate::model::{Fault, Turn};

const LIMITS: Limits = Limits {
    silence: "60s",
    length: "5m",
};
/// A night that is over before any weather is.
const SHORT: Limits = Limits {
    silence: "60s",
    length: "25s",
};
/// An agent that is given up soon.
const IMPATIENT: Limits = Limits {
    silence: "5s",
    length: "5m",
};

const FORCED: &str = "git push --force origin HEAD:refs/heads/main";

fn show(night: &Night, said: &crate::bed::Said) {
    eprintln!("{}\n{}", said.out, said.err);
    for asked in night.model.requests() {
        eprintln!(
            "{} {:?} {:?}",
            asked.path,
            asked.turn,
            asked.results().last()
        );
    }
    eprintln!("{:?}", night.model.others());
    for ended in night.facts("ended") {
        eprintln!("ended {ended}");
    }
    for ended in night.facts("returned") {
        eprintln!("returned {ended}");
    }
    for ended in night.facts("settled") {
        eprintln!("settled {ended}");
    }
}

fn note() -> Vec<Turn> {
    vec![
        Turn::write("note.txt", "a note\n"),
        Turn::say("The note is written."),
    ]
}

fn lands(agent: &'static Agent) {
    let Some(night) = Night::new(agent, LIMITS, &["a"], note()) else {
        return;
    };
    let said = night.run();
    show(&night, &said);
    assert_eq!(night.bed.landed(), ["a: Title of a"]);
}

fn forced(agent: &'static Agent) {
    let mut script = vec![Turn::shell(FORCED)];
    script.extend(note());
    let Some(night) = Night::new(agent, LIMITS, &["a"], script) else {
        return;
    };
    let said = night.run();
    show(&night, &said);
    assert_eq!(night.bed.landed(), ["a: Title of a"]);
    let told = night.model.told().join("\n");
    assert!(told.contains("origin"), "{told}");
}

fn parks(agent: &'static Agent) {
    let ask = "nightshift say park --question 'Which colour?' --option red --option blue --recommend red --because 'it is a matter of taste'";
    let Some(night) = Night::new(agent, LIMITS, &["a"], vec![Turn::shell(ask)]) else {
        return;
    };
    let said = night.run();
    show(&night, &said);
    assert_eq!(night.bed.outcomes()["a"], "parked");
}

fn survives(agent: &'static Agent) {
    let mut script = vec![Turn::Fault(Fault::Overloaded)];
    script.extend(note());
    script.insert(2, Turn::Fault(Fault::Overloaded));
    let Some(night) = Night::new(agent, LIMITS, &["a"], script) else {
        return;
    };
    let said = night.run();
    show(&night, &said);
    assert_eq!(night.bed.landed(), ["a: Title of a"]);
}

fn storm(agent: &'static Agent) {
    let script = vec![Turn::Always(Fault::Status(429, Some(1)))];
    let Some(night) = Night::new(agent, SHORT, &["a"], script) else {
        return;
    };
    let said = night.run();
    show(&night, &said);
    panic!("{:?}", night.bed.outcomes());
}

fn hangs(agent: &'static Agent) {
    let script = vec![
        Turn::write("note.txt", "a note\n"),
        Turn::Always(Fault::Hang),
    ];
    let Some(night) = Night::new(agent, IMPATIENT, &["a"], script) else {
        return;
    };
    let said = night.run();
    show(&night, &said);
    panic!("{:?}", night.bed.outcomes());
}

fn limit(agent: &'static Agent) {
    let rest = Duration::from_secs(5 * 3600);
    let script = vec![Turn::Always(Fault::UsageLimit(rest))];
    let Some(night) = Night::new(agent, SHORT, &["a"], script) else {
        return;
    };
    let said = night.run();
    show(&night, &said);
    panic!("{:?}", night.bed.outcomes());
}

macro_rules! scenarios {
    ($($module:ident: $agent:ident),* $(,)?) => { $(
        mod $module {
            use super::agents::$agent as AGENT;

            #[test]
            fn lands() {
                super::lands(&AGENT);
            }

            #[test]
            fn forced() {
                super::forced(&AGENT);
            }
            #[test]
            fn parks() {
                super::parks(&AGENT);
            }
            #[test]
            fn survives() {
                super::survives(&AGENT);
            }
            #[test]
            fn storm() {
                super::storm(&AGENT);
            }
            #[test]
            fn hangs() {
                super::hangs(&AGENT);
            }
            #[test]
            fn limit() {
                super::limit(&AGENT);
            }
        }
    )* };
}

scenarios! {
    claude: CLAUDE,
    codex: CODEX,
    opencode: OPENCODE,
    gemini: GEMINI,
    qwen: QWEN,
    pi: PI,
}
