//! The switch that cuts the connection of a request.

use std::sync::Arc;

use tokio::sync::Notify;

/// Cuts the connection that a request came by. Every request carries one.
#[derive(Clone, Debug, Default)]
pub(super) struct Switch(pub(super) Arc<Notify>);

impl Switch {
    /// The connection is closed at its next turn; whatever is still being made for it is dropped.
    pub(super) fn cut(&self) {
        self.0.notify_one();
    }

    /// [`Self::cut`], for an exchange that has nothing left to say.
    pub(super) async fn drop_connection<T>(&self) -> T {
        self.cut();
        std::future::pending().await
    }
}
