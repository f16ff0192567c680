//! What connections have in common: one copy of each configuration, however many have it.

use alloc::sync::Arc;

use super::config::Config;
use super::send::MaskingKeys;

/// What was settled before a connection's first octet, and is the same for many.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    /// The source of masking keys: a client has one, a server has none.
    pub(super) keys: Option<MaskingKeys>,
}

#[cfg(feature = "std")]
std::thread_local! {
    /// What a connection of this thread was made with last: the next is usually made with the same.
    static LAST: core::cell::RefCell<Option<Arc<Setup>>> = const { core::cell::RefCell::new(None) };
}

impl Setup {
    /// Shared with earlier connections that are the same in this.
    pub(super) fn shared(config: Config, keys: Option<MaskingKeys>) -> Arc<Self> {
        let setup = Self { config, keys };
        #[cfg(feature = "std")]
        if let Ok(Some(shared)) = LAST.try_with(|last| setup.like_last(last)) {
            return shared;
        }
        Arc::new(setup)
    }

    /// The last one, if it is the same; this one is the last from now on.
    #[cfg(feature = "std")]
    fn like_last(&self, last: &core::cell::RefCell<Option<Arc<Self>>>) -> Option<Arc<Self>> {
        let last = &mut *last.try_borrow_mut().ok()?;
        if !last.as_ref().is_some_and(|last| last.is_same(self)) {
            *last = Some(Arc::new(self.clone()));
        }
        last.clone()
    }

    #[cfg(feature = "std")]
    fn is_same(&self, other: &Self) -> bool {
        let same_keys = match (self.keys, other.keys) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => core::ptr::fn_addr_eq(ours, theirs),
            _ => false,
        };
        same_keys && self.config == other.config
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn equal_configurations_are_one() {
        let keys: MaskingKeys = || [1; 4];
        let quiet = Config { auto_pong: false, ..Config::default() };
        for (config, keys) in [(Config::default(), None), (quiet, None), (quiet, Some(keys))] {
            let setup = Setup::shared(config, keys);
            assert_eq!((setup.config, setup.keys.is_some()), (config, keys.is_some()));
            assert!(Arc::ptr_eq(&setup, &Setup::shared(config, keys)));
        }
    }
}
