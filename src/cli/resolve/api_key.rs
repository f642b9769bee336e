//! The API key: from a file or the environment, held as a secret, never shown.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::text_file::text_of;
use super::{ResolveError, Surroundings, read_limited};

/// The longest key file that is read.
pub const API_KEY_BYTES_MAX: u64 = 4096;

/// The API key: of the file if there is one, or else of the environment.
pub fn api_key(file: Option<&Path>, around: &Surroundings) -> Result<SecretString, ResolveError> {
    match (file, &around.api_key) {
        (Some(path), _) => api_key_of_file(path),
        (None, Some(key)) => checked_key(key, "CONCORD_API_KEY"),
        (None, None) => Err(ResolveError::ApiKeyMissing),
    }
}

/// The API key that a file holds.
pub fn api_key_of_file(path: &Path) -> Result<SecretString, ResolveError> {
    let unreadable = |source| ResolveError::ApiKeyUnreadable {
        path: path.to_owned(),
        source,
    };
    let place = format!("`{}`", path.display());
    let bytes = read_limited(path, API_KEY_BYTES_MAX).map_err(unreadable)?;
    let bytes = bytes.ok_or_else(|| ResolveError::ApiKeyMalformed {
        place: place.clone(),
        why: "is far too long",
    })?;
    // Bytes that are not text are no key: the check below refuses their replacement characters.
    let text = text_of(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes));
    checked_key(&text.into_owned().into(), &place)
}

/// A key that can travel in an HTTP header. None of it is ever shown.
fn checked_key(key: &SecretString, place: &str) -> Result<SecretString, ResolveError> {
    let malformed = |why| ResolveError::ApiKeyMalformed {
        place: place.to_owned(),
        why,
    };
    // A byte order mark comes along where a shell has read the file.
    let key = key.expose_secret().trim_start_matches('\u{feff}').trim();
    if key.is_empty() {
        Err(malformed("is empty"))
    } else if key.contains(['\n', '\r']) {
        Err(malformed("has more than one line"))
    } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err(malformed("has characters that no HTTP header may carry"))
    } else {
        Ok(key.into())
    }
}
