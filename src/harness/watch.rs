//! The eye on a running session: reads every line of its output, and says when to end it.
//!
//! A session is ended before its time when its agent waits for a limit that is over in minutes or
//! hours (codex obeys a `retry-after` of an hour in silence), when it tries the same request again
//! and again or compacts its context without end, and when it has used up a budget.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::time::Instant;

use super::{
    allowance::Allowance,
    declared,
    event::{Ending, HarnessEvent, Usage, Weather},
    known, normal,
    reading::{self, Message, Mood},
    usage::Meter,
    weather::{Recogniser, Table, endless},
};
use crate::{
    config::{Events, HarnessConfig, HarnessKind, Prices},
    process::{Exit, Stream},
};

/// A limit that is over sooner is waited for inside of the session.
const SOON: SignedDuration = SignedDuration::from_mins(2);
/// How long an agent in trouble until later may print nothing.
const QUIET: Duration = Duration::from_secs(60);
/// The same when nobody knows until when: a model may think for minutes without a word, but not
/// right after an error.
const QUIET_WITHOUT_A_TIME: Duration = Duration::from_secs(10 * 60);
/// How often a request may be tried again in a row.
const RETRIES: u32 = 8;
/// How often a context may be compacted without the use of a tool between.
const COMPACTIONS: u32 = 8;
/// How much of a message is kept, in bytes.
const MESSAGE: usize = 16 * 1024;
/// How long an agent's name for its session may be.
const LONGEST_NAME: usize = 128;

/// What is known of a session from its output.
#[derive(Debug)]
pub(super) struct Watch {
    recogniser: Recogniser,
    meter: Meter,
    prices: Option<Prices>,
    allowance: Allowance,
    session: Option<String>,
    message: String,
    message_goes_on: bool,
    retries: u32,
    compactions: u32,
    /// When a line came that was no bookkeeping.
    last_sign: Instant,
    begun: Instant,
    /// The stream, where the configuration declares it.
    events: Option<Events>,
    /// Whether a session that went well says so at its end.
    says_its_end: bool,
    has_ended: bool,
    /// How long after its begin the first event came.
    first_sign: Option<Duration>,
    /// How many events were about the use of a tool.
    tools: u32,
    /// Whether the words of the last plain line have been looked at.
    is_read: bool,
}

impl Watch {
    /// Begins, for an agent and what it may use up, in the machine's time zone.
    pub(super) fn new(config: &HarnessConfig, allowance: &Allowance, zone: TimeZone) -> Self {
        let program = match &config.kind {
            HarnessKind::Command { command, .. } => command.first().map(String::as_str),
            HarnessKind::Script { .. } => None,
        };
        Self {
            recogniser: Recogniser::new(Table::new(&config.weather, zone), program),
            meter: Meter::default(),
            prices: config.prices,
            allowance: allowance.clone(),
            session: None,
            message: String::new(),
            message_goes_on: false,
            retries: 0,
            compactions: 0,
            last_sign: Instant::now(),
            begun: Instant::now(),
            events: config.events.clone(),
            says_its_end: match &config.events {
                Some(events) => events.done.is_some(),
                None => known::of(config).is_some_and(known::Known::says_its_end),
            },
            has_ended: false,
            first_sign: None,
            tools: 0,
            is_read: false,
        }
    }

    /// How long after the begin the first event came; `None` when none has.
    pub(super) fn first_sign(&self) -> Option<Duration> {
        self.first_sign
    }

    /// Whether its last event is missing, which it would have told had it gone well.
    pub(super) fn lacks_its_end(&self) -> bool {
        self.says_its_end && !self.has_ended
    }

    /// Returns the normalized events of a line as it is kept; `None` when it is plain output.
    pub(super) fn normal(&self, line: &str) -> Option<Vec<HarnessEvent>> {
        match &self.events {
            Some(events) => declared::normal(events, line),
            None => normal::events(line),
        }
    }

    /// How many events were about the use of a tool.
    pub(super) fn tools(&self) -> u32 {
        self.tools
    }

    /// Takes a whole line of output, neither redacted nor cleaned.
    pub(super) fn line(&mut self, stream: Stream, line: &[u8], now: Timestamp) {
        let reading = match stream {
            Stream::Out => match &self.events {
                Some(events) => declared::read(events, line),
                None => reading::read(line),
            },
            Stream::Err => None,
        };
        let Some(reading) = reading else {
            if !line.trim_ascii().is_empty() {
                self.last_sign = Instant::now();
                self.is_read = false;
            }
            if !line.trim_ascii_start().starts_with(b"{") {
                self.recogniser.plain(stream, line);
            }
            return;
        };
        let begun = self.begun;
        self.first_sign.get_or_insert_with(|| begun.elapsed());
        self.recogniser.reading(&reading, now);
        match reading.mood {
            Mood::Same | Mood::Troubled | Mood::Failed => {}
            Mood::Retrying => self.retries = self.retries.saturating_add(1),
            Mood::Working | Mood::Ended => self.retries = 0,
        }
        match reading.mood {
            Mood::Ended => self.has_ended = true,
            Mood::Same => {}
            _ => self.has_ended = false,
        }
        if reading.mood != Mood::Same {
            self.last_sign = Instant::now();
        }
        if reading.uses_tool {
            self.tools = self.tools.saturating_add(1);
            self.compactions = 0;
            self.message_goes_on = false;
        }
        if reading.compacts {
            self.compactions = self.compactions.saturating_add(1);
        }
        if let Some(spent) = reading.spent {
            self.meter.add(&spent);
        }
        if let Some(message) = reading.message {
            self.keep(message);
        }
        if let Some(name) = reading.session.filter(|name| is_plain(name)) {
            self.session = Some(name);
        }
    }

    fn keep(&mut self, message: Message) {
        let goes_on = matches!(message, Message::Piece(_));
        if !(goes_on && self.message_goes_on) {
            self.message.clear();
        }
        self.message_goes_on = goes_on;
        let (Message::Whole(text) | Message::Piece(text)) = message;
        self.message.push_str(&text);
        let excess = self.message.len().saturating_sub(MESSAGE);
        let mut cuts =
            (excess..=self.message.len()).filter(|cut| self.message.is_char_boundary(*cut));
        let cut = cuts.next().unwrap_or(0);
        self.message.drain(..cut);
    }

    /// The agent's own name for the session.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The last thing that the agent said to its user.
    pub(super) fn message(&self) -> String {
        if self.message.is_empty() {
            self.recogniser.last_lines()
        } else {
            self.message.clone()
        }
    }

    /// What was spent so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.meter.usage(self.prices.as_ref())
    }

    /// Returns how the session must end now; `None` while it may go on. The words are not redacted.
    pub(super) fn verdict(&mut self, processes: u32, now: Timestamp) -> Option<Ending> {
        let trouble = self.recogniser.trouble_now();
        if self.retries > RETRIES {
            return Some(Ending::Weather(endless(self.retries, trouble)));
        }
        if self.compactions > COMPACTIONS {
            let times = self.compactions;
            let reason =
                format!("it compacted its context {times} times in a row, and did nothing");
            return Some(Ending::Failed { reason });
        }
        let spent = self.meter.at_least(self.prices.as_ref());
        if let Some(what) = self.allowance.exceeded(spent.as_ref(), processes) {
            return Some(Ending::OverBudget { what });
        }
        self.waits_in_vain(self.last_sign.elapsed(), now)
            .map(Ending::Weather)
    }

    fn waits_in_vain(&mut self, quiet: Duration, now: Timestamp) -> Option<Weather> {
        if quiet < QUIET {
            return None;
        }
        let is_long = |weather: &Weather| {
            weather
                .until
                .is_some_and(|until| until.duration_since(now) > SOON)
        };
        if let Some(trouble) = self.recogniser.trouble_now() {
            let is_in_vain = is_long(trouble) || quiet >= QUIET_WITHOUT_A_TIME;
            return is_in_vain.then(|| trouble.clone());
        }
        if std::mem::replace(&mut self.is_read, true) {
            return None;
        }
        self.recogniser.last_words(now).filter(is_long)
    }

    /// Returns the weather in which the session ended.
    pub(super) fn weather(&self, exit: &Exit, now: Timestamp) -> Option<Weather> {
        self.recogniser.finish(exit, now)
    }
}

/// Returns whether a name can be an argument that is no option.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::PromptBy, harness::event::WeatherKind};

    const NOW: &str = "2026-11-20T20:00:00Z";
    const HOUR: Duration = Duration::from_secs(3600);

    fn watch(lines: &[&str]) -> Watch {
        let config = HarnessConfig::new(HarnessKind::Command {
            command: vec!["agent".into()],
            prompt: PromptBy::Stdin,
        });
        let mut watch = Watch::new(&config, &Allowance::default(), TimeZone::UTC);
        for line in lines {
            watch.line(Stream::Out, line.as_bytes(), NOW.parse().unwrap());
        }
        watch
    }

    const LIMIT: &str =
        r#"{"type":"error","message":"You have hit your usage limit. Try again in 1 hour."}"#;
    const WAITS: &str =
        r#"{"type":"error","message":"Reconnecting... 1/5 (last status: 429 Too Many Requests)"}"#;
    const WORK: &str = r#"{"type":"item.started","item":{"type":"command_execution"}}"#;
    const NOTICE: &str = r#"{"type":"turn.started"}"#;
    const COMPACTS: &str = r#"{"type":"compaction_start"}"#;

    #[test]
    fn an_agent_that_waits_for_a_limit_in_silence_is_ended() {
        let soon = LIMIT.replace("1 hour", "90 seconds");
        let plain = "You've hit your limit · resets 9pm";
        for (lines, quiet, ends) in [
            (&[LIMIT][..], QUIET, true),
            (&[LIMIT], QUIET / 2, false),
            (&[LIMIT, NOTICE], QUIET, true),
            (&[LIMIT, WORK], HOUR, false),
            (&[&*soon], QUIET, false),
            (&[&*soon], QUIET_WITHOUT_A_TIME, true),
            (&[WORK], HOUR, false),
            (&[], HOUR, false),
            // An hour's `retry-after`, of which not a word is said.
            (&[WAITS], QUIET, false),
            (&[WAITS], QUIET_WITHOUT_A_TIME, true),
            (&[plain], QUIET, true),
            (&[plain, "trying again"], QUIET, false),
            (&["I wait for the limit that resets 9pm"], HOUR, false),
        ] {
            let found = watch(lines).waits_in_vain(quiet, NOW.parse().unwrap());
            assert_eq!(found.is_some(), ends, "{lines:?} {quiet:?} {found:?}");
        }
    }

    #[test]
    fn an_endless_loop_is_ended() {
        let now = NOW.parse().unwrap();
        let ending = |lines: &[&str]| watch(lines).verdict(1, now);
        assert_eq!(ending(&[WAITS; 8]), None);
        let Some(Ending::Weather(weather)) = ending(&[WAITS; 9]) else {
            panic!("nine in a row");
        };
        assert_eq!(weather.kind, WeatherKind::Overload);
        assert!(
            weather
                .said
                .starts_with("it tried again 9 times in a row: Reconnecting")
        );
        let mut lines = vec![WAITS; 8];
        lines.push(WORK);
        lines.extend([WAITS; 8]);
        assert_eq!(ending(&lines), None);
        let unreachable =
            WAITS.replace("last status: 429 Too Many Requests", "waiting for network");
        let Some(Ending::Weather(weather)) = ending(&[&*unreachable; 9]) else {
            panic!("nine in a row");
        };
        assert_eq!(weather.kind, WeatherKind::Network);
        assert!(matches!(
            ending(&[COMPACTS; 9]),
            Some(Ending::Failed { .. })
        ));
        let mut lines = vec![COMPACTS; 8];
        lines.push(WORK);
        lines.extend([COMPACTS; 8]);
        assert_eq!(ending(&lines), None);
    }

    #[test]
    fn a_sessions_name_is_known_and_is_no_option() {
        for (line, name) in [
            (
                r#"{"type":"system","subtype":"init","session_id":"ce53-96"}"#,
                Some("ce53-96"),
            ),
            (
                r#"{"type":"thread.started","thread_id":"01a1"}"#,
                Some("01a1"),
            ),
            (
                r#"{"type":"step_start","sessionID":"ses_e0"}"#,
                Some("ses_e0"),
            ),
            (r#"{"type":"init","session_id":"903f"}"#, Some("903f")),
            (r#"{"type":"session","id":"01a1"}"#, Some("01a1")),
            (
                r#"{"type":"result","sessionId":"d0da","exitCode":0}"#,
                Some("d0da"),
            ),
            (r#"{"type":"init","session_id":"--yolo"}"#, None),
            (r#"{"type":"init","session_id":"a b"}"#, None),
            ("session 903f", None),
        ] {
            assert_eq!(watch(&[line]).session(), name, "{line}");
        }
    }

    /// The recorded streams, trimmed: what they cost (`read written dollars turns`) and are called.
    #[test]
    fn every_recorded_stream_is_counted_and_named() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/streams");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        for row in read("expected.tsv")
            .lines()
            .filter(|row| !row.starts_with('#'))
        {
            let [file, _, _, _, _, usage, name] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{row}");
            };
            let text = read(file);
            let watch = watch(&text.lines().collect::<Vec<_>>());
            let shown = watch.usage().map_or("-".to_owned(), |usage| {
                let one = |number: Option<String>| number.unwrap_or_else(|| "?".to_owned());
                [
                    one(usage.input_tokens.map(|n| n.to_string())),
                    one(usage.output_tokens.map(|n| n.to_string())),
                    one(usage.cost_usd.map(|n| format!("{n:.6}"))),
                    one(usage.turns.map(|n| n.to_string())),
                ]
                .join(" ")
            });
            assert_eq!(shown, usage, "{file}");
            assert_eq!(watch.session().unwrap_or("-"), name, "{file}");
        }
    }

    #[test]
    fn the_last_message_is_kept_whole() {
        let piece = |text: &str| {
            format!(r#"{{"type":"message","role":"assistant","delta":true,"content":"{text}"}}"#)
        };
        let tool = r#"{"type":"tool_use","tool_name":"x"}"#;
        let lines = [
            piece("Look"),
            piece("ing."),
            tool.to_owned(),
            piece("All "),
            piece("done."),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(watch(&lines).message(), "All done.");
        assert_eq!(watch(&["one", "two"]).message(), "one\ntwo");
        let long = format!(
            r#"{{"type":"result","is_error":false,"result":"{}end"}}"#,
            "ä".repeat(MESSAGE)
        );
        let message = watch(&[&*long]).message();
        assert!(message.len() <= MESSAGE && message.ends_with("end"));
    }
}
