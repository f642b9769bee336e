//! The encoding of a text, and how it is known.

use encoding_rs::Encoding;

/// The encoding of a text, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Understood {
    /// The encoding's name.
    pub encoding: &'static str,
    /// How it is known.
    pub basis: Basis,
    /// The first line that shows that a guess is wrong: no row beyond ASCII can be trusted then.
    pub disproved_on: Option<u64>,
    /// The text is a rejects file that another program has saved. `encoding` of the job file does not count for it.
    pub is_saved_rejects: bool,
}

impl Understood {
    /// Returns the advice for a text that was read in a wrong encoding.
    pub fn correction(&self) -> &'static str {
        if self.is_saved_rejects {
            SAVE_REJECTS_AGAIN
        } else if self.basis == Basis::Mark {
            // The mark takes precedence over the job file.
            "export the file again, or save it as UTF-8"
        } else {
            "set the right encoding in the job file's [input]"
        }
    }
}

/// The advice for rejects in a wrong encoding.
pub(crate) const SAVE_REJECTS_AGAIN: &str =
    "save the rejects file again as UTF-8 (in Excel \"CSV UTF-8\") or as a workbook";

/// How an encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The text begins with a byte order mark.
    Mark,
    /// The job says so.
    Job,
    /// The bytes would hardly be what they are in another encoding.
    Content,
    /// It is the likeliest of several.
    Guess,
}

/// The encoding by which a text is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Standard(&'static Encoding),
    Utf32 { is_little: bool },
}

impl Codec {
    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf32 { is_little: true } => "UTF-32LE",
            Self::Utf32 { is_little: false } => "UTF-32BE",
            Self::Standard(encoding) => match encoding.name() {
                "windows-874" => "Windows-874",
                "windows-1250" => "Windows-1250",
                "windows-1251" => "Windows-1251",
                "windows-1252" => "Windows-1252",
                "windows-1253" => "Windows-1253",
                "windows-1254" => "Windows-1254",
                "windows-1255" => "Windows-1255",
                "windows-1256" => "Windows-1256",
                "windows-1257" => "Windows-1257",
                "windows-1258" => "Windows-1258",
                "macintosh" => "Macintosh",
                name => name,
            },
        }
    }
}
