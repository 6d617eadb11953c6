//! As much of HTTP/1.1 as a server on loopback needs: one request per connection.

use std::io::{self, BufRead, Write};

use super::reply::{Body, Reply};

/// The largest request that is read.
const LARGEST: usize = 64 * 1024 * 1024;

/// A request as it came.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Raw {
    /// Returns a header's value, empty when it is not there.
    pub(super) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

/// Reads a request; `None` when the client went away before it said anything.
pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Raw>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut raw = Raw {
        method,
        path,
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_ascii_lowercase();
            raw.headers.push((name, value.trim().to_owned()));
        }
    }
    raw.body = if raw.header("transfer-encoding").contains("chunked") {
        chunks(from)?
    } else {
        let length = raw.header("content-length").parse().unwrap_or(0);
        exactly(from, length)?
    };
    Ok(Some(raw))
}

fn exactly(from: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    if length > LARGEST {
        return Err(io::Error::other("the request is too large"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let length = line.trim().split(';').next().unwrap_or_default();
        let length = usize::from_str_radix(length, 16).map_err(io::Error::other)?;
        bytes.extend(exactly(from, length)?);
        from.read_line(&mut String::new())?;
        if length == 0 {
            return Ok(bytes);
        }
    }
}

/// Writes an answer.
pub(super) fn write(to: &mut impl Write, reply: &Reply) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} Scripted\r\nconnection: close\r\n",
        reply.status
    );
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match &reply.body {
        Body::Whole(value) => {
            let body = value.to_string();
            head.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            ));
            to.write_all(head.as_bytes())?;
            to.write_all(body.as_bytes())?;
        }
        Body::Events { events, complete } => {
            head.push_str("content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
            to.write_all(head.as_bytes())?;
            for event in events {
                to.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())?;
                to.flush()?;
            }
            if *complete {
                to.write_all(b"0\r\n\r\n")?;
            }
        }
    }
    to.flush()
}
