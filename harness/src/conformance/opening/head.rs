//! The head of an HTTP message: its first line and its fields, as the suite takes them apart.
//!
//! Laxer than HTTP: a line without a colon is passed over, blanks around a name are dropped.

use std::collections::BTreeMap;

/// Everything up to the empty line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The request line or the status line.
    pub first_line: String,
    fields: BTreeMap<String, Vec<String>>,
}

impl Head {
    /// How many octets of `input` a head takes, its empty line included, once that has arrived.
    #[must_use]
    pub fn len_in(input: &[u8]) -> Option<usize> {
        input.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
    }

    /// Takes apart what [`Head::len_in`] has found.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let text = String::from_utf8_lossy(octets);
        let mut lines = text.split(['\r', '\n']);
        let first_line = lines.next().unwrap_or_default().trim().to_owned();
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        for line in lines {
            if let Some((name, value)) = line.split_once(':')
                && !name.is_empty()
            {
                let values = fields.entry(name.trim().to_lowercase()).or_default();
                values.push(value.trim().to_owned());
            }
        }
        Self { first_line, fields }
    }

    /// The value of a field, named in lower case; several lines are one list.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.get(name).map(|values| values.join(", "))
    }

    /// On how many lines the field stands.
    #[must_use]
    pub fn lines(&self, name: &str) -> usize {
        self.fields.get(name).map_or(0, Vec::len)
    }

    /// The field is a list that holds `token`, in whatever case.
    #[must_use]
    pub fn lists(&self, name: &str, token: &str) -> bool {
        let value = self.field(name).unwrap_or_default();
        value.split(',').any(|item| item.trim().eq_ignore_ascii_case(token))
    }
}

/// A number as the suite reads numbers: blanks around it, a sign and leading zeros are fine.
#[must_use]
pub fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_its_empty_line() {
        assert_eq!(Head::len_in(b"GET / HTTP/1.1\r\n\r\n\x81\x00"), Some(18));
        assert_eq!(Head::len_in(b"GET / HTTP/1.1\r\n\r"), None);
    }

    #[test]
    fn fields_by_name_in_any_case_with_lines_counted() {
        let head = Head::read(b" HTTP/1.1 101 x \r\nUPGRADE : WebSocket\r\nno colon\r\n: none\r\nConnection:keep-alive\r\nconnection: Upgrade\r\n\r\n");
        assert_eq!(head.first_line, "HTTP/1.1 101 x");
        assert_eq!(head.field("upgrade").as_deref(), Some("WebSocket"));
        assert_eq!(head.field("connection").as_deref(), Some("keep-alive, Upgrade"));
        assert_eq!(
            (head.lines("connection"), head.lines("upgrade"), head.lines("host")),
            (2, 1, 0)
        );
        assert!(head.lists("connection", "upgrade") && !head.lists("connection", "up"));
        assert_eq!(head.field(""), None);
    }

    #[test]
    fn numbers() {
        for (text, read) in
            [("9", Some(9)), (" +09 ", Some(9)), ("-9", Some(-9)), ("", None), ("9x", None)]
        {
            assert_eq!(number(text), read, "{text:?}");
        }
    }
}
