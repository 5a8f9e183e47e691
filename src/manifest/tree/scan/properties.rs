//! Directives, anchors, aliases and tags.

use super::{Scanner, TokenKind, is_word};
use crate::manifest::tree::document::Fault;

impl<'a> Scanner<'a> {
    pub(super) fn directive(&mut self) -> Result<(), Fault> {
        let line = self.mark.line;
        self.skip();
        let name = self.take_while(is_word);
        if name.is_empty() || !self.is_space_or_end(0) {
            return Err(self.fault("a directive needs a name of letters"));
        }
        let kind = match name {
            "YAML" => {
                self.skip_blanks();
                let version = self.take_while(|byte| byte.is_ascii_digit() || byte == b'.');
                let (major, minor) = version.split_once('.').unwrap_or_default();
                let number = |text: &str| if text.len() > 2 { None } else { text.parse::<u8>().ok() };
                let (Some(major), Some(minor)) = (number(major), number(minor)) else {
                    return Err(self.fault("the `%YAML` directive needs a version"));
                };
                TokenKind::Version((major, minor) == (1, 1))
            }
            "TAG" => {
                self.skip_blanks();
                let handle = self.tag_handle(true)?;
                if !self.is_blank(0) {
                    return Err(self.fault("the `%TAG` directive needs a space after its handle"));
                }
                self.skip_blanks();
                let prefix = self.tag_uri("")?;
                TokenKind::TagDirective { handle: handle.into(), prefix: prefix.into() }
            }
            _ => return Err(self.fault("an unknown directive")),
        };
        let spaced = self.is_space_or_end(0);
        self.skip_blanks();
        self.skip_comment();
        if !spaced || !self.is_break_or_end(0) {
            return Err(self.fault("the line of a directive must end after it"));
        }
        if self.break_len(0) > 0 {
            self.skip_break();
        }
        self.push(line, kind);
        Ok(())
    }

    pub(super) fn anchor(&mut self, is_anchor: bool) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.mark.line;
        self.skip();
        let name = self.take_while(is_word);
        let ends =
            self.is_space_or_end(0) || matches!(self.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            let what = if is_anchor { "an anchor" } else { "an alias" };
            return Err(self.fault(format!("{what} needs a name of letters, digits, `-` and `_`")));
        }
        let kind = if is_anchor { TokenKind::Anchor(name.into()) } else { TokenKind::Alias(name.into()) };
        self.push(line, kind);
        Ok(())
    }

    pub(super) fn tag(&mut self) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.mark.line;
        let (handle, suffix) = if self.byte(1) == b'<' {
            self.skip();
            self.skip();
            let uri = self.tag_uri("")?;
            if self.byte(0) != b'>' {
                return Err(self.fault("a tag that begins with `!<` must end with `>`"));
            }
            self.skip();
            (String::new(), uri)
        } else {
            let handle = self.tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                (handle.to_owned(), self.tag_uri("")?)
            } else {
                let suffix = self.tag_uri(handle)?;
                // A single `!` is a tag of its own.
                if suffix.is_empty() { (suffix, "!".to_owned()) } else { ("!".to_owned(), suffix) }
            }
        };
        if !self.is_space_or_end(0) {
            return Err(self.fault("a tag must end with a space or the line"));
        }
        self.push(line, TokenKind::Tag { handle: handle.into(), suffix: suffix.into() });
        Ok(())
    }

    fn tag_handle(&mut self, in_directive: bool) -> Result<&'a str, Fault> {
        let from = self.at;
        if self.byte(0) != b'!' {
            return Err(self.fault("a tag must begin with `!`"));
        }
        self.skip();
        let name = self.take_while(is_word);
        if self.byte(0) == b'!' {
            self.skip();
        } else if in_directive && !name.is_empty() {
            return Err(self.fault("the handle of a `%TAG` directive must end with `!`"));
        }
        Ok(self.text.get(from..self.at).unwrap_or_default())
    }

    /// The rest of a tag, after what was taken for its handle at first.
    fn tag_uri(&mut self, head: &str) -> Result<String, Fault> {
        let mut bytes = head.as_bytes().get(1..).unwrap_or_default().to_vec();
        let mut found = !head.is_empty();
        while is_word(self.byte(0)) || b";/?:@&=+$,.!~*'()[]%".contains(&self.byte(0)) {
            if self.is_end(0) {
                break;
            }
            if self.byte(0) == b'%' {
                self.uri_escape(&mut bytes)?;
            } else {
                bytes.push(self.byte(0));
                self.skip();
            }
            found = true;
        }
        if !found {
            return Err(self.fault("a tag needs a name"));
        }
        String::from_utf8(bytes).map_err(|_| self.fault("the escapes of a tag are not valid UTF-8"))
    }

    fn uri_escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (hex(self.byte(1)), hex(self.byte(2))) {
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => return Err(self.fault("a `%` in a tag needs two hexadecimal digits")),
        }
        for _ in 0..3 {
            self.skip();
        }
        Ok(())
    }
}
