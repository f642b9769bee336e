//! Text that a program has escaped for another use and that was exported so: `O&#39;Brien`, `=?utf-8?Q?M=C3=BCller?=`,
//! `M%C3%BCller`, `M\u00fcller`, `M=C3=BCller`.
//!
//! Input: a text that never contains escapes by its nature (a name, an id). Output: the original text if every escape
//! has one meaning, or the finding that the original is not certain. A text without escapes costs one pass over its
//! bytes.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::{Encoding, WINDOWS_1252};

/// Maximum number of times that a text is unescaped: programs escape text that is already escaped.
const ROUNDS_MAX: usize = 3;

/// A way of escaping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `&#39;`, `&amp;`
    Html,
    /// `=?utf-8?Q?…?=` (RFC 2047)
    MailHeader,
    /// `%C3%BC`
    Percent,
    /// `\u00fc`, `\xc3\xbc`, `\'`
    Backslash,
    /// `=C3=BC`
    QuotedPrintable,
}

/// An escaped text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Escaped {
    /// The text that was meant, and how it was escaped.
    Undone(String, Kind),
    /// A text whose escapes have more than one meaning.
    Open(Kind),
}

/// An escape with more than one meaning.
struct Uncertain;

/// The text without escapes. None if it has no escapes.
type Undone = Result<Option<String>, Uncertain>;

/// Makes the result: whether there are escapes, and the text without them if that is certain.
fn undone(has_any: bool, meant: Option<String>) -> Undone {
    match meant {
        _ if !has_any => Ok(None),
        Some(meant) => Ok(Some(meant)),
        None => Err(Uncertain),
    }
}

/// Undoes the escapes of a text. Returns none when it has none.
pub(crate) fn undo(text: &str, kinds: &[Kind]) -> Option<Escaped> {
    if !may_have_any(text) {
        return None;
    }
    let mut now = Cow::Borrowed(text);
    let mut first = None;
    for _ in 0..ROUNDS_MAX {
        let found = kinds.iter().find_map(|&kind| match kind.undo(&now) {
            Ok(None) => None,
            Ok(Some(text)) => Some((kind, Some(text))),
            Err(Uncertain) => Some((kind, None)),
        });
        let Some((kind, undone)) = found else {
            break;
        };
        let kind = *first.get_or_insert(kind);
        match undone {
            Some(text) if is_sound(&text) => now = Cow::Owned(text),
            _ => return Some(Escaped::Open(kind)),
        }
    }
    first.map(|kind| Escaped::Undone(now.trim().to_owned(), kind))
}

/// Returns whether a text has escapes for HTML or mail headers, which no text is written with.
pub(crate) fn has_markup(text: &str) -> bool {
    may_have_any(text)
        && [Kind::Html, Kind::MailHeader]
            .iter()
            .any(|kind| !matches!(kind.undo(text), Ok(None)))
}

fn may_have_any(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins = |byte: &u8| matches!(byte, b'&' | b'%' | b'\\' | b'=');
    bytes.iter().any(begins)
        || bytes
            .windows(2)
            .any(|pair| matches!(pair, [b'u', b'0' | b'2']))
}

/// Returns whether an unescaped text can be a text: it has no markup and no controls.
fn is_sound(text: &str) -> bool {
    !text.contains(|c: char| matches!(c, '<' | '>' | '\u{fffd}') || c.is_control())
        && !text.trim().is_empty()
}

impl Kind {
    /// All of them. Mail headers come before quoted-printable, by which they are written.
    pub(crate) const ALL: [Self; 5] = [
        Self::Html,
        Self::MailHeader,
        Self::Percent,
        Self::Backslash,
        Self::QuotedPrintable,
    ];
    /// The kinds that no system has in its ids.
    pub(crate) const OF_IDS: [Self; 2] = [Self::Html, Self::MailHeader];

    /// Returns its name for messages, with an example.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Html => "HTML (such as `&#39;` or `&amp;`)",
            Self::MailHeader => "a mail header (`=?utf-8?Q?…?=`)",
            Self::Percent => "a web address (`%C3%BC`)",
            Self::Backslash => "a program (such as `\\u00fc` or `\\'`)",
            Self::QuotedPrintable => "mail (`=C3=BC`)",
        }
    }

    /// The text without the escapes of this kind.
    fn undo(self, text: &str) -> Undone {
        match self {
            Self::Html => html(text),
            Self::MailHeader => mail_header(text),
            Self::Percent => percent(text),
            Self::Backslash => backslash(text),
            Self::QuotedPrintable => coded_bytes(text, '='),
        }
    }
}

/// Longest name of a character in HTML.
const HTML_NAME_BYTES_MAX: usize = 31;

fn html(text: &str) -> Undone {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    let (mut has_any, mut is_certain) = (false, true);
    while let Some(at) = rest.find('&') {
        made.push_str(&rest[..at]);
        let reference = &rest[at + 1..];
        let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '#';
        let length: usize = reference
            .chars()
            .take_while(is_part)
            .map(char::len_utf8)
            .sum();
        let (name, after) = reference.split_at(length);
        let is_number = name
            .strip_prefix('#')
            .is_some_and(|digits| !digits.is_empty() && !digits.contains('#'));
        let is_name = name.len() >= 2
            && name.len() <= HTML_NAME_BYTES_MAX
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !name.contains('#');
        let is_closed = after.starts_with(';');
        if is_number || is_name && (is_closed || begins_with_accent(name)) {
            has_any = true;
            match character(name).filter(|_| is_closed) {
                Some(c) => made.push(c),
                None => is_certain = false,
            }
            rest = &after[usize::from(is_closed)..];
        } else {
            made.push('&');
            rest = reference;
        }
    }
    made.push_str(rest);
    undone(has_any, is_certain.then(|| made.replace('\u{a0}', " ")))
}

/// Returns whether a reference of HTML without its `;` begins with the name of an accented letter: `&uacutez`.
fn begins_with_accent(name: &str) -> bool {
    const ACCENTS: [&str; 8] = [
        "acute", "caron", "cedil", "circ", "grave", "ring", "tilde", "uml",
    ];
    ACCENTS.iter().any(|accent| name[1..].starts_with(accent))
}

/// The character of a reference of HTML, without `&` and `;`.
fn character(name: &str) -> Option<char> {
    let Some(digits) = name.strip_prefix('#') else {
        return named(name);
    };
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    match u8::try_from(code) {
        // As browsers read them: of Windows-1252.
        Ok(byte @ 0x80..=0x9f) => {
            let bytes = [byte];
            let text = WINDOWS_1252.decode_without_bom_handling(&bytes).0;
            text.chars().next().filter(|c| !c.is_control())
        }
        _ => char::from_u32(code).filter(|c| !c.is_control()),
    }
}

/// The names of U+00A0 to U+00FF, in their order.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute \
     micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
     Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute \
     Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute \
     icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
/// Further names, each before its character.
const OTHERS: &str = "amp & lt < gt > quot \" apos ' lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ ndash – mdash — hellip … \
     bull • euro € trade ™ lsaquo ‹ rsaquo › commat @ period . comma , lowbar _ lpar ( rpar ) sol / colon : semi ; quest ? excl ! \
     percnt % plus + equals = num # dollar $ ast * hyphen ‐ dash ‐ grave ` Amacr Ā amacr ā Abreve Ă abreve ă Aogon Ą aogon ą \
     Cacute Ć cacute ć Ccirc Ĉ ccirc ĉ Cdot Ċ cdot ċ Ccaron Č ccaron č Dcaron Ď dcaron ď Dstrok Đ dstrok đ Emacr Ē emacr ē \
     Edot Ė edot ė Eogon Ę eogon ę Ecaron Ě ecaron ě Gcirc Ĝ gcirc ĝ Gbreve Ğ gbreve ğ Gdot Ġ gdot ġ Gcedil Ģ Hcirc Ĥ hcirc ĥ \
     Hstrok Ħ hstrok ħ Itilde Ĩ itilde ĩ Imacr Ī imacr ī Iogon Į iogon į Idot İ imath ı inodot ı IJlig Ĳ ijlig ĳ Jcirc Ĵ \
     jcirc ĵ Kcedil Ķ kcedil ķ Lacute Ĺ lacute ĺ Lcedil Ļ lcedil ļ Lcaron Ľ lcaron ľ Lmidot Ŀ lmidot ŀ Lstrok Ł lstrok ł \
     Nacute Ń nacute ń Ncedil Ņ ncedil ņ Ncaron Ň ncaron ň ENG Ŋ eng ŋ Omacr Ō omacr ō Odblac Ő odblac ő OElig Œ oelig œ \
     Racute Ŕ racute ŕ Rcedil Ŗ rcedil ŗ Rcaron Ř rcaron ř Sacute Ś sacute ś Scirc Ŝ scirc ŝ Scedil Ş scedil ş Scaron Š \
     scaron š Tcedil Ţ tcedil ţ Tcaron Ť tcaron ť Tstrok Ŧ tstrok ŧ Utilde Ũ utilde ũ Umacr Ū umacr ū Ubreve Ŭ ubreve ŭ \
     Uring Ů uring ů Udblac Ű udblac ű Uogon Ų uogon ų Wcirc Ŵ wcirc ŵ Ycirc Ŷ ycirc ŷ Yuml Ÿ Zacute Ź zacute ź Zdot Ż zdot ż \
     Zcaron Ž zcaron ž";

fn named(name: &str) -> Option<char> {
    let latin = LATIN_1.split_whitespace().zip('\u{a0}'..='\u{ff}');
    let mut others = OTHERS.split_whitespace();
    let mut others = std::iter::from_fn(|| Some((others.next()?, others.next()?.chars().next()?)));
    let is = |(known, _): &(&str, char)| *known == name;
    latin
        .into_iter()
        .find(is)
        .or_else(|| others.find(is))
        .map(|(_, c)| c)
}

/// Base 64 with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn mail_header(text: &str) -> Undone {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    let mut has_any = false;
    while let Some(at) = rest.find("=?") {
        let word = &rest[at + 2..];
        let mut parts = word.splitn(3, '?');
        let (Some(charset), Some(how), Some(content)) = (parts.next(), parts.next(), parts.next())
        else {
            break;
        };
        if !matches!(how, "b" | "B" | "q" | "Q") {
            made.push_str(&rest[..at + 2]);
            rest = word;
            continue;
        }
        // Blanks between two of them are no part of the text (RFC 2047, 6.2).
        if !(has_any && rest[..at].trim().is_empty()) {
            made.push_str(&rest[..at]);
        }
        has_any = true;
        let Some(end) = content.find("?=") else {
            return Err(Uncertain);
        };
        let label = charset.split('*').next().unwrap_or(charset);
        let bytes = match how {
            "b" | "B" => BASE64.decode(&content[..end]).ok(),
            _ => Some(quoted_bytes(&content[..end])),
        };
        let decoded =
            Encoding::for_label(label.as_bytes())
                .zip(bytes)
                .and_then(|(encoding, bytes)| {
                    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
                    text.map(Cow::into_owned)
                });
        match decoded {
            Some(text) => made.push_str(&text),
            None => return Err(Uncertain),
        }
        rest = &content[end + 2..];
    }
    made.push_str(rest);
    undone(has_any, Some(made))
}

/// The bytes of the Q encoding (RFC 2047, 4.2).
fn quoted_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        let coded = (byte == b'=').then(|| hex_at(text, at + 1, 2)).flatten();
        bytes.push(match (coded, byte) {
            (Some(code), _) => u8::try_from(code).unwrap_or(b'?'),
            (None, b'_') => b' ',
            (None, byte) => byte,
        });
        at += if coded.is_some() { 3 } else { 1 };
    }
    bytes
}

/// Reads this number of hexadecimal digits at a place.
fn hex_at(text: &str, at: usize, digits: usize) -> Option<u32> {
    let found = text.get(at..at + digits)?;
    let is_hex = found.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(found, 16).ok())?
}

fn percent(text: &str) -> Undone {
    let (mut has_unit, mut is_certain) = (false, true);
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    // `%u00FC`, as scripts in browsers once escaped.
    while let Some(c) = text[at..].chars().next() {
        let unit = text[at..].strip_prefix("%u");
        let unit = unit.and_then(|_| hex_at(text, at + 2, 4));
        if let Some(unit) = unit {
            has_unit = true;
            let c = char::from_u32(unit);
            is_certain &= c.is_some();
            made.extend(c);
            at += 6;
        } else {
            made.push(c);
            at += c.len_utf8();
        }
    }
    if has_unit {
        return undone(true, is_certain.then_some(made));
    }
    match coded_bytes(text, '%') {
        // In a form's answers a plus is a blank, elsewhere it is itself.
        Ok(Some(_)) if text.contains('+') => Err(Uncertain),
        found => found,
    }
}

/// Bytes as a mark and two hexadecimal digits each.
fn coded_bytes(text: &str, mark: char) -> Undone {
    let mut bytes = Vec::with_capacity(text.len());
    let mut has_any = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let code = (c == mark).then(|| hex_at(text, at + 1, 2)).flatten();
        if let Some(code) = code {
            has_any = true;
            bytes.push(u8::try_from(code).unwrap_or(b'?'));
            at += 3;
        } else {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            at += c.len_utf8();
        }
    }
    undone(has_any, String::from_utf8(bytes).ok())
}

fn backslash(text: &str) -> Undone {
    if has_bare_unicode(text) {
        return Err(Uncertain);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let (mut has_any, mut is_certain) = (false, true);
    let mut flush = |units: &mut Vec<u16>, bytes: &mut Vec<u8>| {
        match String::from_utf16(units) {
            Ok(text) => bytes.extend_from_slice(text.as_bytes()),
            Err(_) => is_certain = false,
        }
        units.clear();
    };
    let mut uncertain = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = text[at + c.len_utf8()..].chars().next();
        if c == '\\'
            && let Some((code, length)) = coded(text, at)
        {
            has_any = true;
            at += length;
            match code {
                Coded::Unit(unit) => units.push(unit),
                Coded::Byte(byte) => {
                    flush(&mut units, &mut bytes);
                    bytes.push(byte);
                }
                Coded::Char(c) => {
                    flush(&mut units, &mut bytes);
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Coded::Open => uncertain = true,
            }
            continue;
        }
        flush(&mut units, &mut bytes);
        if c == '\\' && matches!(next, Some('n' | 'r' | 't')) && !next_is_name(text, at) {
            (has_any, uncertain) = (true, true);
        }
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        at += c.len_utf8();
    }
    flush(&mut units, &mut bytes);
    let is_certain = is_certain && !uncertain;
    let meant = String::from_utf8(bytes).ok();
    undone(has_any, meant.filter(|_| is_certain))
}

/// Returns whether a separate word follows the backslash, as in `CORP\tom`.
fn next_is_name(text: &str, at: usize) -> bool {
    text[at + 1..].len() > 1 && text[..at].chars().all(|c| c.is_ascii_uppercase())
}

/// The meaning of an escape.
enum Coded {
    Unit(u16),
    Byte(u8),
    Char(char),
    Open,
}

/// Reads the escape at a place: its meaning, and its length in bytes.
fn coded(text: &str, at: usize) -> Option<(Coded, usize)> {
    let kind = *text.as_bytes().get(at + 1)?;
    let following = text[at + 2..].chars().next();
    match kind {
        b'u' if text[at + 2..].starts_with('{') => {
            let end = text[at + 3..].find('}')?;
            let code = hex_at(text, at + 3, end)?;
            Some((
                char::from_u32(code).map_or(Coded::Open, Coded::Char),
                end + 4,
            ))
        }
        b'u' => {
            let unit = hex_at(text, at + 2, 4)?;
            Some((u16::try_from(unit).map_or(Coded::Open, Coded::Unit), 6))
        }
        b'U' => {
            let code = hex_at(text, at + 2, 8)?;
            Some((char::from_u32(code).map_or(Coded::Open, Coded::Char), 10))
        }
        b'x' => {
            let code = hex_at(text, at + 2, 2)?;
            Some((Coded::Byte(u8::try_from(code).unwrap_or(b'?')), 4))
        }
        b'0'..=b'3' => {
            let digits = text.get(at + 1..at + 4)?;
            let is_octal = digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
            let code = is_octal.then(|| u8::from_str_radix(digits, 8).ok())??;
            Some((Coded::Byte(code), 4))
        }
        // `O\'Brien` is escaped so for a database; `Jos\'e` is written so for TeX, and another name.
        b'\'' | b'"' | b'`' | b'^' | b'~' => {
            let is_quote = matches!(kind, b'\'' | b'"');
            let is_of_tex = following.is_some_and(|c| c.is_ascii_lowercase() || c == '{')
                && !text[at + 2..].starts_with("s ")
                && &text[at + 2..] != "s";
            match (is_of_tex, is_quote) {
                (true, _) => Some((Coded::Open, 2)),
                (false, true) => Some((Coded::Char(char::from(kind)), 2)),
                (false, false) => None,
            }
        }
        _ => None,
    }
}

/// Returns whether a word has the digits of a letter that lost their backslash: `Mu00fcller`.
fn has_bare_unicode(text: &str) -> bool {
    text.match_indices('u').any(|(at, _)| {
        let is_escaped = text[..at].ends_with(['\\', '%']);
        let code = hex_at(text, at + 1, 4);
        !is_escaped && code.is_some_and(|code| matches!(code, 0xc0..=0x24f | 0x2019))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_one_meaning_are_undone() {
        for (text, meant, kind) in [
            ("O&#39;Brien", "O'Brien", Kind::Html),
            ("O&#x27;Brien", "O'Brien", Kind::Html),
            ("O&apos;Brien", "O'Brien", Kind::Html),
            ("O&amp;#39;Brien", "O'Brien", Kind::Html),
            ("O&#146;Brien", "O’Brien", Kind::Html),
            ("M&uuml;ller", "Müller", Kind::Html),
            ("&Scaron;koda &amp; Co", "Škoda & Co", Kind::Html),
            ("&#321;&oacute;d&zacute;", "Łódź", Kind::Html),
            ("Ann&nbsp;Lee", "Ann Lee", Kind::Html),
            ("=?utf-8?Q?M=C3=BCller?=", "Müller", Kind::MailHeader),
            ("=?UTF-8?B?TcO8bGxlcg==?=", "Müller", Kind::MailHeader),
            (
                "=?iso-8859-1?q?Andr=E9?= Roe",
                "André Roe",
                Kind::MailHeader,
            ),
            (
                "=?utf-8?Q?Ann_?= =?utf-8?Q?Lee?=",
                "Ann Lee",
                Kind::MailHeader,
            ),
            ("M%C3%BCller", "Müller", Kind::Percent),
            ("Ann%20Lee", "Ann Lee", Kind::Percent),
            ("M%25C3%25BCller", "Müller", Kind::Percent),
            ("M%u00FCller", "Müller", Kind::Percent),
            ("M\\u00fcller", "Müller", Kind::Backslash),
            ("M\\u{fc}ller", "Müller", Kind::Backslash),
            ("M\\U000000fcller", "Müller", Kind::Backslash),
            ("M\\xc3\\xbcller", "Müller", Kind::Backslash),
            ("M\\303\\274ller", "Müller", Kind::Backslash),
            ("\\ud83d\\ude00 Lee", "\u{1f600} Lee", Kind::Backslash),
            ("O\\'Brien", "O'Brien", Kind::Backslash),
            ("M=C3=BCller", "Müller", Kind::QuotedPrintable),
            ("Ann=20Lee", "Ann Lee", Kind::QuotedPrintable),
        ] {
            let expected = Some(Escaped::Undone(meant.to_owned(), kind));
            assert_eq!(undo(text, &Kind::ALL), expected, "{text}");
        }
    }

    #[test]
    fn escapes_without_a_certain_meaning_stay_open() {
        for (text, kind) in [
            ("O&#39Brien", Kind::Html),
            ("N&uacutez", Kind::Html),
            ("Jos&eacute Roe", Kind::Html),
            ("M&uumlaut;ller", Kind::Html),
            ("&#0;Ann", Kind::Html),
            ("&lt;b&gt;Ann", Kind::Html),
            ("=?utf-8?Q?M=C3=BC", Kind::MailHeader),
            ("=?utf-8?Q?M=FCller?=", Kind::MailHeader),
            ("=?x-nothing?Q?Ann?=", Kind::MailHeader),
            ("M%FCller", Kind::Percent),
            ("Jos%C3%A9+Roe", Kind::Percent),
            ("M\\xfcller", Kind::Backslash),
            ("\\ud83d Lee", Kind::Backslash),
            ("Mu00fcller", Kind::Backslash),
            ("Jos\\'e", Kind::Backslash),
            ("M\\\"uller", Kind::Backslash),
            ("Ann\\nLee", Kind::Backslash),
            ("M=FCller", Kind::QuotedPrintable),
        ] {
            assert_eq!(undo(text, &Kind::ALL), Some(Escaped::Open(kind)), "{text}");
        }
    }

    #[test]
    fn names_are_no_escapes() {
        for text in [
            "Ann Lee",
            "Smith & Co",
            "AT&T",
            "R&D; Lee",
            "100% Ann",
            "Ann = Bo",
            "CORP\\ann",
            "a=b",
            "Ann \\ Bo",
            "O'Brien",
            "Lou0",
            "50%",
        ] {
            assert_eq!(undo(text, &Kind::ALL), None, "{text}");
        }
    }
}
