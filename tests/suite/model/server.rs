//! The server: a thread that takes connections, one thread for each, and the script's place.

use std::{
    io::BufReader,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    anthropic,
    asked::{Api, Asked},
    chat, fault, gemini,
    reply::{Reply, Said},
    responses,
    script::{Fault, Turn},
    tools, wire,
};

/// How long a client may need for its request.
const READING: Duration = Duration::from_secs(20);
/// How long an answer that never comes is not given.
const HANGING: Duration = Duration::from_secs(300);
/// What stands in what claude asks to guess its user's next words.
const SUGGESTION: &str = "[SUGGESTION MODE";

/// A model on loopback, until it is dropped.
#[derive(Debug)]
pub(crate) struct Model {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ended: AtomicBool,
    /// Wakes those that hang.
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    script: Vec<Turn>,
    /// The next turn.
    next: usize,
    asked: Vec<Asked>,
    /// Requests that are none for an answer, as `METHOD path`.
    others: Vec<String>,
    streams: Vec<TcpStream>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a connection is answered.
enum Answer {
    Reply(Reply),
    Hang,
}

impl Model {
    /// Serves a script on a free port of 127.0.0.1.
    pub(crate) fn serve(script: Vec<Turn>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        shared.state().script = script;
        let theirs = Arc::clone(&shared);
        let listener = std::thread::spawn(move || listen(&listener, &theirs));
        Self {
            address,
            shared,
            listener: Some(listener),
        }
    }

    /// Where it is, such as `http://127.0.0.1:4000`; `OpenAI`'s APIs are under `/v1`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that was asked for an answer so far.
    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.shared.state().asked.clone()
    }

    /// What else was asked for, as `METHOD path`.
    pub(crate) fn others(&self) -> Vec<String> {
        self.shared.state().others.clone()
    }

    /// How many turns of the script were played.
    pub(crate) fn played(&self) -> usize {
        self.shared.state().next
    }

    /// What the model was told that its calls came to, without what was told before.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for asked in self.requests() {
            for result in asked.results() {
                if !told.contains(&result) {
                    told.push(result);
                }
            }
        }
        told
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        for stream in self.shared.state().streams.drain(..) {
            // One that is closed already is as it should be.
            _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.wake.notify_all();
        // Whom the listener takes next, it looks whether this is the end.
        _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            _ = listener.join();
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A client that goes away is its own business: agents are killed here.
            _ = serve(&stream, &shared);
            _ = stream.shutdown(Shutdown::Both);
        });
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(READING))?;
    stream.set_nodelay(true)?;
    shared.state().streams.push(stream.try_clone()?);
    let Some(raw) = wire::read(&mut BufReader::new(stream))? else {
        return Ok(());
    };
    let reply = match answer(&raw, shared) {
        Answer::Reply(reply) => reply,
        Answer::Hang => {
            let state = shared.state();
            let ended = |_: &mut State| !shared.ended.load(Ordering::SeqCst);
            drop(shared.wake.wait_timeout_while(state, HANGING, ended));
            return Ok(());
        }
    };
    wire::write(&mut &*stream, &reply)
}

fn answer(raw: &wire::Raw, shared: &Shared) -> Answer {
    let body = serde_json::from_slice(&raw.body).unwrap_or(Value::Null);
    let mut state = shared.state();
    let asked = (raw.method == "POST").then(|| Asked::read(&raw.path, body));
    let Some(mut asked) = asked.flatten() else {
        state.others.push(format!("{} {}", raw.method, raw.path));
        return Answer::Reply(other(raw));
    };
    let tools = asked.tools();
    let number = state.asked.len();
    let is_work = tools::can_work(&tools) && !asked.last().contains(SUGGESTION);
    let turn = is_work.then(|| {
        let turn = state.script.get(state.next).cloned();
        asked.turn = Some(state.next);
        if turn.is_some() && !matches!(turn, Some(Turn::Always(_))) {
            state.next += 1;
        }
        turn
    });
    state.asked.push(asked.clone());
    drop(state);
    let mut said = Said {
        number,
        ..Said::default()
    };
    match turn {
        None => {
            said.text = asked
                .wants()
                .map_or("ok".to_owned(), |schema| tools::fill(schema).to_string());
        }
        Some(None) => "done".clone_into(&mut said.text),
        Some(Some(Turn::Say(text))) => said.text = text,
        Some(Some(Turn::Call(text, calls))) => {
            said.text = text;
            for call in &calls {
                match tools::translate(call, &tools) {
                    Ok(called) => said.calls.push(called),
                    Err(reason) => said.text.push_str(&reason),
                }
            }
        }
        Some(Some(Turn::Fault(fault) | Turn::Always(fault))) => return fail(fault, &asked, &said),
    }
    Answer::Reply(render(&said, &asked))
}

fn render(said: &Said, asked: &Asked) -> Reply {
    match asked.api {
        Api::Anthropic => anthropic::reply(said, asked),
        Api::Chat => chat::reply(said, asked),
        Api::Responses => responses::reply(said, asked),
        Api::Gemini => gemini::reply(said, asked),
    }
}

fn fail(fault: Fault, asked: &Asked, said: &Said) -> Answer {
    let api = asked.api;
    Answer::Reply(match fault {
        Fault::Hang => return Answer::Hang,
        Fault::Truncate => {
            let said = Said {
                number: said.number,
                text: "I was about to say".to_owned(),
                calls: Vec::new(),
            };
            render(&said, asked).truncated()
        }
        Fault::Status(status, retry_after) => fault::status(api, status, retry_after),
        Fault::Overloaded => fault::overloaded(api),
        Fault::Refuse => fault::status(api, 401, None),
        Fault::UsageLimit(rest) => {
            let at = jiff::Timestamp::now() + rest;
            fault::usage_limit(api, at, rest)
        }
    })
}

/// What is no request for an answer: lists of models, counts of tokens.
fn other(raw: &wire::Raw) -> Reply {
    if raw.path.ends_with("/count_tokens") {
        return Reply::json(200, json!({"input_tokens": 1200}));
    }
    if raw.path.ends_with(":countTokens") {
        return Reply::json(200, json!({"totalTokens": 1200}));
    }
    if raw.method == "GET" && raw.path.ends_with("/models") {
        let model = json!({
            "id": "scripted", "object": "model", "type": "model", "display_name": "scripted",
            "created": 0, "owned_by": "local", "created_at": "2026-01-01T00:00:00Z",
            "name": "models/scripted",
        });
        return Reply::json(
            200,
            json!({
                "object": "list", "data": [model], "models": [model], "has_more": false,
                "first_id": "scripted", "last_id": "scripted",
            }),
        );
    }
    if raw.method == "HEAD" {
        return Reply::json(200, json!({}));
    }
    let error = json!({"type": "not_found_error", "message": "there is no such path"});
    Reply::json(404, json!({"type": "error", "error": error}))
}
