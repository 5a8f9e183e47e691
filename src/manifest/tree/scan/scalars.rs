//! Scalars: block, quoted and plain.

use super::{Scanner, TokenKind};
use crate::manifest::tree::document::{Fault, FaultKind};

impl<'a> Scanner<'a> {
    /// `|` and `>`.
    pub(super) fn block_scalar(&mut self, literal: bool) -> Result<(), Fault> {
        self.drop_key()?;
        self.key_allowed = true;
        let line = self.mark.line;
        self.skip();
        let (mut chomping, mut increment) = (None, None);
        for _ in 0..2 {
            match self.byte(0) {
                sign @ (b'+' | b'-') if chomping.is_none() => chomping = Some(sign),
                b'0' if increment.is_none() => {
                    return Err(self.fault("the indentation of a block scalar cannot be 0"));
                }
                digit @ b'1'..=b'9' if increment.is_none() => increment = Some(isize::from(digit - b'0')),
                _ => break,
            }
            self.skip();
        }
        self.skip_blanks();
        self.skip_comment();
        if !self.is_break_or_end(0) {
            return Err(self.fault("the first line of a block scalar must end after its indicators"));
        }
        if self.break_len(0) > 0 {
            self.skip_break();
        }
        let mut indent = increment.map_or(0, |increment| self.indent.max(0) + increment);
        let (mut text, mut breaks) = (String::new(), String::new());
        let mut last_break = "";
        let mut was_blank = false;
        self.block_scalar_breaks(&mut indent, &mut breaks)?;
        while self.column() == indent && !self.is_end(0) {
            let is_blank = self.is_blank(0);
            if !literal && last_break == "\n" && !was_blank && !is_blank {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(last_break);
            }
            text.push_str(&breaks);
            breaks.clear();
            was_blank = is_blank;
            let from = self.at;
            while !self.is_break_or_end(0) {
                self.skip();
            }
            text.push_str(self.text.get(from..self.at).unwrap_or_default());
            last_break = if self.break_len(0) > 0 { self.skip_break() } else { "" };
            self.block_scalar_breaks(&mut indent, &mut breaks)?;
        }
        if chomping != Some(b'-') {
            text.push_str(last_break);
        }
        if chomping == Some(b'+') {
            text.push_str(&breaks);
        }
        self.push(line, TokenKind::Scalar { text: text.into(), plain: false });
        Ok(())
    }

    /// Passes indentation and empty lines; finds the indentation where it is not yet known (0).
    fn block_scalar_breaks(&mut self, indent: &mut isize, breaks: &mut String) -> Result<(), Fault> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.byte(0) == b' ' {
                self.skip();
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.byte(0) == b'\t' {
                return Err(self.fault("a tab cannot indent a block scalar"));
            }
            if self.break_len(0) == 0 {
                break;
            }
            let found = self.skip_break();
            breaks.push_str(found);
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }

    /// Joins lines: one break is a space, more of them are breaks but the first.
    fn fold(text: &mut String, first: &str, more: &str) {
        match (first, more) {
            ("\n", "") => text.push(' '),
            ("\n", more) => text.push_str(more),
            (first, more) => {
                text.push_str(first);
                text.push_str(more);
            }
        }
    }

    /// Passes blanks and breaks between the words of a scalar. None if there was no break.
    fn skip_between(&mut self, blanks: &mut String) -> Option<(&'a str, String)> {
        blanks.clear();
        let mut breaks: Option<(&'a str, String)> = None;
        while self.skip_one_between(blanks, &mut breaks) {}
        breaks
    }

    /// Passes one blank or break; blanks count before the first break alone. `false` where there is none.
    fn skip_one_between(&mut self, blanks: &mut String, breaks: &mut Option<(&'a str, String)>) -> bool {
        if self.is_blank(0) {
            if breaks.is_none() {
                blanks.push(char::from(self.byte(0)));
            }
            self.skip();
        } else if self.break_len(0) > 0 {
            let found = self.skip_break();
            match breaks {
                None => *breaks = Some((found, String::new())),
                Some((_, more)) => more.push_str(found),
            }
        } else {
            return false;
        }
        true
    }

    pub(super) fn quoted(&mut self, single: bool) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.mark.line;
        let quote = self.byte(0);
        self.skip();
        let (mut text, mut blanks) = (String::new(), String::new());
        loop {
            if self.is_marker(b'-') || self.is_marker(b'.') {
                return Err(self.fault("a document marker inside a quoted scalar"));
            }
            if self.is_end(0) {
                self.cut_off = true;
                return Err(Fault::new(FaultKind::Syntax, Some(line), "the quoted scalar has no end"));
            }
            let mut escaped_break = false;
            while !self.is_space_or_end(0) {
                let from = self.at;
                while !self.is_space_or_end(0) && self.byte(0) != quote && (single || self.byte(0) != b'\\') {
                    self.skip();
                }
                text.push_str(self.text.get(from..self.at).unwrap_or_default());
                if self.byte(0) == quote {
                    if !(single && self.byte(1) == quote) {
                        break;
                    }
                    text.push('\'');
                    self.skip();
                    self.skip();
                } else if !single && self.byte(0) == b'\\' {
                    if self.break_len(1) > 0 {
                        self.skip();
                        self.skip_break();
                        escaped_break = true;
                        break;
                    }
                    self.escape(&mut text)?;
                }
            }
            if self.byte(0) == quote {
                break;
            }
            match self.skip_between(&mut blanks) {
                // Behind an escaped break the indentation goes, and further breaks stay.
                Some((first, more)) if escaped_break => {
                    text.push_str(first);
                    text.push_str(&more);
                }
                Some((first, more)) => Self::fold(&mut text, first, &more),
                None if escaped_break => {}
                None => text.push_str(&blanks),
            }
        }
        self.skip();
        self.push(line, TokenKind::Scalar { text: text.into(), plain: false });
        Ok(())
    }

    /// At the backslash.
    fn escape(&mut self, text: &mut String) -> Result<(), Fault> {
        let digits = match self.byte(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        let found = match self.byte(1) {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{B}',
            b'f' => '\u{C}',
            b'r' => '\r',
            b'e' => '\u{1B}',
            same @ (b' ' | b'"' | b'\'' | b'\\') => char::from(same),
            b'N' => '\u{85}',
            b'_' => '\u{A0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' | b'u' | b'U' => {
                let hex = self.text.get(self.at + 2..self.at + 2 + digits).unwrap_or_default();
                let is_hex = hex.len() == digits && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
                let value = if is_hex { u32::from_str_radix(hex, 16).ok() } else { None };
                value.and_then(char::from_u32).ok_or_else(|| self.fault("the escape names no character"))?
            }
            _ => return Err(self.fault("an unknown escape in a quoted scalar")),
        };
        text.push(found);
        for _ in 0..2 + digits {
            self.skip();
        }
        Ok(())
    }

    pub(super) fn plain(&mut self) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.mark.line;
        let indent = self.indent + 1;
        let (mut text, mut blanks) = (String::new(), String::new());
        let mut between: Option<Option<(&'a str, String)>> = None;
        loop {
            if self.is_marker(b'-') || self.is_marker(b'.') || self.byte(0) == b'#' {
                break;
            }
            let from = self.at;
            while !self.is_space_or_end(0) {
                let byte = self.byte(0);
                let is_value = byte == b':' && self.is_space_or_end(1);
                let ends_flow = self.flow_level > 0 && matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}');
                if is_value || ends_flow {
                    break;
                }
                self.skip();
            }
            if self.at > from {
                match between.take() {
                    None => {}
                    Some(None) => text.push_str(&blanks),
                    Some(Some((first, more))) => Self::fold(&mut text, first, &more),
                }
                text.push_str(self.text.get(from..self.at).unwrap_or_default());
            }
            if !self.is_blank(0) && self.break_len(0) == 0 {
                break;
            }
            between = Some(self.plain_between(&mut blanks, indent)?);
            if self.flow_level == 0 && self.column() < indent {
                break;
            }
        }
        if matches!(between, Some(Some(_))) {
            self.key_allowed = true;
        }
        self.push(line, TokenKind::Scalar { text: text.into(), plain: true });
        Ok(())
    }

    /// As [`Self::skip_between`], but a tab cannot indent.
    fn plain_between(&mut self, blanks: &mut String, indent: isize) -> Result<Option<(&'a str, String)>, Fault> {
        blanks.clear();
        let mut breaks: Option<(&'a str, String)> = None;
        loop {
            if breaks.is_some() && self.column() < indent && self.byte(0) == b'\t' {
                return Err(self.fault("a tab cannot indent"));
            }
            if !self.skip_one_between(blanks, &mut breaks) {
                return Ok(breaks);
            }
        }
    }
}
