//! The word that a server is to end: said once, heard by every connection.

use core::fmt;

use ::tokio::sync::watch;

/// Tells that the server has been asked to end. Clones tell the same.
#[derive(Clone)]
pub struct Stopping(watch::Receiver<bool>);

/// Says it.
pub(super) struct Stop(watch::Sender<bool>);

pub(super) fn channel() -> (Stop, Stopping) {
    let (sender, receiver) = watch::channel(false);
    (Stop(sender), Stopping(receiver))
}

impl Stop {
    pub(super) fn say(&self) {
        self.0.send_replace(true);
    }
}

impl Stopping {
    /// Whether it has been asked to.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked to.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn begun(&self) {
        // A server that is gone without a word has ended as well.
        let _ = self.0.clone().wait_for(|begun| *begun).await;
    }
}

impl fmt::Debug for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stopping").field(&self.has_begun()).finish()
    }
}
