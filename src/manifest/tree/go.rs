//! Scalars as go-yaml v2 resolves them and Go's `encoding/json` prints them.

use std::fmt::Write as _;

/// What a scalar means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    /// A whole number between -2^63 and 2^64 - 1.
    Int(i128),
    Float(f64),
    String,
    /// A text that looks like a point in time: stays a string, but fits the tag `!!timestamp`.
    Timestamp,
}

impl Scalar {
    fn tag(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::String => "str",
            Self::Timestamp => "timestamp",
        }
    }
}

/// What a plain scalar without a tag means: YAML 1.1 without numbers of base 60.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes().first() {
        Some(b'.') => dotted_float(text).map_or(Scalar::String, Scalar::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            if is_timestamp(text) {
                return Scalar::Timestamp;
            }
            let plain = text.replace('_', "");
            if let Some(int) = int(&plain) {
                Scalar::Int(int)
            } else if let Some(value) = float(&plain) {
                Scalar::Float(value)
            } else {
                binary(&plain).map_or(Scalar::String, Scalar::Int)
            }
        }
        _ => Scalar::String,
    }
}

/// What a scalar under one of YAML's own tags (`int` for `!!int`) means; any other tag makes a string.
pub(super) fn resolve_tagged(tag: &str, text: &str) -> Result<Scalar, String> {
    match tag {
        "bool" | "int" | "float" | "null" | "timestamp" => {}
        _ => return Ok(Scalar::String),
    }
    let meaning = resolve(text);
    // Outside the tag's own type a time is never looked for.
    let meaning = match meaning {
        Scalar::Timestamp if tag != "timestamp" => Scalar::String,
        Scalar::Int(value) if tag == "float" => i64::try_from(value).map_or(
            Scalar::Int(value),
            #[expect(clippy::cast_precision_loss, reason = "the conversion that go-yaml makes")]
            |value| Scalar::Float(value as f64),
        ),
        meaning => meaning,
    };
    if meaning.tag() == tag {
        return Ok(meaning);
    }
    let shown: String = text.chars().take(40).collect();
    Err(format!("cannot read the {} `{}` as a `!!{tag}`", meaning.tag(), shown.escape_debug()))
}

/// Go's `ParseInt` with base 0, then `ParseUint`.
fn int(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'+' => (Some(false), text.get(1..)?),
        b'-' => (Some(true), text.get(1..)?),
        _ => (None, text),
    };
    let lower = |at: usize| digits.as_bytes().get(at).map(u8::to_ascii_lowercase);
    let (radix, digits) = match (lower(0)?, lower(1), lower(2)) {
        (b'0', Some(b'x'), Some(_)) => (16, digits.get(2..)?),
        (b'0', Some(b'o'), Some(_)) => (8, digits.get(2..)?),
        (b'0', Some(b'b'), Some(_)) => (2, digits.get(2..)?),
        (b'0', None, _) => return Some(0),
        (b'0', ..) => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    let value = magnitude(digits, radix)?;
    match negative {
        None => Some(value),
        Some(false) => (value <= i128::from(i64::MAX)).then_some(value),
        Some(true) => (-value >= i128::from(i64::MIN)).then_some(-value),
    }
}

/// The base 2 forms that are left: a sign after the prefix.
fn binary(text: &str) -> Option<i128> {
    let digits = text.strip_prefix("0b")?;
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+')?),
    };
    let value = magnitude(digits, 2)?;
    let value = if negative { -value } else { value };
    i64::try_from(value).ok().map(i128::from)
}

fn magnitude(digits: &str, radix: u32) -> Option<i128> {
    if digits.is_empty() || !digits.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().map(i128::from)
}

/// YAML's pattern of a float, without underscores; one that is too large is none.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_fits = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let bare = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !bare.is_empty() && digits(bare)
    });
    if !mantissa_fits || !exponent_fits {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// What begins with a dot goes to Go's `ParseFloat` at once, where underscores must stand between digits.
fn dotted_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let between = |at: usize| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1));
    let fits = bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || between(at));
    if fits { float(&text.replace('_', "")) } else { None }
}

/// The four forms of a point in time that go-yaml tries. Seconds with a fraction of any length.
fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day_len = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (Some(day), Some(time)) = (rest.get(..day_len), rest.get(day_len..)) else {
        return false;
    };
    let number = |text: &str, max_len: usize, range: std::ops::RangeInclusive<u32>| {
        (1..=max_len).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|value| range.contains(&value))
    };
    let date_fits = year.len() == 4 && number(year, 4, 0..=9999) && number(month, 2, 1..=12);
    let last_day = match (month.parse::<u32>().unwrap_or(0), year.parse::<u32>().unwrap_or(0)) {
        (4 | 6 | 9 | 11, _) => 30,
        (2, year) if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        (2, _) => 28,
        _ => 31,
    };
    if !date_fits || !number(day, 2, 1..=last_day) {
        return false;
    }
    let (zoned, time) = match time.as_bytes().first() {
        None => return true,
        Some(b'T' | b't') => (true, time.get(1..).unwrap_or("")),
        Some(b' ') => (false, time.trim_start_matches(' ')),
        Some(_) => return false,
    };
    let clock_len = time.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',')).count();
    let (clock, zone) = (time.get(..clock_len).unwrap_or(""), time.get(clock_len..).unwrap_or(""));
    let zone_fits = if zoned { is_zone(zone) } else { zone.is_empty() };
    let (clock, fraction_fits) = match clock.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())),
        None => (clock, true),
    };
    let mut fields = clock.split(':');
    let mut field = |last: u32| fields.next().is_some_and(|text| number(text, 2, 0..=last));
    let clock_fits = field(23) && field(59) && field(59);
    clock_fits && fields.next().is_none() && fraction_fits && zone_fits
}

/// `Z` or `+01:30`.
fn is_zone(text: &str) -> bool {
    text == "Z"
        || matches!(
            text.as_bytes(),
            [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit())
        )
}

/// A finite float as `encoding/json` prints it: shortest digits, an exponent below 1e-6 and from 1e21 on.
pub(super) fn json_float(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        // Rust prints `1e21`; Go a sign always.
        return Some(match text.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
            _ => text,
        });
    }
    Some(format!("{value}"))
}

/// A float as a key: the conversion narrows it to 32 bits and prints it as `%g`.
pub(super) fn key_float(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the conversion narrows too")]
    let value = value as f32;
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let mut out = mantissa.to_owned();
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a string cannot fail.
        let _ = write!(out, "e{sign}{:02}", exponent.abs());
        return out;
    }
    format!("{value}")
}

/// Standard base64 with padding, line breaks ignored, as Go decodes it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if bytes.len() % 4 != 0 {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let blocks = bytes.len() / 4;
    for (at, block) in bytes.chunks_exact(4).enumerate() {
        let padding = block.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && at + 1 != blocks) {
            return None;
        }
        let mut word = 0u32;
        for byte in block.iter().take(4 - padding) {
            word = word << 6 | u32::from(sextet(*byte)?);
        }
        word <<= 6 * padding;
        let [_, a, b, c] = word.to_be_bytes();
        out.extend([a, b, c].iter().take(3 - padding));
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
