//! `Sec-WebSocket-Extensions` from anybody: what it is understood as, and what is agreed on.

use ws_core::deflate::{ClientWindow, Deflate, DeflateParams, NAME, Terms, WindowBits};
use ws_core::handshake::{Extension, Extensions, MAX_EXTENSIONS, MalformedExtensions};
use ws_core::{Role, deflate::TermsError};

use crate::counted;

/// What is understood is printed as it was understood. What a server agrees to is within the offer
/// and its policy, and the client reads the same in the answer; what a client agrees to is within
/// its own offer. The steps are linear. The first two octets choose the policy.
pub fn extension_header(octets: &[u8]) {
    let Some((&[first, second], value)) = octets.split_first_chunk() else { return };
    is_read_in_linear_steps(value);
    let Ok(list) = Extensions::of_value(value).collect::<Result<Vec<_>, _>>() else { return };
    assert!(!list.is_empty() && list.len() <= MAX_EXTENSIONS);
    if !list.iter().any(is_odd) {
        let printed = print(&list);
        assert_eq!(reprint(&printed), Ok(printed.clone()), "printed, and read again");
    }
    let policy = Deflate::builder()
        .window_bits(9 + first % 7)
        .peer_max_window_bits(8 + (first >> 4) % 8)
        .no_context_takeover(second & 1 != 0)
        .peer_no_context_takeover(second & 2 != 0)
        .build()
        .expect("all within their ranges");
    as_offers(&policy, &list);
    for window in [policy.offer().client_max_window_bits, None, upto(policy.window_bits())] {
        let offer = Terms { client_max_window_bits: window, ..policy.offer() };
        for element in &list {
            as_answer(&policy, &offer, Terms::parse(element));
        }
    }
}

/// As an offer that names the client's window may ask.
const fn upto(bits: WindowBits) -> Option<ClientWindow> {
    Some(ClientWindow::UpTo(bits))
}

/// An octet is looked at once at most, and none is behind the last element that was asked for.
fn is_read_in_linear_steps(value: &[u8]) {
    let (read, steps) = counted::looks(|| counted::Extensions::of_value(value).count());
    assert!(read <= MAX_EXTENSIONS + 1, "an error ends the list");
    assert!(steps <= value.len(), "{steps} steps for {} octets", value.len());
    let given: Vec<_> = Extensions::of_value(value).map_while(Result::ok).collect();
    for (last, element) in given.iter().enumerate().filter(|(_, e)| !e.has_more_params()) {
        // No name or value holds a comma.
        let name = element.params().last().map_or(element.name, |param| param.name);
        let behind_name = name.as_ptr().addr() - value.as_ptr().addr() + name.len();
        let comma = value[behind_name..].iter().position(|&octet| octet == b',');
        let mut scribbled = value.to_vec();
        scribbled[behind_name + comma.map_or(value.len() - behind_name, |at| at + 1)..].fill(0);
        let again = Extensions::of_value(&scribbled).map_while(Result::ok).take(last + 1);
        assert_eq!(print(&again.collect::<Vec<_>>()), print(&given[..=last]));
    }
}

/// Printing leaves out parameters behind the sixteenth, and no grammar has an empty value.
fn is_odd(element: &Extension<'_>) -> bool {
    let empty = |value: ws_core::handshake::ParamValue<'_>| value.chars().next().is_none();
    element.has_more_params() || element.params().iter().any(|param| param.value.is_some_and(empty))
}

fn print(list: &[Extension<'_>]) -> String {
    list.iter().map(|element| format!("{element:?}")).collect::<Vec<_>>().join(", ")
}

fn reprint(text: &str) -> Result<String, MalformedExtensions> {
    let list = Extensions::of_value(text.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    Ok(print(&list))
}

/// The server's side: the list are a client's offers.
fn as_offers(policy: &Deflate, list: &[Extension<'_>]) {
    let of_ours = |element: &&Extension<'_>| element.name == NAME;
    let offers: Vec<_> = list.iter().filter(of_ours).filter_map(|e| Terms::parse(e).ok()).collect();
    let accepted = offers.iter().find_map(|offer| Some((offer, policy.answer(offer)?)));
    assert_eq!(policy.answer_any(list.iter().copied()), accepted.map(|(_, answer)| answer));
    let Some((offer, (answer, params))) = accepted else { return };
    check_answer(policy, offer, &answer, &params);
    let text = answer.to_string();
    let element = Extensions::of_value(text.as_bytes()).next();
    let element = element.expect("an element").expect("well-formed");
    assert_eq!((element.name, Terms::parse(&element)), (NAME, Ok(answer)), "as it is written");
    assert_eq!(offer.agree(&answer), Ok(params), "the client agrees to the same");
}

/// RFC 7692 §7.1, rule by rule.
fn check_answer(policy: &Deflate, offer: &Terms, answer: &Terms, params: &DeflateParams) {
    assert!(!offer.server_no_context_takeover || answer.server_no_context_takeover, "§7.1.1.1");
    assert!(!policy.no_context_takeover() || params.server_no_context_takeover);
    assert!(!policy.peer_no_context_takeover() || params.client_no_context_takeover);
    if let Some(asked) = offer.server_max_window_bits {
        assert!(answer.server_max_window_bits.is_some_and(|said| said <= asked), "§7.1.2.1");
    }
    assert!(params.server_max_window_bits <= policy.window_bits());
    assert!(params.client_max_window_bits <= policy.peer_max_window_bits());
    match (offer.client_max_window_bits, answer.client_max_window_bits) {
        (_, Some(ClientWindow::Any)) => panic!("§7.1.2.2: an answer has a value"),
        (None, Some(_)) => panic!("§7.1.2.2: not offered"),
        (Some(ClientWindow::UpTo(offered)), Some(ClientWindow::UpTo(said))) => {
            assert!(said <= offered, "§7.1.2.2");
        }
        _ => {}
    }
    let (window_bits, _) = policy.compressor(params, Role::Server).expect("a window of zlib's");
    assert!(window_bits <= params.server_max_window_bits && window_bits > WindowBits::MIN);
}

/// The client's side: the element is a server's answer to our offer.
fn as_answer(policy: &Deflate, offer: &Terms, answer: Result<Terms, TermsError>) {
    let Ok(answer) = answer else { return };
    let Ok(params) = offer.agree(&answer) else { return };
    assert!(!policy.peer_no_context_takeover() || params.server_no_context_takeover);
    assert!(params.server_max_window_bits <= policy.peer_max_window_bits());
    assert_eq!(params.client_no_context_takeover, answer.client_no_context_takeover);
    match (offer.client_max_window_bits, answer.client_max_window_bits) {
        (_, None) => assert_eq!(params.client_max_window_bits, WindowBits::MAX, "§7.1.2.2"),
        (_, Some(ClientWindow::Any)) => panic!("§7.1.2.2: an answer has a value"),
        (None, Some(_)) => panic!("§7.1.2.2: not offered"),
        (Some(offered), Some(ClientWindow::UpTo(said))) => {
            assert_eq!(params.client_max_window_bits, said, "§7.1.2.2");
            assert!(!matches!(offered, ClientWindow::UpTo(most) if said > most), "§7.1.2.2");
        }
    }
    match policy.compressor(&params, Role::Client) {
        None => assert_eq!(params.client_max_window_bits, WindowBits::MIN),
        Some((window_bits, takeover)) => {
            assert!(window_bits <= params.client_max_window_bits.min(policy.window_bits()));
            assert!(!takeover || !params.client_no_context_takeover);
            assert!(!takeover || !policy.no_context_takeover());
        }
    }
}
