//! Keys and tokens: by the beginnings that their issuers give them, by the name that stands before, or by their looks.

use super::base64;
use super::bytes::{DIGIT, LOWER, UPPER, at, before, down, end_of, is_word, kind, part, start_of, up};
use super::context::{Context, SECRET};
use super::hit::{Hit, Hits};
use crate::privacy::Entity;

/// No token is longer; what is longer is data.
const LONGEST: usize = 4_096;

/// How the tokens of known issuers begin, and how many signs follow at least.
const PREFIXES: &[(&[u8], usize)] = &[
    (b"sk-", 20),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"rk_live_", 16),
    (b"rk_test_", 16),
    (b"whsec_", 24),
    (b"ghp_", 36),
    (b"gho_", 36),
    (b"ghu_", 36),
    (b"ghs_", 36),
    (b"ghr_", 36),
    (b"github_pat_", 22),
    (b"glpat-", 20),
    (b"gldt-", 20),
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"xoxa-", 20),
    (b"xoxs-", 20),
    (b"xapp-", 20),
    (b"AIza", 35),
    (b"hf_", 30),
    (b"npm_", 36),
    (b"pypi-", 32),
    (b"dop_v1_", 40),
    (b"shpat_", 32),
    (b"shpss_", 32),
    (b"sq0atp-", 22),
    (b"sq0csp-", 40),
    (b"lin_api_", 32),
    (b"gsk_", 40),
    (b"xai-", 40),
    (b"r8_", 36),
    (b"sbp_", 40),
    (b"tskey-", 20),
    (b"pplx-", 40),
    (b"tvly-", 20),
    (b"ntn_", 40),
    (b"dapi", 32),
    (b"rnd_", 28),
    (b"re_", 24),
    (b"figd_", 36),
    (b"cdp_", 24),
];

/// Looks at a token of letters, digits, `_` and `-` from `start` to `end`, which is long enough to be one. Gives
/// back where the secret ends, if it is one.
pub(super) fn token(bytes: &[u8], start: usize, end: usize, kinds: u8, hits: &mut Hits) -> usize {
    let Some(hit) = secret(bytes, start, end, kinds) else {
        return start;
    };
    hits.push(hit);
    hit.end
}

fn secret(bytes: &[u8], start: usize, end: usize, kinds: u8) -> Option<Hit> {
    let text = part(bytes, start, end.min(up(start, LONGEST)));
    if text.starts_with(b"eyJ") && at(bytes, end) == b'.' {
        return Some(Hit::new(Entity::ApiKey, start, jwt(bytes, end)?));
    }
    if let Some(end) = sendgrid(bytes, start, end) {
        return Some(Hit::new(Entity::ApiKey, start, end));
    }
    if is_hex_key(text) {
        // A hash of a transaction looks the same: only what is said to be secret is.
        let from = if part(bytes, down(start, 2), start) == b"0x" { down(start, 2) } else { start };
        return says_private(bytes, from).then(|| Hit::new(Entity::PrivateKey, from, end));
    }
    let issued = PREFIXES.iter().any(|(prefix, least)| {
        let rest = if prefix.first() == text.first() { text.strip_prefix(*prefix) } else { None };
        rest.is_some_and(|rest| rest.len() >= *least && random(rest))
    });
    let amazon = text.len() == 20
        && (text.starts_with(b"AKIA") || text.starts_with(b"ASIA"))
        && text.iter().all(|byte| kind(*byte) & (DIGIT | UPPER) != 0)
        && kinds & DIGIT != 0;
    if issued || amazon || follows_bearer(bytes, start) {
        let end = end_of(bytes, start, LONGEST, is_value);
        return Some(Hit::new(Entity::ApiKey, start, trimmed(bytes, start, end)));
    }
    None
}

/// What a secret's prefix is followed by has letters and digits, many different ones.
fn random(rest: &[u8]) -> bool {
    let kinds = rest.iter().fold(0u8, |kinds, byte| kinds | kind(*byte));
    kinds & DIGIT != 0 && kinds & (LOWER | UPPER) != 0 && distinct(rest) >= 8
}

fn distinct(text: &[u8]) -> u32 {
    text.iter().fold(0u128, |seen, byte| seen | 1u128.wrapping_shl(u32::from(*byte))).count_ones()
}

/// 64 hexadecimal digits, with or without `0x`, of many different ones.
fn is_hex_key(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    text.len() == 64 && text.iter().all(u8::is_ascii_hexdigit)
}

fn says_private(bytes: &[u8], place: usize) -> bool {
    Context::of(bytes, place).says(SECRET)
}

/// The end of a JSON web token whose first part ends at a place.
fn jwt(bytes: &[u8], first: usize) -> Option<usize> {
    let is_part = |byte: u8| is_word(byte) || byte == b'_' || byte == b'-';
    let claims = end_of(bytes, up(first, 1), LONGEST, is_part);
    if down(claims, first) < 8 || at(bytes, claims) != b'.' {
        return None;
    }
    let end = end_of(bytes, up(claims, 1), LONGEST, is_part);
    // A token without a signature ends in its dot.
    Some(end)
}

/// `SG.…​.…`, the only one of its kind with dots.
fn sendgrid(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let begins = down(end, start) == 22 && part(bytes, down(start, 3), start) == b"SG.";
    if !begins || at(bytes, end) != b'.' {
        return None;
    }
    let last = end_of(bytes, up(end, 1), 64, |byte| is_word(byte) || byte == b'_' || byte == b'-');
    (down(last, end) > 30).then_some(last)
}

/// `Bearer …`
fn follows_bearer(bytes: &[u8], start: usize) -> bool {
    let word = part(bytes, down(start, 7), start);
    word.eq_ignore_ascii_case(b"bearer ") && at(bytes, start) != b'<'
}

const fn is_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'~')
}

/// Without the full stop of the sentence; with the padding of base64.
fn trimmed(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut end = end;
    while end > start && matches!(before(bytes, end), b'.' | b'-' | b'/') {
        end = down(end, 1);
    }
    end_of(bytes, end, 2, |byte| byte == b'=')
}

/// A value after `=` or `:` whose name says what it is; `mark` is the place of the sign.
pub(super) fn named(bytes: &[u8], mark: usize, hits: &mut Hits) {
    let assigned = at(bytes, mark) == b'=';
    let mut name_end = mark;
    while matches!(before(bytes, name_end), b'"' | b'\'' | b' ') && down(mark, name_end) < 2 {
        name_end = down(name_end, 1);
    }
    let name_start = start_of(bytes, name_end, 32, |byte| is_word(byte) || matches!(byte, b'_' | b'-'));
    if name_start == name_end {
        return;
    }
    let mut start = up(mark, 1);
    while matches!(at(bytes, start), b'"' | b'\'' | b' ') && down(start, mark) < 3 {
        start = up(start, 1);
    }
    if !is_word(at(bytes, start)) && !matches!(at(bytes, start), b'_' | b'-' | b'+' | b'/') {
        return;
    }
    let strength = strength(part(bytes, name_start, name_end));
    if strength == Strength::Harmless || (strength == Strength::Unknown && !assigned) {
        return;
    }
    let end = end_of(bytes, start, LONGEST, is_value);
    if strength == Strength::Password {
        // A password has whatever signs it likes.
        let end = end_of(bytes, start, 128, |byte| {
            byte > b' ' && !matches!(byte, b'&' | b'"' | b'\'' | b'#' | b'<' | b'>' | b',' | b';')
        });
        if assigned && (6..128).contains(&down(end, start)) && !is_placeholder(part(bytes, start, end)) {
            hits.push(Hit::new(Entity::ApiKey, start, end));
        }
        return;
    }
    let end = trimmed(bytes, start, end);
    let value = part(bytes, start, end);
    let body = value.strip_suffix(b"==").or_else(|| value.strip_suffix(b"=")).unwrap_or(value);
    let kinds = body.iter().fold(0u8, |kinds, byte| kinds | kind(*byte));
    let letters_and_digits = kinds & DIGIT != 0 && kinds & (LOWER | UPPER) != 0;
    if !letters_and_digits || is_onchain(body) {
        return;
    }
    // Base64 of a text is a text, and looked through as one.
    if strength != Strength::Strong && base64::text_of(bytes, start, end).is_some() {
        return;
    }
    let secret = match strength {
        Strength::Strong => body.len() >= 10 && distinct(body) >= 6,
        Strength::Weak => body.len() >= 24 && distinct(body) >= 10,
        _ => body.len() >= 24 && kinds & UPPER != 0 && kinds & LOWER != 0 && is_dense(body),
    };
    if secret {
        hits.push(Hit::new(Entity::ApiKey, start, end));
    }
}

/// What stands in examples and in redacted text.
fn is_placeholder(value: &[u8]) -> bool {
    let first = value.first().copied().unwrap_or(0);
    let all_stars = value.iter().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.'));
    all_stars || first == b'[' || first == b'$' || first == b'{' || first == b'%'
}

/// An address, a hash or a number of a chain: public by nature, whatever the name before it.
fn is_onchain(value: &[u8]) -> bool {
    let hex = value.strip_prefix(b"0x").or_else(|| value.strip_prefix(b"0X"));
    hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) || is_uuid(value)
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(place, byte)| {
            if matches!(place, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
}

/// Random by its looks: letters and digits change places often, and few come twice.
fn is_dense(value: &[u8]) -> bool {
    if value.iter().any(|byte| matches!(byte, b'.' | b'/' | b'+' | b'~')) || is_onchain(value) {
        return false;
    }
    let mut changes = 0usize;
    let mut last = 0u8;
    for byte in value {
        let now = kind(*byte) & (DIGIT | LOWER | UPPER);
        if now != last {
            changes = up(changes, 1);
        }
        last = now;
    }
    let many = changes.saturating_mul(5) >= value.len().saturating_mul(2);
    many && distinct(value) >= 14
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    /// Nothing but a secret has this name.
    Strong,
    /// A secret may have it.
    Weak,
    /// What a person types.
    Password,
    /// The name says nothing.
    Unknown,
    /// A number of use, a hash, a cursor: random by nature, and nobody's secret.
    Harmless,
}

fn strength(name: &[u8]) -> Strength {
    let mut plain = [0u8; 32];
    let mut length = 0usize;
    for byte in name {
        if is_word(*byte)
            && let Some(to) = plain.get_mut(length)
        {
            *to = byte.to_ascii_lowercase();
            length = up(length, 1);
        }
    }
    let name = plain.get(..length).unwrap_or_default();
    match name {
        b"apikey"
        | b"xapikey"
        | b"apisecret"
        | b"apitoken"
        | b"accesstoken"
        | b"refreshtoken"
        | b"authtoken"
        | b"clientsecret"
        | b"secretkey"
        | b"secret"
        | b"privatekey"
        | b"bearer"
        | b"jwt"
        | b"sessiontoken"
        | b"idtoken"
        | b"awssecretaccesskey"
        | b"secretaccesskey"
        | b"bearertoken"
        | b"accesskey"
        | b"appsecret"
        | b"xamzsignature"
        | b"encryptionkey"
        | b"webhooksecret"
        | b"signingkey"
        | b"signingsecret"
        | b"xauthtoken"
        | b"appkey"
        | b"subscriptionkey"
        | b"authkey" => Strength::Strong,
        b"key" | b"token" | b"auth" | b"session" | b"sessionid" | b"sid" | b"sig" | b"credential" | b"credentials"
        | b"code" | b"authorization" | b"access" | b"ticket" => Strength::Weak,
        b"password" | b"passwd" | b"pwd" | b"passphrase" | b"pass" | b"userpassword" => Strength::Password,
        b"nonce" | b"hash" | b"tx" | b"txid" | b"txhash" | b"transaction" | b"cursor" | b"etag" | b"checksum"
        | b"digest" | b"sha" | b"cid" | b"state" | b"challenge" | b"codechallenge" | b"payto" | b"address"
        | b"asset" | b"mint" | b"wallet" | b"account" | b"from" | b"to" | b"id" | b"requestid" | b"traceid"
        | b"spanid" | b"traceparent" | b"blockhash" | b"signature" | b"feepayer" | b"facilitator" | b"next"
        | b"page" | b"pagetoken" | b"continuation" | b"integrity" | b"v" | b"version" | b"ref" | b"commit"
        | b"program" | b"owner" | b"payer" | b"slug" | b"file" | b"path" | b"url" | b"uri" | b"redirect" | b"salt"
        | b"memo" | b"order" | b"orderid" => Strength::Harmless,
        _ => Strength::Unknown,
    }
}

/// A private key in its armour (RFC 7468), which begins with the hyphens at a place.
pub(super) fn armour(bytes: &[u8], start: usize, hits: &mut Hits) {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const LONGEST_KEY: usize = 16 * 1024;
    let head = up(start, BEGIN.len());
    if part(bytes, start, head) != BEGIN {
        return;
    }
    let line = end_of(bytes, head, 64, |byte| byte != b'-');
    let label = part(bytes, head, line);
    if !label.windows(11).any(|window| window == b"PRIVATE KEY") {
        return;
    }
    let body = up(line, 5);
    // The rest of the armour, or as much of it as there is.
    let end = end_of(bytes, body, LONGEST_KEY, |byte| byte != b'-');
    let last = if part(bytes, end, up(end, 9)) == b"-----END " {
        let tail = end_of(bytes, up(end, 9), 64, |byte| byte != b'-');
        end_of(bytes, tail, 5, |byte| byte == b'-')
    } else {
        end
    };
    let mut last = last;
    while last > start && before(bytes, last).is_ascii_whitespace() {
        last = down(last, 1);
    }
    hits.push(Hit::new(Entity::PrivateKey, start, last));
}
