//! One attempt: the prompt, the session, and the contract's answer to what the agent raised.

use std::{path::PathBuf, time::Duration};

use super::{fence::Who, hands::Room, objective, real::Real, referee::Referee, world::Trouble};
use crate::{
    backlog::ticket::{Ticket, TicketId},
    config::{HarnessConfig, HarnessKind},
    gate::verdict::Class,
    harness::{
        self, Allowance, Earlier, HarnessReport, Landed, PromptInput, Session as AgentSession,
        Told,
        event::{Ending, Usage, WeatherKind},
        rehearsal_story,
    },
    layout::{self, PathContext as _},
    machine::{Active, Attempt, Event, Host, Session, State, TicketState, ToolTally},
    policy::decision::Decision,
    sandbox::{self, Fence, Seen},
    say::{StandingAnswer, utterance::Utterance},
};

/// How many landed tickets are named in a prompt.
const LANDED: usize = 30;
/// How many bytes of a red gate's output go into the next prompt.
const TAIL: usize = 4 * 1024;

impl Real {
    pub(super) async fn run_agent(
        &mut self,
        state: &State,
        id: &TicketId,
        attempt: u32,
    ) -> Result<Vec<Event>, Trouble> {
        self.write_objectives(state)?;
        let remedy = "look at the disk and the state folder, then `nightshift run`";
        let (Some(ticket), Some((known, active))) = (self.ticket(id).cloned(), state.active())
        else {
            return Ok(Vec::new());
        };
        let harness = self.harness_of(active, &ticket)?;
        let desk = self.desk(id, attempt);
        let input = self.prompt_input(state, &ticket, known);
        let site = &self.hands.site;
        let template = site.found.root.join(harness::PROMPT_TEMPLATE);
        let prompt = harness::compose(&input, &template).map_err(|error| {
            Trouble::of(&error, "mend the prompt's template, then `nightshift run`")
        })?;
        let facts = ticket.facts.clone();
        let policy = &site.policy;
        let left = state.allowance(id);
        let timeout = ticket.timeout.unwrap_or(site.config.agent.timeout);
        let bench = self.hands.room(Room::Bench);
        let tools = self.hands.layout.rooms().join("tools");
        let own_timeout =
            (left.work_ms).map_or(timeout, |ms| timeout.min(Duration::from_millis(ms)));
        self.hands.move_in(Who::Agent, false)?;
        let cell = self.hands.cell(Room::Bench, Who::Agent)?;
        let home = self.hands.home_variables(&cell);
        let socket = self.hands.socket("desk")?;
        let fence = Fence {
            engine: &self.hands.engine,
            cell,
            program: &self.program,
        };
        let request = |prompt, folder, resume, timeout| AgentSession {
            night: &self.night,
            ticket: &ticket,
            attempt,
            harness: &active.harness,
            config: &harness,
            bench: &bench,
            base: &active.from,
            folder,
            prompt,
            root: &site.found.root,
            environment: &site.environment.all,
            program: &self.program,
            tools: &tools,
            fence: &fence,
            home: &home,
            variables: &site.config.sandbox.env,
            redactor: &self.hands.redactor,
            mark: desk.mark.clone(),
            timeout,
            silence: site.config.agent.silence,
            progress: &self.hands.progress,
            model: ticket
                .model
                .as_deref()
                .or(site.config.agent.model.as_deref()),
            configuration: &site.config_hash,
            allowance: Allowance {
                turns: left
                    .turns
                    .map(|turns| u32::try_from(turns).unwrap_or(u32::MAX)),
                input_tokens: left.input_tokens,
                output_tokens: left.output_tokens,
                cost_micros: left.cost_micros,
                processes: left.processes,
            },
            socket: &socket,
            resume,
            answers: policy
                .standing()
                .map(|(ask, say)| StandingAnswer {
                    ask: ask.to_owned(),
                    say: say.to_owned(),
                })
                .collect(),
        };
        let proxy = self.hands.open_proxy(&harness)?;
        let redactor = &self.hands.redactor;
        let mut referee = Referee::new(policy, &facts, redactor, &desk.folder)
            .map_err(|error| Trouble::of(&error, remedy))?;
        let first = request(&prompt, &desk.folder, None, own_timeout);
        let mut report = harness::run(first, &mut self.hands.stop, &mut referee)
            .await
            .map_err(|error| Trouble::of(&error, remedy))?;
        let ended_early = report.premature.clone();
        if let (Some(why), Some(name)) = (&report.premature, report.session.clone())
            && !harness.resume.is_empty()
        {
            // Once, in the same session, with evidence of its own.
            let folder = desk.folder.join("continued");
            let rest = own_timeout.saturating_sub(report.took);
            let prompt = harness::go_on(why);
            std::fs::create_dir_all(&folder)
                .at("create the folder", &folder)
                .map_err(|error| Trouble::of(&error, remedy))?;
            let second = request(&prompt, &folder, Some(&name), rest);
            let second = harness::run(second, &mut self.hands.stop, &mut referee)
                .await
                .map_err(|error| Trouble::of(&error, remedy))?;
            report = joined(report, second);
        }
        if let Some(note) = early_end(ended_early.as_deref(), report.premature.as_deref()) {
            report.said.push(Utterance::Note { text: note });
        }
        if let Some(reason) = own_model(&ticket, &report.ending) {
            report.ending = Ending::NotStarted { reason };
        }
        let hosts = proxy.map(|proxy| seen(&proxy.seen())).unwrap_or_default();
        let Referee {
            mut raised,
            tools,
            broken,
            ..
        } = referee;
        if let Some(error) = broken {
            return Err(Trouble::of(&error, remedy));
        }
        if let Some(decision) = &mut raised {
            self.redact_decision(decision);
        }
        let brought = self
            .secrets_in_bench(&active.from, &active.from_tree)
            .await?;
        self.learn(&brought, &desk.folder)?;
        let mut session = self.redacted(&fact(report, raised, tools, hosts))?;
        if let (Ending::TimedOut { after_ms }, Some(ms)) = (&session.ending, left.work_ms)
            && *after_ms >= ms
        {
            // What bounded it was not its own timeout.
            let minutes = ms.div_ceil(60_000);
            session.ending = Ending::OverBudget {
                what: format!("the {minutes} min of work that were left"),
            };
        }
        let outcome = serde_json::to_vec_pretty(&session).unwrap_or_default();
        layout::write(&desk.folder.join("outcome.json"), &outcome)
            .map_err(|error| Trouble::of(&error, remedy))?;
        Ok(vec![Event::Ended {
            ticket: id.clone(),
            session,
        }])
    }

    fn harness_of(&self, active: &Active, ticket: &Ticket) -> Result<HarnessConfig, Trouble> {
        if self.rehearsal {
            let stories: PathBuf = self.hands.layout.state().join("stories");
            let story = stories.join(format!("{}.yaml", ticket.id()));
            layout::write(&story, rehearsal_story(ticket.id()).as_bytes())
                .map_err(|error| Trouble::of(&error, "look at the disk"))?;
            return Ok(HarnessConfig::new(HarnessKind::Script { stories }));
        }
        self.hands
            .site
            .config
            .harness
            .get(&active.harness)
            .cloned()
            .ok_or_else(|| {
                Trouble::new(
                    format!("the harness `{}` is no longer configured", active.harness),
                    format!(
                        "bring `[harness.{}]` back, then `nightshift run`",
                        active.harness
                    ),
                )
            })
    }

    fn prompt_input(&self, state: &State, ticket: &Ticket, known: &TicketState) -> PromptInput {
        let site = &self.hands.site;
        let landed = state
            .night()
            .map(|night| night.landed.as_slice())
            .unwrap_or_default();
        let shown = landed.len().saturating_sub(LANDED);
        let latest = landed.get(shown..).unwrap_or_default();
        let gate = ticket.gate.clone().or_else(|| site.config.gate.run.clone());
        PromptInput {
            id: ticket.id().to_string(),
            title: ticket.facts.title.clone(),
            body: ticket.body.clone(),
            fence: fence(&self.night, ticket),
            paths: ticket.facts.paths.clone(),
            gate: gate.clone(),
            accept: ticket.accept.clone(),
            protected: site.config.gate.protect.clone(),
            contract: site.policy.in_plain_words(),
            standing: site
                .policy
                .standing()
                .map(|(ask, say)| Told {
                    question: ask.to_owned(),
                    answer: say.to_owned(),
                })
                .collect(),
            answers: known
                .answers
                .iter()
                .map(|answer| Told {
                    question: answer.question.clone().unwrap_or_default(),
                    answer: answer.answer.clone(),
                })
                .collect(),
            earlier: (objective::of_interest(known).iter())
                .map(|attempt| self.earlier(attempt))
                .collect(),
            objective: objective::told(known, ticket, gate.as_ref()),
            landed: latest
                .iter()
                .filter_map(|id| state.ticket(id))
                .map(|done| Landed {
                    id: done.facts.id.to_string(),
                    title: done.facts.title.clone(),
                })
                .collect(),
            landed_before: u32::try_from(shown).unwrap_or(u32::MAX),
        }
    }

    fn earlier(&self, attempt: &Attempt) -> Earlier {
        let red = attempt
            .verdicts
            .iter()
            .find(|verdict| verdict.class != Class::Passed);
        let output = red
            .and_then(|verdict| verdict.log.as_ref())
            .map(|log| self.hands.layout.night(&self.night).join(log))
            .and_then(|path| std::fs::read_to_string(path).ok())
            .map(|text| tail(&text));
        let said = attempt.session.iter().flat_map(|session| &session.said);
        Earlier {
            attempt: attempt.number,
            why: attempt
                .setback
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            notes: said
                .filter_map(|said| match said {
                    Utterance::Note { text }
                    | Utterance::Done { text }
                    | Utterance::Assume { text, .. } => Some(text.clone()),
                    Utterance::Park(_) | Utterance::Halt { .. } => None,
                })
                .collect(),
            output,
        }
    }
}

/// Returns a line that a ticket cannot guess, because its own bytes go into it.
fn fence(night: &str, ticket: &Ticket) -> String {
    let clock = crate::clock::now().boot.ms;
    let secret = format!(
        "{night} {clock} {} {}",
        std::process::id(),
        ticket.facts.hash
    );
    let hash = blake3::hash(secret.as_bytes()).to_hex();
    format!("=== {} ===", hash.chars().take(16).collect::<String>())
}

/// Returns the end of a text, from the beginning of a line.
fn tail(text: &str) -> String {
    let mut from = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let end = text.get(from..).unwrap_or_default();
    if from == 0 {
        return end.to_owned();
    }
    end.split_once('\n')
        .map_or(end, |(_, rest)| rest)
        .to_owned()
}

/// Returns two sessions as the one attempt that they are.
fn joined(first: HarnessReport, second: HarnessReport) -> HarnessReport {
    let mut said = first.said;
    said.extend(second.said);
    HarnessReport {
        ending: second.ending,
        took: first.took + second.took,
        said,
        first_sign: first.first_sign,
        judged: first.judged.saturating_add(second.judged),
        bad_says: first.bad_says.saturating_add(second.bad_says),
        usage: first.usage.zip(second.usage).map(|(a, b)| sum(&a, &b)),
        output_bytes: first.output_bytes.saturating_add(second.output_bytes),
        survivors: first.survivors.saturating_add(second.survivors),
        processes: first.processes.max(second.processes),
        session: second.session.or(first.session),
        premature: second.premature,
    }
}

/// What one of the two does not tell is not known of both.
fn sum(a: &Usage, b: &Usage) -> Usage {
    let tokens = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
    Usage {
        input_tokens: tokens(a.input_tokens, b.input_tokens),
        output_tokens: tokens(a.output_tokens, b.output_tokens),
        cost_usd: a.cost_usd.zip(b.cost_usd).map(|(a, b)| a + b),
        turns: a.turns.zip(b.turns).map(|(a, b)| a.saturating_add(b)),
    }
}

/// Returns what is worth knowing of a turn that ended too soon.
fn early_end(first: Option<&str>, last: Option<&str>) -> Option<String> {
    Some(match (first?, last) {
        (why, None) => format!("nightshift: the turn ended too soon and was continued once; {why}"),
        (_, Some(why)) => format!("nightshift: the turn ended too soon; {why}"),
    })
}

/// Returns why a ticket cannot be worked with the model that its own file names: that blocks the
/// ticket, not the harness.
fn own_model(ticket: &Ticket, ending: &Ending) -> Option<String> {
    let model = ticket.model.as_ref()?;
    let Ending::Weather(weather) = ending else {
        return None;
    };
    (weather.kind == WeatherKind::Model).then(|| {
        format!(
            "`model: {model}` in its file cannot be used ({}): change it or take it out",
            weather.said
        )
    })
}

/// Returns what a proxy has seen, the most used first; those beyond a bound together.
fn seen(seen: &Seen) -> Vec<Host> {
    const MOST: usize = 40;
    let line = |host: String, used: &sandbox::Use| Host {
        host,
        connections: used.connections,
        refused: used.refused,
        sent: used.bytes_up,
        received: used.bytes_down,
    };
    let all = seen.hosts.iter();
    let mut hosts: Vec<_> = all
        .map(|host| line(format!("{}:{}", host.host, host.port), &host.used))
        .collect();
    hosts.push(line("others".to_owned(), &seen.rest));
    hosts.retain(|host| host.connections + host.refused > 0);
    hosts.sort_by_key(|host| std::cmp::Reverse((host.connections, host.refused)));
    let more = hosts.split_off(hosts.len().min(MOST));
    if let Some(rest) = more.into_iter().reduce(|a, b| Host {
        host: "others".to_owned(),
        connections: a.connections + b.connections,
        refused: a.refused + b.refused,
        sent: a.sent + b.sent,
        received: a.received + b.received,
    }) {
        hosts.push(rest);
    }
    hosts
}

fn fact(
    report: HarnessReport,
    decision: Option<Decision>,
    tools: Vec<ToolTally>,
    hosts: Vec<Host>,
) -> Session {
    Session {
        ending: report.ending,
        took_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        first_sign_ms: (report.first_sign)
            .map(|first| u64::try_from(first.as_millis()).unwrap_or(u64::MAX)),
        said: report.said,
        decision,
        tools,
        hosts,
        usage: report.usage,
        output_bytes: report.output_bytes,
        survivors: report.survivors,
        processes: report.processes,
    }
}
