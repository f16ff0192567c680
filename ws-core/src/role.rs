//! Which endpoint we are (RFC 6455 §1.2): it decides who masks (§5.1) and who drops TCP (§7.1.1).

/// An endpoint's role in the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Dialled the connection. Masks every frame it sends, must never receive a masked one.
    Client,
    /// Accepted the connection. Sends unmasked frames, must never receive an unmasked one.
    Server,
}

impl Role {
    /// The role of the endpoint at the other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// Whether this role masks the frames it sends (RFC 6455 §5.1).
    #[must_use]
    pub const fn masks(self) -> bool {
        matches!(self, Self::Client)
    }
}
