//! Separates connection errors that may pass from those that last until the operator acts.
//!
//! Errors that may pass (refused, no answer, name server unreachable) are an outage, and the run waits. A certificate
//! that
//! is not accepted, or a proxy that refuses, ends the run.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::sanitize::sanitized;
use crate::stop::Obstacle;

/// Maximum length of a cause in a message, in characters. A certificate can contain names of any length.
const CAUSE_CHARS_MAX: usize = 200;
/// Error texts for a host that the name server does not know, of glibc, macOS, musl and Windows. (If no name server can be
/// reached, the text differs.)
const NO_SUCH_HOST: [&str; 4] = [
    "Name or service not known",
    "nodename nor servname provided",
    "Name does not resolve",
    "No such host is known",
];

/// Returns the last cause: what the system said (`connection refused`), without URL or address book.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    sanitized(&cause.to_string())
        .chars()
        .take(CAUSE_CHARS_MAX)
        .collect()
}

/// Returns the obstacle to a connection if waiting does not help.
pub(super) fn obstacle(error: &(dyn Error + 'static)) -> Option<Obstacle> {
    if let Some(error) = find_tls(error) {
        return of_tls(error);
    }
    let cause = innermost(error);
    if is_forbidden(error) {
        return Some(Obstacle::NotPermitted(cause));
    }
    let is_unknown = NO_SUCH_HOST.iter().any(|said| cause.contains(said));
    is_unknown.then_some(Obstacle::UnknownHost(cause))
}

/// Returns whether the system forbids the connection.
fn is_forbidden(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Returns whether a proxy was reached and refused the connection. The library does not report its status.
pub(super) fn is_refused_tunnel(error: &(dyn Error + 'static)) -> bool {
    asks_for_login(error) || innermost(error).contains("tunnel error: unsuccessful")
}

/// Returns whether a proxy was reached that requires a login.
pub(super) fn asks_for_login(error: &(dyn Error + 'static)) -> bool {
    innermost(error).contains("proxy authorization required")
}

/// Returns the obstacle that the status of a proxy shows. None if the refusal may pass.
pub(super) const fn of_proxy(status: u16) -> Option<Obstacle> {
    match status {
        407 => Some(Obstacle::ProxyLogin),
        408 | 425 | 429 => None,
        400..=499 | 501 | 505 | 511 | 300..=399 => Some(Obstacle::ProxyRefuses { status }),
        _ => None,
    }
}

/// Searches the causes for a TLS error. An I/O error does not list the error that it wraps as its cause.
fn find_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && let Some(found) = find_tls(inner)
        {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

fn of_tls(error: &rustls::Error) -> Option<Obstacle> {
    use rustls::Error as E;
    let told = || innermost(error);
    match error {
        E::InvalidCertificate(error) => Some(of_certificate(error)),
        E::NoCertificatesPresented => Some(Obstacle::Certificate(told())),
        E::InvalidMessage(_) => Some(Obstacle::NoTls),
        E::PeerIncompatible(_) | E::NoApplicationProtocol | E::UnsupportedNameType => {
            Some(Obstacle::Handshake(told()))
        }
        E::AlertReceived(
            AlertDescription::InternalError
            | AlertDescription::UserCanceled
            | AlertDescription::CloseNotify
            | AlertDescription::NoRenegotiation,
        ) => None,
        E::AlertReceived(_) => Some(Obstacle::Handshake(told())),
        _ => None,
    }
}

fn of_certificate(error: &CertificateError) -> Obstacle {
    use CertificateError as E;
    match error {
        // The second: an authority of the same name is trusted, with another key.
        E::UnknownIssuer | E::BadSignature => Obstacle::UnknownAuthority,
        E::Expired | E::ExpiredContext { .. } => Obstacle::Expired,
        E::NotValidYet | E::NotValidYetContext { .. } => Obstacle::NotYetValid,
        E::NotValidForName | E::NotValidForNameContext { .. } => Obstacle::OtherName,
        E::Revoked => Obstacle::Revoked,
        error => Obstacle::Certificate(
            sanitized(&error.to_string())
                .chars()
                .take(CAUSE_CHARS_MAX)
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wraps the error as the libraries do.
    fn wrapped(error: rustls::Error) -> io::Error {
        io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error))
    }

    #[test]
    fn what_waiting_does_not_mend_is_told_from_what_it_may() {
        use CertificateError as C;
        use rustls::Error as E;
        let handshake = "received fatal alert: HandshakeFailure";
        for (error, expected) in [
            (
                E::InvalidCertificate(C::UnknownIssuer),
                Some(Obstacle::UnknownAuthority),
            ),
            (E::InvalidCertificate(C::Expired), Some(Obstacle::Expired)),
            (
                E::InvalidCertificate(C::NotValidYet),
                Some(Obstacle::NotYetValid),
            ),
            (
                E::InvalidCertificate(C::NotValidForName),
                Some(Obstacle::OtherName),
            ),
            (E::InvalidCertificate(C::Revoked), Some(Obstacle::Revoked)),
            (
                E::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                Some(Obstacle::NoTls),
            ),
            (
                E::AlertReceived(AlertDescription::HandshakeFailure),
                Some(Obstacle::Handshake(handshake.to_owned())),
            ),
            (E::AlertReceived(AlertDescription::InternalError), None),
            (E::General("busy".to_owned()), None),
        ] {
            assert_eq!(obstacle(&error), expected);
            assert_eq!(obstacle(&wrapped(error)), expected);
        }
        let forbidden = io::Error::from(io::ErrorKind::PermissionDenied);
        let cause = forbidden.to_string();
        assert_eq!(obstacle(&forbidden), Some(Obstacle::NotPermitted(cause)));
        for (said, is_for_good) in [
            (
                "failed to lookup address information: Name or service not known",
                true,
            ),
            (
                "failed to lookup address information: Name does not resolve",
                true,
            ),
            (
                "failed to lookup address information: Temporary failure in name resolution",
                false,
            ),
            ("Connection refused (os error 111)", false),
            ("not made within 10s", false),
        ] {
            let error = io::Error::other(said);
            assert_eq!(obstacle(&error).is_some(), is_for_good, "{said}");
        }
    }

    #[test]
    fn a_proxy_that_is_busy_is_waited_for_and_one_that_says_no_is_not() {
        let no = |status| Some(Obstacle::ProxyRefuses { status });
        for (status, expected) in [
            (407, Some(Obstacle::ProxyLogin)),
            (403, no(403)),
            (405, no(405)),
            (302, no(302)),
            (429, None),
            (500, None),
            (502, None),
            (503, None),
            (504, None),
        ] {
            assert_eq!(of_proxy(status), expected, "{status}");
        }
    }
}
