//! Whole sessions with an agent that speaks the protocol and misbehaves: a shell script, of which a
//! test writes one turn.

use std::time::Duration;

use crate::harness::{
    event::{Ending, HarnessEvent, WeatherKind},
    tests::{Play, Played, play},
};

/// `play` is called for each prompt; `$turn` counts them, `$line` is the line read last.
const PEER: &str = r#"
OPTIONS='{"optionId":"always","kind":"allow_always"},{"optionId":"once","kind":"allow_once"},{"optionId":"no","kind":"reject_once"}'
id() { printf '%s' "$line" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/'; }
send() { printf '{"jsonrpc":"2.0",%s}\n' "$1"; }
update() { send "\"method\":\"session/update\",\"params\":{\"sessionId\":\"s1\",\"update\":{$1}}"; }
text() { update "\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"$1\"}"; }
ask() {
  send "\"id\":90,\"method\":\"session/request_permission\",\"params\":{\"sessionId\":\"s1\",\"toolCall\":{$1},\"options\":[${2-$OPTIONS}]}"
  read -r line
  printf '%s\n' "$line" >> ../answers
}
request() { send "\"id\":91,\"method\":\"$1\",\"params\":{}"; read -r line; printf '%s\n' "$line" >> ../answers; }
end() { send "\"id\":$prompt,\"result\":{\"stopReason\":\"${1-end_turn}\"${2-}}"; }
error() { send "\"id\":$prompt,\"error\":{$1}"; }
push='"toolCallId":"t1","title":"git push --force","kind":"execute","rawInput":{"command":"git push --force"}'
NAME=${NAME-peer}
turn=0
while read -r line; do
  printf '%s\n' "$line" >> ../heard
  case "$line" in
    *'"method":"initialize"'*) send "\"id\":$(id),\"result\":{\"protocolVersion\":1,\"agentInfo\":{\"name\":\"$NAME\",\"version\":\"1\"},\"agentCapabilities\":{\"loadSession\":true,\"sessionCapabilities\":{\"resume\":{}}},\"surprise\":1}" ;;
    *'"method":"session/new"'*) send "\"id\":$(id),\"result\":{\"sessionId\":\"s1\"}" ;;
    *'"method":"session/resume"'*) send "\"id\":$(id),\"result\":{}" ;;
    *'"method":"session/prompt"'*) turn=$((turn + 1)); prompt=$(id); play ;;
    *'"method":"session/cancel"'*) end cancelled ;;
  esac
done
"#;

fn peer(turn: &str) -> Play {
    let mut play = Play::sh(&format!("play() {{\n{turn}\n}}\n{PEER}"));
    play.is_acp = true;
    play
}

async fn run(turn: &str) -> Played {
    play(peer(turn)).await
}

impl Played {
    fn beside(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn said(&self) -> Vec<String> {
        let said = |event| match event {
            HarnessEvent::OutputDelta { text } => Some(text),
            _ => None,
        };
        self.events().into_iter().filter_map(said).collect()
    }

    #[track_caller]
    fn ended(&self, ending: &Ending) -> &Self {
        let raw = self.file("raw.log");
        assert_eq!(&self.report().ending, ending, "{raw:.3000}");
        self
    }

    #[track_caller]
    fn failed(&self, part: &str) -> &Self {
        let Ending::Failed { reason } = &self.report().ending else {
            panic!("{:?}", self.report().ending);
        };
        assert!(reason.contains(part), "{reason}");
        self
    }

    #[track_caller]
    fn weather(&self, kind: WeatherKind, part: &str) -> &Self {
        let Ending::Weather(weather) = &self.report().ending else {
            panic!("{:?}", self.report().ending);
        };
        assert_eq!(weather.kind, kind);
        assert!(weather.said.contains(part), "{}", weather.said);
        self
    }
}

#[tokio::test]
async fn a_turn_becomes_normalized_events() {
    let played = run(r#"
        update '"sessionUpdate":"agent_thought_chunk","content":{"type":"text","text":"Hm."}'
        text 'I look'; text ' around.\nThen'
        update '"sessionUpdate":"tool_call","toolCallId":"t0","title":"Terminal","name":"Bash","kind":"execute","status":"pending","rawInput":{}'
        update '"sessionUpdate":"tool_call_update","toolCallId":"t0","title":"ls","rawInput":{"command":"ls"}'
        ask '"toolCallId":"t0"'
        update '"sessionUpdate":"tool_call_update","toolCallId":"t0","status":"completed"'
        update '"sessionUpdate":"tool_call","toolCallId":"t2","title":"Load skill: x","name":"Skill","kind":"other","status":"pending","rawInput":{"skill":"x"}'
        update '"sessionUpdate":"compaction_update","compactionId":"c","status":"in_progress"'
        update '"sessionUpdate":"compaction_update","compactionId":"c","status":"completed"'
        update '"sessionUpdate":"usage_update","used":9,"size":10,"cost":{"amount":0.25,"currency":"USD"}'
        text 'All done.'
        end end_turn ',"usage":{"inputTokens":90,"cachedReadTokens":10,"outputTokens":7,"totalTokens":107}'
        text 'late news'
    "#)
    .await;
    played.ended(&Ending::Exited);
    let shown: Vec<String> = played
        .events()
        .iter()
        // When the session's name is known, and the two are written, is a matter of luck.
        .filter(|event| !matches!(event, HarnessEvent::RunStarted { .. }))
        .map(|event| {
            let value = serde_json::to_value(event).unwrap();
            let name = value["type"].as_str().unwrap().to_owned();
            let more = ["text", "input", "name"]
                .iter()
                .filter_map(|key| value.get(key));
            more.fold(name, |all, more| format!("{all} {more}"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "run_claimed",
            "thinking_delta \"Hm.\"",
            "output_delta \"I look around.\"",
            "output_delta \"Then\"",
            "tool_call {\"command\":\"ls\"} \"Bash\"",
            "skill_invocation \"x\"",
            "auto_compaction_start",
            "auto_compaction_end",
            "output_delta \"All done.\"",
            "output_delta \"late news\"",
            "run_completed",
        ]
    );
    let usage = played.report().usage.clone().unwrap();
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.cost_usd),
        (Some(100), Some(7), Some(0.25))
    );
    assert_eq!(played.report().judged, 1);
    assert_eq!(played.report().session.as_deref(), Some("s1"));
    let heard = played.beside("heard");
    for part in [
        r#""readTextFile":false"#,
        r#""terminal":false"#,
        r#""compaction":{}"#,
        r#""sessionFailure""#,
        r#""name":"night""#,
        r#""name":"NIGHTSHIFT_SAY""#,
    ] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
    assert!(!heard.contains("elicitation"), "{heard}");
}

#[tokio::test]
async fn a_refused_call_is_refused_and_the_turn_goes_on() {
    for (options, answer) in [
        ("$OPTIONS", r#""optionId":"no""#),
        (
            r#"{"optionId":"always","kind":"allow_always"}"#,
            r#""outcome":"cancelled""#,
        ),
        (
            r#"{"optionId":"z","kind":"allow_until_dawn"}"#,
            r#""outcome":"cancelled""#,
        ),
        ("", r#""outcome":"cancelled""#),
    ] {
        let options = options.replace('"', "\\\"");
        let played = run(&format!(
            "ask \"$push\" \"{options}\"; text 'Without it, then.'; end"
        ))
        .await;
        played.ended(&Ending::Exited);
        assert!(
            played.beside("answers").contains(answer),
            "{}",
            played.beside("answers")
        );
        assert_eq!(played.report().judged, 1);
    }
}

#[tokio::test]
async fn nothing_lasting_is_allowed_and_nothing_unseen() {
    let always = r#"'{"optionId":"always","kind":"allow_always"}'"#;
    for (request, judged, answer) in [
        // A harmless call, for which there is only a lasting permission.
        (format!(r#"ask '"toolCallId":"t","kind":"execute","title":"ls"' {always}"#), 1, "cancelled"),
        (r#"ask '"toolCallId":"t","kind":"execute","title":"ls"'"#.to_owned(), 1, r#""once""#),
        // Nothing to judge it by.
        (r#"ask '"toolCallId":"t"'"#.to_owned(), 0, r#""no""#),
        (r#"ask '"toolCallId":"t","kind":"execute","title":"Terminal","rawInput":{"cwd":"/"}'"#.to_owned(), 0, r#""no""#),
        (r#"ask '"toolCallId":"t","kind":"fetch","title":"Fetching","rawInput":{}'"#.to_owned(), 0, r#""no""#),
        (r#"ask '"no":"id"'"#.to_owned(), 0, r#""no""#),
        // Files, by their places.
        (r#"ask '"toolCallId":"t","kind":"edit","title":"x","content":[{"type":"diff","path":"/push/a","newText":"b"}]'"#.to_owned(), 1, r#""no""#),
        (r#"ask '"toolCallId":"t","kind":"read","title":"x","locations":[{"path":"/a"}]'"#.to_owned(), 1, r#""once""#),
        // The night's own verbs, as each agent shows them, and what only looks like one.
        (r#"ask '"toolCallId":"t","name":"mcp__night__park","title":"mcp__night__park","kind":"other","rawInput":{"question":"push?"}'"#.to_owned(), 0, r#""once""#),
        (r#"ask '"toolCallId":"t","title":"night_done","kind":"other","rawInput":{}'"#.to_owned(), 0, r#""once""#),
        (r#"ask '"toolCallId":"t","title":"note (night MCP Server)","kind":"other"'"#.to_owned(), 0, r#""once""#),
        (r#"update '"sessionUpdate":"tool_call","toolCallId":"t","kind":"execute","title":"mcp.night.park","rawInput":{"server":"night","tool":"park","arguments":{"question":"push?"}},"_meta":{"is_mcp_tool_call":true}'; ask '"toolCallId":"t","kind":"execute"'"#.to_owned(), 0, r#""once""#),
        (r#"ask '"toolCallId":"t","title":"night_done","kind":"execute","rawInput":{"command":"push"}'"#.to_owned(), 1, r#""no""#),
        (r#"ask '"toolCallId":"t","title":"night_done","kind":"other","rawInput":{"command":"push"}'"#.to_owned(), 1, r#""no""#),
    ] {
        let played = run(&format!("{request}; text on; end")).await;
        played.ended(&Ending::Exited);
        assert_eq!(played.report().judged, judged, "{request}");
        assert!(played.beside("answers").contains(answer), "{request}: {}", played.beside("answers"));
    }
}

#[tokio::test]
async fn a_turn_that_a_refusal_ended_goes_on_in_the_same_session() {
    for stop in ["end_turn", "cancelled"] {
        let played = run(&format!(
            "if [ $turn = 1 ]; then ask \"$push\"; end {stop}; else text 'Without it.'; end; fi"
        ))
        .await;
        played.ended(&Ending::Exited);
        let heard = played.beside("heard");
        assert_eq!(heard.matches("session/new").count(), 1);
        assert_eq!(heard.matches("session/prompt").count(), 2);
        assert!(
            heard.contains(r#"git push --force\"}`: not at night"#),
            "{heard}"
        );
    }
    let played = run("ask \"$push\"; end").await;
    played.failed("its turn ended with a refused call 6 times");
    assert_eq!(played.report().judged, 6);
}

#[tokio::test]
async fn what_nobody_offered_is_declined_and_what_nobody_knows_is_survived() {
    let played = run(r#"
        echo 'npm warn something'; echo; echo '[1,2]'; echo '{"broken'
        update '"sessionUpdate":"brand_new_thing","x":1'
        update '"sessionUpdate":"tool_call","status":"pending"'
        update '"sessionUpdate":7'
        send '"method":"_vendor/hello","params":{}'
        request fs/write_text_file; request terminal/create; request _vendor/ask; request elicitation/create
        text fine; end
    "#)
    .await;
    played.ended(&Ending::Exited);
    let answers = played.beside("answers");
    let lines: Vec<&str> = answers.lines().collect();
    assert_eq!(lines.len(), 4, "{answers}");
    assert!(
        lines[..3].iter().all(|line| line.contains("-32601")),
        "{answers}"
    );
    assert!(lines[3].contains(r#""action":"decline""#), "{answers}");
    assert!(!played.beside("heard").contains("-32700"));
    assert!(played.said().contains(&"npm warn something".to_owned()));
}

#[tokio::test]
async fn an_end_of_a_turn_is_no_success_against_the_evidence() {
    let status = |name: &str| {
        format!(
            "update '\"sessionUpdate\":\"session_info_update\",\"_meta\":{{\"codex\":{{\"threadStatus\":{{\"type\":\"{name}\"}}}}}}'"
        )
    };
    let air = |severity: &str, title: &str| {
        format!(
            "\"_meta\":{{\"jetbrains\":{{\"air\":{{\"sessionFailure\":{{\"category\":\"limit\",\"severity\":\"{severity}\",\"title\":\"{title}\"}}}}}}}}"
        )
    };
    let gone = "exceeded retry limit, last status: 429 Too Many Requests";
    let broken = status("systemError");
    run(&format!(
        "{broken}; text '{gone}'; end end_turn ',\"usage\":null'"
    ))
    .await
    .weather(WeatherKind::Overload, "429 Too Many Requests");
    run(&format!("{broken}; text 'the wheels came off'; end"))
        .await
        .failed("the wheels came off");
    let failure = air("error", "You hit your 5-hour limit · resets 11pm (UTC)");
    run(&format!("end end_turn ',{failure}'"))
        .await
        .weather(WeatherKind::Limit, "5-hour limit");
    run(&format!(
        "end end_turn ',{}'",
        air("warning", "Model metadata not found.")
    ))
    .await
    .ended(&Ending::Exited);
    run("text ''; end end_turn ',\"usage\":{\"outputTokens\":0,\"totalTokens\":0}'")
        .await
        .failed("without an answer of the model");
    run("error '\"code\":-32603,\"message\":\"Internal error: API Error: Repeated 529 Overloaded errors.\",\"data\":{\"errorKind\":\"server_error\"}'")
        .await
        .weather(WeatherKind::Overload, "529 Overloaded");
    run("error '\"code\":-32603,\"message\":\"Internal error\",\"data\":{\"details\":\"529 Overloaded\"}'")
        .await
        .weather(WeatherKind::Overload, "529 Overloaded");
    run("error '\"code\":401,\"message\":\"API key not valid.\"'")
        .await
        .weather(WeatherKind::Login, "API key not valid");
    run("error '\"code\":-32000,\"message\":\"Authentication required\"'")
        .await
        .weather(WeatherKind::Login, "Authentication required");
    run("error '\"code\":-32603,\"message\":\"a bug in the adapter\"'")
        .await
        .failed("a bug in the adapter");
    for stop in ["refusal", "max_tokens", "max_turn_requests", "cancelled"] {
        run(&format!("text on; end {stop}")).await.failed(stop);
    }
    run("text on; end ran_out_of_coffee").await.failed("");
}

#[tokio::test]
async fn retries_and_compactions_are_counted() {
    let retry = "update '\"sessionUpdate\":\"session_info_update\",\"_meta\":{\"codex\":{\"error\":{\"message\":\"Reconnecting... 1/5\",\"codexErrorInfo\":{\"responseStreamDisconnected\":{\"httpStatusCode\":529}},\"willRetry\":true}}}'";
    run(&format!(
        "for i in 1 2 3 4 5 6 7 8 9; do {retry}; done; read -r line; end cancelled"
    ))
    .await
    .weather(WeatherKind::Overload, "it tried again 9 times");
    let compact = "update '\"sessionUpdate\":\"compaction_update\",\"compactionId\":\"c\",\"status\":\"in_progress\"'";
    let played = run(&format!("for i in 1 2 3 4 5 6 7 8 9; do {compact}; done; read -r line; printf '%s' \"$line\" >> ../answers; end cancelled")).await;
    played.failed("it compacted its context 9 times in a row");
    assert!(played.beside("answers").contains("session/cancel"));
}

#[tokio::test]
async fn an_agent_that_dies_or_hangs_has_not_succeeded() {
    run("text before; exit 3")
        .await
        .failed("in the middle of its turn");
    run("text before; exit 0")
        .await
        .failed("in the middle of its turn");
    run("text before; kill -9 $$")
        .await
        .failed("in the middle of its turn");
    run("exec >&-; sleep 5")
        .await
        .failed("in the middle of its turn");
    let mut waits = peer("text before; sleep 20");
    waits.silence = Duration::from_millis(700);
    play(waits).await.ended(&Ending::Silent { after_ms: 700 });
    // One that is busy all the time, and says nothing.
    let mut spins = peer("text before; while :; do :; done");
    spins.silence = Duration::from_millis(700);
    play(spins).await.ended(&Ending::Silent { after_ms: 700 });
    let mut late = peer("while :; do text .; sleep 0.1; done");
    late.timeout = Duration::from_millis(700);
    play(late).await.ended(&Ending::TimedOut { after_ms: 700 });
    let mut mute = Play::sh("sleep 20");
    mute.is_acp = true;
    mute.silence = Duration::from_millis(500);
    play(mute).await.ended(&Ending::Silent { after_ms: 500 });
}

#[tokio::test]
async fn a_line_without_end_is_not_kept_in_memory() {
    let long = "head -c 20971520 /dev/zero | tr '\\0' x";
    let played = run(&format!(
        "printf '{{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{{\"x\":\"'; {long}; echo '\"}}}}'; text on; end"
    ))
    .await;
    played.ended(&Ending::Exited);
    assert!(
        played.said()[0].contains("bytes was not read"),
        "{:?}",
        played.said()
    );
    run(&format!(
        "printf '{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"'; {long}; echo '\"}}'"
    ))
    .await
    .failed("more than nightshift reads");
}

#[tokio::test]
async fn a_park_by_a_call_cancels_the_turn_and_ends_the_agent() {
    let played = run(r#"
        echo kept > work.txt
        ask '"toolCallId":"t","kind":"execute","title":"rm -rf /"'
        read -r line; printf '%s\n' "$line" >> ../answers
        end cancelled
    "#)
    .await;
    played.ended(&Ending::Halted);
    assert!(played.beside("answers").contains("session/cancel"));
    assert_eq!(played.beside("bench/work.txt"), "kept\n");
    // Said by the night's own server.
    let said = r#"echo '{"verb":"park","question":"Which?"}' >> "$NIGHTSHIFT_SAY"; read -r line; end cancelled"#;
    run(said).await.ended(&Ending::Halted);
}

#[tokio::test]
async fn an_agent_that_does_not_end_by_itself_is_ended_after_its_turn() {
    let played = run("text on; end; exec sleep 60").await;
    played.ended(&Ending::Exited);
    assert!(played.report().took < Duration::from_secs(15));
}

#[tokio::test]
async fn an_earlier_session_is_taken_up_again() {
    let mut again = peer("text on; end");
    again.resume = Some("s0");
    let played = play(again).await;
    played.ended(&Ending::Exited);
    assert_eq!(played.report().session.as_deref(), Some("s0"));
    let heard = played.beside("heard");
    assert!(heard.contains("session/resume") && !heard.contains("session/new"));
}
