//! Who decides about what needs approval: the section compiled.

use std::collections::BTreeSet;

use super::document::{ApproverKeySection, Document};
use super::read::Reader;
use super::{
    Approvals, DEFAULT_APPROVAL_TIMEOUT, DEFAULT_PROMPTS_PER_AGENT, DEFAULT_PROMPTS_PER_APPROVER, DEFAULT_SIGNATURE_AGE,
};
use crate::approval::proof::{Key, Secrets, bytes};
use crate::ed25519::PublicKey;
use crate::order::set;

pub(super) fn approvals(document: &Document, reader: &mut Reader) -> Approvals {
    let section = document.approvals.clone().unwrap_or_default();
    let approvers: Option<BTreeSet<String>> = section.approvers.map(set);
    let threshold = section.threshold.unwrap_or(1);
    let enough =
        approvers.as_ref().is_none_or(|approvers| u64::try_from(approvers.len()).is_ok_and(|n| n >= threshold));
    if threshold == 0 || !enough {
        wrong(reader, "threshold", &format!("`{threshold}` can't be reached by the approvers named, or is none"));
    }
    let keys = reader.member("keys", |r| approver_keys(section.keys.as_deref(), approvers.as_ref(), r));
    let timeout = section.timeout.map_or(DEFAULT_APPROVAL_TIMEOUT, |span| span.0);
    if !(1_000..=30 * 86_400_000).contains(&timeout) {
        wrong(reader, "timeout", "expected a span from `1s` to `30d`");
    }
    let prompts = [
        ("max_prompts_per_agent", section.max_prompts_per_agent.unwrap_or(DEFAULT_PROMPTS_PER_AGENT)),
        ("max_prompts_per_approver", section.max_prompts_per_approver.unwrap_or(DEFAULT_PROMPTS_PER_APPROVER)),
    ];
    for (name, most) in prompts {
        if most == 0 || most > 1_000 {
            wrong(reader, name, &format!("expected a number from 1 to 1000, found `{most}`"));
        }
    }
    let [(_, max_prompts_per_agent), (_, max_prompts_per_approver)] = prompts;
    Approvals {
        threshold,
        approvers,
        keys,
        timeout,
        max_age: section.max_signature_age.map_or(DEFAULT_SIGNATURE_AGE, |span| span.0),
        max_prompts_per_agent,
        max_prompts_per_approver,
        secrets: Secrets::default(),
    }
}

fn wrong(reader: &mut Reader, member: &str, message: &str) {
    reader.member(member, |r| r.fail(message));
}

/// Whose signatures are believed. One key for two approvers would be two voices of one.
fn approver_keys(
    list: Option<&[ApproverKeySection]>,
    approvers: Option<&BTreeSet<String>>,
    reader: &mut Reader,
) -> Vec<(String, Key)> {
    let mut keys = Vec::new();
    for (index, section) in list.unwrap_or_default().iter().enumerate() {
        reader.item(index, |r| key_of(section, approvers, &mut keys, r));
    }
    keys
}

/// Reads one key, and notes what is wrong with it.
fn key_of(
    section: &ApproverKeySection,
    approvers: Option<&BTreeSet<String>>,
    keys: &mut Vec<(String, Key)>,
    reader: &mut Reader,
) {
    let Some(name) = section.approver.clone() else { return };
    if !approvers.is_some_and(|approvers| approvers.contains(&name)) {
        wrong(reader, "approver", &format!("`{name}` is not among `approvals.approvers`"));
        return;
    }
    let key = match (&section.ed25519, &section.hmac) {
        (Some(public), None) if bytes::<32>(public).and_then(PublicKey::read).is_some() => Key::Ed25519(public.clone()),
        (Some(_), None) => {
            let message = "expected an Ed25519 public key as 64 digits of lower-case hex";
            wrong(reader, "ed25519", message);
            return;
        }
        (None, Some(reference)) => {
            let place = reference.strip_prefix("env:").or_else(|| reference.strip_prefix("file:"));
            if place.is_none_or(str::is_empty) {
                // What stands here instead may be the secret: it is not repeated.
                wrong(reader, "hmac", "expected `env:NAME` or `file:PATH`: a policy holds no secrets");
                return;
            }
            Key::Hmac(reference.clone())
        }
        _ => {
            reader.fail("a key is `ed25519` or `hmac`, and not both");
            return;
        }
    };
    if keys.iter().any(|(_, known)| *known == key) {
        reader.fail("the key stands there for another approver: one key would be two approvers");
    } else if keys.iter().any(|(known, _)| *known == name) {
        wrong(reader, "approver", &format!("`{name}` has a key already"));
    } else {
        keys.push((name, key));
    }
}
