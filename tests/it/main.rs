//! One integration binary; a file a theme.

mod sandbox;
