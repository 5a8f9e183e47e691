//! Times as Go's `time.Parse` takes them for the layout RFC 3339.

/// Whether Go reads the text: laxer than RFC 3339 in that the hour may have one digit and a comma may
/// stand before the fraction, stricter in that `T` and `Z` are upper case and there is no leap second.
pub(super) fn is_rfc3339(text: &str) -> bool {
    read(text.as_bytes()).is_some()
}

fn read(text: &[u8]) -> Option<()> {
    let (year, text) = number(text, 4, 4)?;
    let (month, text) = number(literal(text, b'-')?, 2, 2)?;
    let (day, text) = number(literal(text, b'-')?, 2, 2)?;
    let (hour, text) = number(literal(text, b'T')?, 1, 2)?;
    let (minute, text) = number(literal(text, b':')?, 2, 2)?;
    let (second, text) = number(literal(text, b':')?, 2, 2)?;
    let text = match text {
        [b'.' | b',', digit, ..] if digit.is_ascii_digit() => {
            let fraction = text.get(1..)?;
            let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            fraction.get(digits..)?
        }
        _ => text,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let in_range = (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    (in_range && is_zone(text)).then_some(())
}

/// `Z` or `+hh:mm`, where Go lets 24 hours and 60 minutes pass.
fn is_zone(text: &[u8]) -> bool {
    let offset = |text| {
        let (hours, text) = number(text, 2, 2)?;
        let (minutes, text) = number(literal(text, b':')?, 2, 2)?;
        (text.is_empty() && hours <= 24 && minutes <= 60).then_some(())
    };
    match text {
        b"Z" => true,
        [b'+' | b'-', rest @ ..] => offset(rest).is_some(),
        _ => false,
    }
}

fn literal(text: &[u8], expected: u8) -> Option<&[u8]> {
    text.strip_prefix(&[expected])
}

/// A number of `least` to `most` digits (as many as there are), and the rest.
fn number(text: &[u8], least: usize, most: usize) -> Option<(u32, &[u8])> {
    let digits = text.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let value = number.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    (digits >= least).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_go_takes_them() {
        for text in [
            "2024-01-01T00:00:00Z",
            "2024-02-29T23:59:59.999999999+05:30",
            "2024-01-01T1:00:00Z",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T00:00:00+24:60",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(is_rfc3339(text), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01t00:00:00z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:60Z",
            "2024-1-01T00:00:00Z",
            "2024-01-01T00:0:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+25:00",
            "2024-01-01T00:00:00+0000",
            "2024-01-01T00:00:00Z ",
            "2024-01-01T00:00:00ZZ",
            "20240-01-01T00:00:00Z",
        ] {
            assert!(!is_rfc3339(text), "{text}");
        }
    }
}
