//! The head of a request to the proxy, read strictly (RFC 9110, RFC 9112).
//!
//! Two kinds are served: `CONNECT host:port`, and a request for an `http://` URL, as clients send it
//! for a plain server (a model on this machine, say). Of the second kind the head is written anew
//! for the server: the host is the URL's, and the connection ends with the answer, so that every
//! request is judged. Whatever two readers could read in two ways is refused.

use super::host::{Host, NoHost, split};

/// How many headers a request may have.
const MOST_HEADERS: usize = 100;

/// A request that can be served, if the list permits it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) host: Host,
    pub(super) port: u16,
    /// What is sent to the server before everything else: nothing for `CONNECT`, else the head.
    pub(super) head: Vec<u8>,
    /// Whether the client waits to be told that the tunnel is open.
    pub(super) tunnel: bool,
}

/// Why a head is no request for this proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRequest {
    /// It is not HTTP/1.
    #[error("this is no HTTP/1.1 request")]
    NotHttp,
    /// It asks this server for something.
    #[error("this is a proxy: it takes CONNECT, and requests for http:// addresses")]
    NotProxied,
    /// Two readers could read it in two ways.
    #[error("the request can be read in more than one way: {0}")]
    Ambiguous(&'static str),
    /// It names no host.
    #[error("the request names no host that can be reached: {why}")]
    Host {
        /// What it names.
        text: String,
        /// What is wrong with that.
        why: NoHost,
    },
}

/// Returns the length of the head in `bytes`, with the empty line that ends it.
pub(super) fn head_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    end.map(|start| start + 4)
}

/// Reads a whole head.
pub(super) fn read(head: &[u8]) -> Result<Request, BadRequest> {
    // The parser takes lines that end in a bare line feed; other readers do not.
    let bare = |(at, byte): (usize, &u8)| match byte {
        b'\n' => at == 0 || head.get(at - 1) != Some(&b'\r'),
        b'\r' => head.get(at + 1) != Some(&b'\n'),
        _ => *byte == 0,
    };
    if head.iter().enumerate().any(bare) {
        return Err(BadRequest::Ambiguous("a line has no proper end"));
    }
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    if !matches!(parsed.parse(head), Ok(httparse::Status::Complete(length)) if length == head.len())
    {
        return Err(BadRequest::NotHttp);
    }
    let (Some(method), Some(target)) = (parsed.method, parsed.path) else {
        return Err(BadRequest::NotHttp);
    };
    let body = check_body(parsed.headers)?;
    if method == "CONNECT" {
        let (host, port) = target_of(target)?;
        let port = port.ok_or_else(|| bad_host(target, NoHost::NoPort))?;
        check_host(parsed.headers, &host, port)?;
        if body {
            return Err(BadRequest::Ambiguous("CONNECT has no body"));
        }
        return Ok(Request {
            host,
            port,
            head: Vec::new(),
            tunnel: true,
        });
    }
    let rest = match target.split_at_checked("http://".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http://") => rest,
        _ => return Err(BadRequest::NotProxied),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (host, port) = target_of(authority)?;
    check_host(parsed.headers, &host, port.unwrap_or(80))?;
    Ok(Request {
        head: rewrite(method, path, &host, port, parsed.headers),
        host,
        port: port.unwrap_or(80),
        tunnel: false,
    })
}

fn bad_host(text: &str, why: NoHost) -> BadRequest {
    let text = text.to_owned();
    BadRequest::Host { text, why }
}

fn target_of(authority: &str) -> Result<(Host, Option<u16>), BadRequest> {
    split(authority).map_err(|why| bad_host(authority, why))
}

/// Returns whether a body follows; its length must be said once.
fn check_body(headers: &[httparse::Header<'_>]) -> Result<bool, BadRequest> {
    let mut lengths = headers.iter().filter(|header| {
        ["content-length", "transfer-encoding"]
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name))
    });
    let first = lengths.next();
    if lengths.next().is_some() {
        return Err(BadRequest::Ambiguous("its length is said twice"));
    }
    Ok(first.is_some_and(|header| header.value != b"0"))
}

/// A `Host` header must name the host of the request line; the port may be left out, as clients do.
fn check_host(headers: &[httparse::Header<'_>], host: &Host, port: u16) -> Result<(), BadRequest> {
    let mut hosts = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("host"));
    let Some(first) = hosts.next() else {
        return Ok(());
    };
    let same = str::from_utf8(first.value)
        .ok()
        .and_then(|value| split(value).ok())
        .is_some_and(|(own, own_port)| own == *host && own_port.is_none_or(|own| own == port));
    if same && hosts.next().is_none() {
        Ok(())
    } else {
        Err(BadRequest::Ambiguous("its Host header names another host"))
    }
}

/// Headers between client and proxy, which are not passed on (RFC 9110, section 7.6.1).
const NOT_PASSED_ON: [&str; 6] = [
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
];

fn rewrite(
    method: &str,
    path: &str,
    host: &Host,
    port: Option<u16>,
    headers: &[httparse::Header<'_>],
) -> Vec<u8> {
    let path = path.split('#').next().unwrap_or_default();
    let slash = if path.starts_with('/') { "" } else { "/" };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let start = format!("{method} {slash}{path} HTTP/1.1\r\nHost: {host}{port}\r\n");
    let mut head = start.into_bytes();
    for header in headers {
        let name = header.name.to_ascii_lowercase();
        if name.starts_with("proxy-") || NOT_PASSED_ON.contains(&name.as_str()) {
            continue;
        }
        head.extend_from_slice(header.name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(header.value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"Connection: close\r\n\r\n");
    head
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tunnel_is_asked_for_by_host_and_port() {
        for head in [
            "CONNECT a.org:443 HTTP/1.1\r\n\r\n",
            "CONNECT A.org.:443 HTTP/1.0\r\nHost: a.org\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nHost: A.ORG:443\r\nContent-Length: 0\r\n\r\n",
        ] {
            let request = read(head.as_bytes()).unwrap();
            assert_eq!(request.host, Host::Name("a.org".into()), "{head}");
            assert_eq!((request.port, request.tunnel), (443, true), "{head}");
            assert_eq!(request.head, b"", "{head}");
        }
    }

    #[test]
    fn a_plain_request_is_written_anew() {
        let request = read(
            b"POST HTTP://a.org:8080/v1/x?y=1#z HTTP/1.1\r\nhost: A.org\r\nProxy-Authorization: x\r\n\
              Proxy-Connection: keep-alive\r\nConnection: keep-alive\r\nContent-Length: 3\r\nX: y\r\n\r\n",
        )
        .unwrap();
        assert_eq!(request.port, 8080);
        assert!(!request.tunnel);
        assert_eq!(
            String::from_utf8(request.head).unwrap(),
            "POST /v1/x?y=1 HTTP/1.1\r\nHost: a.org:8080\r\nContent-Length: 3\r\nX: y\r\n\
             Connection: close\r\n\r\n"
        );
        let bare = read(b"GET http://a.org?q HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(bare.port, 80);
        assert!(
            bare.head
                .starts_with(b"GET /?q HTTP/1.1\r\nHost: a.org\r\n")
        );
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let ambiguous = |head: &str| matches!(read(head.as_bytes()), Err(BadRequest::Ambiguous(_)));
        for head in [
            "CONNECT a.org:443 HTTP/1.1\nHost: a.org\n\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nX: a\rHost: b.org\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nX: \0\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nHost: b.org\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nHost: a.org:80\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nHost: a.org\r\nHost: a.org\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nHost:\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
            "CONNECT a.org:443 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET http://a.org/ HTTP/1.1\r\nHost: b.org\r\n\r\n",
            "POST http://a.org/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST http://a.org/ HTTP/1.1\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n",
        ] {
            assert!(ambiguous(head), "{head:?}: {:?}", read(head.as_bytes()));
        }
    }

    #[test]
    fn everything_else_is_told_what_is_wrong() {
        for (head, expected) in [
            ("hello\r\n\r\n", BadRequest::NotHttp),
            ("\x16\x03\x01\x02\r\n\r\n", BadRequest::NotHttp),
            ("CONNECT a.org:443 HTTP/2\r\n\r\n", BadRequest::NotHttp),
            ("CONNECT a.org:443 x HTTP/1.1\r\n\r\n", BadRequest::NotHttp),
            (
                "CONNECT a.org:443 HTTP/1.1\r\nHost : a.org\r\n\r\n",
                BadRequest::NotHttp,
            ),
            (
                "CONNECT a.org:443 HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
                BadRequest::NotHttp,
            ),
            (
                "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n",
                BadRequest::NotProxied,
            ),
            (
                "GET https://a.org/ HTTP/1.1\r\n\r\n",
                BadRequest::NotProxied,
            ),
            ("connect a.org:443 HTTP/1.1\r\n\r\n", BadRequest::NotProxied),
            (
                "CONNECT a.org HTTP/1.1\r\n\r\n",
                bad_host("a.org", NoHost::NoPort),
            ),
            (
                "CONNECT 2130706433:80 HTTP/1.1\r\n\r\n",
                bad_host("2130706433:80", NoHost::Disguise),
            ),
            (
                "GET http://me@a.org/ HTTP/1.1\r\n\r\n",
                bad_host("me@a.org", NoHost::NoName),
            ),
            (
                "GET http:///x HTTP/1.1\r\n\r\n",
                bad_host("", NoHost::NoName),
            ),
        ] {
            assert_eq!(read(head.as_bytes()), Err(expected), "{head:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(length) = head_length(&bytes) {
                drop(read(&bytes[..length]));
            }
        }
    }
}
