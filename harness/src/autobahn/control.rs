//! The fuzzing server's control paths: how a client under test asks for cases.
//!
//! All of them are WebSocket upgrades on the port of the cases: `/getCaseCount` answers with one
//! text message, `/runCase` is the case itself, `/updateReports` writes the report and closes.

/// One client's view of a fuzzing server: its URL and the client's name in the report.
#[derive(Debug, Clone)]
pub struct Control {
    base: String,
    agent: String,
}

impl Control {
    /// For the fuzzing server at `url` (a trailing `/` does not matter) and the client `agent`.
    #[must_use]
    pub fn new(url: &str, agent: &str) -> Self {
        Self { base: url.trim_end_matches('/').to_owned(), agent: percent_encode(agent) }
    }

    /// Where to learn how many cases are selected.
    #[must_use]
    pub fn case_count(&self) -> String {
        format!("{}/getCaseCount", self.base)
    }

    /// Where case number `n` (from 1) of the selection runs.
    #[must_use]
    pub fn run_case(&self, n: usize) -> String {
        format!("{}/runCase?case={n}&agent={}", self.base, self.agent)
    }

    /// Where to ask for the report.
    #[must_use]
    pub fn update_reports(&self) -> String {
        format!("{}/updateReports?agent={}", self.base, self.agent)
    }
}

/// Escapes all but RFC 3986's unreserved characters, so that any name fits in a query.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            encoded.push(char::from(octet));
        } else {
            let _ = write!(encoded, "%{octet:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_carry_the_agent_encoded() {
        let control = Control::new("ws://127.0.0.1:9001/", "é a&b/1.0");
        assert_eq!(control.case_count(), "ws://127.0.0.1:9001/getCaseCount");
        assert_eq!(
            control.run_case(7),
            "ws://127.0.0.1:9001/runCase?case=7&agent=%C3%A9%20a%26b%2F1.0"
        );
        assert_eq!(
            control.update_reports(),
            "ws://127.0.0.1:9001/updateReports?agent=%C3%A9%20a%26b%2F1.0"
        );
    }
}
