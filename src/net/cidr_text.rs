//! CIDRs as text: read as the API server reads them, with all that its rules look at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

use super::addresses::canonical;
use super::cidr::{Cidr, CidrError};

/// Numbers from here on are refused by the server's digit scanner, before any range check.
const BIG: u32 = 0xFF_FFFF;

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || CidrError { text: text.to_owned() };
        CidrText::parse(text).ok_or_else(bad)?.cidr().map_err(|_| bad())
    }
}

/// A CIDR as it was written, with all that the API server's rules look at.
///
/// The server reads with a parser that is laxer than today's: any number of leading zeros, host bits. What
/// is odd about the text becomes a warning or, later, an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CidrText {
    /// As written: an IPv4-mapped address is still IPv6, host bits are there.
    address: IpAddr,
    /// As written: of 128 bits for an IPv4-mapped address.
    prefix: u8,
    /// Somewhere a number, a group or the mask has more digits than today's parsers take.
    leading_zeros: bool,
}

impl CidrText {
    /// Reads what the API server reads (its sloppy parser); `None` is `must be a valid CIDR value`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address_text, mask) = text.split_once('/')?;
        let mut surplus = false;
        let (address, bits) = match parse_v4(address_text, &mut surplus) {
            Some(v4) => (IpAddr::V4(v4), 32),
            None => {
                surplus = false;
                (IpAddr::V6(parse_v6(address_text, &mut surplus)?), 128)
            }
        };
        let (prefix, rest) = number(mask, 10)?;
        let prefix = u8::try_from(prefix).ok().filter(|&prefix| prefix <= bits && rest.is_empty())?;
        surplus |= padded(mask);
        Some(Self { address, prefix, leading_zeros: surplus })
    }

    /// The range it stands for.
    pub(crate) fn cidr(&self) -> Result<Cidr, CidrError> {
        // Truncation comes before the mapping: a mapped address cut below 96 bits is a plain IPv6 one.
        Cidr::new(self.network(), self.prefix)
    }

    /// The address without host bits, in the written family.
    fn network(&self) -> IpAddr {
        let cut = |net: IpNet| net.network();
        IpNet::new(self.address, self.prefix).map_or(self.address, cut)
    }

    /// Whether bits are set beyond the prefix.
    pub(crate) fn has_host_bits(&self) -> bool {
        self.network() != self.address
    }

    /// Whether today's parsers refuse it for its zeros.
    pub(crate) fn has_leading_zeros(&self) -> bool {
        self.leading_zeros
    }

    /// Whether the address is written as IPv4-mapped IPv6.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
    }

    /// Whether the address is written as IPv6.
    pub(crate) fn is_v6(&self) -> bool {
        self.address.is_ipv6()
    }

    /// The address alone with the full mask, as the server prints it: a mapped one is `10.0.0.1/128`.
    pub(crate) fn single(&self) -> String {
        let bits = if self.is_v6() { 128 } else { 32 };
        format!("{}/{bits}", canonical(self.address))
    }

    /// The server's "strict subset of" rule: the network address of `inner` lies inside and its mask is
    /// longer, where masks of mapped forms still count 128 bits.
    pub(crate) fn strictly_contains(&self, inner: &Self) -> bool {
        self.cidr().is_ok_and(|cidr| cidr.contains(inner.network())) && self.prefix < inner.prefix
    }
}

/// The number that a text begins with, and the rest; at least one digit, below [`BIG`].
fn number(text: &str, radix: u32) -> Option<(u32, &str)> {
    let mut value = 0;
    let mut digits = 0;
    for c in text.chars() {
        let Some(digit) = c.to_digit(radix) else { break };
        value = value * radix + digit;
        if value >= BIG {
            return None;
        }
        digits += 1;
    }
    // Digits are ASCII: as many bytes as characters.
    let rest = text.get(digits..)?;
    (digits > 0).then_some((value, rest))
}

/// Whether a number of several digits begins with `0`.
fn padded(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0')
}

fn parse_v4(text: &str, surplus: &mut bool) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let (value, rest) = number(part, 10)?;
        *octet = u8::try_from(value).ok().filter(|_| rest.is_empty())?;
        *surplus |= padded(part);
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

fn parse_v6(text: &str, surplus: &mut bool) -> Option<Ipv6Addr> {
    let halves: Vec<&str> = text.split("::").collect();
    let (head, tail) = match halves.as_slice() {
        [all] => (groups(all, true, surplus)?, None),
        // An IPv4 ending belongs to the very end; `:::` leaves a lone colon in the second half.
        [head, tail] => (groups(head, false, surplus)?, Some(groups(tail, true, surplus)?)),
        _ => return None,
    };
    let mut all = head;
    match tail {
        None if all.len() != 8 => return None,
        None => {}
        // The `::` stands for at least one group.
        Some(tail) => {
            let zeros = 8_usize.checked_sub(all.len() + tail.len()).filter(|&zeros| zeros > 0)?;
            all.extend(std::iter::repeat_n(0, zeros));
            all.extend(tail);
        }
    }
    <[u16; 8]>::try_from(all).ok().map(Ipv6Addr::from)
}

/// The 16-bit groups of one side of a `::`; more than eight are as wrong as any other text.
fn groups(text: &str, may_end_in_v4: bool, surplus: &mut bool) -> Option<Vec<u16>> {
    let mut groups = Vec::new();
    if text.is_empty() {
        return Some(groups);
    }
    let mut parts = text.split(':').peekable();
    while let Some(part) = parts.next() {
        if groups.len() > 8 {
            return None;
        }
        // The scanner wants a group of hexadecimal digits first, whatever follows it.
        let (value, rest) = number(part, 16)?;
        let value = u16::try_from(value).ok()?;
        if rest.starts_with('.') && may_end_in_v4 && parts.peek().is_none() {
            let [a, b, c, d] = parse_v4(part, surplus)?.octets();
            groups.push(u16::from_be_bytes([a, b]));
            groups.push(u16::from_be_bytes([c, d]));
        } else if rest.is_empty() {
            *surplus |= part.len() > 4;
            groups.push(value);
        } else {
            return None;
        }
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_the_server_reads() {
        let cases = [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("010.001.0.0/016", "10.1.0.0/16"),
            ("0000000000000010.0.0.0/00000008", "10.0.0.0/8"),
            ("::/0", "::/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("2001:0db8:0:0:0:0:0:0/32", "2001:db8::/32"),
            ("2001:0000db8::1/128", "2001:db8::1/128"),
            ("::1.2.3.4/128", "::102:304/128"),
            ("1:2:3:4:5:6:1.2.3.4/128", "1:2:3:4:5:6:102:304/128"),
            ("1::8/128", "1::8/128"),
            ("1:2:3:4:5:6:7::/128", "1:2:3:4:5:6:7:0/128"),
            ("::2:3:4:5:6:7:8/128", "0:2:3:4:5:6:7:8/128"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:a00:1/128", "10.0.0.1/32"),
            ("::ffff:010.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0.0.0.0/96", "0.0.0.0/0"),
            ("::ffff:10.0.0.0/95", "::fffe:0:0/95"),
            ("::ffff:10.0.0.0/0", "::/0"),
        ];
        for (text, canonical) in cases {
            assert_eq!(cidr(text).to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn refuses_what_the_server_refuses() {
        let cases = [
            "",
            "/",
            "10.0.0.0",
            "10.0.0.0/",
            "/8",
            "10.0.0/8",
            "10.0.0.0.0/8",
            "10.0.0.256/8",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8 ",
            " 10.0.0.0/8",
            "10.0.0.0/8/8",
            "10.0.0.0/255.0.0.0",
            "10.0.0.-1/8",
            "0x0a.0.0.0/8",
            "10.0.0.0/0x8",
            "10.0.0.0/16777215",
            "10.0.0.16777216/8",
            "10..0.0/8",
            ".10.0.0.0/8",
            "10.0.0.0./8",
            "١0.0.0.0/8",
            "10.0.0.0/٨",
            ":/0",
            ":::/0",
            "::/129",
            "1::2::3/64",
            "1:2:3:4:5:6:7/64",
            "1:2:3:4:5:6:7:8:9/64",
            "1:2:3:4:5:6:7:8::/64",
            "::1:2:3:4:5:6:7:8/64",
            ":1:2:3:4:5:6:7:8/64",
            "1:2:3:4:5:6:7:8:/64",
            ":1::/64",
            "1::2:/64",
            "fe80::1%eth0/64",
            "::g/64",
            "::10000/64",
            "::1.2.3/96",
            "::1.2.3.4:5/96",
            "1.2.3.4::/96",
            "1:2:3:4:5:6:7:1.2.3.4/96",
            "1:2:3:4:5:1.2.3.4/96",
            "::1000000.2.3.4/96",
            "::.2.3.4/96",
            "[::]/0",
            "::ffff:10.0.0.0/129",
            "1:2:3:4:5:6::1.2.3.4/96",
        ];
        for text in cases {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        assert!("1:2:3:4:5::1.2.3.4/96".parse::<Cidr>().is_ok());
    }

    #[test]
    fn quirks() {
        let quirks = |text: &str| {
            let text = CidrText::parse(text).unwrap();
            (text.has_host_bits(), text.has_leading_zeros(), text.is_mapped())
        };
        assert_eq!(quirks("10.0.0.0/8"), (false, false, false));
        assert_eq!(quirks("10.0.0.1/8"), (true, false, false));
        assert_eq!(quirks("10.0.0.0/08"), (false, true, false));
        assert_eq!(quirks("10.00.0.0/8"), (false, true, false));
        assert_eq!(quirks("0.0.0.0/0"), (false, false, false));
        assert_eq!(quirks("::ffff:10.0.0.0/104"), (false, false, true));
        assert_eq!(quirks("::ffff:10.0.0.1/104"), (true, false, true));
        assert_eq!(quirks("::ffff:10.0.0.0/90"), (true, false, true));
        assert_eq!(quirks("::ffff:10.00.0.0/104"), (false, true, true));
        assert_eq!(quirks("0001::/16"), (false, false, false));
        assert_eq!(quirks("00001::/16"), (false, true, false));
        assert_eq!(CidrText::parse("::ffff:10.0.0.1/104").unwrap().single(), "10.0.0.1/128");
        assert_eq!(CidrText::parse("10.0.0.1/8").unwrap().single(), "10.0.0.1/32");
    }

    #[test]
    fn strict_subset_counts_mapped_masks_in_128_bits() {
        let inside = |outer: &str, inner: &str| {
            CidrText::parse(outer).unwrap().strictly_contains(&CidrText::parse(inner).unwrap())
        };
        assert!(inside("10.0.0.0/8", "10.1.0.0/16"));
        assert!(!inside("10.0.0.0/8", "10.0.0.0/8"));
        assert!(!inside("10.0.0.0/8", "11.0.0.0/16"));
        assert!(!inside("10.0.0.0/8", "0.0.0.0/0"));
        assert!(!inside("10.0.0.0/8", "2001:db8::/32"));
        assert!(!inside("::/0", "10.0.0.0/8"));
        assert!(!inside("::/0", "::ffff:10.0.0.0/104"));
        assert!(inside("10.0.0.0/8", "::ffff:10.1.0.0/112"));
        assert!(inside("10.0.0.0/8", "::ffff:10.0.0.0/104"));
        assert!(inside("10.0.0.0/16", "::ffff:10.0.0.0/104"), "larger, and still it passes");
        assert!(!inside("::ffff:10.0.0.0/104", "10.1.0.0/16"));
        assert!(inside("::ffff:10.0.0.0/104", "::ffff:10.1.0.0/112"));
    }
}
