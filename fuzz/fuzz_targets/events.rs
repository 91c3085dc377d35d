//! Events, a line each, as `tollwarden simulate` reads them: every line has an answer, the same one each time, and no limit
//! is ever passed by what was allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollwarden::engine::Engine;
use tollwarden::json::{Json, parse_own};
use tollwarden::policy::Policy;
use tollwarden::reply::text;

const POLICY: &str = r#"{"payment":{"max_usd":"1","approve_from_usd":"0.5"},"origins":["http://localhost:4021"],
"budgets":[{"name":"daily","limit_usd":"2","window":"24h","per":"agent"},{"name":"all","limit_usd":"5","window":"lifetime"}],
"rates":[{"name":"slow","max":20,"window":"1m"}],"approvals":{"approvers":["alice","bob"],"threshold":1}}"#;

fuzz_target!(|input: &str| {
    let policy = Policy::read(&parse_own(POLICY).expect("it is JSON")).expect("it is a policy");
    let mut engines = [Engine::whole(policy.clone()), Engine::whole(policy.clone())];
    let mut breached = false;
    for line in input.lines().take(64) {
        let [first, second] = &mut engines;
        let reply = text(&first.line(line, Some(1)));
        assert_eq!(text(&second.line(line, Some(1))), reply, "the same events, the same answers");
        let answer = parse_own(&reply).expect("an answer is JSON");
        let code = answer.get("error").and_then(|error| error.get("code")).and_then(Json::as_str);
        assert_ne!(code, Some("internal_error"), "{line}");
        // Somebody else's money, a policy by hand: then the limits are others.
        breached |= reply.contains("\"breach\":true") || line.contains("\"policy\"") || line.contains("resolve");
        // Signed for more than was held, and not bound: nobody allowed it, and it counts.
        breached |= answer.get("ok") == Some(&Json::Bool(false))
            && answer.get("state").and_then(Json::as_str) == Some("unknown")
            && answer.get("reason").and_then(Json::as_str) != Some("wrong_state");
    }
    let [engine, _] = &mut engines;
    let budgets = parse_own(&text(&engine.line(r#"{"type":"budgets"}"#, None))).expect("an answer is JSON");
    for line in budgets.get("budgets").and_then(Json::as_array).unwrap_or_default() {
        let figure = |name: &str| line.get(name).and_then(Json::as_str).and_then(|text| text.parse::<f64>().ok());
        if let (Some(limit), Some(held), Some(spent)) = (figure("limit"), figure("held"), figure("spent")) {
            assert!(breached || held + spent <= limit + 1e-9, "{}", line.canonical());
        }
    }
    let texts = engine.ledger().texts();
    let mut again = Engine::whole(engine.policy().clone());
    for (name, value) in &texts {
        again.load(name, 0, Some(value)).expect("what was written is read");
    }
    assert_eq!(again.ledger().texts(), texts, "read and written again, it is the same");
});
