//! What every text has to hold to, whatever it is.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::bytes::work;
use super::rules::Rules;
use super::screen::screen;
use super::told::Scan;
use super::{Entity, Place, PrivacySection, find};

fn kinds(text: &str) -> Vec<(&'static str, &str)> {
    find(text).iter().map(|found| (found.entity.word(), text.get(found.start..found.end).unwrap_or("?"))).collect()
}

#[test]
fn each_kind_is_found() {
    for (text, entity, exact) in [
        ("mail jane.doe+x@mail.example.co.uk now", "EMAIL_ADDRESS", "jane.doe+x@mail.example.co.uk"),
        ("jane@example.com.", "EMAIL_ADDRESS", "jane@example.com"),
        ("?email=jane%40example.com&x=1", "EMAIL_ADDRESS", "jane%40example.com"),
        ("?email=jane%2540example.com&x=1", "EMAIL_ADDRESS", "jane%2540example.com"),
        ("jane&#64;example&period;com", "EMAIL_ADDRESS", "jane&#64;example&period;com"),
        ("jane [at] example (dot) com", "EMAIL_ADDRESS", "jane [at] example (dot) com"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "EMAIL_ADDRESS", "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("ja\u{200b}ne@exam\u{ad}ple.com", "EMAIL_ADDRESS", "ja\u{200b}ne@exam\u{ad}ple.com"),
        ("?q=amFuZS5kb2VAZXhhbXBsZS5jb20=&b", "EMAIL_ADDRESS", "amFuZS5kb2VAZXhhbXBsZS5jb20="),
        ("+1 415 555 2671", "PHONE_NUMBER", "+1 415 555 2671"),
        ("(415) 555-2671", "PHONE_NUMBER", "(415) 555-2671"),
        ("415-555-2671", "PHONE_NUMBER", "415-555-2671"),
        ("tel=4155552671&", "PHONE_NUMBER", "4155552671"),
        ("+442079460958", "PHONE_NUMBER", "+442079460958"),
        ("+44 (0)20 7946 0958", "PHONE_NUMBER", "+44 (0)20 7946 0958"),
        ("phone 020 7946 0958", "PHONE_NUMBER", "020 7946 0958"),
        ("a 123-45-6789 b", "US_SSN", "123-45-6789"),
        ("ssn 123456789", "US_SSN", "123456789"),
        ("itin: 912-70-1234", "US_ITIN", "912-70-1234"),
        ("passport C01234567", "US_PASSPORT", "C01234567"),
        ("passport no. 123456789", "US_PASSPORT", "123456789"),
        ("4111 1111 1111 1111", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("٤١١١١١١١١١١١١١١١", "CREDIT_CARD", "٤١١١١١١١١١١١١١١١"),
        ("3782-822463-10005", "CREDIT_CARD", "3782-822463-10005"),
        ("DE89 3704 0044 0532 0130 00", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ("iban=gb82west12345698765432", "IBAN_CODE", "gb82west12345698765432"),
        ("from 8.8.8.8:443", "IP_ADDRESS", "8.8.8.8"),
        ("81.2.69.160", "IP_ADDRESS", "81.2.69.160"),
        ("[2606:4700:4700::1111]:443", "IP_ADDRESS", "2606:4700:4700::1111"),
        ("key sk-proj-Ab3dE6gH9jK2mN5pQ8sT1vW4 ok", "API_KEY", "sk-proj-Ab3dE6gH9jK2mN5pQ8sT1vW4"),
        ("AKIAIOSFODNN7EXAMPLE", "API_KEY", "AKIAIOSFODNN7EXAMPLE"),
        ("api_key=9f86d081884c7d659a2feaa0c55ad015", "API_KEY", "9f86d081884c7d659a2feaa0c55ad015"),
        ("password=hunter2!", "API_KEY", "hunter2!"),
        ("https://jane:pa55word@host.example.com/", "API_KEY", "jane:pa55word"),
        (
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "API_KEY",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ),
        (
            "private key 0x4c0883a69102937d6231471b5dbb6204fe512961708279f3e2e8a5d4b8f0a1c9",
            "PRIVATE_KEY",
            "0x4c0883a69102937d6231471b5dbb6204fe512961708279f3e2e8a5d4b8f0a1c9",
        ),
        (
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
            "SEED_PHRASE",
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
        ),
        (
            "?s=legal+winner+thank+year+wave+sausage+worth+useful+legal+winner+thank+yellow&",
            "SEED_PHRASE",
            "legal+winner+thank+year+wave+sausage+worth+useful+legal+winner+thank+yellow",
        ),
    ] {
        assert_eq!(kinds(text), [(entity, exact)], "{text}");
    }
    let armour = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n-----END EC PRIVATE KEY-----";
    assert_eq!(kinds(armour), [("PRIVATE_KEY", armour)]);
    // At the end of a long row of numbers; and where an escape, decoded, would make another number of it.
    assert_eq!(kinds(&format!("{}4111 1111 1111 1111", "7 ".repeat(30))), [("CREDIT_CARD", "4111 1111 1111 1111")]);
    assert_eq!(kinds("123-45-6789%31"), [("US_SSN", "123-45-6789")]);
}

#[test]
fn places_are_told_in_code_units() {
    let text = "\u{1f600} caf\u{e9} jane@example.com";
    let told = screen(text, Place::Audit, &Rules::redact_all(), b"", &[]).map(|found| Scan::of(text, found));
    let places: Vec<_> = told.iter().flat_map(|scan| &scan.entities).map(|one| (one.start, one.end)).collect();
    assert_eq!(places, [(8, 24)]);
}

#[test]
fn what_only_looks_like_it_is_left() {
    for text in [
        "order 4111111111111112",
        "4111 1111 1111 1112",
        "078-05-1120-3",
        "sk-1a1a1a1a1a1a1a1a1a1a1a1a",
        "?key=0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        "wind+493012345678",
        "order 4111111111111111",
        "order 123-45-6789",
        "version 10.15.7.2",
        "v2.14.0.31",
        "192.168.1.10 10.0.0.1 127.0.0.1 192.0.2.4",
        "2026-01-05T10:00:00Z at 1767607200000",
        "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        "tx 0x4c0883a69102937d6231471b5dbb6204fe512961708279f3e2e8a5d4b8f0a1c9",
        "nonce=Zm9vYmFyQmF6MTIzNDU2Nzg5MDEyMzQ1",
        "icon@2x.png git@github.com:owner/repo.git lodash@4.17.21",
        "amount 1000000 4155552671",
        "DE89 3704 0044 0532 0130 01",
        "550e8400-e29b-41d4-a716-446655440000",
        "000-12-3456 666-12-3456 912-70-1234",
        "2001:db8::1 ::1 12:34:56 00:1b:44:11:3a:b7 std::io",
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon",
        "A12345678 123456789",
    ] {
        assert_eq!(kinds(text), [], "{text}");
    }
}

#[test]
fn the_tables_are_in_order() {
    use super::Entity;
    assert_eq!(Entity::ALL.len(), 14);
    for character in ['ı', 'Α', 'υ', 'Ѕ', 'а', 'ј', 'ԝ', 'ℓ', '٣', '𝟗', '３', '①', 'ａ', '𝐚', '𝓩']
    {
        assert!(matches!(super::fold::fold(character), super::fold::Folded::Ascii(_)), "{character}");
    }
    assert!(super::phone_codes::national_length(49, 2).is_some());
    assert_eq!(super::phone_codes::national_length(999, 3), None);
    for (word, place) in [("abandon", 0), ("ability", 1), ("zoo", 2047), ("zone", 2046), ("acoustic", 16)] {
        assert_eq!(super::seed::place_of(word.as_bytes()), Some(place), "{word}");
    }
    for word in ["", "aaa", "zzz", "abandonx", "zoom"] {
        assert_eq!(super::seed::place_of(word.as_bytes()), None, "{word}");
    }
}

/// Pieces that detectors look at, so that random texts are near misses and not noise.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "jane",
        "@",
        "example.com",
        ".",
        "-",
        " ",
        "+",
        "1",
        "415",
        "555",
        "2671",
        "4111",
        "1111",
        "123-45-6789",
        "(",
        ")",
        "%40",
        "%2540",
        "%31",
        "&#64;",
        "&#x2e;",
        "[at]",
        "(dot)",
        "\u{200b}",
        "４",
        "１",
        "а",
        "=",
        "api_key=",
        "ssn ",
        "phone ",
        "passport ",
        "order ",
        "DE89",
        "3704",
        "0044",
        "2606:4700::",
        "1111",
        "8.8.8.8",
        ":",
        "/",
        "?",
        "&",
        "abandon ",
        "about",
        "zoo ",
        "eyJhbGciOiJIUzI1NiJ9",
        "sk-",
        "Ab3dE6gH9jK2mN5pQ8sT",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "amFuZUBleGFtcGxlLmNvbQ==",
        "\n",
        "[EMAIL_ADDRESS_1]",
        "é",
        "日本",
        "\u{1f600}",
        "\\u0040",
        "%E2%80%8B",
        "%",
        "[",
        "]",
        "*",
        "0x",
        "0123456789abcdef",
    ];
    let fixed: Vec<String> = fixed.into_iter().map(String::from).collect();
    prop_oneof![4 => proptest::sample::select(fixed), 1 => any::<char>().prop_map(String::from), 1 => "[0-9]{1,9}", 1 => "[a-z]{3,8}"]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

fn rules(then: &str) -> Rules {
    use crate::policy::read::{Read, Reader};
    let json = crate::json::parse(&format!(r#"{{"action":"{then}"}}"#)).unwrap_or(crate::json::Json::Null);
    Rules::of(&PrivacySection::read(&json, &mut Reader::default()).unwrap_or_default())
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    #[test]
    fn places_lie_between_characters_and_apart(text in text()) {
        let mut last = 0;
        for found in find(&text) {
            prop_assert!(found.start >= last && found.end > found.start && found.end <= text.len(), "{found:?}");
            prop_assert!(text.is_char_boundary(found.start) && text.is_char_boundary(found.end), "{found:?}");
            last = found.end;
        }
    }

    #[test]
    fn nothing_is_left_and_twice_is_once(text in text(), then in prop_oneof![Just("redact"), Just("mask"), Just("hash"), Just("block")]) {
        let rules = rules(then);
        let clean = screen(&text, Place::Query, &rules, b"key", &[]).map_or_else(|| text.clone(), |screened| screened.text);
        prop_assert_eq!(find(&clean), [], "{} → {}", text, clean);
        prop_assert_eq!(screen(&clean, Place::Query, &rules, b"key", &[]), None);
        // The shortest address is six signs; the longest thing that stands for one, thirty-three.
        prop_assert!(clean.len() <= text.len().saturating_mul(6).saturating_add(16), "{} → {}", text, clean);
    }

    #[test]
    fn any_text_at_all(text in ".{0,300}") {
        let found = find(&text);
        prop_assert!(found.len() <= text.len());
    }
}

/// Texts that make a detector do the most for each byte.
fn hostile() -> Vec<String> {
    let seeds = ["zoo ", "abandon abandon about "];
    let plain = [
        "a",
        "1",
        "1 ",
        "12-",
        "1.",
        "@",
        "a@",
        "a@a",
        "a@a.",
        "a.a@a.a-",
        ":",
        "1:",
        "2606:",
        "=",
        "a=",
        "key=a",
        "+1",
        "+1 ",
        "(",
        "(1",
        "4111 ",
        "4111",
        "DE89",
        "DE89 ",
        "phone 1 ",
        "passport A12345678 ",
        "%",
        "%2",
        "%25",
        "%2525",
        "%40",
        "&",
        "&#",
        "&#64;",
        "&a",
        "[at]",
        "[",
        "[ ",
        "\u{200b}",
        "４",
        "а",
        "-",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.",
        "sk-",
        "YWJjZGVm",
        "YWJj=",
        "x.",
        "ab.",
        "a-a@",
        "é@é.",
        "0x",
        "8.8.8.8 ",
        "8.8.8.",
        "order 4111111111111111 ",
        "a@b.co ",
        "Bearer ",
        "\\u0040",
        "{",
        "<a",
        "a_",
        "A1",
        "ssn:",
        "https://a:",
        "://a:b@",
    ];
    plain.iter().chain(&seeds).map(|piece| piece.repeat(16_384usize.checked_div(piece.len()).unwrap_or(1))).collect()
}

#[test]
fn the_work_grows_as_the_text_does() {
    for text in hostile() {
        let spent = |text: &str| {
            work::take();
            let found = find(text);
            drop(found);
            work::take().saturating_add(1)
        };
        let half = (0..=text.len() / 2).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let (one, two) = (spent(text.get(..half).unwrap_or_default()), spent(&text));
        let head: String = text.chars().take(24).collect();
        assert!(two <= one * 5 / 2 + 4_096, "{head}: {one} then {two}");
        assert!(two <= text.len() * 400, "{head}: {two} for {} bytes", text.len());
    }
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn the_work_grows_as_any_text_does(piece in proptest::collection::vec(piece(), 1..6)) {
        let piece = piece.concat();
        let text = |times: usize| piece.repeat(times);
        let spent = |text: &str| {
            work::take();
            drop(find(text));
            work::take()
        };
        let times = 4_096usize.checked_div(piece.len().max(1)).unwrap_or(1).max(1);
        let (one, four) = (spent(&text(times)), spent(&text(times.saturating_mul(4))));
        prop_assert!(four <= one.saturating_mul(6).saturating_add(8_192), "{}: {} then {}", piece, one, four);
    }
}

#[test]
fn the_same_value_has_the_same_number() {
    let text = "jane@example.com, JANE@example.com and bob@example.com; [EMAIL_ADDRESS_4]";
    let screened = screen(text, Place::Audit, &Rules::redact_all(), b"", &[]);
    assert_eq!(
        screened.map(|screened| screened.text).unwrap_or_default(),
        "[EMAIL_ADDRESS_5], [EMAIL_ADDRESS_5] and [EMAIL_ADDRESS_6]; [EMAIL_ADDRESS_4]"
    );
    let masked = |text: &str| {
        screen(text, Place::Audit, &rules("mask"), b"", &[]).map(|screened| screened.text).unwrap_or_default()
    };
    assert_eq!(masked("card 4111 1111 1111 1111"), "card ************1111");
    assert_eq!(masked("jane@example.com"), "j***@***");
    let hashed = |key: &[u8]| {
        screen("a@example.com A@example.com", Place::Audit, &rules("hash"), key, &[])
            .map(|s| s.text)
            .unwrap_or_default()
    };
    let (one, other) = (hashed(b"k"), hashed(b"l"));
    let (first, second) = one.split_once(' ').unwrap_or_default();
    assert!(first == second && first.starts_with("[EMAIL_ADDRESS:") && one != other, "{one}");
    assert_eq!(Entity::ALL.len(), 14);
}
