//! A question for people's eyes: what they need to decide, in texts that are safe to show.

use super::Approval;
use super::proof::Key;
use crate::json::{Json, texts};
use crate::time::{Millis, format_instant};

/// A question as a page, a message or a terminal shows it.
#[cfg(feature = "schema")]
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct ApprovalView {
    /// The payment's id.
    pub id: String,
    /// What an answer is bound to.
    pub digest: String,
    /// Where it stands.
    pub standing: super::Standing,
    /// When it was asked (ISO 8601).
    pub asked_at: String,
    /// From then on silence is a denial (ISO 8601).
    pub expires_at: String,
    /// How many have to approve.
    pub threshold: u64,
    /// Who is asked; absent where anybody but the agent may answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvers: Option<Vec<ApproverLine>>,
    /// What was said.
    pub answers: Vec<AnswerLine>,
    /// The hash of the policy that asks.
    pub policy: String,
    /// What an approver needs to see. Each invisible or directing character in it is written out, as `⟨U+202E⟩`.
    pub payment: super::card::ApprovalCard,
}

/// Somebody who is asked.
#[cfg(feature = "schema")]
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct ApproverLine {
    /// The name.
    pub name: String,
    /// `ed25519`, or the reference of the secret for an HMAC; absent where the name is believed without a signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What one approver said.
#[cfg(feature = "schema")]
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct AnswerLine {
    /// Who.
    pub approver: String,
    /// Whether they approve.
    pub approved: bool,
    /// When (ISO 8601).
    pub at: String,
    /// Their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether a signature stands beside it.
    pub signed: bool,
}

/// A question for people's eyes: an `ApprovalView`.
#[must_use]
pub fn view(asked: &Approval, now: Millis) -> Json {
    let mut view = texts(vec![
        ("id", asked.id.clone()),
        ("digest", asked.digest.clone()),
        ("standing", asked.standing(now).as_str().to_owned()),
        ("asked_at", format_instant(asked.at)),
        ("expires_at", format_instant(asked.until)),
        ("policy", asked.policy.clone()),
    ]);
    let mut put = |name: &str, value: Json| view.push((name.to_owned(), value));
    put("threshold", Json::Number(asked.threshold.into()));
    if let Some(approvers) = &asked.approvers {
        let mut lines = Vec::new();
        for approver in approvers {
            let mut line = texts(vec![("name", visible(&approver.name))]);
            line.extend(approver.key.as_ref().map(|key| {
                let key = match key {
                    Key::Ed25519(_) => "ed25519",
                    Key::Hmac(reference) => reference,
                };
                (String::from("key"), Json::String(key.to_owned()))
            }));
            lines.push(Json::Object(line));
        }
        put("approvers", Json::Array(lines));
    }
    let mut lines = Vec::new();
    for answer in &asked.answers {
        let mut line = texts(vec![("approver", visible(&answer.approver)), ("at", format_instant(answer.at))]);
        line.extend(answer.note.as_ref().map(|note| (String::from("note"), Json::String(visible(note)))));
        line.push((String::from("approved"), Json::Bool(answer.approved)));
        line.push((String::from("signed"), Json::Bool(answer.proof.is_some())));
        lines.push(Json::Object(line));
    }
    put("answers", Json::Array(lines));
    put("payment", shown(&asked.card));
    Json::Object(view)
}

/// The same with every text in it safe to show.
fn shown(json: &Json) -> Json {
    match json {
        Json::String(text) => Json::String(visible(text)),
        Json::Array(items) => Json::Array(items.iter().map(shown).collect()),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (visible(name), shown(value))).collect())
        }
        other => other.clone(),
    }
}

/// The text with everything written out that a screen would not show, or would show elsewhere: control characters,
/// zero-width ones, those that turn the direction of writing, odd spaces, tags, variation selectors, private use.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            out.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
        } else {
            out.push(character);
        }
    }
    out
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00a0}' | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{1680}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3000}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("a\u{202e}b\u{200b}c\n\u{1b}[2J"), "a⟨U+202E⟩b⟨U+200B⟩c⟨U+000A⟩⟨U+001B⟩[2J");
        assert_eq!(visible("\u{e0041}\u{feff}\u{3164}"), "⟨U+E0041⟩⟨U+FEFF⟩⟨U+3164⟩");
        assert_eq!(visible("Zürich, 東京 “ok” 😀 — 5 €"), "Zürich, 東京 “ok” 😀 — 5 €");
    }
}
