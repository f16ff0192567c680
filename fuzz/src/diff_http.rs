//! Request heads, to our reader, to httparse, and to a server on hyper.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use http::{Request, Response, Uri};
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ws_core::connection::Config;
use ws_core::handshake::{HandshakeError, HeadError, Rejection, ServerHandshake};
use ws_core::tokio::Error;
use ws_core::tokio::hyper::upgrade;

use crate::http::{Asked, Owned, ask, limits};
use crate::tokio_support::{Task, wire};

/// One thing that others do otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// What we refuse the request for; `None` if we accept it.
    pub ours: Option<Rejection>,
    /// What they do.
    pub behaviour: &'static str,
    /// The rule.
    pub section: &'static str,
}

/// The differences that are known.
pub const KNOWN: &[Otherwise] = &[
    Otherwise {
        ours: Some(Rejection::Head(HeadError::BareLf)),
        behaviour: "httparse takes a line that ends with LF alone",
        section: "RFC 9112 §2.2, which leaves it to the recipient",
    },
    Otherwise {
        ours: Some(Rejection::RequestLine),
        behaviour: "httparse takes octets of a method or a target that are not visible ASCII",
        section: "RFC 9110 §9.1, RFC 9112 §3.2",
    },
    Otherwise {
        ours: None,
        behaviour: "hyper answers 400 to a target with visible ASCII that no URI has, such as <",
        section: "RFC 9112 §3.2, a SHOULD; we hand the target on as it was sent",
    },
];

/// What our server accepts, httparse reads and hyper serves, with the same target and the same
/// fields. What is refused for its HTTP alone and not by httparse, is listed. An upgrade on hyper is
/// answered as our server answers what hyper has read.
pub fn diff_http(octets: &[u8]) {
    http_differs(octets);
}

/// The listed difference that these octets show, if they show one.
pub fn http_differs(octets: &[u8]) -> Option<&'static Otherwise> {
    let ours = ask(&[octets]);
    let mut fields = vec![httparse::EMPTY_HEADER; limits().max_header_fields()];
    let mut head = httparse::Request::new(&mut fields);
    let theirs = head.parse(octets);
    match ours {
        Ok(Some(asked)) => {
            let head_len = theirs.expect("what we accept, httparse reads");
            assert_eq!(head_len, httparse::Status::Complete(asked.head_len));
            assert_eq!((head.method, head.path), (Some("GET"), Some(&*asked.target)));
            assert_eq!(head.version, Some(1));
            let read: Owned =
                head.headers.iter().map(|f| (f.name.to_owned(), f.value.to_vec())).collect();
            assert_eq!(read, asked.fields);
            let Ok(uri) = Uri::try_from(&*asked.target) else {
                assert!(served(octets).is_none());
                return KNOWN.iter().find(|known| known.ours.is_none());
            };
            let (served, upgraded) = served(octets).expect("what we accept, hyper serves");
            assert_eq!(served, as_served(&uri, &asked));
            assert_eq!(upgraded, 101, "what we accept, we accept on hyper");
            None
        }
        Ok(None) => {
            // We look at lines when they are whole, they at octets; a head that ends, ends for both.
            assert!(!matches!(theirs, Ok(httparse::Status::Complete(_))), "the head is there");
            None
        }
        Err(rejection)
            if is_http(rejection) && matches!(theirs, Ok(status) if status.is_complete()) =>
        {
            let listed = KNOWN.iter().find(|known| known.ours == Some(rejection));
            assert!(listed.is_some(), "not listed: {rejection:?}");
            drop(served(octets));
            listed
        }
        Err(_) => {
            drop(served(octets));
            None
        }
    }
}

/// Whether the request is refused for what HTTP/1.1 says, not for a limit, nor for what a WebSocket
/// needs.
fn is_http(rejection: Rejection) -> bool {
    match rejection {
        Rejection::Head(error) => {
            use HeadError::{StartLineTooLong, TooLong, TooManyFields};
            !matches!(error, StartLineTooLong | TooLong | TooManyFields)
        }
        _ => rejection == Rejection::RequestLine,
    }
}

/// Target, and header fields by name.
type Served = (String, Owned);

fn as_served(uri: &Uri, asked: &Asked) -> Served {
    let mut fields = asked.fields.clone();
    for (name, _) in &mut fields {
        name.make_ascii_lowercase();
    }
    fields.sort();
    // The same length said twice, hyper tells once: RFC 9110 §8.6 allows that.
    fields.dedup_by(|a, b| a == b && a.0 == "content-length");
    (uri.to_string(), fields)
}

/// What a server on hyper is asked for by these octets, and the status that our upgrade answers with.
fn served(octets: &[u8]) -> Option<(Served, u16)> {
    let (io, remote) = wire();
    remote.push(octets);
    let seen = Arc::new(Mutex::new(None));
    let note = Arc::clone(&seen);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let status = upgraded(&mut request);
        let fields = request.headers().iter();
        let mut fields: Owned =
            fields.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        fields.sort();
        *note.lock().expect("one thread") = Some(((request.uri().to_string(), fields), status));
        async { Ok::<_, Infallible>(Response::new(Empty::<&[u8]>::new())) }
    });
    let mut builder = http1::Builder::new();
    builder.auto_date_header(false);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    for _ in 0..4 {
        if Task::new().poll(&mut connection).is_ready() {
            break;
        }
    }
    seen.lock().expect("one thread").take()
}

/// The status that our upgrade answers with: our server's for the head that hyper has read.
fn upgraded<B>(request: &mut Request<B>) -> u16 {
    let line = format!("{} {} {:?}\r\n", request.method(), request.uri(), request.version());
    let mut head = line.into_bytes();
    for (name, value) in request.headers() {
        head.extend_from_slice(
            &[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat(),
        );
    }
    head.extend_from_slice(b"\r\n");
    // A head may be longer as it is written again.
    let config = Config::default();
    let mut server = ServerHandshake::new(&config.limits);
    let verdict = server.handle_input(&head);
    let (response, opening) = upgrade::<_, Full<Bytes>, _>(request, config, ());
    let field = |name: &str| response.headers().get(name).map(http::HeaderValue::as_bytes);
    match verdict {
        Ok(None) => panic!("hyper has read a whole head"),
        Ok(Some(asked)) => {
            assert_eq!(field("sec-websocket-accept"), Some(&asked.key.accept()[..]));
            assert_eq!(response.status().as_u16(), 101);
        }
        Err(rejection) => {
            assert_eq!(response.status().as_u16(), rejection.status());
            let opened = Task::new().poll(&mut pin!(opening));
            let Poll::Ready(Err(Error::Handshake(error))) = opened else { panic!("it is refused") };
            assert_eq!(error, HandshakeError::Rejected(rejection));
        }
    }
    response.status().as_u16()
}
