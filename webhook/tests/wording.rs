//! Warnings in the form that the API server lets through.

use netpol_webhook::warnings::{LONGEST, TOTAL, fit, one_line};

fn fitted(warnings: &[&str]) -> Vec<String> {
    fit(warnings.iter().map(|text| (*text).to_owned()))
}

#[test]
fn one_line_without_tabs() {
    assert_eq!(one_line(" a\nb\r\n\tc  d\u{7f}e\u{85}f "), "a b c d e f");
    assert_eq!(fitted(&["a\nb", "\n\t", "", "a b", "c"]), ["a b", "c"]);
}

#[test]
fn cut_at_a_character_with_an_ellipsis() {
    let exact = "x".repeat(LONGEST);
    assert_eq!(fitted(&[&exact])[0], exact);
    for text in ["x".repeat(LONGEST + 1), "é".repeat(LONGEST), "€".repeat(LONGEST), "😀".repeat(LONGEST)] {
        let cut = &fitted(&[&text])[0];
        let kept = cut.strip_suffix('…').unwrap();
        assert!(text.starts_with(kept) && cut.len() <= LONGEST && cut.len() > LONGEST - 4, "{cut}");
    }
}

#[test]
fn all_of_them_or_the_first_and_how_many_are_missing() {
    let many: Vec<String> = (0..16).map(|n| format!("{n:x}{}", "y".repeat(LONGEST - 1))).collect();
    assert_eq!(fit(many.clone()), many, "exactly {TOTAL} bytes");
    let mut more = many.clone();
    more.push("z".to_owned());
    let kept = fit(more.clone());
    assert_eq!(kept.last().map(String::as_str), Some("2 more warnings are left out"));
    assert_eq!(kept[..15], many[..15]);
    for count in [17, 100, 5_000] {
        let warnings = (0..count).map(|n| format!("warning {n}: {}", "é".repeat(n % 200)));
        let kept = fit(warnings);
        assert!(kept.iter().map(String::len).sum::<usize>() <= TOTAL);
        assert!(kept.iter().all(|text| text.len() <= LONGEST));
        if let Some(missing) = kept.last().and_then(|text| text.strip_suffix(" more warnings are left out")) {
            assert_eq!(missing.parse::<usize>().unwrap() + kept.len() - 1, count);
        }
    }
}
