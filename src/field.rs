//! The API's names for the properties of a request and for the types of request.

use std::fmt;

use serde::Serialize;

/// A property of the API's request body, by the names of the published page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `captureUrl`
    CaptureUrl,
    /// `concordId`
    ConcordId,
    /// `domain`
    Domain,
    /// `notes`
    Notes,
    /// `preverified`
    Preverified,
    /// `projectUserId`
    ProjectUserId,
    /// `request`
    Request,
    /// `requestDetails`
    RequestDetails,
    /// `userEmail`
    UserEmail,
    /// `userFirstName`
    UserFirstName,
    /// `userId`
    UserId,
    /// `userLastName`
    UserLastName,
    /// `userPhoneNumber`
    UserPhoneNumber,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Field {
    /// Every property, in the order of the published page.
    pub const ALL: [Self; 13] = [
        Self::CaptureUrl,
        Self::ConcordId,
        Self::Domain,
        Self::Notes,
        Self::Preverified,
        Self::ProjectUserId,
        Self::Request,
        Self::RequestDetails,
        Self::UserEmail,
        Self::UserFirstName,
        Self::UserId,
        Self::UserLastName,
        Self::UserPhoneNumber,
    ];

    /// The properties of which the API wants at least one.
    pub const IDENTIFIERS: [Self; 5] = [
        Self::ConcordId,
        Self::UserEmail,
        Self::UserPhoneNumber,
        Self::ProjectUserId,
        Self::UserId,
    ];

    /// The API's name of the property.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CaptureUrl => "captureUrl",
            Self::ConcordId => "concordId",
            Self::Domain => "domain",
            Self::Notes => "notes",
            Self::Preverified => "preverified",
            Self::ProjectUserId => "projectUserId",
            Self::Request => "request",
            Self::RequestDetails => "requestDetails",
            Self::UserEmail => "userEmail",
            Self::UserFirstName => "userFirstName",
            Self::UserId => "userId",
            Self::UserLastName => "userLastName",
            Self::UserPhoneNumber => "userPhoneNumber",
        }
    }

    /// The property of that exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Returns whether the property describes the person (and so is never logged or kept in the ledger).
    pub const fn is_personal(self) -> bool {
        !matches!(self, Self::Preverified | Self::Request | Self::Domain)
    }
}

/// The type of a request: the API's `request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestType {
    /// Rectification, correction.
    Change,
    /// Erasure.
    Delete,
    /// Access, "right to know".
    View,
    /// Opt-out of sale or sharing.
    DoNotSell,
}

impl fmt::Display for RequestType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl RequestType {
    /// Every type, in the order of the published page.
    pub const ALL: [Self; 4] = [Self::Change, Self::Delete, Self::View, Self::DoNotSell];

    /// The API's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Delete => "delete",
            Self::View => "view",
            Self::DoNotSell => "do_not_sell",
        }
    }

    /// The type of that exact word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
