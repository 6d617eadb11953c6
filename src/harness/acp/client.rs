//! Our end of the protocol: the session is made, its prompt is driven to an end, requests are
//! answered. The only file that knows the official crate.
//!
//! Of what a client may offer, only what helps to see is offered: no files, no terminals and no
//! questions. A turn that a refusal ended goes on in the same session, told what was refused.

use std::{cell::RefCell, io, path::PathBuf, pin::Pin, rc::Rc, time::Duration};

use agent_client_protocol::{
    Agent, Client, Error, Lines, Responder, UntypedMessage, on_receive_request,
    schema::ProtocolVersion,
    v1::{
        ConnectionTo,
        schema::{
            CancelNotification, ClientCapabilities, ClientSessionCapabilities,
            CompactionCapabilities, ContentBlock, EnvVariable, FileSystemCapabilities,
            Implementation, InitializeRequest, InitializeResponse, LoadSessionRequest, McpServer,
            McpServerStdio, Meta, NewSessionRequest, NoticeCapabilities, PromptRequest,
            ResumeSessionRequest, SessionId, StopReason, TextContent,
        },
    },
};
use futures::{StreamExt as _, channel::mpsc as lines};
use serde_json::{Map, Value, json};
use tokio::{
    sync::{mpsc, watch},
    time,
};

use super::{answer, calls::Subject, reader::Reader, wire::Line};
use crate::harness::{desk::Door, judge::ToolCall};

/// How often a turn that a refusal ended is taken up again.
const AGAIN: usize = 5;
/// How long an agent may take to end its turn when it is told to.
const CANCEL: Duration = Duration::from_secs(2);
/// How many requests of an agent may wait for us.
const WAITING: usize = 256;

/// What a session is opened with.
#[derive(Debug, Clone)]
pub(in crate::harness) struct Opening {
    /// Where the agent works.
    pub(in crate::harness) bench: PathBuf,
    /// What it is told.
    pub(in crate::harness) prompt: String,
    /// The session that is to be continued.
    pub(in crate::harness) resume: Option<String>,
    /// This program, which is the server of the night's verbs.
    pub(in crate::harness) program: PathBuf,
    /// What that server finds in its environment.
    pub(in crate::harness) voice: Vec<(&'static str, String)>,
    /// What the agent itself is told beside the protocol.
    pub(in crate::harness) meta: Map<String, Value>,
}

/// How a conversation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::harness) enum Outcome {
    /// The turn ended, and nothing says that it failed.
    Done,
    /// It failed: why, in one line.
    Failed(String),
    /// It was told to end.
    Cancelled,
}

/// A conversation.
pub(in crate::harness) struct Talk<'a> {
    /// Takes the agent's output.
    pub(in crate::harness) line: Line,
    /// What the agent reads.
    pub(in crate::harness) words: mpsc::UnboundedReceiver<Vec<u8>>,
    /// Ends the turn when it becomes true.
    pub(in crate::harness) hang_up: watch::Sender<bool>,
    /// Drives it to its end.
    pub(in crate::harness) talking: Pin<Box<dyn Future<Output = Outcome> + 'a>>,
}

/// Opens a conversation; tool calls are asked about at this door.
pub(in crate::harness) fn open<'a>(opening: Opening, door: Door) -> Talk<'a> {
    let reader = Rc::new(RefCell::new(Reader::default()));
    let (to_client, from_agent) = lines::channel(WAITING);
    let (to_agent, words) = mpsc::unbounded_channel();
    let (hang_up, told) = watch::channel(false);
    let outgoing = futures::sink::unfold(to_agent, async |to_agent, line: String| {
        let bytes = format!("{line}\n").into_bytes();
        let sent = to_agent.send(bytes);
        sent.map_err(|_gone| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok::<_, io::Error>(to_agent)
    });
    let talking = talk(
        Lines::new(outgoing, from_agent),
        Conversation {
            opening,
            door,
            told,
            reader: Rc::clone(&reader),
        },
    );
    Talk {
        line: Line::new(reader, to_client),
        words,
        hang_up,
        talking: Box::pin(talking),
    }
}

/// Waits for the end of a conversation; for ever when there is none.
pub(in crate::harness) async fn outcome(
    talking: &mut Option<Pin<Box<dyn Future<Output = Outcome> + '_>>>,
) -> Outcome {
    match talking {
        Some(talking) => talking.await,
        None => std::future::pending().await,
    }
}

type Asked = (UntypedMessage, Responder<Value, agent_client_protocol::V1>);

async fn talk<S, L>(transport: Lines<S, L>, mut conversation: Conversation) -> Outcome
where
    S: futures::Sink<String, Error = io::Error> + Send + 'static,
    L: futures::Stream<Item = io::Result<String>> + Send + 'static,
{
    let (asks, mut asked) = lines::unbounded::<Asked>();
    let reader = Rc::clone(&conversation.reader);
    let connected = Client
        .v1()
        .name("nightshift")
        .on_receive_request(
            async move |request: UntypedMessage, responder, _: ConnectionTo<Agent>| {
                // Handlers hold up every other message, so nothing is decided here. Nobody there
                // means that the request is dropped, which refuses it.
                asks.unbounded_send((request, responder)).ok();
                Ok(())
            },
            on_receive_request!(),
        )
        .connect_with(transport, async |agent: ConnectionTo<Agent>| {
            conversation.run(&agent, &mut asked).await
        })
        .await;
    connected.unwrap_or_else(|error| {
        let known = reader.borrow().turn().failure.clone();
        Outcome::Failed(known.unwrap_or_else(|| words_of(&error)))
    })
}

/// What an error says, in one line.
fn words_of(error: &Error) -> String {
    let data = error.data.as_ref();
    let is_closed =
        data.and_then(|data| data.get("reason")?.as_str()) == Some("incoming_transport_closed");
    if is_closed {
        return "it ended in the middle of its turn".to_owned();
    }
    let detail = ["details", "message"]
        .iter()
        .find_map(|name| data?.get(*name)?.as_str())
        .filter(|detail| !error.message.contains(detail));
    match detail {
        Some(detail) => format!("{}: {detail}", error.message),
        None => error.message.clone(),
    }
}

/// One conversation, with what it needs.
struct Conversation {
    opening: Opening,
    door: Door,
    told: watch::Receiver<bool>,
    reader: Rc<RefCell<Reader>>,
}

impl Conversation {
    async fn run(
        &mut self,
        agent: &ConnectionTo<Agent>,
        asked: &mut lines::UnboundedReceiver<Asked>,
    ) -> Result<Outcome, Error> {
        let mut told = self.told.clone();
        let session = tokio::select! {
            biased;
            () = until_told(&mut told) => return Ok(Outcome::Cancelled),
            session = self.begin(agent) => session?,
            // Nothing is asked for before there is a session, but then it is not left waiting.
            () = self.serve(asked) => return Ok(Outcome::Cancelled),
        };
        let mut text = self.opening.prompt.clone();
        for _ in 0..=AGAIN {
            match self.turn(agent, asked, &session, text).await? {
                End::Over(outcome) => return Ok(outcome),
                End::Refused(refused) => text = again(&refused),
            }
        }
        let times = AGAIN + 1;
        Ok(Outcome::Failed(format!(
            "its turn ended with a refused call {times} times"
        )))
    }

    /// Says hello, and makes the session or takes up an earlier one.
    async fn begin(&self, agent: &ConnectionTo<Agent>) -> Result<SessionId, Error> {
        let hello = InitializeRequest::new(ProtocolVersion::V1)
            .client_capabilities(capabilities())
            .client_info(Implementation::new("nightshift", env!("CARGO_PKG_VERSION")));
        let hello = agent.send_request(hello).block_task().await?;
        let bench = self.opening.bench.clone();
        let servers = vec![self.server()];
        let meta = (!self.opening.meta.is_empty()).then(|| self.opening.meta.clone());
        match &self.opening.resume {
            None => {
                let request = NewSessionRequest::new(bench)
                    .mcp_servers(servers)
                    .meta(meta);
                Ok(agent.send_request(request).block_task().await?.session_id)
            }
            Some(name) => {
                let id = SessionId::new(name.as_str());
                match way_back(&hello) {
                    WayBack::Resume => {
                        let request = ResumeSessionRequest::new(id.clone(), bench)
                            .mcp_servers(servers)
                            .meta(meta);
                        agent.send_request(request).block_task().await?;
                    }
                    WayBack::Load => {
                        self.reader.borrow_mut().replay(true);
                        let request = LoadSessionRequest::new(id.clone(), bench)
                            .mcp_servers(servers)
                            .meta(meta);
                        agent.send_request(request).block_task().await?;
                    }
                    WayBack::None => {
                        let why = "it cannot continue a session";
                        return Err(Error::internal_error().data(json!({ "details": why })));
                    }
                }
                Ok(id)
            }
        }
    }

    fn server(&self) -> McpServer {
        let variable = |(name, value): &(&'static str, String)| EnvVariable::new(*name, value);
        let env = self.opening.voice.iter().map(variable).collect();
        McpServer::Stdio(
            McpServerStdio::new("night", &self.opening.program)
                .args(vec!["mcp".to_owned()])
                .env(env),
        )
    }

    async fn turn(
        &mut self,
        agent: &ConnectionTo<Agent>,
        asked: &mut lines::UnboundedReceiver<Asked>,
        session: &SessionId,
        text: String,
    ) -> Result<End, Error> {
        self.reader.borrow_mut().begin();
        let prompt = vec![ContentBlock::Text(TextContent::new(text))];
        let prompt = PromptRequest::new(session.clone(), prompt);
        let mut answer = std::pin::pin!(agent.send_request(prompt).block_task());
        let mut told = self.told.clone();
        let answered = tokio::select! {
            biased;
            () = until_told(&mut told) => None,
            answered = &mut answer => Some(answered),
            () = self.serve(asked) => None,
        };
        let Some(answer) = answered else {
            self.reader.borrow_mut().cancel();
            agent.send_notification(CancelNotification::new(session.clone()))?;
            // How it answers makes no difference: what is left of it is ended.
            time::timeout(CANCEL, answer).await.ok();
            return Ok(End::Over(Outcome::Cancelled));
        };
        let stop = answer?.stop_reason;
        let turn = self.reader.borrow().turn().clone();
        if let Some(why) = turn.failure {
            return Ok(End::Over(Outcome::Failed(why)));
        }
        let was_refused = !turn.refused.is_empty();
        Ok(match stop {
            StopReason::EndTurn if was_refused && !turn.went_on => End::Refused(turn.refused),
            StopReason::Cancelled if was_refused => End::Refused(turn.refused),
            StopReason::EndTurn => End::Over(Outcome::Done),
            other => {
                let stop = serde_json::to_value(other).ok();
                let stop = stop.as_ref().and_then(Value::as_str).unwrap_or("unknown");
                End::Over(Outcome::Failed(format!("its turn ended with `{stop}`")))
            }
        })
    }

    /// Answers requests for as long as there are any.
    async fn serve(&self, asked: &mut lines::UnboundedReceiver<Asked>) {
        while let Some((request, responder)) = asked.next().await {
            let answer = match request.method() {
                "session/request_permission" => Ok(self.permission(request.params()).await),
                "elicitation/create" => Ok(json!({ "action": "decline" })),
                // Files and terminals were not offered; opencode asks for them nevertheless.
                method => Err(Error::method_not_found().data(json!({ "method": method }))),
            };
            // One that the agent took back meanwhile needs no answer.
            responder.respond_with_result(answer).ok();
        }
    }

    async fn permission(&self, params: &Value) -> Value {
        let nothing = Value::Null;
        let patch = params.get("toolCall").unwrap_or(&nothing);
        let options = params.get("options").unwrap_or(&nothing);
        let (tool, subject) = self.reader.borrow_mut().asked(patch);
        let (what, verdict) = match subject {
            Subject::Night => (tool, Ok(())),
            Subject::Nothing => {
                let why = "nightshift cannot see what it would do".to_owned();
                (tool, Err(why))
            }
            Subject::Call(call) => {
                let what = shown(&call);
                (what, self.door.ask(call).await)
            }
        };
        let (answer, may) = answer::answer(options, verdict.is_ok());
        if !may {
            let why = verdict.err();
            let why = why.unwrap_or_else(|| "it could not be allowed for once".to_owned());
            self.reader.borrow_mut().refuse(format!("{what}: {why}"));
        }
        answer
    }
}

/// How a turn ended.
enum End {
    Over(Outcome),
    /// With the refusal of these calls.
    Refused(Vec<String>),
}

/// How an earlier session is taken up again.
enum WayBack {
    Resume,
    Load,
    None,
}

fn way_back(hello: &InitializeResponse) -> WayBack {
    let can = &hello.agent_capabilities;
    if can.session_capabilities.resume.is_some() {
        WayBack::Resume
    } else if can.load_session {
        WayBack::Load
    } else {
        WayBack::None
    }
}

fn capabilities() -> ClientCapabilities {
    // claude and codex then tell of each retry, and of a failure with its kind.
    let mut meta = Meta::new();
    meta.insert(
        "jetbrains".to_owned(),
        json!({ "air": { "version": 1, "capabilities": ["sessionFailure"] } }),
    );
    ClientCapabilities::new()
        .fs(FileSystemCapabilities::new())
        .terminal(false)
        .session(
            ClientSessionCapabilities::new()
                .compaction(CompactionCapabilities::new())
                .notices(NoticeCapabilities::new()),
        )
        .meta(meta)
}

/// What an agent is told whose turn ended with a refusal.
fn again(refused: &[String]) -> String {
    let mut text = "Your turn ended because a call was refused:\n\n".to_owned();
    for line in refused {
        text.push_str("- ");
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(
        "\nIt stays refused, and nobody is there to change that: do not try it again in another \
         way. Go on with the ticket without it. If it cannot be finished without it, park it.\n",
    );
    text
}

/// A call in one line, for the agent that made it.
fn shown(call: &ToolCall) -> String {
    const LONGEST: usize = 300;
    let line = call.input.replace(['\n', '\r'], " ");
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("{} `{short}`", call.tool)
}

async fn until_told(told: &mut watch::Receiver<bool>) {
    if told.wait_for(|told| *told).await.is_err() {
        std::future::pending::<()>().await;
    }
}
