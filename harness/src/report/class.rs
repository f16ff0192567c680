//! Both words of a verdict in one, as a table of many implementations counts and shows it.

use super::schema::{Behavior, BehaviorClose, Case, Verdict};

/// What a case comes to, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// As demanded.
    Ok,
    /// Nothing is demanded.
    Informational,
    /// Allowed, but not what a strict endpoint does.
    NonStrict,
    /// The testee does not have what the case is about.
    Unimplemented,
    /// Messages and frames as demanded or allowed; the end of the connection is not.
    Close,
    /// Messages or frames are not as demanded.
    Failed,
}

impl Class {
    /// Each of them, best first.
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::Informational,
        Self::NonStrict,
        Self::Unimplemented,
        Self::Close,
        Self::Failed,
    ];

    /// Of a verdict.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        match (verdict.behavior, verdict.behavior_close) {
            (Behavior::Failed, _) => Self::Failed,
            (Behavior::Unimplemented, _) => Self::Unimplemented,
            (_, close) if close > BehaviorClose::Informational => Self::Close,
            (Behavior::NonStrict, _) => Self::NonStrict,
            (Behavior::Ok, BehaviorClose::Ok) => Self::Ok,
            _ => Self::Informational,
        }
    }

    /// The head of its column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Informational => "INFORMATIONAL",
            Self::NonStrict => "NON-STRICT",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Close => "CLOSE NOT OK",
            Self::Failed => "FAILED",
        }
    }
}

/// How many cases come to each class, in the order of [`Class::ALL`].
#[must_use]
pub fn count(cases: &[Case]) -> [usize; 6] {
    Class::ALL.map(|class| cases.iter().filter(|case| Class::of(case.verdict()) == class).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_half_decides_and_failed_frames_before_the_close() {
        use {Behavior as B, BehaviorClose as C};
        for (behavior, behavior_close, class) in [
            (B::Ok, C::Ok, Class::Ok),
            (B::Ok, C::Informational, Class::Informational),
            (B::Informational, C::Informational, Class::Informational),
            (B::NonStrict, C::Ok, Class::NonStrict),
            (B::NonStrict, C::Unclean, Class::Close),
            (B::Ok, C::WrongCode, Class::Close),
            (B::Ok, C::FailedByClient, Class::Close),
            (B::Unimplemented, C::Ok, Class::Unimplemented),
            (B::Unimplemented, C::Failed, Class::Unimplemented),
            (B::Failed, C::Ok, Class::Failed),
            (B::Failed, C::Failed, Class::Failed),
        ] {
            let verdict = Verdict { behavior, behavior_close };
            assert_eq!(Class::of(verdict), class, "{verdict}");
        }
    }
}
